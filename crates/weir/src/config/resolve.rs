//! From checked fields to [`Config`]: what fields mean together, and where secrets come from.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_detect::OwnSpec;
use weir_event::{Category, DestinationId, Environment, Likelihood, Millis, Purpose, Region, SourceId};
use weir_ledger::tree::cosignature::CosignerKey;
use weir_ledger::tree::note::VerifierKey;
use weir_policy::route::residency_problems;
use weir_policy::{
    ConsentRuleSpec, ConsentSpec, Reading, ResidencyClassSpec, ResidencySpec, RouteSpec, SampleBy, SampleSpec, Share,
    UnknownCountry,
};
use weir_protocol::IdentityMerge;
use weir_protocol::outbound::{Settings, SetupError};
use weir_protocol::signing::SigningKeys;
use weir_protocol::vendors::{self, datadog, files, ga4, otlp, splunk_hec};
use zeroize::Zeroizing;

use super::check::{Checked, Read};
use super::problem::Problem;
use super::values::{self, Origin};
use super::yaml::{Key, Position};
use super::{
    AllowTerm, AnchorBucket, Auxiliary, Config, Country, Destination, FalsePositive, Guards, Hold, Import, Journal,
    Ledger, Limits, Listen, Mode, OnLag, OnUnknown, Onward, Otlp, ReleaseRule, Rollout, RuleAction, Secret,
    SecretPlace, Secrets, Selector, Ship, ShipWay, Source, StartFrom, Subject, TlsFiles, Webhook, WitnessFor,
    WitnessOf,
};
use crate::log::Format;
use weir_event::log::Level;

/// A secret longer than this is a wrong file.
const SECRET_BYTES_MAX: u64 = 4 * 1024;

/// Sections of a destination that only one type reads, and the type.
const OF_ONE_TYPE: &[(&str, &str)] =
    &[("ga4", "ga4"), ("datadog", "datadog"), ("splunk_hec", "splunk_hec"), ("otlp", "otlp"), ("files", "files")];

/// Types that need no token.
pub(crate) const TOKEN_OPTIONAL: &[&str] = &["otlp", "files"];

/// What only one type of destination reads.
#[derive(Default)]
struct Own {
    settings: Settings,
    secrets: Vec<Secret>,
    /// Where the type has an address that follows from its settings.
    endpoint: Option<Origin>,
    folder: Option<PathBuf>,
    roll_every: Option<Duration>,
}

/// A secret as encoders take it; empty where it was not looked for or not found, which is said elsewhere.
fn revealed(secret: &Secret) -> weir_protocol::Secret {
    weir_protocol::Secret::new(secret.reveal().unwrap_or_default())
}

/// The vendor's own origin in a region; empty where it has none there. There is no falling back to another region.
pub(super) fn region_origin(kind: &str, region: &str) -> &'static str {
    weir_protocol::destination_kind(kind).and_then(|kind| kind.endpoint(Some(region)).ok()).unwrap_or_default()
}

/// How a source says that its country is known.
pub(super) fn source_country(text: &str) -> Option<Country> {
    match text {
        "client" => Some(Country::Client),
        "event" => Some(Country::Event),
        "unknown" => Some(Country::Unknown),
        // Of two letters: `eu` and its like are no country.
        code if code.len() == 2 && weir_policy::is_country(code) => Region::parse(code).map(Country::Declared),
        _ => None,
    }
}

/// Whether a vendor has addresses of its own: the others are where the customer runs them.
fn has_addresses(kind: &str) -> bool {
    weir_protocol::destination_kind(kind).is_some_and(|kind| kind.endpoint(None).is_ok())
}

