//! What a releaser remembers between events, within bounds: pseudonyms, families, the library.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use weir_detect::families;
use weir_event::{SubjectKind, SubjectTag};
use weir_keys::{Epoch, Uuid};

use super::text_of;
use crate::record::Tag;

/// Pseudonyms made lately, for the subject that comes again within a batch. A pseudonym costs two compressions, so a table that
/// does not fit the processor's cache would cost more than it saves.
#[derive(Default)]
pub(super) struct Pseudonyms(Vec<Option<(SubjectTag, SubjectKind, Epoch, Uuid)>>);

impl Pseudonyms {
    const PLACES: usize = 256;

    /// A tag is a MAC: any bytes of it are as good as a hash.
    fn place(tag: &Tag) -> usize {
        usize::from(u16::from_le_bytes([tag.tag.0[14], tag.tag.0[15]])) % Pseudonyms::PLACES
    }

    pub(super) fn get(&self, epoch: Epoch, tag: &Tag) -> Option<Uuid> {
        let (known, kind, of, uuid) = self.0.get(Pseudonyms::place(tag))?.as_ref()?;
        (*known == tag.tag && *kind == tag.kind && *of == epoch).then_some(*uuid)
    }

    pub(super) fn put(&mut self, epoch: Epoch, tag: &Tag, uuid: Uuid) {
        if self.0.is_empty() {
            self.0.resize(Pseudonyms::PLACES, None);
        }
        self.0[Pseudonyms::place(tag)] = Some((tag.tag, tag.kind, epoch, uuid));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Families by text: SDKs send few texts, and each is looked up by many comparisons.
#[derive(Default)]
pub(super) struct Memo(HashMap<Box<[u8]>, &'static str, RandomState>);

impl Memo {
    /// Texts kept; over it all are forgotten.
    const MAX: usize = 1_024;
    /// A longer text is the name of no system and is not kept, or a source could fill the memory.
    const TEXT_BYTES_MAX: usize = 128;

    pub(super) fn get_or_make(&mut self, text: &[u8], make: impl FnOnce(&str) -> &'static str) -> &'static str {
        if let Some(known) = self.0.get(text) {
            return known;
        }
        if self.0.len() >= Memo::MAX {
            self.0.clear();
        }
        let made = make(text_of(text));
        if text.len() <= Memo::TEXT_BYTES_MAX {
            self.0.insert(text.into(), made);
        }
        made
    }
}

/// The last library and version: a source sends few, mostly the same for a whole batch.
#[derive(Default)]
pub(super) struct LibraryMemo {
    name: Vec<u8>,
    version: Vec<u8>,
    known: Option<(&'static str, bool)>,
}

impl LibraryMemo {
    pub(super) fn get_or_make<'g>(&mut self, name: &'g [u8], version: &'g [u8]) -> Option<(&'static str, &'g str)> {
        if name.is_empty() {
            return None;
        }
        if self.name != name || self.version != version {
            let made = families::library(text_of(name), text_of(version));
            if made.is_some_and(|(_, v)| !v.is_empty() && v.as_bytes() != version) {
                // A version that is only part of the text is not worth remembering.
                return made;
            }
            self.name = name.to_vec();
            self.version = version.to_vec();
            self.known = made.map(|(name, v)| (name, !v.is_empty()));
        }
        self.known.map(|(name, with_version)| (name, if with_version { text_of(version) } else { "" }))
    }
}

#[cfg(test)]
mod tests {
    use super::Memo;

    #[test]
    fn a_memo_answers_for_long_texts_and_keeps_none() {
        let mut memo = Memo::default();
        let long = vec![b'x'; 1 << 20];
        for (text, kept) in [(b"iOS".as_slice(), 1), (&long, 1), (b"macOS", 2), (b"iOS", 2)] {
            assert_eq!(
                memo.get_or_make(text, |text| if text.len() > 9 { "other" } else { "known" }),
                if text.len() > 9 { "other" } else { "known" }
            );
            assert_eq!(memo.0.len(), kept);
        }
    }
}
