//! From `destinations.<id>` to what `deliver` works with: release policy, encoder, endpoint, client. Every problem at once.

use std::sync::Arc;

use weir_deliver::{Folder, OnUnknown, Options, Setup, Start, Transport};
use weir_event::{DestinationId, Names, Offset};
use weir_outbound::{Client, ClientOptions, Endpoint};
use weir_policy::{Detectors, ReleasePolicy, ReleaseSpec, Routing, RuleSpec, SubjectMode};
use weir_protocol::DestinationKind;
use weir_protocol::outbound::{DestinationSetup, ImportCredentials, Secret, SetupError};

use crate::config::{self, Config, Destination, RuleAction, Selector, Subject};
use crate::receivers;

/// Something wrong with one field of a destination: the field, empty for the whole, and what.
pub type Flaw = (String, String);

/// Resolves one destination.
pub fn setup(
    id: &DestinationId,
    from: &Destination,
    config: &Config,
    names: &Arc<Names>,
    detectors: &Arc<Detectors>,
) -> Result<Setup, Vec<Flaw>> {
    let mut problems: Vec<Flaw> = Vec::new();
    let flaw = |field: &str, what: String| (field.to_owned(), what);
    let spec = release_spec(id, from, config);
    let release = ReleasePolicy::resolve(&spec, names)
        .map_err(|errors| {
            problems.extend(errors.iter().map(|e| {
                // The others are fields of `release`.
                let is_own = e.place == "subject" || e.place.starts_with("route.");
                let field = if is_own { e.place.clone() } else { format!("release.{}", e.place) };
                flaw(&field, e.problem.to_string())
            }));
        })
        .ok();
    let whole = |policy: ReleasePolicy| with_ends(policy, from, names).detect_with(detectors);
    let release = release.map(whole);
    let inquiries = ReleasePolicy::resolve(&spec.for_questions(), names).ok();
    let inquiries = inquiries.map(whole);
    let kind = weir_protocol::destination_kind(from.kind);
    if kind.is_none() {
        problems.push(flaw("type", format!("there is no type {}", from.kind)));
    }
    // A host of another region was refused when the file was read: that a region exists is all that is left to say.
    let region = kind.map(|kind| kind.check_region(Some(from.region), ""));
    let is_elsewhere = matches!(region, Some(Err(SetupError::UnknownRegion)));
    if is_elsewhere {
        problems.push(flaw("region", format!("{}: {}", from.region, SetupError::UnknownRegion)));
    }
    let is_http = !is_elsewhere && from.folder.is_none();
    let endpoint = is_http.then(|| Endpoint::parse(from.origin()).map_err(|e| e.to_string()));
    let endpoint = endpoint.and_then(|parsed| parsed.map_err(|e| problems.push(flaw("endpoint", e))).ok());
    let vendor = vendor_setup(from, names);
    // Secrets that were not looked for, or not found, which is said elsewhere, say nothing about the rest.
    let import = from.import.iter().flat_map(|import| [&import.username, &import.secret]);
    let own = from.token.iter().chain(&from.more_secrets);
    let has_secrets = import.chain(own).all(|secret| secret.reveal().is_some());
    if let Some(kind) = kind
        && has_secrets
        && let Err(error) = (kind.encoder)(vendor.clone())
    {
        problems.push(flaw("", error.to_string()));
    }
    let client = client(from).map_err(|e| problems.push(flaw("root_certificates", e))).ok();
    let transport = match (&from.folder, endpoint, client) {
        (Some(folder), ..) => Some(Transport::Folder(Folder::new(folder.clone()))),
        (None, Some(endpoint), Some(client)) => Some(Transport::Http { endpoint, client }),
        _ => None,
    };
    match (release, inquiries, kind, transport) {
        (Some(release), Some(inquiries), Some(kind), Some(transport)) if problems.is_empty() => {
            let options = options(from, kind, config);
            let (release, inquiries) = (Arc::new(release), Arc::new(inquiries));
            Ok(Setup { id: id.clone(), release, inquiries, kind, vendor, transport, options })
        }
        _ => Err(problems),
    }
}

/// A path as policy knows it.
fn canonical(from: &Destination, path: &str) -> String {
    let protocol = weir_protocol::protocol(from.kind);
    protocol.and_then(|p| p.canonical_path(path)).unwrap_or(path).to_owned()
}

/// A policy with the ends of what it allows.
fn with_ends(mut policy: ReleasePolicy, from: &Destination, names: &Names) -> ReleasePolicy {
    for term in &from.allow_terms {
        if let Some(ends) = term.ends {
            policy.end_at(&canonical(from, &term.path), ends, names);
        }
    }
    policy
}

/// The policy of a destination with pseudonyms in the place of raw ids, to find out what leaves beside them.
pub fn preview_policy(
    id: &DestinationId,
    from: &Destination,
    config: &Config,
    names: &Arc<Names>,
) -> Result<Arc<ReleasePolicy>, String> {
    let spec = ReleaseSpec { subject: SubjectMode::Stable, ..release_spec(id, from, config) };
    let said = |errors: Vec<weir_policy::ReleaseError>| {
        errors.iter().map(|e| e.problem.to_string()).collect::<Vec<_>>().join("; ")
    };
    let policy = ReleasePolicy::resolve(&spec, names).map_err(said)?;
    Ok(Arc::new(with_ends(policy, from, names)))
}