pub(super) fn config(
    root: &Checked,
    canonical: String,
    file: &Path,
    folder: &Path,
    secrets: Secrets<'_>,
    problems: &mut Vec<Problem>,
) -> Config {
    let mut resolver = Resolver { folder, secrets, problems, places: BTreeMap::new(), proxies: Vec::new() };
    let listen = root.field("listen");
    let tls = listen.field("tls");
    let limits = root.field("limits");
    let journal = root.field("journal");
    let hold = root.field("hold");
    let ledger = root.field("ledger");
    let log = root.field("log");
    let bytes = |name| usize::try_from(limits.field(name).number()).unwrap_or(usize::MAX);
    let any = || std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = Config {
        listen: Listen {
            // The form of both was checked; the fallback is never reached.
            ingest: listen.field("ingest").text().parse().unwrap_or_else(|_| any()),
            console: listen.field("console").text().parse().unwrap_or_else(|_| any()),
            tls: (!tls.is_absent()).then(|| TlsFiles {
                certificate: resolver.path(tls.field("certificate")),
                key: resolver.path(tls.field("key")),
            }),
        },
        trusted_proxies: cidrs(root.field("trusted_proxies")),
        sources: resolver.sources(root.field("sources")),
        destinations: resolver.destinations(root.field("destinations")),
        residency: residency(root.field("residency")),
        detectors: resolver.detectors(root.field("detectors")),
        false_positives: resolver.false_positives(root.field("false_positives")),
        slices: texts(root.field("slices")),
        journal: Journal {
            segment_bytes: journal.field("segment").number(),
            budget_bytes: journal.field("budget").number(),
            replay_window: duration(journal.field("replay_window")),
        },
        hold: Hold {
            keep_body: hold.field("keep_body").flag(),
            keep: duration(hold.field("keep")),
            budget_bytes: hold.field("budget").number(),
        },
        rollout: rollout(root.field("rollout")),
        disk_reserve: match root.field("disk").field("reserve").value {
            Read::Size(size) => size,
            _ => None,
        },
        limits: Limits {
            body_bytes: bytes("body"),
            body_decoded_bytes: bytes("body_decoded"),
            head_bytes: bytes("head"),
            in_flight_bytes: bytes("in_flight"),
            connections: bytes("connections"),
            head_timeout: duration(limits.field("head_timeout")),
            body_timeout: duration(limits.field("body_timeout")),
            idle_timeout: duration(limits.field("idle_timeout")),
        },
        ledger: Ledger {
            origin: ledger.field("origin").optional_text(),
            anchors: ledger.field("anchors").items().iter().map(|item| resolver.path(item)).collect(),
            publish: duration(ledger.field("publish")),
            bucket: resolver.anchor_bucket(ledger.field("bucket")),
            webhook: resolver.webhook("ledger.webhook", ledger.field("webhook")),
            witnesses: resolver.witnesses(ledger.field("witnesses")),
            witness: witness_for(ledger.field("witness")),
        },
        ships: resolver.ships(root.field("audit_log").field("ship")),
        webhook: resolver.webhook("alerts.webhook", root.field("alerts").field("webhook")),
        otlp: resolver.otlp(root.field("telemetry").field("otlp")),
        log_format: if log.field("format").text() == "json" { Format::Json } else { Format::Human },
        log_level: match log.field("level").text() {
            "error" => Level::Error,
            "warn" => Level::Warn,
            "debug" => Level::Debug,
            _ => Level::Info,
        },
        shutdown_grace: duration(root.field("shutdown").field("grace")),
        canonical,
        text: std::sync::Arc::default(),
        file: file.to_owned(),
        places: BTreeMap::new(),
    };
    resolver.routes(&config, root.field("residency"));
    config.places = std::mem::take(&mut resolver.places);
    resolver.proxies(&mut config);
    if config.listen.ingest == config.listen.console && config.listen.ingest.port() != 0 {
        resolver.report(
            listen.field("console").at,
            "`listen.console` is the same address as `listen.ingest`: give it another port",
        );
    }
    if let Some(rollout) = &config.rollout {
        let at = root.field("rollout").field("steps").at;
        if !rollout.steps.is_sorted_by(|a, b| a < b) || rollout.steps.last() != Some(&1_000_000) {
            resolver.report(at, "`rollout.steps` must grow from step to step, and the last one is 100%");
        }
        let all = rollout.step_time.saturating_mul(u32::try_from(rollout.steps.len()).unwrap_or(u32::MAX));
        if all >= config.hold.keep {
            resolver.report(
                at,
                "all steps of `rollout` together must be shorter than `hold.keep`, or what they keep would expire",
            );
        }
    }
    if config.journal.budget_bytes < 4 * config.journal.segment_bytes {
        let at = nearer(journal.field("budget").at, journal.field("segment").at);
        resolver.report(
            at,
            "`journal.budget` must be at least four times `journal.segment`: raise the one or lower the other",
        );
    }
    if config.limits.body_bytes > config.limits.in_flight_bytes {
        let at = nearer(limits.field("in_flight").at, limits.field("body").at);
        resolver.report(at, "`limits.in_flight` must be at least `limits.body`, or such a body could never come in");
    }
    if config.limits.body_decoded_bytes > config.limits.in_flight_bytes {
        let at = nearer(limits.field("in_flight").at, limits.field("body_decoded").at);
        resolver
            .report(at, "`limits.in_flight` must be at least `limits.body_decoded`: a body counts as what it becomes");
    }
    if config.limits.body_decoded_bytes < config.limits.body_bytes {
        let at = nearer(limits.field("body_decoded").at, limits.field("body").at);
        resolver.report(at, "`limits.body_decoded` must be at least `limits.body`");
    }
    config
}

fn witness_for(section: &Checked) -> Option<WitnessFor> {
    (!section.is_absent()).then(|| WitnessFor {
        // The form was checked; the fallback is never reached.
        listen: section
            .field("listen")
            .text()
            .parse()
            .unwrap_or_else(|_| std::net::SocketAddr::from(([127, 0, 0, 1], 0))),
        name: section.field("name").text().to_owned(),
        logs: section.field("logs").items().iter().filter_map(|key| VerifierKey::parse(key.text())).collect(),
    })
}

fn rollout(section: &Checked) -> Option<Rollout> {
    let share = |field: &Checked| values::percent(field.text()).unwrap_or(1);
    (!section.is_absent()).then(|| Rollout {
        evaluate: duration(section.field("evaluate")),
        steps: section.field("steps").items().iter().map(share).collect(),
        step_time: duration(section.field("step_time")),
        guards: {
            let guards = section.field("guards");
            Guards {
                volume: share(guards.field("volume")),
                fill: share(guards.field("fill")),
                dropped: share(guards.field("dropped")),
                quarantined: share(guards.field("quarantined")),
            }
        },
    })
}

struct Resolver<'a, 'p> {
    folder: &'a Path,
    secrets: Secrets<'a>,
    problems: &'p mut Vec<Problem>,
    /// Where the fields stand that can be wrong in ways that only the rest of Weir knows.
    places: BTreeMap<String, Position>,
    /// Sources in mode `proxy`.
    proxies: Vec<Proxy>,
}

/// A source in mode `proxy`, where it says so, and the destination that it names.
struct Proxy {
    source: SourceId,
    at: Position,
    named: Option<(Position, String)>,
}

impl Resolver<'_, '_> {
    fn sources(&mut self, checked: &Checked) -> BTreeMap<SourceId, Source> {
        let mut sources = BTreeMap::new();
        let mut owners: HashMap<String, String> = HashMap::new();
        for (key, source) in checked.entries() {
            let Ok(id) = SourceId::parse(&key.text) else { continue };
            self.places.insert(format!("sources.{id}"), key.at);
            self.places.insert(format!("sources.{id}.mode"), source.field("mode").at);
            self.places.insert(format!("sources.{id}.consent"), source.field("consent").at);
            let write_keys = source.field("write_keys");
            for item in write_keys.items() {
                if write_keys.at.line == 0 {
                    continue; // it stands in for a missing one, which is reported
                }
                if let Some(owner) = owners.insert(item.text().to_owned(), key.text.clone()) {
                    let message = if owner == key.text {
                        format!("`sources.{id}.write_keys` names a key twice")
                    } else {
                        format!("`sources.{id}.write_keys` has a key of source `{owner}`: a key belongs to one source")
                    };
                    self.report(item.at, &message);
                }
            }
            let auxiliary = match source.field("auxiliary").text() {
                "proxy" => {
                    let (at, named) = (source.field("auxiliary").at, named_destination(source));
                    self.proxies.push(Proxy { source: id.clone(), at, named });
                    Auxiliary::Constant // until the destination is known
                }
                "refuse" => Auxiliary::Refuse,
                _ => Auxiliary::Constant,
            };
            let mut events = BTreeMap::new();
            for (name, event) in source.field("events").entries() {
                if !event.field("mode").is_absent() {
                    events.insert(name.text.clone(), mode(event.field("mode")));
                }
            }
            sources.insert(
                id,
                Source {
                    protocol: word(source.field("protocol")),
                    write_keys: texts(write_keys),
                    environment: environment(source.field("environment")),
                    mode: mode(source.field("mode")),
                    identity_space: source.field("identity_space").text().to_owned(),
                    group_keys: texts(source.field("group_keys")),
                    events,
                    auxiliary,
                    consent: consent(source.field("consent")),
                    accept_flag_loss: source.field("accept_flag_loss").flag(),
                    block_in_browser: source.field("block_in_browser").flag(),
                    // The form was checked; the fallback is never reached.
                    country: source_country(source.field("country").text()).unwrap_or(Country::Unknown),
                    rate_limit: {
                        let rate = source.field("rate_limit");
                        (!rate.is_absent()).then(|| u32::try_from(rate.number()).unwrap_or(u32::MAX))
                    },
                },
            );
        }
        sources
    }

