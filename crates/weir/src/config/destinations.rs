//! Where events go, and what of them.

use std::path::PathBuf;
use std::time::Duration;

use weir_event::{Environment, Millis, SourceId};
use weir_policy::{ConsentRuleSpec, RouteSpec, SampleSpec};

use super::{Cidr, OnLag, OnUnknown, Origin, Secret, SecretPlace};

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
    /// How its vendor is asked what it has.
    pub export: Option<Export>,
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
        let export = self.export.iter().flat_map(|export| export.username.iter().chain(&export.secret));
        self.token.iter().chain(&self.more_secrets).chain(import).chain(export).map(Secret::place).collect()
    }

    /// Where it is, for people: its origin, or its folder.
    pub fn place(&self) -> String {
        self.folder.as_ref().map_or_else(|| self.origin().to_owned(), |folder| folder.display().to_string())
    }

    /// Where requests go: the endpoint, or the region's own host; empty for a folder.
    pub fn origin(&self) -> &str {
        match &self.endpoint {
            Some(endpoint) => endpoint.as_str(),
            None => super::resolve::region_origin(self.kind, self.region),
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

/// `destinations.<id>.export`.
#[derive(Clone, Debug)]
pub struct Export {
    /// Whose account. Never read with the configuration: [`Secret::fetch`].
    pub username: Option<Secret>,
    /// Its secret; the same.
    pub secret: Option<Secret>,
    /// The number of its project.
    pub project_id: Option<u64>,
    /// In which time zone it counts days.
    pub time_zone: String,
    /// Where, if not at the vendor's own.
    pub endpoint: Option<Origin>,
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
