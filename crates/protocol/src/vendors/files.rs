//! Released events to files of a warehouse: NDJSON or Parquet, in a folder of this machine or a bucket of an S3-compatible store.
//!
//! | lane | object | takes |
//! |---|---|---|
//! | files | `date=2026-11-22/hour=09/20261122T091503123Z-<digest>.ndjson.gz` or `.parquet` | every operation |
//!
//! `date` and `hour` are of when the first event of the file was received, in UTC, and a file holds events of one such hour: so a
//! partition is complete once its hour is over and what is under way has arrived, and what a phone sends two days late is in the
//! partition of today, with its own `time`. The name is made of the content. The same batch is the same object: written again, after
//! a failure or a restart, it takes its own place. Only where the configuration changed in between is it another one, and then the
//! `insert_id` of a record says that it is the same event (D5).
//!
//! A line of NDJSON is a record of `plain.rs`; the columns of Parquet are in [`parquet`]. A file is closed when it has
//! `roll.events` or `roll.bytes`, before the hour ends, and after `roll.every` by whoever gathers; also where its entry in the
//! ledger would have more than a hundred field sets (D13).
//!
//! A request for a bucket is `PUT` with a signature by AWS Signature Version 4. The signing is our own (`s3.rs`): the crate
//! `object_store` brings an HTTP client that opens connections by itself (D2), where `outbound` checks every address.

pub mod parquet;
mod s3;

use std::fmt::Write;
use std::time::Duration;

use weir_event::{Millis, Rule};
use weir_policy::Released;

use crate::outbound::{Building, DestinationSetup, Encoded, Encoder, Lane, LaneLimits, SetupError, Verdict, gzip};
use crate::plain::Plain;
use crate::statuses::{self, Means, Statuses};
use crate::vendors::{Repeat, RepeatEffect};
pub use s3::{Bucket, S3Signer};

/// None: `files.path` says where.
pub const ENDPOINTS: &[(&str, &str)] = &[];

/// What a second copy does.
pub const REPEAT: Repeat = Repeat {
    effect: RepeatEffect::Duplicates,
    within_millis: None,
    source: "the same batch is the same object; an event in another batch is another record with the same insert_id",
};

/// What the statuses of an object store mean. Source: Amazon S3 API reference, "Error responses", as of 2026. A folder says 200.
pub const STATUSES: &[Statuses] = &[
    (200, 200, Means::Accepted),
    (201, 299, Means::Retry),
    statuses::REDIRECTED,
    statuses::UNAUTHORIZED,
    statuses::FORBIDDEN,
    // Signature, region, clock or the body as a whole, never one record of it: halves would fare no better.
    (400, 400, Means::Refused("request_refused")),
    statuses::NO_SUCH_PLACE,
    // Another writer at the same name, or a time-out while the body was sent.
    (408, 409, Means::Retry),
    statuses::TOO_LARGE,
    statuses::TOO_MANY,
    statuses::INVALID,
];

/// Every record.
pub const FILES: Lane = Lane { number: 1, name: "files" };
const LANES: &[Lane] = &[FILES];

/// Records of one file: what `roll.events` can be at most. An index in a batch has 16 bits (D13).
pub const EVENTS_MAX: usize = 50_000;
/// Bytes before the first record while a file is put together: when its first event was received.
const HEAD: usize = 8;

/// `destinations.<id>.files`, without what only the transport reads.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What files are.
    pub format: Format,
    /// Records of one file.
    pub events_max: usize,
    /// Bytes of one file before compression.
    pub bytes_max: usize,
    /// The bucket; `None`: a folder of this machine.
    pub bucket: Option<Bucket>,
}

/// What files are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Format {
    /// A record of `plain.rs` on each line.
    #[default]
    Ndjson,
    /// Columns.
    Parquet,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { format: Format::default(), events_max: 10_000, bytes_max: 16 << 20, bucket: None }
    }
}