    /// D17: whom a source in mode `proxy` asks.
    fn proxies(&mut self, config: &mut Config) {
        for Proxy { source: id, at, named } in std::mem::take(&mut self.proxies) {
            let Some(source) = config.sources.get_mut(&id) else { continue };
            let can = weir_protocol::protocol(source.protocol).is_some_and(|protocol| protocol.inquirer().is_some());
            if !can {
                let message = format!(
                    "`sources.{id}.auxiliary`: {} has no flags that could be asked for: use `constant`",
                    source.protocol
                );
                self.report(at, &message);
                continue;
            }
            let fits = |d: &Destination| d.kind == source.protocol && d.takes(&id, source.environment);
            match named {
                Some((at, name)) => match config.destinations.iter().find(|(known, _)| known.as_str() == name) {
                    Some((known, destination)) if fits(destination) => source.auxiliary = Auxiliary::Proxy(known.clone()),
                    _ => self.report(
                        at,
                        &format!(
                            "`sources.{id}.auxiliary_destination`: there is no destination `{name}` of type {} that takes its environment",
                            source.protocol
                        ),
                    ),
                },
                None => {
                    let all: Vec<_> = config.destinations.iter().filter(|(_, d)| fits(d)).map(|(id, _)| id).collect();
                    match all[..] {
                        [only] => source.auxiliary = Auxiliary::Proxy(only.clone()),
                        [] => self.report(at, &format!("`sources.{id}.auxiliary`: there is no destination of type {} that takes its environment: add one, or use `constant`", source.protocol)),
                        _ => self.report(at, &format!("`sources.{id}.auxiliary`: several destinations of type {} take its environment: name one in `auxiliary_destination`", source.protocol)),
                    }
                }
            }
        }
    }

    /// What routes and classes name, and whether that is there.
    fn routes(&mut self, config: &Config, residency: &Checked) {
        for (id, destination) in &config.destinations {
            let at = self.places.get(&format!("destinations.{id}.route.sources")).copied().unwrap_or_default();
            for name in &destination.route.sources {
                if !config.sources.keys().any(|known| known.as_str() == name) {
                    self.report(at, &format!("`destinations.{id}.route.sources`: there is no source `{name}`"));
                }
            }
        }
        let classes = residency.field("classes").entries();
        for (key, class) in classes {
            let only = class.field("only");
            for item in only.items().iter().filter(|_| only.at.line != 0) {
                if !config.destinations.keys().any(|known| known.as_str() == item.text()) {
                    let what =
                        format!("`residency.classes.{}.only`: there is no destination `{}`", key.text, item.text());
                    self.report(item.at, &what);
                }
            }
        }
        let route_of = |id: &DestinationId| config.destinations.get(id).map(|destination| &destination.route);
        for (place, problem) in residency_problems(&config.residency, route_of) {
            if let Some((key, class)) = classes.get(place).filter(|(_, class)| class.field("countries").at.line != 0) {
                let what = format!("`residency.classes.{}`: {problem}", key.text);
                self.report(class.at, &what);
            }
        }
    }

    fn webhook(&mut self, name: &str, checked: &Checked) -> Option<Webhook> {
        if checked.is_absent() {
            return None;
        }
        let allow_addresses = cidrs(checked.field("allow_addresses"));
        let secret = self.secret(&format!("{name}.secret"), checked.field("secret"));
        if let Some(Err(why)) = secret.reveal().map(SigningKeys::parse) {
            self.report(checked.field("secret").at, &format!("`{name}.secret`: {why}"));
        }
        self.push_url(&format!("{name}.url"), checked.field("url"), !allow_addresses.is_empty())?;
        let url = checked.field("url").text().to_owned();
        Some(Webhook { url, secret, allow_addresses })
    }

    fn ships(&mut self, checked: &Checked) -> BTreeMap<DestinationId, Ship> {
        let mut ships = BTreeMap::new();
        for (key, fields) in checked.entries() {
            let Ok(id) = DestinationId::parse(&key.text) else { continue };
            self.places.insert(format!("audit_log.ship.{id}"), key.at);
            ships.extend(self.ship(&id, fields).map(|ship| (id, ship)));
        }
        ships
    }

    fn ship(&mut self, id: &DestinationId, fields: &Checked) -> Option<Ship> {
        let name = |field: &str| format!("`audit_log.ship.{id}.{field}`");
        let (kind, to, secret) = (fields.field("type").text(), fields.field("to"), fields.field("secret"));
        let allow_addresses = cidrs(fields.field("allow_addresses"));
        let roots = fields.field("root_certificates");
        let root_certificates = (!roots.is_absent()).then(|| self.path(roots));
        if kind != "webhook" && !secret.is_absent() {
            self.report(secret.at, &format!("{} signs requests to a webhook: remove it", name("secret")));
        }
        let way = match kind {
            "webhook" => {
                if secret.is_absent() {
                    let what = "is missing: {env: NAME} or {file: /path/to/it} of the secret that the receiver checks signatures with";
                    self.report(fields.at, &format!("{} {what}", name("secret")));
                    return None;
                }
                let secret_read = self.secret(&format!("audit_log.ship.{id}.secret"), secret);
                if let Some(Err(why)) = secret_read.reveal().map(SigningKeys::parse) {
                    self.report(secret.at, &format!("{}: {why}", name("secret")));
                }
                if self.push_url(&format!("audit_log.ship.{id}.to"), to, !allow_addresses.is_empty()).is_none() {
                    self.report(to.at, &format!("{} is no URL: write https://host/path", name("to")));
                    return None;
                }
                ShipWay::Webhook { url: to.text().to_owned(), secret: secret_read }
            }
            "syslog" => match to.text().strip_prefix("unix:") {
                Some(path) if path.starts_with('/') => ShipWay::Local(PathBuf::from(path)),
                _ => match weir_outbound::Endpoint::parse_stream(to.text()) {
                    Err(error) => {
                        self.report(to.at, &format!("{}: {error}; or unix:/dev/log", name("to")));
                        return None;
                    }
                    Ok(endpoint) if !endpoint.is_tls() && allow_addresses.is_empty() => {
                        let what =
                            "is plain tcp: use tls, or name the private range that it lies in under `allow_addresses`";
                        self.report(to.at, &format!("{} {what}", name("to")));
                        return None;
                    }
                    Ok(_) => ShipWay::Stream(to.text().to_owned()),
                },
            },
            _ => {
                if to.text().contains("://") || to.text().starts_with("unix:") {
                    self.report(
                        to.at,
                        &format!("{} is an address, and type `file` writes a file: name a path", name("to")),
                    );
                    return None;
                }
                ShipWay::File(self.path(to))
            }
        };
        Some(Ship { way, is_ocsf: fields.field("form").text() == "ocsf", allow_addresses, root_certificates })
    }

