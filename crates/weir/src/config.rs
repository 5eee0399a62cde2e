//! `weir.yaml`: read whole, every problem reported at once with its place, then resolved to types that cannot be wrong.
//!
//! The way of a file: text → tree with places → `check` against the one table of fields → `resolve` (what
//! fields mean together, secrets) → [`Config`]. No port is bound and nothing is opened before a file came through.
//! No file at all is a configuration too: defaults, no source, no destination.
//!
//! Secrets stand in the environment or in files. A message names the variable or the file, never what is in it.

mod canonical;
mod check;
pub mod edit;
pub mod page;
mod problem;
pub(crate) mod resolve;
pub mod schema;
pub mod table;
pub(crate) mod values;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_detect::OwnSpec;
use weir_event::{Category, DestinationId, Environment, Millis, Region, SourceId};
use weir_ledger::tree::cosignature::CosignerKey;
use weir_ledger::tree::note::VerifierKey;
use weir_policy::{ConsentRuleSpec, ConsentSpec, ResidencySpec, RouteSpec, SampleSpec};
use zeroize::Zeroizing;

pub use problem::{Problem, Problems};
pub use values::Origin;
pub(crate) use values::{day, duration, is_owner};
pub use weir_outbound::Cidr;
pub use yaml::Position;

use crate::log::Format;

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

/// `listen`.
#[derive(Clone, Debug)]
pub struct Listen {
    /// For SDKs.
    pub ingest: SocketAddr,
    /// For health and metrics.
    pub console: SocketAddr,
    /// TLS on the ingest address.
    pub tls: Option<TlsFiles>,
}

/// `listen.tls`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// PEM: the certificate, then its chain.
    pub certificate: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

/// `sources.<id>`.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in the protocol's list (`weir_protocol::protocol`).
    pub protocol: &'static str,
    /// At least one; no key belongs to two sources.
    pub write_keys: Vec<String>,
    /// Which keys its subjects are tagged with.
    pub environment: Environment,
    /// How far it has climbed.
    pub mode: Mode,
    /// Which sources share ids (D6).
    pub identity_space: String,
    /// Properties whose value is a group's id.
    pub group_keys: Vec<String>,
    /// Events with a mode of their own.
    pub events: BTreeMap<String, Mode>,
    /// What auxiliary calls get (D17).
    pub auxiliary: Auxiliary,
    /// The second fact of D17.
    pub accept_flag_loss: bool,
    /// Whether browsers are told which events no destination takes.
    pub block_in_browser: bool,
    /// What says something about consent.
    pub consent: ConsentSpec,
    /// How the country of its events is known.
    pub country: Country,
    /// Events a second, on average over ten seconds; `None`: as many as come.
    pub rate_limit: Option<u32>,
}

impl Source {
    /// The mode of one event.
    pub fn mode_of(&self, event: &str) -> Mode {
        self.events.get(event).copied().unwrap_or(self.mode)
    }
}

/// How the country of a source's events is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Country {
    /// By the address that a request comes from (D18).
    Client,
    /// By the address that stands in the event.
    Event,
    /// Not at all.
    Unknown,
    /// They all have this one.
    Declared(Region),
}

/// How far a source or an event has climbed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A mirrored copy; nothing is delivered.
    Tap,
    /// Delivered by the release rules.
    Observe,
    /// Delivered by the release rules, plan violations acted on.
    Enforce,
}

/// What calls for flags and settings get (D17).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Auxiliary {
    /// A fixed answer.
    Constant,
    /// Flags are asked of this destination's vendor; everything else gets its fixed answer.
    Proxy(DestinationId),
    /// An error.
    Refuse,
}

/// `destinations.<id>`.
#[derive(Clone, Debug)]
pub struct Destination {
    /// Its name in the protocol's list of encoders (`weir_protocol::encoder`).
    pub kind: &'static str,
    /// `us`, `eu` or `in`.
    pub region: &'static str,
    /// Set where the requests go elsewhere than to the region's own host.
    pub endpoint: Option<Origin>,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
    /// The project token, where the type has one.
    pub token: Option<Secret>,
    /// Secrets in what only its type reads.
    pub more_secrets: Vec<Secret>,
    /// Type `files` in a folder of this machine: the folder.
    pub folder: Option<PathBuf>,
    /// Type `files`: how long a file waits for more events.
    pub roll_every: Option<Duration>,
    /// The service account for old events.
    pub import: Option<Import>,
    /// Whose events it takes.
    pub environments: Vec<Environment>,
    /// Which events go there at all.
    pub route: RouteSpec,
    /// How people appear.
    pub subject: Subject,
    /// Properties that may leave.
    pub allow: Vec<String>,
    /// Those of them that have an owner or an end.
    pub allow_terms: Vec<AllowTerm>,
    /// Exceptions from `allow`, and presets.
    pub rules: Vec<ReleaseRule>,
    /// The company behind it.
    pub vendor: String,
    /// Where it starts.
    pub from: StartFrom,
    /// What to do with a batch whose answer was lost; `None`: what suits the vendor.
    pub on_unknown: Option<OnUnknown>,
    /// Whom the vendor sends on to (D13).
    pub onward: Option<Vec<Onward>>,
    /// What only its type reads.
    pub settings: weir_protocol::outbound::Settings,
    /// How long the vendor keeps what it gets; `None`: for ever, as far as anybody has said (D13).
    pub retention: Option<Duration>,
    /// How long events wait.
    pub lag_max: Duration,
    /// And then.
    pub on_lag: OnLag,
    /// Whether identify, alias and merge leave.
    pub links: bool,
    /// How a Mixpanel project merges ids.
    pub identity_merge: weir_protocol::IdentityMerge,
    /// Whether requests are compressed.
    pub compress: bool,
    /// Name look-up, connection and TLS together.
    pub connect_timeout: Duration,
    /// First byte sent to last byte received.
    pub request_timeout: Duration,
    /// Further certificate authorities, PEM.
    pub root_certificates: Option<PathBuf>,
}

