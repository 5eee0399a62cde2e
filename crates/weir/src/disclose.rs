//! What an act says that shows, hands out or opens something: destinations, events, how many ids. Which ids, and why, stand in a
//! note beside the audit ledger, in the form of a reason (`weir_ledger::coverage`): a tree keeps everything for ever, so that no tag of a
//! person is in it (D13), while the note can be deleted with the person.

use std::path::Path;

use weir_console::command::Disclose;
use weir_event::limits::BYPASS_REASON_CHARS_MAX;
use weir_event::{DestinationId, EventId};
use weir_ledger::coverage::{is_reason, keep_reason};
use weir_ledger::disk::RealDisk;
use weir_ledger::{Act, Actor, Target};

/// Destinations that one act names.
const DESTINATIONS_MAX: usize = 90;
/// Tags that one note names: with them there is room for a reason of half its length.
const TAGS_MAX: usize = 13;

/// The targets, without the note's.
pub fn targets(disclose: &Disclose, event: Option<EventId>) -> Vec<Target> {
    let destinations = disclose.destinations.iter().take(DESTINATIONS_MAX);
    let destinations = destinations.filter_map(|id| DestinationId::parse(id).ok()).map(Target::Destination);
    let subjects = (disclose.subjects > 0).then_some(Target::Count(disclose.subjects));
    destinations.chain(event.map(Target::Event)).chain(subjects).collect()
}

/// Keeps a note beside the audit ledger in `dir`, durable, and gives the target that names it by its digest.
pub fn keep_note(dir: &Path, note: Option<&str>) -> Result<Option<Target>, String> {
    let Some(note) = note else { return Ok(None) };
    let digest = keep_reason(&RealDisk, dir, note).map_err(|error| error.to_string())?;
    Ok(Some(Target::Digest(digest)))
}

/// The act, where no gateway runs to make it.
pub fn act(actor: Actor, dir: &Path, disclose: &Disclose) -> Result<Act, String> {
    let mut targets = targets(disclose, None);
    targets.extend(keep_note(dir, disclose.note.as_deref())?);
    Ok(Act { actor, action: disclose.what.action(), targets })
}

/// A note: the short forms of the tags that were asked about, and why. `None` where there is neither.
pub fn note(tags: &[u64], reason: Option<&str>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    if !tags.is_empty() {
        let shown: Vec<String> = tags.iter().take(TAGS_MAX).map(|tag| format!("{tag:016x}")).collect();
        let more = tags.len().saturating_sub(TAGS_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("tags {}{more}", shown.join(" ")));
    }
    if let Some(reason) = reason {
        if !is_reason(reason) || reason.chars().count() > BYPASS_REASON_CHARS_MAX / 2 {
            return Err(format!("--reason is one line of 1 to {} characters", BYPASS_REASON_CHARS_MAX / 2));
        }
        parts.push(reason.to_owned());
    }
    Ok((!parts.is_empty()).then(|| parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_console::command::Disclosure;

    #[test]
    fn d13_an_act_about_people_has_their_number_and_their_tags_are_in_a_note_that_can_be_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let tag = 0x0123_4567_89ab_cdef_u64;
        let note = note(&[tag], Some("ticket 4711")).unwrap();
        assert_eq!(note.as_deref(), Some("tags 0123456789abcdef; ticket 4711"));
        let disclose = Disclose { subjects: 1, note, ..Disclose::new(Disclosure::LedgerSubject) };
        let act = act(Actor::Weir, folder.path(), &disclose).unwrap();
        let [Target::Count(1), Target::Digest(digest)] = act.targets[..] else { panic!("{:?}", act.targets) };
        let kept = weir_ledger::coverage::reason(folder.path(), &digest);
        assert_eq!(kept.as_deref(), Some("tags 0123456789abcdef; ticket 4711"));
        assert!(!act.targets.contains(&Target::Count(tag)));
        std::fs::remove_dir_all(folder.path().join("reasons")).unwrap();
        assert_eq!(weir_ledger::coverage::reason(folder.path(), &digest), None);
    }

    #[test]
    fn a_note_of_any_number_of_tags_with_the_longest_reason_fits() {
        let reason = "x".repeat(BYPASS_REASON_CHARS_MAX / 2);
        for count in [0, 1, 13, 14, 15, 500] {
            let note = note(&vec![u64::MAX; count], Some(&reason)).unwrap().unwrap();
            assert!(is_reason(&note), "{} characters", note.chars().count());
        }
        assert_eq!(note(&[], None), Ok(None));
        for bad in ["", "two\nlines", &"x".repeat(BYPASS_REASON_CHARS_MAX)] {
            assert!(note(&[], Some(bad)).is_err());
        }
    }
}