    fn anchor_bucket(&mut self, checked: &Checked) -> Option<AnchorBucket> {
        if checked.is_absent() {
            return None;
        }
        let allow_addresses = cidrs(checked.field("allow_addresses"));
        let (path, s3, endpoint) = (checked.field("path"), checked.field("s3"), checked.field("endpoint"));
        let endpoint = if endpoint.is_absent() {
            Origin::parse(&format!("https://s3.{}.amazonaws.com", s3.field("region").text()))?
        } else {
            self.push_url("ledger.bucket.endpoint", endpoint, !allow_addresses.is_empty())?
        };
        let host = weir_outbound::Endpoint::parse(endpoint.as_str()).ok()?.host_header();
        let place = path.text().strip_prefix("s3://").unwrap_or_default();
        let (bucket, secrets) = self.s3_bucket("ledger.bucket.s3", place, host, s3);
        let bucket = secrets.iter().all(|secret| secret.reveal().is_some()).then_some(bucket);
        if let Some(Err(SetupError::BadSetting(_, why))) = bucket.as_ref().map(files::S3Signer::new) {
            self.report(path.at, &format!("`ledger.bucket` needs {why}"));
        }
        Some(AnchorBucket { path: path.text().to_owned(), endpoint, bucket, allow_addresses })
    }

    fn witnesses(&mut self, list: &Checked) -> Vec<WitnessOf> {
        let mut witnesses: Vec<WitnessOf> = Vec::new();
        for item in list.items() {
            let allow_addresses = cidrs(item.field("allow_addresses"));
            let url = self.push_url("ledger.witnesses.url", item.field("url"), !allow_addresses.is_empty());
            let (Some(url), Some(key)) = (url, CosignerKey::parse(item.field("key").text())) else { continue };
            if witnesses.iter().any(|other| other.key.name == key.name) {
                self.report(item.at, "`ledger.witnesses` names a witness twice");
            }
            witnesses.push(WitnessOf { url, key, allow_addresses });
        }
        witnesses
    }

    fn otlp(&mut self, checked: &Checked) -> Option<Otlp> {
        if checked.is_absent() {
            return None;
        }
        let allow_addresses = cidrs(checked.field("allow_addresses"));
        let headers = checked.field("headers").entries().iter();
        let header = |(key, value): &(Key, Checked)| {
            let name = format!("telemetry.otlp.headers.{}", key.text);
            (key.text.clone(), self.secret_with(&name, value, true))
        };
        let headers = headers.map(header).collect();
        let share = f64::from(checked.field("sample").share().unwrap_or(0)) / 1e6;
        let endpoint =
            self.push_url("telemetry.otlp.endpoint", checked.field("endpoint"), !allow_addresses.is_empty())?;
        Some(Otlp { endpoint, headers, share, allow_addresses })
    }

    fn push_url(&mut self, name: &str, checked: &Checked, may_be_plain: bool) -> Option<Origin> {
        let url = Origin::parse(checked.text())?;
        if !url.is_secure() && !may_be_plain {
            let what = format!(
                "`{name}` is plain http: use https, or name the private range that it lies in under `allow_addresses`"
            );
            self.report(checked.at, &what);
        }
        Some(url)
    }

    fn destinations(&mut self, checked: &Checked) -> BTreeMap<DestinationId, Destination> {
        let mut destinations = BTreeMap::new();
        for (key, fields) in checked.entries() {
            if let Ok(id) = DestinationId::parse(&key.text) {
                self.note_places(&format!("destinations.{id}"), key.at, fields);
                let destination = self.destination(&id, fields);
                destinations.insert(id, destination);
            }
        }
        destinations
    }

    fn note_places(&mut self, path: &str, at: Position, fields: &Checked) {
        self.places.insert(path.to_owned(), at);
        for name in
            ["type", "region", "endpoint", "token", "import", "route", "subject", "release", "root_certificates"]
        {
            self.places.insert(format!("{path}.{name}"), fields.field(name).at);
        }
        for (name, _) in OF_ONE_TYPE {
            self.places.insert(format!("{path}.{name}"), fields.field(name).at);
        }
        let route = fields.field("route");
        for name in ["sources", "events", "except_events", "countries"] {
            self.places.insert(format!("{path}.route.{name}"), route.field(name).at);
        }
        let release = fields.field("release");
        for (i, item) in release.field("allow").items().iter().enumerate() {
            self.places.insert(format!("{path}.release.allow[{i}]"), item.at);
        }
        // By their number among the good ones: the others are problems already.
        let good = release.field("rules").items().iter().filter(|rule| selectors(rule).len() == 1);
        for (i, rule) in good.enumerate() {
            self.places.insert(format!("{path}.release.rules[{i}]"), rule.at);
        }
    }

