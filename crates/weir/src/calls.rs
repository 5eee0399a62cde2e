//! Every connection to the outside that Weir can make (D2): the kinds, for `docs/outbound.md`, and those that a configuration
//! leads to, for `weir outbound list`. A test runs Weir with all of them switched on and holds what it connects to against this.

use serde::Serialize;
use weir_outbound::Endpoint;

use crate::config::{Auxiliary, Config, ShipWay, Webhook};

/// A kind of connection.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// The fields that lead to it.
    pub fields: &'static str,
    /// What it may carry.
    pub carries: &'static str,
    /// Where it is recorded.
    pub recorded: &'static str,
}

/// All kinds.
pub const KINDS: &[Kind] = &[DELIVER, ASK, EXPORT, ALERTS, AUDIT, TRACES, ANCHORS, WITNESSES, NAMES];

const DELIVER: Kind = Kind {
    name: "deliver",
    purpose: "events to a destination",
    fields: "`destinations.<id>`: `endpoint`, else the host of its `type` and `region`",
    carries: "what the release rules of the destination let out, under its pseudonyms; its token",
    recorded: "the ledger, before it is sent",
};
const ASK: Kind = Kind {
    name: "ask",
    purpose: "feature flags asked of a destination's vendor",
    fields: "`sources.<id>.auxiliary: proxy`; the host of `auxiliary_destination`",
    carries: "what the release rules let out of the question, a pseudonym that does not rotate, the destination's token",
    recorded: "the ledger, before it is sent",
};
const EXPORT: Kind = Kind {
    name: "export",
    purpose: "what a destination's vendor has, asked by `weir ledger reconcile` and by nothing else",
    fields: "`destinations.<id>.export`: `endpoint`, else the host of the vendor's export in `region`",
    carries: "days, a project's number, a time zone, insert ids of events that the vendor has shown; the credentials of `export`",
    recorded: "the audit log, before it is asked",
};
const ALERTS: Kind = Kind {
    name: "alerts",
    purpose: "alerts that begin and end",
    fields: "`alerts.webhook.url`",
    carries: "what `weir alerts` shows: ids of sources and destinations, words of ours, numbers; a signature",
    recorded: "no: it holds nothing of an event",
};
const AUDIT: Kind = Kind {
    name: "audit",
    purpose: "acts of the audit log",
    fields: "`audit_log.ship.<id>.to`, where it is an address; a socket of the machine, such as `unix:/dev/log`, is none",
    carries: "who did what and when: user numbers and names, words of ours, ids of destinations, sources and events, digests, counts; no note; for a webhook a signature",
    recorded: "it is the record; how far a receiver has it: `audit/shipped/<id>`",
};
const TRACES: Kind = Kind {
    name: "traces",
    purpose: "traces of batches",
    fields: "`telemetry.otlp.endpoint`",
    carries: "ids of destinations, times, counts, HTTP statuses, words of ours; the configured headers",
    recorded: "no: it holds nothing of an event",
};
const ANCHORS: Kind = Kind {
    name: "anchors",
    purpose: "signed checkpoints of the ledgers, put and got",
    fields: "`ledger.bucket`: `endpoint`, else Amazon's host of its region; `ledger.webhook.url`",
    carries: "name, number of entries, root and signature of each tree; a signature of the request",
    recorded: "no: it holds nothing of an event",
};
const WITNESSES: Kind = Kind {
    name: "witnesses",
    purpose: "checkpoints to be cosigned",
    fields: "`ledger.witnesses.url`",
    carries: "the same, and hashes that prove one tree to extend another",
    recorded: "the cosignatures, beside the ledger",
};
const NAMES: Kind = Kind {
    name: "names",
    purpose: "addresses of the hosts above, asked of the machine's own resolver",
    fields: "all of the above that name a host; `weir doctor` asks for those of destinations, too",
    carries: "the host's name",
    recorded: "no",
};