/// Makes the encoder.
pub fn encoder(setup: DestinationSetup) -> Result<Box<dyn Encoder>, SetupError> {
    if setup.import.is_some() {
        return Err(SetupError::NoImport);
    }
    let settings = setup.settings.files;
    let signer = settings.bucket.as_ref().map(S3Signer::new).transpose()?;
    Ok(Box::new(FilesEncoder {
        signer,
        prefix: settings.bucket.as_ref().map(Bucket::path_prefix).unwrap_or_default(),
        format: settings.format,
        events_max: settings.events_max.clamp(1, EVENTS_MAX),
        bytes_max: settings.bytes_max,
        compresses: setup.gzip_from_bytes.is_some(),
        plain: Plain::new(&setup.names),
    }))
}

struct FilesEncoder {
    signer: Option<S3Signer>,
    /// What stands before an object's name, as a path of a request.
    prefix: String,
    format: Format,
    events_max: usize,
    bytes_max: usize,
    compresses: bool,
    plain: Plain,
}

impl Encoder for FilesEncoder {
    fn lane_of(&mut self, _event: &Released<'_>, _now: Millis) -> Result<Lane, Rule> {
        Ok(FILES)
    }

    fn lanes(&self) -> &'static [Lane] {
        LANES
    }

    fn limits(&self, _lane: Lane) -> LaneLimits {
        LaneLimits { events_max: self.events_max, bytes_max: self.bytes_max }
    }

    fn push(&mut self, request: &mut Building, event: &Released<'_>) -> bool {
        let count = request.count() as usize;
        if count >= self.events_max {
            return false;
        }
        request.add(|out| {
            let received_at = event.received_at();
            if count == 0 {
                out.extend_from_slice(&received_at.0.to_le_bytes());
            } else if hour(first_received(out)) != hour(received_at) {
                return false;
            }
            match self.format {
                Format::Ndjson => {
                    self.plain.put(event, out);
                    out.push(b'\n');
                }
                Format::Parquet => parquet::put_row(&mut self.plain, event, out),
            }
            out.len() - HEAD <= self.bytes_max || count == 0
        })
    }

    fn finish(&mut self, request: Building) -> Encoded {
        let (lane, count) = (request.lane(), request.count());
        let mut content = request.into_body();
        let received_at = first_received(&content);
        content.drain(..HEAD.min(content.len()));
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, &content).as_ref());
        let (content, content_type, ending) = match (self.format, self.compresses) {
            (Format::Parquet, _) => (parquet::file(content), "application/vnd.apache.parquet", "parquet"),
            (Format::Ndjson, compresses) => match gzip(&content).filter(|_| compresses) {
                Some(compressed) => (compressed, "application/gzip", "ndjson.gz"),
                None => (content, "application/x-ndjson", "ndjson"),
            },
        };
        let path = format!("{}{}", self.prefix, name(received_at, &digest, ending, self.signer.is_some()));
        let encoded = Encoded::put(lane, count, path, content_type, content, digest);
        match &self.signer {
            Some(signer) => encoded.signed_for_s3(signer.clone()),
            None => encoded,
        }
    }

    fn interpret(&self, encoded: &Encoded, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
        match statuses::means(STATUSES, status) {
            // An object store has nothing to say to a PUT that it took: somebody else answers.
            Means::Accepted if !body.is_empty() => Verdict::Retry { after: retry_after },
            means => statuses::verdict(means, encoded, retry_after),
        }
    }
}

/// When the first event of a file under way was received.
fn first_received(content: &[u8]) -> Millis {
    Millis(content.first_chunk::<HEAD>().map_or(0, |bytes| i64::from_le_bytes(*bytes)))
}

fn hour(at: Millis) -> i64 {
    at.0.div_euclid(Millis::HOUR)
}

/// The object's name, with partitions as Hive and its kin read them. In a request the equals signs are escaped.
fn name(received_at: Millis, digest: &[u8; 32], ending: &str, is_request: bool) -> String {
    let time = received_at.to_rfc3339();
    let (date, hour) = (time.get(..10).unwrap_or_default(), time.get(11..13).unwrap_or_default());
    let stamp: String = time.chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
    let equals = if is_request { "%3D" } else { "=" };
    let mut name = format!("date{equals}{date}/hour{equals}{hour}/{stamp}-");
    for byte in &digest[..16] {
        let _ = write!(name, "{byte:02x}");
    }
    let _ = write!(name, ".{ending}");
    name
}
