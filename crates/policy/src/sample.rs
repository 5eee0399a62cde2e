//! Deterministic sampling: a share of people, of devices or of events, the same at every destination.
//!
//! What is sampled gets a number from 0 to 999,999 that depends on its keyed tag alone (D6), or on the event id; it is in where the
//! number is below the share in millionths. So a person is in or out at every destination and for ever: no key of a destination, no
//! epoch and no restart goes into it, and who is in at a lower share is in at every higher one. The tag is a MAC, so that nobody
//! outside can tell who is in.
//!
//! ```text
//! number = floor(first 8 bytes, big-endian, of SHA-256("weir/sample/v1" ‖ 16 bytes of the tag or the event id) × 1,000,000 / 2^64)
//! ```

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use ring::digest;
use weir_event::{NameId, Operation, Role, Rule, SubjectKind};

use crate::minimise::identities::subject_place;
use crate::record::{RecordView, Tag};

/// A share in millionths, from 1 to all of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Share(u32);

impl Share {
    /// Everything.
    pub const ALL: Share = Share(1_000_000);

    /// `None` for nothing at all, which is what a rule with `action: drop` is for, and for more than everything.
    pub fn from_millionths(millionths: u32) -> Option<Share> {
        (1..=Share::ALL.0).contains(&millionths).then_some(Share(millionths))
    }

    /// The share in millionths.
    pub fn millionths(self) -> u32 {
        self.0
    }
}

/// What is sampled.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum SampleBy {
    /// People: all events of one are in or out. The user's id decides, else the device's, else the event's.
    #[default]
    Subject,
    /// Devices: what happens on one before and after somebody signs in stays together. Else as `Subject`.
    Device,
    /// Single events. Profiles, identifies and the like are not sampled.
    Event,
}

/// What a rule with `sample` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SampleSpec {
    /// How much leaves.
    pub share: Share,
    /// Of what.
    pub by: SampleBy,
}

/// The samples of a destination, resolved.
#[derive(Clone, Default, Debug)]
pub(crate) struct Samples {
    all: Option<SampleSpec>,
    events: HashMap<NameId, SampleSpec, FixedState>,
}

impl Samples {
    /// Adds one for an event, or for all that have none of their own; `false` where there is one already.
    pub(crate) fn add(&mut self, event: Option<NameId>, sample: SampleSpec) -> bool {
        match event {
            Some(name) => self.events.insert(name, sample).is_none(),
            None => self.all.replace(sample).is_none(),
        }
    }

    /// Why an event is not of the sample.
    #[inline]
    pub(crate) fn check(&self, view: &RecordView<'_>, tags: &[Tag]) -> Result<(), Rule> {
        if self.all.is_none() && self.events.is_empty() {
            return Ok(());
        }
        let sample = self.events.get(&view.name()).copied().or(self.all);
        match sample.filter(|sample| sample.share < Share::ALL) {
            Some(sample) if !is_in(sample, view, tags) => Err(Rule::SampledOut),
            _ => Ok(()),
        }
    }
}

fn is_in(sample: SampleSpec, view: &RecordView<'_>, tags: &[Tag]) -> bool {
    let happens = matches!(view.operation(), Operation::Track | Operation::Page | Operation::Screen);
    let is_device = |tag: &&Tag| tag.kind == SubjectKind::Device && tag.role != Role::Contact;
    let subject = || subject_place(tags).map(|place| &tags[place]);
    let whose = match sample.by {
        SampleBy::Event => None,
        SampleBy::Subject => subject(),
        SampleBy::Device => tags.iter().find(is_device).or_else(subject),
    };
    match whose {
        Some(tag) => number_of(&tag.tag.0) < sample.share.0,
        // What changes a profile or ties ids together means something by itself, and is about nobody here.
        None => !happens || number_of(&view.event_id().0) < sample.share.0,
    }
}

/// See the module.
fn number_of(id: &[u8; 16]) -> u32 {
    const LABEL: &[u8; 14] = b"weir/sample/v1";
    let mut text = [0; LABEL.len() + 16];
    text[..LABEL.len()].copy_from_slice(LABEL);
    text[LABEL.len()..].copy_from_slice(id);
    let digest = digest::digest(&digest::SHA256, &text);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_ref()[..8]);
    // Below 1,000,000, since the factor before it is below 2^64.
    ((u128::from(u64::from_be_bytes(first)) * u128::from(Share::ALL.0)) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_number_of_an_id_is_what_the_module_says() {
        // Calculated apart from this code, by `hashlib` of Python.
        assert_eq!(number_of(&[1; 16]), 483911);
    }

    #[test]
    fn a_share_of_ids_is_in() {
        for millionths in [1_000, 100_000, 500_000, 900_000] {
            let ids = 100_000_u64;
            let inside = (0..ids).filter(|n| number_of(&(u128::from(*n)).to_be_bytes()) < millionths).count() as f64;
            let expected = f64::from(millionths) / 1e6 * ids as f64;
            // Five standard deviations.
            let bound = 5.0 * (expected * (1.0 - f64::from(millionths) / 1e6)).sqrt();
            assert!((inside - expected).abs() <= bound, "{millionths}: {inside} of {expected} ± {bound}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_below_everything(id in any::<[u8; 16]>()) {
            prop_assert!(number_of(&id) < Share::ALL.0);
        }

        #[test]
        fn a_share_is_above_nothing_and_not_above_everything(millionths in any::<u32>()) {
            prop_assert_eq!(Share::from_millionths(millionths).is_some(), millionths != 0 && millionths <= 1_000_000);
        }
    }
}
