//! `weir.yaml`: read whole, every problem reported at once with its place, then resolved to types that cannot be wrong.
//!
//! The way of a file: text → tree with places → `check` against the one table of fields → `resolve` (what
//! fields mean together, secrets) → [`Config`]. No port is bound and nothing is opened before a file came through.
//! No file at all is a configuration too: defaults, no source, no destination.
//!
//! Secrets stand in the environment or in files. A message names the variable or the file, never what is in it.

mod canonical;
mod check;
mod destinations;
pub mod edit;
pub mod page;
mod problem;
pub(crate) mod resolve;
pub mod schema;
mod secret;
mod sources;
mod storage;
pub mod table;
pub(crate) mod values;
mod yaml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_detect::OwnSpec;
use weir_event::{Category, DestinationId, Millis, SourceId};
use weir_policy::ResidencySpec;

use crate::log::Format;

pub use destinations::{
    AllowTerm, Destination, ENDS_SOON_MILLIS, Export, Import, Onward, ReleaseRule, RuleAction, Selector, StartFrom,
    Subject,
};
pub use problem::{Problem, Problems};
pub use secret::{Secret, SecretPlace, Secrets};
pub use sources::{Auxiliary, Country, Listen, Mode, Source, TlsFiles};
pub use storage::{AnchorBucket, Hold, Journal, Ledger, Limits, Ship, ShipWay, WitnessFor, WitnessOf};
pub use values::Origin;
pub(crate) use values::{day, duration, is_owner};
pub use weir_deliver::{OnLag, OnUnknown};
pub use weir_outbound::Cidr;
pub use yaml::Position;

/// Everything that a configuration says, resolved. Durations and sizes are in base units.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where Weir listens.
    pub listen: Listen,
    /// From whom a forwarded address is believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Where events come in.
    pub sources: BTreeMap<SourceId, Source>,
    /// Where events may go.
    pub destinations: BTreeMap<DestinationId, Destination>,
    /// Which destinations events of people in which countries may reach.
    pub residency: ResidencySpec,
    /// Detectors of one's own.
    pub detectors: Vec<OwnSpec>,
    /// What was found in error.
    pub false_positives: Vec<FalsePositive>,
    /// Property paths by which ledger answers are grouped; `country` is the gate's country.
    pub slices: Vec<String>,
    /// The journal.
    pub journal: Journal,
    /// Raw hold and quarantine.
    pub hold: Hold,
    /// How a change of what destinations may have comes into force; `None`: at once.
    pub rollout: Option<Rollout>,
    /// Bytes set aside at start; `None`: the larger of 256 MiB and 2 % of the file system.
    pub disk_reserve: Option<u64>,
    /// Limits on what comes in.
    pub limits: Limits,
    /// The ledger.
    pub ledger: Ledger,
    /// Who gets the acts of the audit log.
    pub ships: BTreeMap<DestinationId, Ship>,
    /// Who is told of alerts.
    pub webhook: Option<Webhook>,
    /// Who gets traces.
    pub otlp: Option<Otlp>,
    /// How log lines look.
    pub log_format: Format,
    /// Which log lines are written.
    pub log_level: weir_event::log::Level,
    /// For what is under way at SIGTERM.
    pub shutdown_grace: Duration,
    canonical: String,
    text: Arc<str>,
    file: PathBuf,
    places: BTreeMap<String, Position>,
}

/// `false_positives[]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FalsePositive {
    /// Only as this source sends it.
    pub source: Option<SourceId>,
    /// The event.
    pub event: String,
    /// The property, as written.
    pub property: String,
    /// What it is not.
    pub category: Category,
    /// Why.
    pub reason: String,
    /// The instant from which it does not hold any more: the day after `until` begins.
    pub ends: Option<Millis>,
}

/// `rollout`. Shares in millionths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rollout {
    /// How long before it comes into force a change is held against.
    pub evaluate: Duration,
    /// The shares of people, growing; the last is all of them.
    pub steps: Vec<u32>,
    /// How long each step lasts.
    pub step_time: Duration,
    /// What takes a change back.
    pub guards: Guards,
}

/// `rollout.guards`. In millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guards {
    /// Difference in events of one name that leave.
    pub volume: u32,
    /// Fewer events of one name with a property.
    pub fill: u32,
    /// More events of a destination dropped.
    pub dropped: u32,
    /// More events of a destination rejected by the vendor.
    pub quarantined: u32,
}

impl Default for Rollout {
    /// What stands where `rollout: {}` says nothing.
    fn default() -> Rollout {
        let guards = Guards { volume: 200_000, fill: 100_000, dropped: 50_000, quarantined: 10_000 };
        Rollout {
            evaluate: Duration::from_secs(3_600),
            steps: vec![10_000, 100_000, 500_000, 1_000_000],
            step_time: Duration::from_secs(600),
            guards,
        }
    }
}

impl Config {
    /// What is allowed and ends within [`ENDS_SOON_MILLIS`], or has ended, one sentence each.
    pub fn ending(&self, now: Millis) -> Vec<String> {
        let mut out = Vec::new();
        for (id, destination) in &self.destinations {
            for term in &destination.allow_terms {
                let (Some(ends), Some(until)) = (term.ends, term.until()) else { continue };
                if now.plus(ENDS_SOON_MILLIS) < ends {
                    continue;
                }
                let owner = term.owner.as_ref().map(|owner| format!(", owner {owner}")).unwrap_or_default();
                let what = if now < ends { "leaves until" } else { "is withheld since its last day," };
                out.push(format!("destination {id}: `{}` {what} {until}{owner}", term.path));
            }
        }
        out
    }
}