    fn destination(&mut self, id: &DestinationId, fields: &Checked) -> Destination {
        let kind = word(fields.field("type"));
        let region = self.region(id, kind, fields.field("region"));
        let allow_addresses = cidrs(fields.field("allow_addresses"));
        let endpoint = fields.field("endpoint");
        let endpoint = (!endpoint.is_absent()).then(|| (endpoint.at, Origin::parse(endpoint.text())));
        let endpoint = endpoint.and_then(|(at, origin)| Some((at, origin?)));
        if let Some((at, origin)) = &endpoint {
            self.endpoint(id, (kind, region), *at, origin, !allow_addresses.is_empty());
        }
        let release = fields.field("release");
        let lag = fields.field("lag");
        let timeouts = fields.field("timeouts");
        let import = fields.field("import");
        let environments = fields.field("environments");
        let identity_merge = fields.field("identity_merge");
        if kind != "mixpanel" && identity_merge.text() != "original" {
            let what = format!("`destinations.{id}.identity_merge` is of Mixpanel's projects only: remove it");
            self.report(identity_merge.at, &what);
        }
        if fields.field("endpoint").is_absent() && !has_addresses(kind) && kind != "files" {
            let what = format!(
                "`destinations.{id}.endpoint` is missing: {kind} has no address of its own, name your server's"
            );
            self.report(fields.field("type").at, &what);
        }
        let own = self.settings(id, kind, fields, endpoint.as_ref().map(|(_, origin)| origin));
        let optional_path = |resolver: &Self, field: &Checked| (!field.is_absent()).then(|| resolver.path(field));
        Destination {
            kind,
            region,
            endpoint: endpoint.map(|(_, origin)| origin).or(own.endpoint),
            allow_addresses,
            token: self.token(id, kind, fields.field("type").at, fields.field("token")),
            more_secrets: own.secrets,
            folder: own.folder,
            roll_every: own.roll_every,
            import: (!import.is_absent()).then(|| Import {
                username: self.secret(&format!("destinations.{id}.import.username"), import.field("username")),
                secret: self.secret(&format!("destinations.{id}.import.secret"), import.field("secret")),
                project_id: import.field("project_id").number(),
            }),
            environments: {
                let mut list: Vec<_> = environments.items().iter().map(environment).collect();
                list.sort_unstable();
                list.dedup();
                list
            },
            route: route(fields.field("route")),
            subject: subject(fields.field("subject")),
            allow: release.field("allow").items().iter().map(|item| item.field("path").text().to_owned()).collect(),
            allow_terms: self.allow_terms(id, release.field("allow")),
            rules: {
                let mut rules: Vec<_> =
                    release.field("rules").items().iter().filter_map(|rule| self.rule(id, rule)).collect();
                if fields.field("shares").flag() {
                    rules.push(ReleaseRule { selector: Selector::Consent(no_sale()), action: RuleAction::Drop });
                }
                rules
            },
            vendor: fields.field("vendor").optional_text().unwrap_or_else(|| kind.to_owned()),
            from: if fields.field("from").text() == "earliest" { StartFrom::Earliest } else { StartFrom::Now },
            on_unknown: match word(fields.field("on_unknown")) {
                "keep_unknown" => Some(OnUnknown::KeepUnknown),
                "resend" => Some(OnUnknown::Resend),
                _ => None,
            },
            onward: self.onward(id, fields.field("onward")),
            retention: {
                let retention = fields.field("retention");
                (!retention.is_absent()).then(|| duration(retention))
            },
            lag_max: duration(lag.field("max")),
            on_lag: if lag.field("on_lag").text() == "hold" { OnLag::Hold } else { OnLag::Expire },
            links: fields.field("links").flag(),
            settings: own.settings,
            identity_merge: match identity_merge.text() {
                "simplified" => IdentityMerge::Simplified,
                "legacy" => IdentityMerge::Legacy,
                _ => IdentityMerge::Original,
            },
            compress: fields.field("compression").text() == "gzip",
            connect_timeout: duration(timeouts.field("connect")),
            request_timeout: duration(timeouts.field("request")),
            root_certificates: optional_path(self, fields.field("root_certificates")),
        }
    }

