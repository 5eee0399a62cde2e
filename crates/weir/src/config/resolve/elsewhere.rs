//! Whom Weir speaks to besides destinations: webhooks, receivers of the audit log, anchors, witnesses, traces.

use std::collections::BTreeMap;
use std::path::PathBuf;

use weir_event::DestinationId;
use weir_ledger::tree::cosignature::CosignerKey;
use weir_ledger::tree::note::VerifierKey;
use weir_protocol::outbound::SetupError;
use weir_protocol::signing::SigningKeys;
use weir_protocol::vendors::files;

use super::{Resolver, cidrs};
use crate::config::check::Checked;
use crate::config::values::Origin;
use crate::config::yaml::Key;
use crate::config::{AnchorBucket, Otlp, Ship, ShipWay, Webhook, WitnessFor, WitnessOf};

impl Resolver<'_, '_> {
    /// A receiver that checks signatures, whose address is in a field of this name; `None` where there is none, or its address is not good.
    pub(super) fn webhook(&mut self, name: &str, url_field: &str, checked: &Checked) -> Option<Webhook> {
        if checked.is_absent() {
            return None;
        }
        let allow_addresses = cidrs(checked.field("allow_addresses"));
        let secret = self.secret(&format!("{name}.secret"), checked.field("secret"));
        if let Some(Err(why)) = secret.reveal().map(SigningKeys::parse) {
            self.report(checked.field("secret").at, &format!("`{name}.secret`: {why}"));
        }
        let url = checked.field(url_field);
        self.push_url(&format!("{name}.{url_field}"), url, !allow_addresses.is_empty())?;
        let url = url.text().to_owned();
        Some(Webhook { url, secret, allow_addresses })
    }

    pub(super) fn ships(&mut self, checked: &Checked) -> BTreeMap<DestinationId, Ship> {
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
                let Some(webhook) = self.webhook(&format!("audit_log.ship.{id}"), "to", fields) else {
                    self.report(to.at, &format!("{} is no URL: write https://host/path", name("to")));
                    return None;
                };
                ShipWay::Webhook(webhook)
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

    pub(super) fn anchor_bucket(&mut self, checked: &Checked) -> Option<AnchorBucket> {
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

    pub(super) fn witnesses(&mut self, list: &Checked) -> Vec<WitnessOf> {
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

    pub(super) fn otlp(&mut self, checked: &Checked) -> Option<Otlp> {
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

    pub(super) fn push_url(&mut self, name: &str, checked: &Checked, may_be_plain: bool) -> Option<Origin> {
        let url = Origin::parse(checked.text())?;
        if !url.is_secure() && !may_be_plain {
            let what = format!(
                "`{name}` is plain http: use https, or name the private range that it lies in under `allow_addresses`"
            );
            self.report(checked.at, &what);
        }
        Some(url)
    }
}

pub(super) fn witness_for(section: &Checked) -> Option<WitnessFor> {
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
