//! `docs/data.md` lists every file on the disk, and no file that is not there.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use weir::bypass::Change;
use weir::config::{Config, Secrets};
use weir::first_start;
use weir::gateway::{Gateway, Places};
use weir::listen::{Listener, Settings};
use weir_console::socket::Socket;
use weir_event::{Clock, SystemClock};
use weir_keys::Keys;
use weir_ledger::kept::Class;
use weir_ledger::{Act, Actor};
use weir_rows::Store;

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The first column of the table below a heading.
fn listed(heading: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/data.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let found: Vec<String> = cells.map(|(name, _)| name.to_owned()).collect();
    assert!(!found.is_empty(), "{heading} has no table");
    found
}

/// Whether a path is one that a listed name stands for.
fn matches(name: &str, path: &str) -> bool {
    let Some((text, rest)) = name.split_once('<') else { return name == path };
    let (what, rest) = rest.split_once('>').unwrap();
    let Some(path) = path.strip_prefix(text) else { return false };
    let exactly = |count: usize, of: fn(&char) -> bool| {
        path.chars().take(count).filter(of).count() == count && matches(rest, &path[count..])
    };
    let digits = path.chars().take_while(char::is_ascii_digit).count();
    match what {
        "16 hex" => exactly(16, char::is_ascii_hexdigit),
        "32 hex" => exactly(32, char::is_ascii_hexdigit),
        "64 hex" => exactly(64, char::is_ascii_hexdigit),
        "20 digits" => exactly(20, char::is_ascii_digit),
        "id" => {
            let end = path.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c)));
            let end = end.unwrap_or(path.len());
            end > 0 && matches(rest, &path[end..])
        }
        "number" => digits > 0 && matches(rest, &path[digits..]),
        // Three digits; above 999 further groups before them, each led by an x.
        "index" => match path.strip_prefix('x') {
            Some(more) => more.get(3..4) == Some("/") && matches(&name[text.len()..], &more[4..]),
            None => exactly(3, char::is_ascii_digit),
        },
        other => panic!("docs/data.md has <{other}>, which this test does not know"),
    }
}

fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        // The folder of a partial tile may go while we look.
        let Ok(entries) = std::fs::read_dir(&at) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

fn compare(heading: &str, found: &BTreeSet<String>) {
    let names = listed(heading);
    for path in found {
        assert!(names.iter().any(|name| matches(name, path)), "docs/data.md does not list {path} of {heading}");
    }
    for name in &names {
        assert!(found.iter().any(|path| matches(name, path)), "docs/data.md lists {name}, found are {found:?}");
    }
}

/// A vendor that refuses every event.
async fn refusing_vendor() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                    let answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    port
}