/// One connection that a configuration leads to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Call {
    /// The name of its kind.
    pub kind: &'static str,
    /// What for.
    pub purpose: &'static str,
    /// The host; for a look-up of names the resolver's own configuration says where.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is by TLS.
    pub tls: bool,
    /// The field that leads to it.
    pub field: String,
    /// What it may carry.
    pub carries: &'static str,
    /// Where it is recorded.
    pub recorded: &'static str,
}

/// Every connection that this configuration leads to. What is not here is not connected to.
pub fn calls(config: &Config) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut add = |kind: &Kind, origin: &str, field: String| {
        // A destination without an address of its own, such as one that writes files, connects to nobody.
        let Ok(endpoint) = Endpoint::parse(origin).or_else(|_| Endpoint::parse_stream(origin)) else { return };
        calls.push(Call {
            kind: kind.name,
            purpose: kind.purpose,
            host: endpoint.host().to_owned(),
            port: endpoint.port(),
            tls: endpoint.is_tls(),
            field,
            carries: kind.carries,
            recorded: kind.recorded,
        });
    };
    for (id, destination) in &config.destinations {
        let field = if destination.endpoint.is_some() { "endpoint" } else { "region" };
        add(&DELIVER, destination.origin(), format!("destinations.{id}.{field}"));
    }
    for (id, destination) in &config.destinations {
        let Some(export) = destination.export.as_ref().filter(|export| export.secret.is_some()) else { continue };
        let Some(of) = weir_protocol::export::Export::of(destination.kind) else { continue };
        let origin = export.endpoint.as_ref().map_or_else(|| of.origin(destination.region), |origin| origin.as_str());
        add(&EXPORT, origin, format!("destinations.{id}.export"));
    }
    for (id, source) in &config.sources {
        if let Auxiliary::Proxy(asked) = &source.auxiliary
            && let Some(destination) = config.destinations.get(asked)
        {
            add(&ASK, destination.origin(), format!("sources.{id}.auxiliary"));
        }
    }
    if let Some(webhook) = &config.webhook {
        add(&ALERTS, &webhook.url, "alerts.webhook.url".to_owned());
    }
    for (id, ship) in &config.ships {
        if let ShipWay::Stream(to) | ShipWay::Webhook(Webhook { url: to, .. }) = &ship.way {
            add(&AUDIT, to, format!("audit_log.ship.{id}.to"));
        }
    }
    if let Some(otlp) = &config.otlp {
        add(&TRACES, otlp.endpoint.as_str(), "telemetry.otlp.endpoint".to_owned());
    }
    if let Some(bucket) = &config.ledger.bucket {
        add(&ANCHORS, bucket.endpoint.as_str(), "ledger.bucket.endpoint".to_owned());
    }
    if let Some(webhook) = &config.ledger.webhook {
        add(&ANCHORS, &webhook.url, "ledger.webhook.url".to_owned());
    }
    for witness in &config.ledger.witnesses {
        add(&WITNESSES, witness.url.as_str(), "ledger.witnesses.url".to_owned());
    }
    let is_address = |host: &str| host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    let mut named: Vec<Call> = calls.iter().filter(|call| !is_address(&call.host)).cloned().collect();
    named.sort_by(|a, b| a.host.cmp(&b.host));
    named.dedup_by(|a, b| a.host == b.host);
    calls.extend(named.into_iter().map(|call| Call {
        kind: NAMES.name,
        purpose: NAMES.purpose,
        port: 53,
        tls: false,
        carries: NAMES.carries,
        recorded: NAMES.recorded,
        ..call
    }));
    calls
}