impl Destination {
    /// Whether anything of a source may go here: what is so for all of its events, and for as long as this configuration holds.
    pub fn takes(&self, source: &SourceId, environment: Environment) -> bool {
        let sources = &self.route.sources;
        self.environments.contains(&environment)
            && (sources.is_empty() || sources.iter().any(|name| name == source.as_str()))
    }

    /// Where each of its secrets stands.
    pub fn secret_places(&self) -> Vec<&SecretPlace> {
        let import = self.import.iter().flat_map(|import| [&import.username, &import.secret]);
        self.token.iter().chain(&self.more_secrets).chain(import).map(Secret::place).collect()
    }

    /// Where it is, for people: its origin, or its folder.
    pub fn place(&self) -> String {
        self.folder.as_ref().map_or_else(|| self.origin().to_owned(), |folder| folder.display().to_string())
    }

    /// Where requests go: the endpoint, or the region's own host; empty for a folder.
    pub fn origin(&self) -> &str {
        match &self.endpoint {
            Some(endpoint) => endpoint.as_str(),
            None => resolve::region_origin(self.kind, self.region),
        }
    }
}

/// One entry of `destinations.<id>.onward`: a vendor that receives what this destination forwards (D13).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Onward {
    /// The company.
    pub vendor: String,
    /// Where it keeps the data, in the operator's words.
    pub region: Option<String>,
    /// The first day, `2026-03-01`.
    pub since: Option<String>,
    /// The last day.
    pub until: Option<String>,
}

/// Terms of one path of `destinations.<id>.release.allow`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllowTerm {
    /// The path, as written.
    pub path: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The instant from which it does not leave any more: the day after `until` begins.
    pub ends: Option<Millis>,
}

impl AllowTerm {
    /// The last day on which it leaves, as the file writes it.
    pub fn until(&self) -> Option<String> {
        Some(self.ends?.plus(-1).to_rfc3339().get(..10)?.to_owned())
    }
}

/// How long before the end of an allowance it is said.
pub const ENDS_SOON_MILLIS: i64 = 14 * Millis::DAY;

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

/// `destinations.<id>.import`.
#[derive(Clone, Debug)]
pub struct Import {
    /// The service account's name.
    pub username: Secret,
    /// Its secret.
    pub secret: Secret,
    /// The number of its project.
    pub project_id: u64,
}

/// `destinations.<id>.subject`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// As the apps name them.
    Raw {
        /// Ids that look like e-mail addresses or phone numbers may leave too (D8).
        confirm_category: bool,
    },
    /// A keyed pseudonym that stays.
    Stable,
    /// A keyed pseudonym for each epoch of this length.
    Rotating(Duration),
}

/// One of `destinations.<id>.release.rules`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReleaseRule {
    /// What it applies to.
    pub selector: Selector,
    /// What happens.
    pub action: RuleAction,
}

/// What a release rule applies to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selector {
    /// Findings of this category key or below.
    Category(String),
    /// This path and what lies below.
    Property(String),
    /// This event.
    Event(String),
    /// A set of properties with bounded values that leaves; the action says nothing.
    Preset(String),
    /// Events of people who have not agreed.
    Consent(ConsentRuleSpec),
    /// A share of an event, or of all that have no sample of their own; the action says nothing.
    Sample(Option<String>, SampleSpec),
}

/// What a release rule does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuleAction {
    /// It does not leave.
    Drop,
    /// It leaves as a keyed pseudonym of the destination.
    Pseudonymize,
}

/// Where a new destination starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartFrom {
    /// After it first appears.
    Now,
    /// At the oldest event that the journal holds.
    Earliest,
}

/// What to do with a batch whose answer was lost (D3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnUnknown {
    /// Send again under the same insert ids.
    Resend,
    /// Leave it counted as unknown.
    KeepUnknown,
}

/// What to do at the lag limit (D12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnLag {
    /// Drop the oldest under `expired`.
    Expire,
    /// Wait on.
    Hold,
}

