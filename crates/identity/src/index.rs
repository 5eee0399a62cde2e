//! The index for reading, beside the Weir that writes it or without one. Opens the runs' heads and nothing else, so a process that
//! asks about one person has its answer in milliseconds, however many links there are.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use weir_event::SubjectTag;
use weir_journal::disk::{Disk, ReadOnlyDisk};
use weir_policy::record::LinkKind;

use crate::link::Link;
use crate::manifest::Manifest;
use crate::run::Run;
use crate::store::{FOLDER, IdentityError, newest, read_forgotten};

/// A Weir that writes may remove files between two looks of ours.
const TRIES_MAX: u32 = 5;

/// The index as it was when it was opened.
pub struct Index {
    runs: Vec<Run>,
    manifest: Manifest,
    /// Tags that are to be forgotten, and in runs up to which number.
    forgotten: BTreeMap<SubjectTag, u64>,
}

/// What one tag is joined to.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Links {
    /// The links, each once, those of the same kind together; contacts that were only mentioned are not among them.
    pub joined: Vec<Link>,
    /// What it was mentioned with, or what was mentioned with it; not all of it where it is a hub.
    pub mentioned: Vec<Link>,
    /// There are more links than were asked for, and these are only some.
    pub is_hub: bool,
}

impl Index {
    /// Opens the index of a data folder.
    pub fn open(data: &Path) -> Result<Index, IdentityError> {
        Index::open_on(&ReadOnlyDisk, data)
    }

    /// The same on another disk.
    pub fn open_on(disk: &dyn Disk, data: &Path) -> Result<Index, IdentityError> {
        let dir = data.join(FOLDER);
        let mut tries = 0;
        loop {
            // In this order: what is still to be forgotten of the manifest that is read next is in the list that was read before it.
            let forgotten = read_forgotten(disk, &dir)?;
            match newest(disk, &dir) {
                Ok((manifest, runs, _)) => {
                    let forgotten = forgotten.into_iter().map(|of| (of.tag, of.run)).collect();
                    return Ok(Index { runs, manifest, forgotten });
                }
                Err(IdentityError::Disk(error)) if error.source.kind() == io::ErrorKind::NotFound => {
                    tries += 1;
                    if tries == TRIES_MAX {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How far it goes and what it missed.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Reads all of it once, so that very many look-ups cost little: about four bytes of memory for each link.
    pub fn remember(&mut self) -> Result<(), IdentityError> {
        self.runs.iter_mut().try_for_each(Run::remember)
    }

    /// What a tag is joined to, up to `most` different links; and what it was mentioned with, up to as many.
    pub fn links_of(&self, tag: SubjectTag, most: usize) -> Result<Links, IdentityError> {
        let (mut joined, mut mentioned) = (BTreeMap::new(), BTreeMap::new());
        for run in &self.runs {
            let counts = |of: SubjectTag| self.forgotten.get(&of).is_none_or(|newest| run.number > *newest);
            if !counts(tag) {
                continue;
            }
            // Those that were mentioned come last: a tag that is mentioned everywhere still shows all that it is joined to.
            let (mut joined_here, mut mentioned_here) = (0_usize, 0_usize);
            run.each(tag, |stored| {
                let Some(link) = stored.read().filter(|link| counts(link.linked)) else { return true };
                let (list, taken) = match link.kind {
                    LinkKind::Mentioned => (&mut mentioned, &mut mentioned_here),
                    _ => (&mut joined, &mut joined_here),
                };
                if *taken > most {
                    return false;
                }
                *taken += 1;
                let known = list.entry(stored.key().to_vec()).or_insert(link);
                known.first_seen = known.first_seen.min(link.first_seen);
                true
            })?;
        }
        let is_hub = joined.len() > most;
        Ok(Links {
            joined: joined.into_values().take(most).collect(),
            mentioned: mentioned.into_values().take(most).collect(),
            is_hub,
        })
    }
}
