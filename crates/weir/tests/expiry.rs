//! What the clock ends in a whole gateway: events that were held too long (D10), events that waited too long for a vendor (D12).

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use weir::config::{Config, Secrets};
use weir::gateway::{Gateway, Places};
use weir::listen::{Listener, Settings};
use weir_console::metrics::{DestinationCounts, SourceCounts};
use weir_event::{Clock, ManualClock, Millis, Rule, SystemClock};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A gateway whose vendor cannot be reached, and its clock.
async fn gateway(folder: &Path, on_lag: &str) -> (Gateway, Arc<ManualClock>, u16) {
    // Bound and never accepted from: nobody else gets the port, and no request comes through.
    let dead = tokio::net::TcpSocket::new_v4().unwrap();
    dead.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let text = format!(
        "listen: {{ingest: 127.0.0.1:0, console: 127.0.0.1:0}}
disk: {{reserve: 1MiB}}
hold: {{keep: 2h}}
sources:
  web: {{protocol: mixpanel, write_keys: [{KEY}], environment: production, mode: enforce}}
destinations:
  product: {{type: mixpanel, subject: stable, endpoint: 'http://{}', allow_addresses: [127.0.0.0/8],
    token: {{env: TOKEN}}, lag: {{max: 3h, on_lag: {on_lag}}}}}
",
        dead.local_addr().unwrap()
    );
    std::mem::forget(dead);
    let config = folder.join("weir.yaml");
    let parsed = Config::parse(&text, &config, Secrets::Read(&|_| Some(KEY.to_owned()))).unwrap();
    let settings = Settings { limits: parsed.limits, trusted_proxies: Vec::new() };
    let places = Places { config, data: folder.join("data"), keys: folder.join("keys") };
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let gateway = Gateway::open(places, parsed, Arc::<ManualClock>::clone(&clock)).await.unwrap();
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), settings, None).await.unwrap();
    let port = listener.local_address().unwrap().port();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    tokio::spawn(listener.run(Arc::clone(&gateway.pipeline), stopping, Duration::from_secs(5)));
    std::mem::forget(stop);
    (gateway, clock, port)
}

#[expect(clippy::disallowed_methods, reason = "an SDK's connection to this process")]
async fn send(port: u16, event: &str) {
    let body = format!(r#"[{{"event":"{event}","properties":{{"token":"{KEY}","distinct_id":"u1"}}}}]"#);
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = "POST /in/web/track HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\nConnection: close";
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn web(gateway: &Gateway) -> SourceCounts {
    gateway.source_counts().into_iter().find(|c| c.source.as_str() == "web").unwrap()
}

fn product(gateway: &Gateway) -> DestinationCounts {
    gateway.destination_counts().into_iter().find(|c| c.destination.as_str() == "product").unwrap()
}

fn bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files.filter_map(|f| f.metadata().ok()).filter(std::fs::Metadata::is_file).map(|m| m.len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_a_held_event_expires_after_hold_keep_is_counted_and_its_bytes_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, clock, port) = gateway(folder.path(), "hold").await;
    send(port, "ada@example.com").await;
    assert_eq!(web(&gateway).quarantined.iter().map(|(_, n)| n).sum::<u64>(), 1);
    clock.advance(2 * Millis::HOUR - Millis::HOUR / 2);
    gateway.upkeep().await;
    let kept = web(&gateway);
    assert_eq!((kept.quarantined.len(), kept.dropped.len()), (1, 0), "it is not two hours old");
    let raw = folder.path().join("data/hold/raw");
    let before = bytes(&raw);
    // Its day ends, too: what was sealed that day goes with the day's file.
    clock.advance(26 * Millis::HOUR);
    gateway.upkeep().await;
    let gone = web(&gateway);
    assert_eq!(gone.quarantined.iter().map(|(_, n)| n).sum::<u64>(), 0);
    assert_eq!(gone.dropped, [(Rule::HoldExpired, 1)]);
    assert_eq!(gone.received, 1, "the sums hold");
    assert!(bytes(&raw) < before, "the sealed body is gone from the disk");
    gateway.close(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d12_an_event_that_waited_longer_than_lag_max_expires_by_name_or_waits_on_with_hold() {
    for (on_lag, expires) in [("expire", true), ("hold", false)] {
        let folder = tempfile::tempdir().unwrap();
        let (gateway, clock, port) = gateway(folder.path(), on_lag).await;
        send(port, "Signed up").await;
        assert_eq!((product(&gateway).offered, product(&gateway).waiting), (1, 1));
        clock.advance(2 * Millis::HOUR);
        // Delivery looks at the lag once a second by its own clock.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(product(&gateway).waiting, 1, "{on_lag}: two hours are below the limit");
        clock.advance(2 * Millis::HOUR);
        if expires {
            while product(&gateway).waiting > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(product(&gateway).dropped, [(Rule::Expired, 1)]);
        } else {
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            assert_eq!((product(&gateway).waiting, product(&gateway).dropped.len()), (1, 0));
        }
        gateway.close(Duration::from_secs(5)).await;
    }
}
