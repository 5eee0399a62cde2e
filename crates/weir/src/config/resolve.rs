//! From checked fields to [`Config`]: what fields mean together, and where secrets come from.

mod destinations;
mod detectors;
mod elsewhere;
mod release;
mod secrets;
mod sources;
mod vendors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_event::log::Level;
use weir_event::{Environment, Purpose, Region};

use crate::config::check::{Checked, Read};
use crate::config::problem::Problem;
use crate::config::yaml::Position;
use crate::config::{
    Config, Country, Guards, Hold, Journal, Ledger, Limits, Listen, Rollout, Secrets, TlsFiles, values,
};
use crate::log::Format;
use elsewhere::witness_for;
use release::residency;
pub(super) use secrets::read_secret;
use sources::Proxy;

/// Types that need no token.
pub(crate) const TOKEN_OPTIONAL: &[&str] = &["otlp", "files"];

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
            webhook: resolver.webhook("ledger.webhook", "url", ledger.field("webhook")),
            witnesses: resolver.witnesses(ledger.field("witnesses")),
            witness: witness_for(ledger.field("witness")),
        },
        ships: resolver.ships(root.field("audit_log").field("ship")),
        webhook: resolver.webhook("alerts.webhook", "url", root.field("alerts").field("webhook")),
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

impl Resolver<'_, '_> {
    fn path(&self, checked: &Checked) -> PathBuf {
        self.folder.join(checked.text())
    }

    fn report(&mut self, at: Position, message: &str) {
        self.problems.push(Problem::new(at, message.to_owned()));
    }
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

fn purpose(checked: &Checked) -> Option<Purpose> {
    Purpose::parse(word(checked))
}