#[expect(clippy::disallowed_methods, reason = "an SDK's connection to this process")]
async fn send(port: u16, event: &str) {
    let body = format!(
        r#"[{{"event":"{event}","properties":{{"token":"{KEY}","distinct_id":"u1","$device_id":"d1","$user_id":"u1","plan":"pro"}}}}]"#
    );
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = "POST /in/web/track HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\nConnection: close";
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_on_the_disk_is_in_the_documentation_and_every_file_of_it_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (data, keys) = (folder.path().join("data"), folder.path().join("keys"));
    std::fs::create_dir(&data).unwrap();
    let vendor = refusing_vendor().await;
    let chosen = first_start::choose(None, folder.path(), &data);
    chosen.write().unwrap();
    let config = chosen.file().to_owned();
    let text = format!(
        "listen: {{ingest: 127.0.0.1:0, console: 127.0.0.1:0}}
disk: {{reserve: 1MiB}}
journal: {{segment: 1MiB, budget: 8MiB}}
sources:
  web: {{protocol: mixpanel, write_keys: [{KEY}], environment: production, mode: enforce}}
destinations:
  product: {{type: mixpanel, subject: stable, endpoint: http://127.0.0.1:{vendor}, allow_addresses: [127.0.0.0/8],
    token: {{env: TOKEN}}, release: {{allow: [plan]}}}}
audit_log: {{ship: {{lines: {{type: file, to: {}}}}}}}
",
        folder.path().join("acts.ndjson").display()
    );
    let parsed = Config::parse(&text, &config, Secrets::Read(&|_| Some(KEY.to_owned()))).unwrap();
    let settings = Settings { limits: parsed.limits, trusted_proxies: Vec::new() };
    let places = Places { config, data: data.clone(), keys: keys.clone() };
    let gateway = Gateway::open(places, parsed, Arc::new(SystemClock)).await.unwrap();
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), settings, None).await.unwrap();
    let port = listener.local_address().unwrap().port();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let accepting = tokio::spawn(listener.run(Arc::clone(&gateway.pipeline), stopping, Duration::from_secs(5)));
    let _socket = Socket::bind(&data).unwrap();

    send(port, "Signed up").await;
    gateway.identity.forget(vec![weir_event::SubjectTag([7; 16])]).await.unwrap();
    // A name that is data: it waits in the raw hold.
    send(port, "jane@example.com").await;
    // A full tile takes 256 entries.
    for ledger in [&gateway.egress, &gateway.audit] {
        for _ in 0..300 {
            ledger.act(Act { actor: Actor::Weir, action: "test", targets: Vec::new() }).await.unwrap();
        }
    }
    let bypass = Change::Open { source: None, since: None, reason: "a test".to_owned() };
    gateway.bypass.change(&gateway.audit, &data.join("audit"), Actor::Weir, bypass, SystemClock.now()).await.unwrap();
    let kept = weir::rollout::file::Kept {
        rolled_back: false,
        new: String::new(),
        new_text: String::new(),
        draw: String::new(),
        old_config: String::new(),
        step: 0,
        step_since: 0,
        started: 0,
        paused: None,
        breach: None,
    };
    weir::rollout::file::write(&data, &kept).unwrap();
    weir::evidence::put(&data, Class::Holding, b"what a vendor had").unwrap();
    weir::evidence::put(&data, Class::Reconciliation, b"what a vendor said that it has").unwrap();
    let there = |what: &str| files(&data).into_iter().filter(|path| path.contains(what)).collect::<BTreeSet<_>>();
    let shipping = Arc::clone(&gateway.shipping);
    let shipping = tokio::spawn(shipping.run(Arc::clone(&gateway.audit), data.join("audit"), Arc::new(SystemClock)));
    while there("hold/rejected/").is_empty() || there(".spare").is_empty() || there("audit/shipped/").is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shipping.abort();
    let _ = shipping.await;
    let spares = there(".spare");
    stop.send(true).unwrap();
    accepting.await.unwrap();
    gateway.close(Duration::from_secs(5)).await;
    let entries = gateway.egress.entries();
    // Rows are taken over into files when there are many, or after a while.
    Store::open(&data.join("ledger")).unwrap().take(entries).unwrap();
    // Witnesses are other Weirs: what their answers leave here is put where `weir_ledger` keeps it.
    std::fs::create_dir_all(data.join("witness")).unwrap();
    for name in ["ledger/cosigned", "audit/cosigned", "witness/0123456789abcdef0123456789abcdef.checkpoint"] {
        std::fs::write(data.join(name), "a checkpoint").unwrap();
    }
    // Compared when nothing is written any more; a spare that was under way is removed at the close.
    compare("The data folder", &files(&data).into_iter().chain(spares).collect());
    compare("The key folder", &files(&keys));

    let backup = folder.path().join("backup");
    Keys::backup(&keys, &backup).unwrap();
    let copied: BTreeSet<String> = files(&backup).into_iter().filter(|path| path != "manifest").collect();
    let kept: BTreeSet<String> = files(&keys).into_iter().filter(|path| path != "lock").collect();
    assert_eq!(copied, kept);
    assert!(backup.join("manifest").exists());
}

#[test]
fn names_of_the_page_are_matched_exactly() {
    assert!(matches("tile/0/<index>", "tile/0/x001/x234/067"));
    assert!(matches("tile/<number>/<index>.p/<number>", "tile/10/004.p/7"));
    assert!(!matches("tile/0/<index>", "tile/0/067.p/7"));
    assert!(matches("<16 hex>.spare", "0123456789abcdef.spare"));
    for other in
        ["0123456789abcde.spare", "0123456789abcdef0.spare", "0123456789abcdeg.spare", "0123456789abcdef.spare.new"]
    {
        assert!(!matches("<16 hex>.spare", other), "{other}");
    }
}