    /// The region, or the first one of the type.
    fn region(&mut self, id: &DestinationId, kind: &str, field: &Checked) -> &'static str {
        let regions = weir_protocol::destination_kind(kind).map(|kind| kind.endpoints).unwrap_or_default();
        if field.is_absent() {
            return regions.first().map(|(name, _)| *name).unwrap_or_default();
        }
        let region = word(field);
        if !regions.iter().any(|(name, _)| *name == region) && !kind.is_empty() {
            let mut names: Vec<&str> = regions.iter().map(|(name, _)| *name).collect();
            // A region may have several hosts, which stand together.
            names.dedup();
            let what = match names.as_slice() {
                [] => format!(
                    "`destinations.{id}.region`: {kind} has no regions of its own: remove it, `endpoint` says where it is"
                ),
                _ => {
                    format!("`destinations.{id}.region`: {kind} has no region `{region}`; it has {}", names.join(", "))
                }
            };
            self.report(field.at, &what);
        }
        region
    }

    /// What only one type reads.
    fn settings(&mut self, id: &DestinationId, kind: &str, fields: &Checked, endpoint: Option<&Origin>) -> Own {
        for (name, of) in OF_ONE_TYPE {
            let field = fields.field(name);
            if kind != *of && !field.is_absent() {
                let what = format!("`destinations.{id}.{name}` is of type {of} only: remove it");
                self.report(field.at, &what);
            }
        }
        let mut own = Own::default();
        let datadog = fields.field("datadog");
        if !datadog.is_absent() {
            own.settings.datadog = datadog::Settings {
                service: datadog.field("service").optional_text(),
                source: datadog.field("source").optional_text(),
                tags: texts(datadog.field("tags")),
                hostname: datadog.field("hostname").optional_text(),
            };
        }
        let ga4 = fields.field("ga4");
        if !ga4.is_absent() {
            own.settings.ga4 = ga4::Settings {
                measurement_id: ga4.field("measurement_id").optional_text(),
                firebase_app_id: ga4.field("firebase_app_id").optional_text(),
            };
        }
        let splunk = fields.field("splunk_hec");
        if !splunk.is_absent() {
            own.settings.splunk_hec = splunk_hec::Settings {
                index: splunk.field("index").optional_text(),
                source: splunk.field("source").optional_text(),
                sourcetype: splunk.field("sourcetype").optional_text(),
                host: splunk.field("host").optional_text(),
                acknowledge: splunk.field("acknowledge").flag(),
                acknowledge_within: duration(splunk.field("acknowledge_within")),
                ..splunk_hec::Settings::default()
            };
        }
        if kind == "otlp" && !fields.field("otlp").is_absent() {
            self.otlp_logs(id, fields.field("otlp"), &mut own);
        }
        if kind == "files" {
            self.files(id, fields, endpoint, &mut own);
        }
        own
    }

    fn otlp_logs(&mut self, id: &DestinationId, fields: &Checked, own: &mut Own) {
        let mut headers = Vec::new();
        for (key, secret) in fields.field("headers").entries() {
            let secret = self.secret_with(&format!("destinations.{id}.otlp.headers.{}", key.text), secret, true);
            headers.push((key.text.clone(), revealed(&secret)));
            own.secrets.push(secret);
        }
        let resource = fields.field("resource").entries().iter();
        let is_json = fields.field("encoding").text() == "json";
        own.settings.otlp = otlp::Settings {
            encoding: if is_json { otlp::Encoding::Json } else { otlp::Encoding::Protobuf },
            headers,
            resource: resource.map(|(key, value)| (key.text.clone(), value.text().to_owned())).collect(),
        };
    }

    fn files(&mut self, id: &DestinationId, of: &Checked, endpoint: Option<&Origin>, own: &mut Own) {
        let (fields, at) = (of.field("files"), of.field("type").at);
        if fields.is_absent() {
            let what =
                format!("`destinations.{id}.files` is missing: a destination of type files needs a `path` in it");
            self.report(at, &what);
            return;
        }
        let roll = fields.field("roll");
        let is_parquet = fields.field("format").text() == "parquet";
        own.roll_every = Some(duration(roll.field("every")));
        own.settings.files = files::Settings {
            format: if is_parquet { files::Format::Parquet } else { files::Format::Ndjson },
            events_max: usize::try_from(roll.field("events").number()).unwrap_or(usize::MAX),
            bytes_max: usize::try_from(roll.field("bytes").number()).unwrap_or(usize::MAX),
            bucket: None,
        };
        let (path, s3) = (fields.field("path"), fields.field("s3"));
        let Some(place) = path.text().strip_prefix("s3://") else {
            own.folder = Some(self.path(path));
            for (name, field) in [("endpoint", of.field("endpoint")), ("files.s3", s3)] {
                if !field.is_absent() {
                    let what =
                        format!("`destinations.{id}.{name}` is of buckets only: remove it, or write `path: s3://…`");
                    self.report(field.at, &what);
                }
            }
            return;
        };
        if s3.is_absent() {
            let what = format!(
                "`destinations.{id}.files.s3` is missing: a bucket needs `region`, `access_key` and `secret_key`"
            );
            self.report(path.at, &what);
            return;
        }
        let region = s3.field("region").text();
        let amazon = Origin::parse(&format!("https://s3.{region}.amazonaws.com"));
        let Some(origin) = endpoint.cloned().or_else(|| amazon.clone()) else { return };
        if endpoint.is_none() {
            own.endpoint = amazon;
        }
        let Ok(parsed) = weir_outbound::Endpoint::parse(origin.as_str()) else { return };
        if !parsed.is_bare() {
            let what = format!("`destinations.{id}.endpoint` has a path: bucket and prefix belong to `files.path`");
            self.report(of.field("endpoint").at, &what);
        }
        let (bucket, secrets) = self.s3_bucket(&format!("destinations.{id}.files.s3"), place, parsed.host_header(), s3);
        own.settings.files.bucket = Some(bucket);
        own.secrets.extend(secrets);
    }

    /// A bucket with its prefix, and who may write there.
    fn s3_bucket(&mut self, name: &str, place: &str, host: String, s3: &Checked) -> (files::Bucket, [Secret; 2]) {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let secrets = ["access_key", "secret_key"].map(|key| self.secret(&format!("{name}.{key}"), s3.field(key)));
        let bucket = files::Bucket {
            host,
            region: s3.field("region").text().to_owned(),
            name: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            access_key: revealed(&secrets[0]),
            secret_key: revealed(&secrets[1]),
        };
        (bucket, secrets)
    }

    /// The token, which most types need.
    fn token(&mut self, id: &DestinationId, kind: &str, at: Position, field: &Checked) -> Option<Secret> {
        if !field.is_absent() {
            if kind == "files" {
                self.report(field.at, &format!("`destinations.{id}.token` is not for files: remove it"));
            }
            return Some(self.secret(&format!("destinations.{id}.token"), field));
        }
        // What was written and is no secret is a problem already.
        if field.at.line == 0 && !TOKEN_OPTIONAL.contains(&kind) {
            let what = format!(
                "`destinations.{id}.token` is missing: the project token: {{env: NAME}} or {{file: /path/to/it}}"
            );
            self.report(at, &what);
        }
        None
    }

    fn detectors(&mut self, list: &Checked) -> Vec<OwnSpec> {
        let mut read = Vec::new();
        for (place, item) in list.items().iter().enumerate() {
            self.places.insert(format!("detectors[{place}]"), item.at);
            read.push(OwnSpec {
                name: item.field("name").text().to_owned(),
                regex: item.field("regex").text().to_owned(),
                category: values::category(item.field("category").text()).unwrap_or(Category::UniqueId),
                validator: item.field("validator").optional_text(),
                keys: texts(item.field("keys")),
                likelihood: match item.field("likelihood").text() {
                    "possible" => Likelihood::Possible,
                    "very_likely" => Likelihood::VeryLikely,
                    _ => Likelihood::Likely,
                },
                matches: texts(item.field("matches")),
                not: texts(item.field("not")),
            });
        }
        read
    }

    fn false_positives(&mut self, list: &Checked) -> Vec<FalsePositive> {
        let mut read = Vec::new();
        for (place, item) in list.items().iter().enumerate() {
            self.places.insert(format!("false_positives[{place}]"), item.at);
            let category = values::category(item.field("category").text()).unwrap_or(Category::FreeText);
            if !weir_policy::may_be_marked(category) {
                let message = format!("`false_positives[{place}].category`: {}", crate::marks::REFUSED);
                self.report(item.field("category").at, &message);
            }
            let until = item.field("until").optional_text();
            read.push(FalsePositive {
                source: item.field("source").optional_text().and_then(|id| SourceId::parse(&id).ok()),
                event: item.field("event").text().to_owned(),
                property: item.field("property").text().to_owned(),
                category,
                reason: item.field("reason").text().to_owned(),
                ends: until.as_deref().and_then(values::day).map(|day| day.plus(Millis::DAY)),
            });
        }
        read
    }

    fn onward(&mut self, id: &DestinationId, list: &Checked) -> Option<Vec<Onward>> {
        if list.is_absent() {
            return None;
        }
        let mut read = Vec::new();
        for item in list.items() {
            let day = |name| item.field(name).optional_text();
            let (since, until) = (day("since"), day("until"));
            // Days of this form sort as texts.
            if since.as_ref().zip(until.as_ref()).is_some_and(|(since, until)| since > until) {
                self.report(item.at, &format!("`destinations.{id}.onward`: `since` is after `until`: exchange them"));
            }
            let vendor = item.field("vendor").text().to_owned();
            read.push(Onward { vendor, region: day("region"), since, until });
        }
        Some(read)
    }

    fn endpoint(&mut self, id: &DestinationId, place: (&str, &str), at: Position, origin: &Origin, may_be_plain: bool) {
        let (kind, region) = place;
        let host = origin.host();
        // Which host is of which vendor and region is said once, in `weir_protocol::vendors`.
        let own = || weir_protocol::destination_kind(kind).map(|of| of.check_region(Some(region), &host));
        match vendors::kind_of_host(&host).filter(|of| of.name != kind) {
            Some(of) => {
                let message = format!(
                    "`destinations.{id}.endpoint` is a host of {}, but `type` is `{kind}`: change one of the two",
                    of.name
                );
                self.report(at, &message);
            }
            None => self.own_host(id, region, at, own()),
        }
        if !origin.is_secure() && !may_be_plain {
            let message = format!(
                "`destinations.{id}.endpoint` is plain http: use https, or name the private range that it lies in under `allow_addresses`"
            );
            self.report(at, &message);
        }
    }

    /// What is wrong with a host that is the vendor's own.
    fn own_host(&mut self, id: &DestinationId, region: &str, at: Position, checked: Option<Result<(), SetupError>>) {
        let message = match checked {
            Some(Err(SetupError::RegionMismatch { endpoint: owner })) => format!(
                "`destinations.{id}.endpoint` is the host of region `{owner}`, but `region` is `{region}`: \
                 the vendor loses what is sent to the wrong one; write `region: {owner}` or remove the endpoint"
            ),
            Some(Err(SetupError::NotForEvents)) => format!(
                "`destinations.{id}.endpoint` is a host of the vendor that takes no events: remove it, `region` decides the host"
            ),
            // A region that the vendor does not have is said at `region`.
            Some(Err(_) | Ok(())) | None => return,
        };
        self.report(at, &message);
    }

    fn rule(&mut self, id: &DestinationId, rule: &Checked) -> Option<ReleaseRule> {
        let mut selectors = selectors(rule);
        let action = match rule.field("action").text() {
            "pseudonymize" => RuleAction::Pseudonymize,
            _ => RuleAction::Drop,
        };
        if selectors.len() != 1 {
            let message = format!(
                "a rule of `destinations.{id}.release` must have exactly one of category, property, event, preset, consent and sample"
            );
            self.report(rule.at, &message);
            return None;
        }
        let selector = selectors.pop()?;
        if !rule.field("sample_by").is_absent() && !matches!(selector, Selector::Sample(..)) {
            let message =
                format!("`sample_by` in a rule of `destinations.{id}.release` goes with `sample` only: remove it");
            self.report(rule.field("sample_by").at, &message);
        }
        for field in ["regions", "unknown"] {
            if !rule.field(field).is_absent() && !matches!(selector, Selector::Consent(_)) {
                let message =
                    format!("`{field}` in a rule of `destinations.{id}.release` goes with `consent` only: remove it");
                self.report(rule.field(field).at, &message);
            }
        }
        if action == RuleAction::Pseudonymize && !matches!(selector, Selector::Property(_)) {
            let message = format!(
                "a rule of `destinations.{id}.release` pseudonymizes a property only: name it with `property`, or use `action: drop`"
            );
            self.report(rule.at, &message);
        }
        Some(ReleaseRule { selector, action })
    }

    /// Owners and ends of what is allowed. A path that stands there twice could end and not end.
    fn allow_terms(&mut self, id: &DestinationId, allow: &Checked) -> Vec<AllowTerm> {
        let mut terms = Vec::new();
        for item in allow.items() {
            let path = item.field("path").text().to_owned();
            let owner = item.field("owner").optional_text();
            let until = item.field("until").optional_text().and_then(|text| values::day(&text));
            if owner.is_none() && until.is_none() {
                continue;
            }
            let is_same = |other: &&Checked| other.field("path").at.line != 0 && other.field("path").text() == path;
            if allow.items().iter().filter(is_same).count() > 1 {
                let message = format!(
                    "`destinations.{id}.release.allow` names `{path}` twice: remove one, so that it is clear when it ends"
                );
                self.report(item.at, &message);
            }
            let ends = until.map(|day| day.plus(Millis::DAY));
            terms.push(AllowTerm { path, owner, ends });
        }
        terms
    }

    /// A secret by the name of its field. What was read is never part of a message.
    fn secret(&mut self, name: &str, checked: &Checked) -> Secret {
        self.secret_with(name, checked, false)
    }

    /// A header may hold a scheme and a blank before its token.
    fn secret_with(&mut self, name: &str, checked: &Checked, may_have_blanks: bool) -> Secret {
        let (place, at) = match &checked.value {
            Read::Variant("file", Some(body)) => (SecretPlace::File(self.path(body)), body.at),
            Read::Variant(_, Some(body)) => (SecretPlace::Variable(body.text().to_owned()), body.at),
            _ => (SecretPlace::Variable(String::new()), checked.at),
        };
        let Secrets::Read(environment) = self.secrets else { return Secret { place, value: None } };
        if checked.at.line == 0 {
            return Secret { place, value: None }; // it stands in for a missing one, which is reported
        }
        let read = match &place {
            SecretPlace::Variable(variable) => match environment(variable) {
                Some(value) => Ok(Zeroizing::new(value)),
                None => Err(format!("`{name}`: the environment variable {variable} is not set")),
            },
            SecretPlace::File(file) => {
                read_secret_file(file).map_err(|why| format!("`{name}`: {} {why}", file.display()))
            }
        };
        let trimmed = read.and_then(|value| {
            let text = value.trim_end_matches(['\r', '\n']);
            let place = match &place {
                SecretPlace::Variable(variable) => variable.clone(),
                SecretPlace::File(file) => file.display().to_string(),
            };
            if text.is_empty() {
                Err(format!("`{name}`: {place} is empty"))
            } else if !text.bytes().all(|b| b.is_ascii_graphic() || may_have_blanks && b == b' ') {
                Err(format!(
                    "`{name}`: {place} holds spaces, line breaks or other characters that a credential does not have"
                ))
            } else {
                Ok(Zeroizing::new(text.to_owned()))
            }
        });
        match trimmed {
            Ok(value) => Secret { place, value: Some(value) },
            Err(message) => {
                self.report(at, &message);
                Secret { place, value: None }
            }
        }
    }

    fn path(&self, checked: &Checked) -> PathBuf {
        self.folder.join(checked.text())
    }

    fn report(&mut self, at: Position, message: &str) {
        self.problems.push(Problem::new(at, message.to_owned()));
    }
}