/// `docs/outbound.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Every connection that Weir makes to the outside\n\n\
         `weir outbound list` says which of these your configuration leads to: host, port, and the field it comes from. There is no other:\n\
         no update check, no usage report, no redirect that is followed, no proxy from the environment. Only public addresses are\n\
         connected to unless `allow_addresses` of the same section names others. An error log line, a metric and an alert stay on the\n\
         machine unless you fetch or push them.\n\n\
         This page is made from `crates/weir/src/calls.rs`.\n\n\
         | kind | what for | which field leads to it | what it may carry | recorded in |\n|---|---|---|---|---|\n",
    );
    for kind in KINDS {
        page.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            kind.name, kind.purpose, kind.fields, kind.carries, kind.recorded
        ));
    }
    page.push_str(
        "\nWith `WEIR` running, a trace of the kernel shows it, as the test does: `strace -f -e trace=connect -p PID`.\n",
    );
    page.replace("`WEIR`", "Weir")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Secrets;

    #[test]
    fn the_page_of_outgoing_connections_is_what_the_code_does() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/outbound.md");
        if std::env::var_os("WEIR_WRITE_DOCS").is_some() {
            std::fs::write(&file, page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), page(), "WEIR_WRITE_DOCS=1 writes it");
    }

    #[test]
    fn a_configuration_leads_to_what_it_names_and_an_empty_one_to_nothing() {
        assert_eq!(calls(&Config::built_in()), []);
        let text = "
sources: {web: {write_keys: [k]}}
destinations:
  eu: {type: mixpanel, region: eu, subject: stable, token: {env: T}, export: {username: {env: T}, secret: {env: T}, project_id: 7}}
  near: {type: mixpanel, subject: stable, token: {env: T}, endpoint: http://10.0.0.7:9900, allow_addresses: [10.0.0.0/8]}
alerts: {webhook: {url: https://hooks.example.com/weir, secret: {env: T}}}
audit_log: {ship: {siem: {type: syslog, to: \"tls://siem.example.com:6514\"}, here: {type: syslog, to: \"unix:/dev/log\"}}}
telemetry: {otlp: {endpoint: https://otel.example.com:4318}}
ledger:
  bucket: {path: s3://checkpoints/weir, s3: {region: eu-central-1, access_key: {env: T}, secret_key: {env: T}}}
  witnesses: [{url: https://witness.example.com/w, key: unset+3deede16+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}]
";
        let config = Config::parse(text, Path::new("weir.yaml"), Secrets::Leave).unwrap();
        let found: Vec<_> = calls(&config).into_iter().map(|c| (c.kind, c.host, c.port, c.tls, c.field)).collect();
        let call = |kind, host: &str, port, tls, field: &str| (kind, host.to_owned(), port, tls, field.to_owned());
        assert_eq!(
            found,
            [
                call("deliver", "api-eu.mixpanel.com", 443, true, "destinations.eu.region"),
                call("deliver", "10.0.0.7", 9900, false, "destinations.near.endpoint"),
                call("export", "data-eu.mixpanel.com", 443, true, "destinations.eu.export"),
                call("alerts", "hooks.example.com", 443, true, "alerts.webhook.url"),
                call("audit", "siem.example.com", 6514, true, "audit_log.ship.siem.to"),
                call("traces", "otel.example.com", 4318, true, "telemetry.otlp.endpoint"),
                call("anchors", "s3.eu-central-1.amazonaws.com", 443, true, "ledger.bucket.endpoint"),
                call("witnesses", "witness.example.com", 443, true, "ledger.witnesses.url"),
                call("names", "api-eu.mixpanel.com", 53, false, "destinations.eu.region"),
                call("names", "data-eu.mixpanel.com", 53, false, "destinations.eu.export"),
                call("names", "hooks.example.com", 53, false, "alerts.webhook.url"),
                call("names", "otel.example.com", 53, false, "telemetry.otlp.endpoint"),
                call("names", "s3.eu-central-1.amazonaws.com", 53, false, "ledger.bucket.endpoint"),
                call("names", "siem.example.com", 53, false, "audit_log.ship.siem.to"),
                call("names", "witness.example.com", 53, false, "ledger.witnesses.url"),
            ]
        );
    }
}
