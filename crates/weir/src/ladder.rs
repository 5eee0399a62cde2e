//! The ladder: on which step each source and each event stands, and since when.
//!
//! The steps themselves are fields of `weir.yaml` (`mode`). A move by `weir ladder` is an act of the audit ledger, so that its time and
//! who made it are known; a step that was written by hand has none.
//!
//! | act | targets |
//! |---|---|
//! | `ladder_tap`, `ladder_observe`, `ladder_enforce` | the source; for one event, the digest of its name |

use std::collections::HashMap;
use std::path::Path;

use ring::digest;
use weir_console::command::LadderStep;
use weir_event::{Millis, SourceId};
use weir_ledger::entry::Entry;
use weir_ledger::{Act, Actor, LedgerError, Target, acts};

use crate::config::{Config, Mode, Source};

/// The steps from the bottom, with their acts.
const STEPS: [(Mode, LadderStep, &str); 3] = [
    (Mode::Tap, LadderStep::Tap, "ladder_tap"),
    (Mode::Observe, LadderStep::Observe, "ladder_observe"),
    (Mode::Enforce, LadderStep::Enforce, "ladder_enforce"),
];

/// A way to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Towards `enforce`.
    Up,
    /// Towards `tap`.
    Back,
}

/// The next step that way; `None` at the end of the ladder.
pub fn next(from: Mode, way: Way) -> Option<Mode> {
    let at = STEPS.iter().position(|(mode, ..)| *mode == from)?;
    let next = match way {
        Way::Up => at.checked_add(1)?,
        Way::Back => at.checked_sub(1)?,
    };
    STEPS.get(next).map(|(mode, ..)| *mode)
}

/// Its word in `weir.yaml`.
pub fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Tap => "tap",
        Mode::Observe => "observe",
        Mode::Enforce => "enforce",
    }
}

/// The same step in a command.
pub fn step(mode: Mode) -> LadderStep {
    match mode {
        Mode::Tap => LadderStep::Tap,
        Mode::Observe => LadderStep::Observe,
        Mode::Enforce => LadderStep::Enforce,
    }
}

/// What a source, or one event of it, stands on.
pub fn mode_of(source: &Source, event: Option<&str>) -> Mode {
    event.map_or(source.mode, |event| source.mode_of(event))
}

/// Whether it stands on this step.
pub fn is_on(config: &Config, source: &str, event: Option<&str>, wanted: LadderStep) -> bool {
    let source = SourceId::parse(source).ok().and_then(|id| config.sources.get(&id));
    source.is_some_and(|source| step(mode_of(source, event)) == wanted)
}

/// What the act of a move is about. The name of an event is the operator's, but the tree keeps what it holds for ever: its digest
/// is enough to find it again.
pub fn targets(source: &str, event: Option<&str>) -> Vec<Target> {
    let source = SourceId::parse(source).ok().map(Target::Source);
    source.into_iter().chain(event.map(|event| Target::Digest(digest_of(event)))).collect()
}

/// The act of a move.
pub fn act(actor: Actor, source: &str, event: Option<&str>, to: Mode) -> Act {
    let action = STEPS.iter().find(|(mode, ..)| *mode == to).map_or("ladder_tap", |(.., action)| action);
    Act { actor, action, targets: targets(source, event) }
}

fn digest_of(event: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    let hash = digest::digest(&digest::SHA256, format!("weir/ladder/v1\n{event}").as_bytes());
    bytes.copy_from_slice(hash.as_ref());
    bytes
}

/// The last move of each source and event.
#[derive(Debug, Default)]
pub struct History {
    last: HashMap<Who, (Mode, Millis)>,
}

/// A source, or one event of it by its digest.
#[derive(PartialEq, Eq, Hash, Debug)]
struct Who {
    source: SourceId,
    event: Option<[u8; 32]>,
}

impl History {
    /// From the audit ledger in `dir`, also beside a Weir that writes it.
    pub fn read(dir: &Path) -> Result<History, LedgerError> {
        let mut history = History::default();
        acts::each(dir, |at, entry| history.add(at, entry))?;
        Ok(history)
    }

    fn add(&mut self, at: Millis, entry: &Entry) {
        let Entry::Act { action, targets, .. } = entry else { return };
        let Some((mode, ..)) = STEPS.iter().find(|(.., name)| *name == action.as_str()) else { return };
        let key = match targets.as_slice() {
            [Target::Source(source)] => Who { source: source.clone(), event: None },
            [Target::Source(source), Target::Digest(event)] => Who { source: source.clone(), event: Some(*event) },
            _ => return,
        };
        // Moved again to where it stands: the first time counts.
        if self.last.get(&key).is_none_or(|(last, _)| last != mode) {
            self.last.insert(key, (*mode, at));
        }
    }

    /// Since when it stands on this step, if a command put it there.
    pub fn since(&self, source: &SourceId, event: Option<&str>, mode: Mode) -> Option<Millis> {
        let (last, at) = self.last.get(&Who { source: source.clone(), event: event.map(digest_of) })?;
        (*last == mode).then_some(*at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_an_end_on_both_sides() {
        assert_eq!(next(Mode::Tap, Way::Up), Some(Mode::Observe));
        assert_eq!(next(Mode::Enforce, Way::Up), None);
        assert_eq!(next(Mode::Enforce, Way::Back), Some(Mode::Observe));
        assert_eq!(next(Mode::Tap, Way::Back), None);
    }

    #[test]
    fn a_step_that_was_written_by_hand_has_no_time_and_a_repeated_move_keeps_its_first() {
        let web = SourceId::parse("web").unwrap();
        let mut history = History::default();
        let mut moved = |at, event, mode| {
            let Act { actor, action, targets } = act(Actor::Weir, "web", event, mode);
            history.add(Millis(at), &Entry::Act { actor, action: action.to_owned(), targets });
        };
        moved(1, None, Mode::Observe);
        moved(2, Some("Signup"), Mode::Enforce);
        moved(3, None, Mode::Observe);
        assert_eq!(history.since(&web, None, Mode::Observe), Some(Millis(1)));
        assert_eq!(history.since(&web, None, Mode::Tap), None, "somebody edited the file");
        assert_eq!(history.since(&web, Some("Signup"), Mode::Enforce), Some(Millis(2)));
        assert_eq!(history.since(&web, Some("Other"), Mode::Enforce), None);
    }

    #[test]
    fn the_acts_are_those_of_the_command() {
        for (mode, step, action) in STEPS {
            let command = weir_console::Command::LadderMove { source: "web".into(), event: None, step };
            assert_eq!(
                (command.action(), super::step(mode), act(Actor::Weir, "web", None, mode).action),
                (action, step, action)
            );
        }
    }
}