fn read_secret_file(file: &Path) -> Result<Zeroizing<String>, String> {
    let meta = std::fs::metadata(file).map_err(|e| format!("cannot be read: {}", e.kind()))?;
    if meta.len() > SECRET_BYTES_MAX {
        return Err(format!("has {} bytes: a credential has at most {SECRET_BYTES_MAX}", meta.len()));
    }
    std::fs::read_to_string(file).map(Zeroizing::new).map_err(|e| format!("cannot be read: {}", e.kind()))
}

fn nearer(a: Position, b: Position) -> Position {
    if a.line != 0 { a } else { b }
}

fn texts(checked: &Checked) -> Vec<String> {
    checked.items().iter().map(|item| item.text().to_owned()).collect()
}

fn cidrs(checked: &Checked) -> Vec<weir_outbound::Cidr> {
    checked.items().iter().filter_map(|item| values::cidr(item.text())).collect()
}

fn duration(checked: &Checked) -> Duration {
    Duration::from_millis(checked.number())
}

fn word(checked: &Checked) -> &'static str {
    match checked.value {
        Read::Choice(word) => word,
        _ => "",
    }
}

fn environment(checked: &Checked) -> Environment {
    Environment::parse(word(checked)).unwrap_or(Environment::Development)
}

fn mode(checked: &Checked) -> Mode {
    match word(checked) {
        "tap" => Mode::Tap,
        "enforce" => Mode::Enforce,
        _ => Mode::Observe,
    }
}