/// `alerts.webhook`, `ledger.webhook`, or a receiver of `audit_log.ship` that is one.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where messages go, as it was written.
    pub url: String,
    /// Signs them.
    pub secret: Secret,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
}

/// `telemetry.otlp`.
#[derive(Clone, Debug)]
pub struct Otlp {
    /// The collector.
    pub endpoint: Origin,
    /// Headers by name.
    pub headers: Vec<(String, Secret)>,
    /// The share of batches that are traced, 0 to 1.
    pub share: f64,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
}

/// A configuration together with what is wrong with it. Where a value is wrong, a default stands in.
pub(crate) struct Draft {
    pub(crate) config: Config,
    pub(crate) problems: Vec<Problem>,
}

impl Draft {
    fn finish(self) -> Result<Config, Problems> {
        if self.problems.is_empty() { Ok(self.config) } else { Err(self.config.problems(self.problems)) }
    }
}

impl Config {
    /// Reads a file. Every problem at once, or a configuration.
    pub fn load(file: &Path, secrets: Secrets<'_>) -> Result<Config, Problems> {
        Config::draft_file(file, secrets)?.finish()
    }

    /// Reads a file as far as it goes, for a check of what its fields mean together with the rest of Weir.
    pub(crate) fn draft_file(file: &Path, secrets: Secrets<'_>) -> Result<Draft, Problems> {
        let fail = |message: String| Problems {
            file: file.to_owned(),
            list: vec![Problem { at: Position::default(), message }],
        };
        let size = std::fs::metadata(file).map_err(|e| fail(format!("cannot be read: {}", e.kind())))?.len();
        if size > yaml::FILE_BYTES_MAX {
            return Err(fail(format!("has {size} bytes, the limit is {}", yaml::FILE_BYTES_MAX)));
        }
        let text = std::fs::read_to_string(file).map_err(|e| fail(format!("cannot be read: {}", e.kind())))?;
        Config::draft(&text, file, secrets)
    }

    /// Reads a text. `file` is named in problems, and relative paths are taken from its folder.
    pub fn parse(text: &str, file: &Path, secrets: Secrets<'_>) -> Result<Config, Problems> {
        Config::draft(text, file, secrets)?.finish()
    }

    /// An error only where there is no tree to look at.
    pub(crate) fn draft(text: &str, file: &Path, secrets: Secrets<'_>) -> Result<Draft, Problems> {
        let mut problems = Vec::new();
        let folder = file.parent().unwrap_or(Path::new(""));
        let config = yaml::parse(text.strip_prefix('\u{feff}').unwrap_or(text), &mut problems).map(|node| {
            let checked = check::section(table::ROOT, &node, &mut problems);
            let canonical = canonical::text(&checked);
            resolve::config(&checked, canonical, file, folder, secrets, &mut problems)
        });
        match config {
            Some(config) => Ok(Draft { config: Config { text: text.into(), ..config }, problems }),
            None => Err(Problems::new(file, problems)),
        }
    }

    /// The configuration that no file stands for: defaults, no source, no destination.
    pub fn built_in() -> Config {
        // Expect safety: a test parses the empty text; nothing of the environment goes into it.
        Config::parse("", Path::new("weir.yaml"), Secrets::Leave).expect("the defaults fit their own table")
    }

    /// A problem with the field of this path, such as `destinations.product.release.allow[2]`, at its place in the file; at that of
    /// the nearest field around it where it is not written there.
    pub(crate) fn problem(&self, path: &str, message: &str) -> Problem {
        let mut around = path;
        let at = loop {
            match (self.places.get(around), around.rfind(['.', '['])) {
                (Some(at), _) if at.line != 0 => break *at,
                (_, Some(end)) => around = &around[..end],
                (_, None) => break Position::default(),
            }
        };
        Problem::new(at, format!("`{path}`: {message}"))
    }

    /// The text that it was read from. Secrets are named in it, not written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The file that it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Problems with this file.
    pub(crate) fn problems(&self, list: Vec<Problem>) -> Problems {
        Problems::new(&self.file, list)
    }

    /// The resolved configuration as one text without secrets, for its content hash (D16).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

/// Replayed on stable and by libFuzzer: reading a configuration never panics, whatever the bytes.
pub mod fuzz {
    use super::{Config, Path, Secrets};

    /// Any bytes as a configuration file that is edited at each of its paths: what comes out says what was meant, or nothing does.
    pub fn fuzz_edit(data: &[u8]) {
        if let Ok(text) = std::str::from_utf8(data) {
            super::edit::every_edit(text);
        }
    }

    /// Any bytes as a configuration file.
    pub fn fuzz_config(data: &[u8]) {
        if let Ok(text) = std::str::from_utf8(data) {
            let _ = Config::parse(text, Path::new("weir.yaml"), Secrets::Leave);
        }
    }
}

#[cfg(test)]
mod tests;
