//! Which acts are wanted.

use weir_event::Millis;
use weir_ledger::Actor;

use crate::act::Acted;
use crate::actions::{self, Class};

/// Conditions that all have to hold; an empty list is none.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Filter {
    /// From then on.
    pub since: Option<Millis>,
    /// Before then.
    pub until: Option<Millis>,
    /// A name, a number, `weir`, or a token's digits.
    pub actors: Vec<String>,
    /// Words of acts, or of classes of them.
    pub actions: Vec<String>,
}

impl Filter {
    /// Whether an act is wanted.
    pub fn admits(&self, acted: &Acted) -> bool {
        self.since.is_none_or(|since| acted.at >= since)
            && self.until.is_none_or(|until| acted.at < until)
            && (self.actors.is_empty() || self.actors.iter().any(|wanted| is_by(acted, wanted)))
            && (self.actions.is_empty() || self.actions.iter().any(|wanted| is_of(acted, wanted)))
    }

    /// A wanted act that no release has: most likely a slip.
    pub fn unknown_action(&self) -> Option<&str> {
        let is_known =
            |word: &String| actions::of(word).is_some() || Class::ALL.iter().any(|class| class.name() == word);
        self.actions.iter().find(|word| !is_known(word)).map(String::as_str)
    }
}

fn is_by(acted: &Acted, wanted: &str) -> bool {
    match &acted.actor {
        Actor::Weir => wanted == "weir",
        Actor::Local { uid } => wanted == uid.to_string() || acted.name.as_deref() == Some(wanted),
        Actor::Token(id) => wanted == weir_event::ids::hex(id),
    }
}

fn is_of(acted: &Acted, wanted: &str) -> bool {
    acted.action == wanted || acted.class().name() == wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::tests::acted;

    #[test]
    fn every_condition_has_to_hold_and_one_of_each_list() {
        let act = acted("ledger_subject", Vec::new());
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let admits = |filter: Filter| filter.admits(&act);
        assert!(admits(Filter::default()));
        for (actors, actions, expected) in [
            (&["ada"][..], &[][..], true),
            (&["1000"], &["reidentify"], true),
            (&["weir", "ada"], &["stop", "ledger_subject"], true),
            (&["weir"], &[], false),
            (&["ada"], &["read"], false),
            (&["100"], &[], false),
        ] {
            let filter = Filter { actors: words(actors), actions: words(actions), ..Filter::default() };
            assert_eq!(admits(filter), expected, "{actors:?} {actions:?}");
        }
        let (before, after) = (Some(act.at.plus(-1)), Some(act.at.plus(1)));
        assert!(admits(Filter { since: Some(act.at), until: after, ..Filter::default() }));
        assert!(!admits(Filter { since: after, ..Filter::default() }));
        assert!(!admits(Filter { until: Some(act.at), since: before, ..Filter::default() }));
    }

    #[test]
    fn a_word_of_no_act_is_told() {
        let of =
            |words: &[&str]| Filter { actions: words.iter().map(|w| (*w).to_owned()).collect(), ..Filter::default() };
        assert_eq!(of(&["start", "reads"]).unknown_action(), Some("reads"));
        assert_eq!(of(&["start", "read"]).unknown_action(), None);
    }
}