/// Whether what a destination may have differs between two configurations.
pub(crate) fn rules_differ(id: &DestinationId, old: &Config, new: &Config) -> bool {
    let rules = |config: &Config| {
        let from = config.destinations.get(id)?;
        // A description of all of it, the ends of allowances included.
        Some(format!("{:?} {:?}", release_spec(id, from, config), from.allow_terms))
    };
    rules(old) != rules(new)
}

/// What policy reads of a destination. Allow lists take the vendor's own property names too: `$browser` is `context.browser.name`.
fn release_spec(id: &DestinationId, from: &Destination, config: &Config) -> ReleaseSpec {
    let canonical = |path: &String| canonical(from, path);
    let rule = |rule: &config::ReleaseRule| {
        let mut spec = RuleSpec::default();
        let action = match rule.action {
            RuleAction::Drop => "drop",
            RuleAction::Pseudonymize => "pseudonymize",
        };
        match &rule.selector {
            Selector::Category(category) => spec.category = Some(category.clone()),
            Selector::Property(path) => spec.property = Some(canonical(path)),
            Selector::Event(event) => spec.event = Some(event.clone()),
            Selector::Consent(consent) => spec.consent = Some(consent.clone()),
            Selector::Sample(event, sample) => {
                (spec.event, spec.sample) = (event.clone(), Some(*sample));
                return spec;
            }
            Selector::Preset(preset) => {
                spec.preset = Some(preset.clone());
                return spec;
            }
        }
        spec.action = Some(action.to_owned());
        spec
    };
    let rules: Vec<RuleSpec> = from.rules.iter().map(rule).collect();
    ReleaseSpec {
        destination: id.clone(),
        subject: match from.subject {
            Subject::Raw { confirm_category } => {
                SubjectMode::Raw { confirm_category: confirm_category.then(|| "user.contact".to_owned()) }
            }
            Subject::Stable => SubjectMode::Stable,
            Subject::Rotating(period) => {
                SubjectMode::Rotating { period_millis: i64::try_from(period.as_millis()).unwrap_or(i64::MAX) }
            }
        },
        allow: from.allow.iter().map(canonical).collect(),
        rules,
        links: from.links,
        routing: Routing { route: from.route.clone(), residency: config.residency.clone() },
    }
}

fn vendor_setup(from: &Destination, names: &Arc<Names>) -> DestinationSetup {
    let mut settings = from.settings.clone();
    // Each generation of a process has a channel of its own: the numbers in it are nobody else's.
    weir_keys::random(&mut settings.splunk_hec.channel);
    let secret = |secret: &config::Secret| Secret::new(secret.reveal().unwrap_or_default());
    DestinationSetup {
        token: from.token.as_ref().map_or_else(|| Secret::new(""), secret),
        import: from.import.as_ref().map(|import| ImportCredentials {
            user: secret(&import.username),
            password: secret(&import.secret),
            project_id: Some(import.project_id.to_string()),
        }),
        gzip_from_bytes: from.compress.then_some(DestinationSetup::GZIP_FROM_BYTES),
        names: Arc::clone(names),
        identity_merge: from.identity_merge,
        settings,
    }
}

fn client(from: &Destination) -> Result<Client, String> {
    client_with(from, from.request_timeout)
}

/// A client with the addresses and roots of a destination, and a patience of its own.
pub(crate) fn client_with(from: &Destination, request_timeout: std::time::Duration) -> Result<Client, String> {
    let options = ClientOptions {
        allow_addresses: from.allow_addresses.clone(),
        extra_roots: receivers::roots(from.root_certificates.as_deref())?,
        connect_timeout: from.connect_timeout,
        request_timeout,
        ..ClientOptions::default()
    };
    Client::new(options).map_err(|e| e.to_string())
}

fn options(from: &Destination, kind: &DestinationKind, config: &Config) -> Options {
    let usual = Options::default();
    Options {
        on_unknown: match from.on_unknown {
            Some(on_unknown) => on_unknown,
            None if kind.resends_unknown => OnUnknown::Resend,
            None => OnUnknown::KeepUnknown,
        },
        on_lag: from.on_lag,
        lag_millis_max: i64::try_from(from.lag_max.as_millis()).unwrap_or(i64::MAX),
        // D12: 72 h or half of the journal, whichever comes first.
        lag_bytes_max: config.journal.budget_bytes / 2,
        start: match from.from {
            config::StartFrom::Now => Start::Now,
            config::StartFrom::Earliest => Start::From(Offset(0)),
        },
        linger: from.roll_every.unwrap_or(usual.linger),
        window_events_max: match from.roll_every {
            Some(_) => from.settings.files.events_max,
            None => usual.window_events_max,
        },
        ..usual
    }
}