/// `journal`.
#[derive(Clone, Copy, Debug)]
pub struct Journal {
    /// Bytes of one file.
    pub segment_bytes: u64,
    /// Bytes of all files.
    pub budget_bytes: u64,
    /// How long a segment stays after everybody has passed it.
    pub replay_window: Duration,
}

/// `hold`.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Whether bodies are kept, sealed.
    pub keep_body: bool,
    /// How long an entry stays.
    pub keep: Duration,
    /// Bytes of all entries.
    pub budget_bytes: u64,
}

/// `limits`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One body as received.
    pub body_bytes: usize,
    /// One body decoded.
    pub body_decoded_bytes: usize,
    /// Request line and headers.
    pub head_bytes: usize,
    /// All bodies being handled.
    pub in_flight_bytes: usize,
    /// Open connections.
    pub connections: usize,
    /// For a head to arrive.
    pub head_timeout: Duration,
    /// For a body to arrive.
    pub body_timeout: Duration,
    /// Between two requests.
    pub idle_timeout: Duration,
}

/// `ledger`.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The log's name; `None`: one drawn at first start.
    pub origin: Option<String>,
    /// Mirrors of the checkpoint.
    pub anchors: Vec<PathBuf>,
    /// How often at most bucket, webhook and witnesses are told.
    pub publish: Duration,
    /// A bucket that the checkpoint is put into.
    pub bucket: Option<AnchorBucket>,
    /// A webhook that the checkpoint is posted to.
    pub webhook: Option<Webhook>,
    /// Who cosigns the checkpoint.
    pub witnesses: Vec<WitnessOf>,
    /// For whom this Weir cosigns.
    pub witness: Option<WitnessFor>,
}

impl Ledger {
    /// Whether there are anchors that are not files.
    pub fn has_remote_anchors(&self) -> bool {
        self.bucket.is_some() || self.webhook.is_some() || !self.witnesses.is_empty()
    }
}

/// `ledger.bucket`.
#[derive(Clone, Debug)]
pub struct AnchorBucket {
    /// As it was written.
    pub path: String,
    /// The store.
    pub endpoint: Origin,
    /// Bucket and keys; `None` where secrets were left alone.
    pub bucket: Option<weir_protocol::vendors::files::Bucket>,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
}

/// One of `ledger.witnesses`.
#[derive(Clone, Debug)]
pub struct WitnessOf {
    /// Where it is asked.
    pub url: Origin,
    /// What checks its cosignatures.
    pub key: CosignerKey,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
}

/// `ledger.witness`.
#[derive(Clone, Debug)]
pub struct WitnessFor {
    /// Where others ask.
    pub listen: SocketAddr,
    /// The name in its cosignatures.
    pub name: String,
    /// The ledgers that it cosigns for.
    pub logs: Vec<VerifierKey>,
}

/// `alerts.webhook`.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where messages go, as it was written.
    pub url: String,
    /// Signs them.
    pub secret: Secret,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
}

/// `audit_log.ship.<receiver>`.
#[derive(Clone, Debug)]
pub struct Ship {
    /// How, and where to.
    pub way: ShipWay,
    /// Whether acts are events of OCSF; else as Weir shows them.
    pub is_ocsf: bool,
    /// Ranges, not public, that may be connected to.
    pub allow_addresses: Vec<Cidr>,
    /// Further certificate authorities.
    pub root_certificates: Option<PathBuf>,
}

/// How acts are handed on.
#[derive(Clone, Debug)]
pub enum ShipWay {
    /// Syslog over the network, by its address as it was written.
    Stream(String),
    /// Syslog to a socket of this machine.
    Local(PathBuf),
    /// A webhook.
    Webhook {
        /// Where requests go, as it was written.
        url: String,
        /// Signs them.
        secret: Secret,
    },
    /// A file.
    File(PathBuf),
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

/// A secret that stands in the environment or in a file.
#[derive(Clone)]
pub struct Secret {
    place: SecretPlace,
    value: Option<Zeroizing<String>>,
}

/// Where a secret stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretPlace {
    /// In this environment variable.
    Variable(String),
    /// In this file.
    File(PathBuf),
}

impl Secret {
    /// Where it stands.
    pub fn place(&self) -> &SecretPlace {
        &self.place
    }

    /// The secret; `None` only if the configuration was loaded with [`Secrets::Leave`].
    pub fn reveal(&self) -> Option<&str> {
        self.value.as_ref().map(|v| v.as_str())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({:?})", self.place)
    }
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

/// Whether secrets are read while a configuration is loaded.
#[derive(Clone, Copy)]
pub enum Secrets<'a> {
    /// From the environment, by this function, and from files; a missing one is a problem.
    Read(&'a dyn Fn(&str) -> Option<String>),
    /// Not at all: for a check of the file where the secrets are not at hand.
    Leave,
}

impl fmt::Debug for Secrets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Secrets::Read(_) => "Secrets::Read",
            Secrets::Leave => "Secrets::Leave",
        })
    }
}

impl Secrets<'static> {
    /// From this process's environment.
    pub fn environment() -> Secrets<'static> {
        Secrets::Read(&|name| std::env::var(name).ok())
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
