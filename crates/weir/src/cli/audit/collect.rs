//! Events of an export into a holding ([`weir_answers::holding`]): the same reading, the same detectors, the tags of the gateway's own
//! keys. What becomes of it is `weir holdings`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use ring::digest;
use weir_answers::Holding;
use weir_answers::holding::{Collector, FILES_MAX, Said, Seen};
use weir_event::{Category, Environment, Millis, NameId, Names, SubjectKind};
use weir_keys::KeySnapshot;
use weir_policy::RecordView;

use super::examine::Examiner;
use super::files::{FileReport, Files};
use super::inventory::Note;
use super::report::label;
use super::{ENDS, reading};

/// Where an examiner's events go besides.
pub(super) struct Collecting {
    pub(super) keys: Arc<KeySnapshot>,
    pub(super) environment: Environment,
    pub(super) space: String,
    collector: Collector,
    items: HashMap<(&'static str, NameId, Option<Category>), Option<u32>, FixedState>,
    set: Vec<u32>,
}

/// Which event.
pub(super) struct Of {
    pub(super) name: NameId,
    pub(super) at: Option<Millis>,
    /// Whether it is what the event before it says of the person.
    pub(super) is_part: bool,
}

impl Collecting {
    /// An event, after it was looked at.
    pub(super) fn event(
        &mut self,
        vendor: &'static str,
        of: &Of,
        view: Option<&RecordView<'_>>,
        notes: &[Note],
        names: &Names,
    ) {
        let Of { name, at, is_part } = *of;
        self.set.clear();
        // What an event of a day that is left out has, or how surely, is left out with it.
        let notes = if self.collector.is_outside(at) { &[] } else { notes };
        for (path, found) in notes {
            let key = (vendor, *path, found.map(|(category, _)| category));
            let collector = &mut self.collector;
            let item = *self.items.entry(key).or_insert_with(|| {
                let text = names.text(*path);
                collector.item(text, &label(vendor, text), key.2)
            });
            let Some(item) = item else { continue };
            if let Some((_, likelihood)) = found {
                self.collector.sure(item, *likelihood);
            }
            self.set.push(item);
        }
        let organisation = view.and_then(|view| view.tags().find(|tag| matches!(tag.kind, SubjectKind::Group(_))));
        self.collector.event(&Seen {
            name: names.text(name),
            at,
            subject: view.map(|view| view.subject().map_or(0, |tag| tag.short())),
            organisation: organisation.map_or(0, |tag| tag.tag.short()),
            items: &self.set,
            is_part,
        });
    }
}

/// What an import was made of, for whoever ran it.
pub(in crate::cli) struct Collected {
    pub(in crate::cli) holding: Holding,
    /// Files of which something could not be read, and why.
    pub(in crate::cli) not_read: Vec<String>,
    /// Files that were named twice.
    pub(in crate::cli) twice: Vec<String>,
}

/// Reads files and folders as `weir audit` does.
pub(in crate::cli) fn collect(
    inputs: &[PathBuf],
    said: Said,
    keys: Arc<KeySnapshot>,
    environment: Environment,
    now: Millis,
) -> Result<Collected, String> {
    let files = reading::files(inputs, ENDS).map_err(|error| error.to_string())?;
    let (mut digests, mut wanted, mut twice) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let digest = digest_of(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        if digests.contains(&digest) {
            twice.push(file.display().to_string());
            continue;
        }
        if digests.len() == FILES_MAX {
            return Err(format!(
                "an import is of at most {FILES_MAX} files: make several of it, or fewer larger files"
            ));
        }
        digests.push(digest);
        wanted.push(file);
    }
    let space = said.space.clone();
    let collector = Collector::new(said);
    let (items, set) = (HashMap::default(), Vec::new());
    let collecting = Collecting { keys, environment, space, collector, items, set };
    let mut examiner = Examiner::with(now, Some(collecting)).map_err(|error| error.to_string())?;
    let mut reader = Files::new(&mut examiner);
    let mut progress = reading::progress(&wanted);
    for file in &wanted {
        reader.read(file, &mut progress);
    }
    progress.end();
    let reports = reader.reports;
    let Some(mut collecting) = examiner.collecting.take() else {
        return Err("nothing was collected".to_owned());
    };
    // Types and shape are of the whole files, also where some days of them are left out.
    for event in examiner.inventory.events.values() {
        for (path, property) in &event.properties {
            let shape = property.example.as_ref().map(|(shape, _)| shape.as_str());
            collecting.collector.describe(examiner.names().text(*path), property.kind_bits(), shape);
        }
    }
    let damaged = reports.iter().map(|file| file.damaged + u64::from(file.not_read.is_some())).sum();
    let holding = collecting.collector.finish(now, digests, damaged);
    Ok(Collected { holding, not_read: reports.iter().filter_map(FileReport::unread).collect(), twice })
}

/// SHA-256 and length of a file.
fn digest_of(file: &Path) -> Result<([u8; 32], u64), std::io::ErrorKind> {
    let mut input = File::open(file).map_err(|error| error.kind())?;
    let mut context = digest::Context::new(&digest::SHA256);
    let (mut buffer, mut bytes) = (vec![0; 1 << 16], 0);
    loop {
        match input.read(&mut buffer).map_err(|error| error.kind())? {
            0 => break,
            read => {
                context.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok((digest, bytes))
}
