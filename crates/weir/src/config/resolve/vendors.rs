//! What only one type of destination reads.

use std::path::PathBuf;
use std::time::Duration;

use weir_event::DestinationId;
use weir_protocol::outbound::Settings;
use weir_protocol::vendors::{datadog, files, ga4, otlp, splunk_hec};

use super::{Resolver, duration, texts};
use crate::config::Secret;
use crate::config::check::Checked;
use crate::config::values::Origin;

/// Sections of a destination that only one type reads, and the type.
pub(super) const OF_ONE_TYPE: &[(&str, &str)] =
    &[("ga4", "ga4"), ("datadog", "datadog"), ("splunk_hec", "splunk_hec"), ("otlp", "otlp"), ("files", "files")];

/// What only one type of destination reads.
#[derive(Default)]
pub(super) struct Own {
    pub(super) settings: Settings,
    pub(super) secrets: Vec<Secret>,
    /// Where the type has an address that follows from its settings.
    pub(super) endpoint: Option<Origin>,
    pub(super) folder: Option<PathBuf>,
    pub(super) roll_every: Option<Duration>,
}

impl Resolver<'_, '_> {
    /// What only one type reads.
    pub(super) fn settings(
        &mut self,
        id: &DestinationId,
        kind: &str,
        fields: &Checked,
        endpoint: Option<&Origin>,
    ) -> Own {
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
    pub(super) fn s3_bucket(
        &mut self,
        name: &str,
        place: &str,
        host: String,
        s3: &Checked,
    ) -> (files::Bucket, [Secret; 2]) {
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
}

/// A secret as encoders take it; empty where it was not looked for or not found, which is said elsewhere.
fn revealed(secret: &Secret) -> weir_protocol::Secret {
    weir_protocol::Secret::new(secret.reveal().unwrap_or_default())
}
