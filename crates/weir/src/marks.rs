//! What people have marked as found in error: entries of `false_positives` in `weir.yaml`, who made each and when.
//!
//! A mark by `weir detect mark --false-positive` is an act of the audit ledger before it is in force, so that its time and who made it
//! are known; one that was written by hand has none.
//!
//! | act | targets |
//! |---|---|
//! | `false_positive_mark` | the source, where it is of one; the digest of event, property and category |

use std::path::Path;
use std::sync::Arc;

use ring::digest;
use weir_event::names::NameKind;
use weir_event::{Category, Millis, Names, SourceId};
use weir_ledger::entry::Entry;
use weir_ledger::{Act, Actor, LedgerError, Target, acts};
use weir_policy::Mark;

use crate::config::{Config, FalsePositive, Problem};

/// The act.
const ACTION: &str = "false_positive_mark";
/// Why some classes cannot be marked, and what to do.
pub const REFUSED: &str = "cards, e-mail addresses, passwords and secrets that their form gives away cannot be marked, because one that is \
     overlooked weighs more than many that are found in error: change the value where it comes from, or leave the property withheld";

/// What a mark is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// Only as this source sends it.
    pub source: Option<String>,
    /// The event.
    pub event: String,
    /// The property, as written.
    pub property: String,
    /// What it is not.
    pub category: Category,
}

impl About {
    /// What an entry of the file is about.
    pub fn of(mark: &FalsePositive) -> About {
        About {
            source: mark.source.as_ref().map(ToString::to_string),
            event: mark.event.clone(),
            property: mark.property.clone(),
            category: mark.category,
        }
    }

    /// Whether the file has it.
    pub fn is_in(&self, config: &Config) -> bool {
        config.false_positives.iter().any(|mark| About::of(mark) == *self)
    }

    /// The targets of its act. Names are the operator's, but the tree keeps what it holds for ever: a digest is enough to find it.
    pub fn targets(&self) -> Vec<Target> {
        let source = self.source.as_deref().and_then(|id| SourceId::parse(id).ok()).map(Target::Source);
        source.into_iter().chain([Target::Digest(self.digest())]).collect()
    }

    /// Its act.
    pub fn act(&self, actor: Actor) -> Act {
        Act { actor, action: ACTION, targets: self.targets() }
    }

    /// Who made it, and when, by the audit ledger in `dir`; `None` where it was written by hand. The last time counts.
    pub fn made(&self, dir: &Path) -> Result<Option<(Millis, Actor)>, LedgerError> {
        let targets = self.targets();
        let mut made = None;
        acts::each(dir, |at, entry| {
            if let Entry::Act { actor, action, targets: of } = entry
                && action == ACTION
                && *of == targets
            {
                made = Some((at, actor.clone()));
            }
        })?;
        Ok(made)
    }

    fn digest(&self) -> [u8; 32] {
        let text = format!("weir/mark/v1\n{}\n{}\n{}", self.event, self.property, self.category.key());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        bytes
    }
}

/// The marks of a configuration as the gate knows them. A vendor's own name for a property stands for its path.
pub(crate) fn resolve(config: &Config, names: &Arc<Names>, problems: &mut Vec<Problem>) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (place, entry) in config.false_positives.iter().enumerate() {
        let at = format!("false_positives[{place}]");
        if let Some(id) = entry.source.as_ref().filter(|id| !config.sources.contains_key(*id)) {
            problems.push(config.problem(&at, &format!("there is no source `{id}`")));
            continue;
        }
        let Some(event) = names.restore(NameKind::Event, &entry.event) else { continue };
        let of_sources = config.sources.iter().filter(|(id, _)| entry.source.as_ref().is_none_or(|of| of == *id));
        let own_names = of_sources
            .filter_map(|(_, source)| weir_protocol::protocol(source.protocol)?.canonical_path(&entry.property));
        let mut paths: Vec<&str> = own_names.chain([entry.property.as_str()]).collect();
        paths.sort_unstable();
        paths.dedup();
        let (category, until) = (entry.category, entry.ends);
        let source = entry.source.as_ref().map(|id| names.label(id.as_str()));
        let known = paths.into_iter().filter_map(|path| names.restore(NameKind::Path, path));
        marks.extend(known.map(|path| Mark { source, event, path, category, until }));
    }
    marks
}
