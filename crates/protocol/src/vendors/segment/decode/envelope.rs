//! A batch, and what stands beside its messages.

use weir_event::{Leaf, NameId, limits};

use super::words::ENVELOPE;
use super::{Decoder, special};
use crate::drafting::time;
use crate::inbound::DecodeError;
use crate::json::{Meaning, values};
use crate::vendors::segment::Dialect;

/// Entries of what stands beside a batch. It is copied to each message, so it must be small.
const SHARED_ENTRIES_MAX: usize = 128;

impl Decoder<'_> {
    pub(super) fn envelope(&mut self) -> Result<(), DecodeError> {
        let mut has_batch = false;
        let mut sent_at = None;
        let mut shared: Vec<Leaf> = Vec::new();
        let mut object = self.drafting.parser.begin_object(ENVELOPE, self.canonical.meta)?;
        while let Some(key) = self.drafting.parser.next_key(&mut object)? {
            match key.meaning {
                Meaning::Special(special::BATCH) => {
                    // A batch that comes twice is not one that an SDK sends; the first is not simply forgotten.
                    if std::mem::replace(&mut has_batch, true) || self.drafting.parser.peek() != b'[' {
                        return Err(DecodeError::NotEvents);
                    }
                    self.drafting.parser.expect(b'[')?;
                    let mut is_first = true;
                    while self.drafting.parser.next_element(&mut is_first)? {
                        self.drafting.begin()?;
                        self.element()?;
                    }
                }
                Meaning::Special(special::SENT_AT) => {
                    let scalar = self.drafting.parser.scalar()?.filter(|scalar| scalar.kind.has_text());
                    sent_at = scalar.and_then(|scalar| time(self.drafting.parser.str(scalar.text)));
                }
                Meaning::Special(special::CONTEXT) => {
                    self.drafting.parser.begin_event();
                    let start = self.drafting.parser.event_start();
                    self.context()?;
                    let traits = std::mem::take(&mut self.found).context_traits;
                    self.read_traits(NameId::PROFILE_ROOT, [traits, None])?;
                    shared.extend(self.drafting.parser.tape().drain(start..));
                }
                Meaning::Property(_) => {
                    self.drafting.parser.begin_event();
                    let start = self.drafting.parser.event_start();
                    self.drafting.parser.property(&key)?;
                    shared.extend(self.drafting.parser.tape().drain(start..));
                }
                _ => self.drafting.parser.skip()?,
            }
        }
        if !self.drafting.parser.is_done() {
            return Err(DecodeError::Malformed { at: self.drafting.parser.position() });
        }
        let is_empty = self.drafting.drafts().is_empty();
        if !has_batch || (is_empty && self.dialect == Dialect::RudderStack) {
            return Err(DecodeError::NotEvents);
        }
        for draft in self.drafting.drafts() {
            draft.sent_at = draft.sent_at.or(sent_at);
        }
        if !shared.is_empty() && !is_empty {
            self.share(&shared);
        }
        Ok(())
    }

    /// Adds what stands beside the batch to each tape that does not hold it itself. Only old SDKs put anything there, so all
    /// tapes are simply written anew.
    fn share(&mut self, shared: &[Leaf]) {
        if shared.len() > SHARED_ENTRIES_MAX {
            self.drafting.drafts().iter_mut().for_each(|draft| draft.unnamed += 1);
            return;
        }
        let own: Vec<Leaf> = std::mem::take(self.drafting.parser.tape());
        let mut all = Vec::with_capacity(own.len() + shared.len() * self.drafting.drafts().len());
        let shared_values: Vec<_> = values(shared).map(|(first, range)| (first.path, range)).collect();
        let mut own_paths = Vec::new();
        for draft in self.drafting.drafts() {
            let start = all.len();
            let tape = own.get(draft.leaves.start as usize..draft.leaves.end as usize).unwrap_or_default();
            all.extend_from_slice(tape);
            if draft.fault.is_none() {
                own_paths.clear();
                own_paths.extend(values(tape).map(|(first, _)| first.path));
                let room = 4 * limits::EVENT_LEAVES_MAX;
                for (_, range) in shared_values.iter().filter(|(path, _)| !own_paths.contains(path)) {
                    if all.len() - start + range.len() <= room {
                        all.extend_from_slice(&shared[range.clone()]);
                    }
                }
            }
            draft.leaves = start as u32..all.len() as u32;
        }
        *self.drafting.parser.tape() = all;
    }
}