fn named_destination(source: &Checked) -> Option<(Position, String)> {
    let field = source.field("auxiliary_destination");
    field.optional_text().map(|text| (field.at, text))
}

/// What a rule says that it applies to: one thing, if it is well written. A sample is of an event or of all.
fn selectors(rule: &Checked) -> Vec<Selector> {
    let mut named: Vec<Selector> = [
        ("category", Selector::Category as fn(String) -> Selector),
        ("property", Selector::Property),
        ("event", Selector::Event),
        ("preset", Selector::Preset),
    ]
    .into_iter()
    .filter_map(|(name, make)| rule.field(name).optional_text().map(make))
    .chain(purpose(rule.field("consent")).map(|purpose| {
        let regions = rule.field("regions");
        Selector::Consent(ConsentRuleSpec {
            purpose,
            regions: if regions.is_absent() { Vec::new() } else { texts(regions) },
            unknown_may_leave: word(rule.field("unknown")) == "allow",
        })
    }))
    .collect();
    let Some(share) = rule.field("sample").share().and_then(Share::from_millionths) else { return named };
    let by = match word(rule.field("sample_by")) {
        "device" => SampleBy::Device,
        "event" => SampleBy::Event,
        _ => SampleBy::Subject,
    };
    let sample = SampleSpec { share, by };
    match named.pop() {
        None => named.push(Selector::Sample(None, sample)),
        Some(Selector::Event(event)) if named.is_empty() => named.push(Selector::Sample(Some(event), sample)),
        Some(other) => named.extend([other, Selector::Sample(None, sample)]),
    }
    named
}

/// What `shares: true` asks for: an opt-out counts, and nobody has to opt in.
fn no_sale() -> ConsentRuleSpec {
    ConsentRuleSpec { purpose: Purpose::SaleOrSharing, regions: Vec::new(), unknown_may_leave: true }
}

fn purpose(checked: &Checked) -> Option<Purpose> {
    Purpose::parse(word(checked))
}

fn reading(checked: &Checked) -> Reading {
    match word(checked) {
        "onetrust" => Reading::OneTrust,
        "cookiebot" => Reading::Cookiebot,
        "tcf" => Reading::Tcf,
        "google" => Reading::GoogleConsent,
        _ => purpose(checked).map_or(Reading::Ignore, Reading::Purpose),
    }
}

fn residency(fields: &Checked) -> ResidencySpec {
    let class = |(key, class): &(Key, Checked)| ResidencyClassSpec {
        name: key.text.clone(),
        countries: texts(class.field("countries")),
        only: class.field("only").items().iter().filter_map(|item| DestinationId::parse(item.text()).ok()).collect(),
    };
    ResidencySpec {
        classes: fields.field("classes").entries().iter().map(class).collect(),
        unknown: match word(fields.field("unknown")) {
            "hold" => UnknownCountry::Hold,
            _ => UnknownCountry::Strictest,
        },
    }
}

fn route(fields: &Checked) -> RouteSpec {
    let list = |name| {
        let field = fields.field(name);
        if field.is_absent() { Vec::new() } else { texts(field) }
    };
    RouteSpec {
        sources: list("sources"),
        events: list("events"),
        except_events: list("except_events"),
        countries: list("countries"),
    }
}

fn consent(fields: &Checked) -> ConsentSpec {
    let purposes = |name| fields.field(name).items().iter().filter_map(purpose).collect();
    let readings = |name| {
        let entries = fields.field(name).entries().iter();
        entries.map(|(key, value)| (key.text.clone(), reading(value))).collect()
    };
    ConsentSpec {
        gpc: purposes("gpc"),
        dnt: purposes("dnt"),
        categories: {
            let entries = fields.field("categories").entries().iter();
            entries.map(|(key, value)| (key.text.clone(), purpose(value))).collect()
        },
        properties: readings("properties"),
        cookies: readings("cookies"),
    }
}

fn subject(checked: &Checked) -> Subject {
    match &checked.value {
        Read::Variant("raw", Some(body)) => Subject::Raw { confirm_category: body.field("confirm_category").flag() },
        Read::Variant("rotating", Some(body)) => Subject::Rotating(duration(body)),
        _ => Subject::Stable,
    }
}
