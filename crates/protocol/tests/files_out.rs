//! What files of a warehouse hold: names, partitions, limits. What Parquet holds is read back by PyArrow in the tests of the product.

#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use serde_json::{Value, json};
use weir_event::Millis;
use weir_protocol::outbound::{Building, Settings};
use weir_protocol::vendors::files::{self, Bucket, FILES, Format};
use weir_protocol::{DestinationSetup, Encoded, Secret, SetupError, Verdict, encoder};

use world::{NOW, World};

fn setup(world: &World, files: files::Settings) -> DestinationSetup {
    DestinationSetup { settings: Settings { files, ..Settings::default() }, ..world.setup("") }
}

fn bucket() -> Bucket {
    Bucket {
        host: "s3.eu-central-1.amazonaws.com".to_owned(),
        region: "eu-central-1".to_owned(),
        name: "warehouse".to_owned(),
        prefix: "events/raw".to_owned(),
        access_key: Secret::new("AKIDEXAMPLE"),
        secret_key: Secret::new("a/secret+key"),
    }
}

/// The files of these many events.
fn written(world: &World, files: files::Settings, gzip: Option<usize>, events: usize) -> Vec<Encoded> {
    let setup = DestinationSetup { gzip_from_bytes: gzip, ..setup(world, files) };
    let mut encoder = encoder("files", setup).expect("a setup");
    let batch: Vec<Value> = (0..events)
        .map(|n| json!({"type": "track", "event": "Exported", "userId": "u", "messageId": n, "timestamp": "2026-11-20T10:00:00.000Z", "properties": {"plan": "pro"}}))
        .collect();
    world.released("segment", "/v1/batch", &json!({"batch": batch}), |events| {
        let (mut out, mut open) = (Vec::new(), Building::new(FILES));
        for event in events {
            assert_eq!(encoder.lane_of(event, NOW), Ok(FILES));
            if !encoder.push(&mut open, event) {
                out.push(encoder.finish(std::mem::replace(&mut open, Building::new(FILES))));
                assert!(encoder.push(&mut open, event), "an empty file takes any event");
            }
        }
        out.push(encoder.finish(open));
        out
    })
}

#[test]
fn a_file_is_named_by_when_it_was_received_and_what_is_in_it() {
    let world = World::new("files", &["plan"]);
    let one = written(&world, files::Settings::default(), None, 3);
    let again = written(&world, files::Settings::default(), None, 3);
    assert_eq!((one.len(), one[0].method(), one[0].count()), (1, "PUT", 3));
    assert_eq!(one[0].path_and_query(), again[0].path_and_query(), "the same events are the same object");
    assert!(one[0].body() == again[0].body());
    let name = one[0].path_and_query();
    assert!(name.starts_with("date=2026-11-21/hour=23/20261121T231938843Z-") && name.ends_with(".ndjson"), "{name}");
    let other = written(&world, files::Settings::default(), None, 2);
    assert_ne!(other[0].path_and_query(), name);
    let lines: Vec<Value> = one[0]
        .body()
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines
            .iter()
            .all(|line| line["time"] == "2026-11-20T10:00:00.000Z" && line["properties"] == json!({"plan": "pro"}))
    );
}

#[test]
fn a_file_ends_where_it_is_full() {
    let world = World::new("files", &["plan"]);
    let small = files::Settings { events_max: 4, ..files::Settings::default() };
    let counts: Vec<u32> = written(&world, small, None, 10).iter().map(Encoded::count).collect();
    assert_eq!(counts, [4, 4, 2]);
    let line = written(&world, files::Settings::default(), None, 1)[0].body().len();
    let short = files::Settings { bytes_max: 3 * line + line / 2, ..files::Settings::default() };
    let counts: Vec<u32> = written(&world, short, None, 7).iter().map(Encoded::count).collect();
    assert_eq!(counts, [3, 3, 1]);
}

#[test]
fn compression_changes_the_ending_and_not_the_name_before_it() {
    let world = World::new("files", &["plan"]);
    let plain = &written(&world, files::Settings::default(), None, 3)[0];
    let gzip = &written(&world, files::Settings::default(), Some(1), 3)[0];
    assert_eq!(format!("{}.gz", plain.path_and_query()), gzip.path_and_query());
    assert_eq!(plain.digest(), gzip.digest(), "the ledger knows the content");
    assert!(gzip.body().starts_with(&[0x1f, 0x8b]));
    assert!(!gzip.headers().iter().any(|(name, _)| *name == "Content-Encoding"), "the object itself is compressed");
    let parquet = files::Settings { format: Format::Parquet, ..files::Settings::default() };
    let parquet = &written(&world, parquet, Some(1), 3)[0];
    assert!(parquet.path_and_query().ends_with(".parquet"));
    assert!(parquet.body().starts_with(b"PAR1") && parquet.body().ends_with(b"PAR1"));
}

#[test]
fn an_object_of_a_bucket_is_signed_for_each_attempt() {
    let world = World::new("files", &[]);
    let files = files::Settings { bucket: Some(bucket()), ..files::Settings::default() };
    let encoded = &written(&world, files, None, 1)[0];
    assert!(encoded.path_and_query().starts_with("/warehouse/events/raw/date%3D2026-11-21/hour%3D23/"));
    let at = |millis| encoded.attempt_headers(Millis(millis)).collect::<Vec<_>>();
    assert_eq!(
        at(NOW.0).iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["x-amz-content-sha256", "x-amz-date", "Authorization"]
    );
    assert_ne!(at(NOW.0)[2], at(NOW.0 + 60_000)[2]);
}

#[test]
fn a_bucket_that_cannot_be_one_is_no_setup() {
    let world = World::new("files", &[]);
    let of = |bucket: Bucket| {
        encoder("files", setup(&world, files::Settings { bucket: Some(bucket), ..files::Settings::default() })).err()
    };
    assert_eq!(of(bucket()), None);
    for (bucket, field) in [
        (Bucket { name: "a/b".to_owned(), ..bucket() }, "files.path"),
        (Bucket { name: String::new(), ..bucket() }, "files.path"),
        (Bucket { region: "a b".to_owned(), ..bucket() }, "files.s3.region"),
        (Bucket { access_key: Secret::new("a/b"), ..bucket() }, "files.s3.access_key"),
        (Bucket { secret_key: Secret::new(""), ..bucket() }, "files.s3.secret_key"),
    ] {
        assert!(matches!(of(bucket), Some(SetupError::BadSetting(of, _)) if of == field), "{field}");
    }
}

#[test]
fn answers_of_an_object_store_mean_what_s3_says() {
    let world = World::new("files", &[]);
    let two = &written(&world, files::Settings::default(), None, 2)[0];
    let encoder = encoder("files", setup(&world, files::Settings::default())).expect("a setup");
    for (status, body, verdict) in [
        (200, "", Verdict::Accepted),
        (200, "<html>sign in</html>", Verdict::Retry { after: None }),
        (301, "", Verdict::Refused("redirected")),
        (403, "<Error/>", Verdict::Refused("credentials_refused")),
        (404, "<Error/>", Verdict::Refused("endpoint_unknown")),
        (409, "<Error/>", Verdict::Retry { after: None }),
        (413, "", Verdict::Split),
        (503, "<Error/>", Verdict::Retry { after: None }),
    ] {
        assert_eq!(encoder.interpret(two, status, None, body.as_bytes()), verdict, "{status}");
    }
}
