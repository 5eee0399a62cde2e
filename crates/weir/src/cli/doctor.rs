//! `weir doctor`: what is wrong, and what to do. Looks only: opens nothing for writing, sends nothing to a vendor (it resolves
//! the names of destinations and checks the addresses).

use std::net::ToSocketAddrs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use weir_event::{Clock, Millis, SystemClock};
use weir_keys::Keys;
use weir_policy::{Routing, UnknownFate};

use super::output::counted;
use super::{Exit, Folders, Output};
use crate::config::{Config, Secrets, StartFrom};
use crate::generation::Generation;
use crate::{disk, tls::Tls};

/// How far a file's time may lie in the future before the clock is doubted.
const CLOCK_SLACK_MILLIS: i64 = 5 * 60 * 1_000;

/// How grave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Grade {
    Good,
    Warning,
    Bad,
}

/// One finding.
struct Check {
    about: &'static str,
    grade: Grade,
    says: String,
    advice: &'static str,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn good(&mut self, about: &'static str, says: impl Into<String>) {
        self.0.push(Check { about, grade: Grade::Good, says: says.into(), advice: "" });
    }

    fn warn(&mut self, about: &'static str, says: impl Into<String>, advice: &'static str) {
        self.0.push(Check { about, grade: Grade::Warning, says: says.into(), advice });
    }

    fn bad(&mut self, about: &'static str, says: impl Into<String>, advice: &'static str) {
        self.0.push(Check { about, grade: Grade::Bad, says: says.into(), advice });
    }
}

pub(super) fn run(out: &Output, folders: &Folders) -> Exit {
    let mut checks = Checks::default();
    let config = configuration(&mut checks, folders);
    data(&mut checks, folders, &config);
    keys(&mut checks, folders);
    clock(&mut checks, folders, SystemClock.now());
    if let Some(files) = &config.listen.tls {
        match Tls::load(files.clone()) {
            Ok(tls) => {
                let ends = tls.certificate_ends();
                let left = ends.map(|ends| ends.since(SystemClock.now()));
                let when = ends.map_or_else(String::new, |ends| format!(", until {}", ends.to_rfc3339()));
                let says = format!("certificate and key go together{when}");
                match left {
                    Some(left) if left < 0 => {
                        checks.bad("tls", format!("{says}: it has ended"), "put a new pair in place: SDKs refuse it")
                    }
                    Some(left) if left < 14 * Millis::DAY => checks.warn("tls", says, "put a new pair in place soon"),
                    _ => checks.good("tls", says),
                }
            }
            Err(error) => {
                checks.bad("tls", error.to_string(), "put a usable pair in place; a running weir keeps the old one")
            }
        }
    }
    destinations(&mut checks, &config);
    routing(&mut checks, &config);
    for (id, source) in &config.sources {
        let asks = matches!(source.auxiliary, crate::config::Auxiliary::Proxy(_));
        if source.mode == crate::config::Mode::Enforce && !source.accept_flag_loss && !asks {
            checks.good(
                "sources",
                format!("{id}: calls for flags get a constant answer; SDKs fall back to their defaults"),
            );
        }
    }
    anchors(&mut checks, &config);
    bypass(&mut checks, folders);

    let worst = checks.0.iter().map(|c| c.grade).max().unwrap_or(Grade::Good);
    let mut text = String::new();
    for check in &checks.0 {
        let mark = match check.grade {
            Grade::Good => "ok  ",
            Grade::Warning => "warn",
            Grade::Bad => "BAD ",
        };
        text.push_str(&format!("{mark}  {:<12} {}\n", check.about, check.says.replace('\n', "\n                    ")));
        if !check.advice.is_empty() {
            text.push_str(&format!("                    → {}\n", check.advice));
        }
    }
    let list: Vec<_> = checks
        .0
        .iter()
        .map(|c| {
            let grade = match c.grade {
                Grade::Good => "ok",
                Grade::Warning => "warning",
                Grade::Bad => "bad",
            };
            json!({"about": c.about, "grade": grade, "says": c.says, "advice": c.advice})
        })
        .collect();
    out.show(&json!({"ok": worst == Grade::Good, "checks": list}), &text);
    if worst == Grade::Good { Exit::Fine } else { Exit::Found }
}

fn configuration(checks: &mut Checks, folders: &Folders) -> Config {
    let Some(file) = folders.config_file() else {
        checks.good("config", "no file: defaults, nothing leaves because there is no destination");
        return Config::built_in();
    };
    match Generation::check(&file, Secrets::environment()) {
        Ok(config) => {
            let sources = counted(config.sources.len() as u64, "source");
            let destinations = counted(config.destinations.len() as u64, "destination");
            checks.good("config", format!("{}: {sources}, {destinations}", file.display()));
            let ending = config.ending(SystemClock.now());
            if !ending.is_empty() {
                let advice = "decide about each: give it a later `until`, or remove it from `allow`";
                checks.warn("allowances", ending.join("\n"), advice);
            }
            config
        }
        Err(problems) => {
            checks.bad(
                "config",
                problems.to_string(),
                "correct the file; a running weir keeps the configuration it has",
            );
            // What the file says without its secrets, if that is the only trouble.
            Config::load(&file, Secrets::Leave).unwrap_or_else(|_| Config::built_in())
        }
    }
}

fn data(checks: &mut Checks, folders: &Folders, config: &Config) {
    let folder = &folders.data;
    if !folder.exists() {
        checks.good("data", format!("{} is not there yet: the first start makes it", folder.display()));
        return;
    }
    match disk::version_is_known(folder) {
        Err(error) => checks.bad("data", error.to_string(), "do not start this release on it"),
        Ok(false) => checks.warn(
            "data",
            format!("{} holds no data of weir yet", folder.display()),
            "make sure that it is the folder you mean",
        ),
        Ok(true) => {
            let running = if disk::is_in_use(folder) { "a weir runs on it" } else { "no weir runs on it" };
            checks.good("data", format!("{}: {running}", folder.display()));
        }
    }
    owner_only(checks, "data", folder, false);
    let (free, wanted) =
        (disk::free_bytes(folder), config.disk_reserve.map_or_else(|| disk::automatic_reserve(folder), Ok));
    let there = std::fs::metadata(folder.join("reserve")).map_or(0, |m| m.len());
    let (Ok(free), Ok(wanted)) = (free, wanted) else {
        checks.bad("disk", "the free space cannot be read", "look at the file system");
        return;
    };
    let segment = config.journal.segment_bytes;
    let missing = wanted.saturating_sub(there);
    let says = format!("{} MiB free, reserve {} of {} MiB", free >> 20, there >> 20, wanted >> 20);
    if free.saturating_sub(missing) < segment {
        checks.bad("disk", says, "intake answers 503 until one journal segment is free beside the reserve: free space");
    } else if free.saturating_sub(missing) < config.journal.budget_bytes.saturating_sub(used(&folder.join("journal"))) {
        let advice = "the journal may grow to `journal.budget`, which does not fit: lower it or free space";
        checks.warn("disk", says, advice);
    } else {
        checks.good("disk", says);
    }
}

fn used(folder: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    files.flatten().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
}

fn owner_only(checks: &mut Checks, about: &'static str, folder: &Path, files_too: bool) {
    let open_to_others = |path: &Path| std::fs::metadata(path).is_ok_and(|m| m.mode() & 0o077 != 0);
    let mut open = Vec::new();
    if open_to_others(folder) {
        open.push(folder.display().to_string());
    }
    if files_too && let Ok(files) = std::fs::read_dir(folder) {
        open.extend(files.flatten().map(|f| f.path()).filter(|p| open_to_others(p)).map(|p| p.display().to_string()));
    }
    if !open.is_empty() {
        let advice = "others on this machine can read or write it: chmod 700 the folder, chmod 600 the files";
        checks.bad(about, format!("open to others: {}", open.join(", ")), advice);
    }
}

fn keys(checks: &mut Checks, folders: &Folders) {
    let folder = match folders.key_folder() {
        Ok(folder) => folder,
        Err(why) => {
            checks.bad("keys", why, "say where with --keys");
            return;
        }
    };
    if !folder.exists() {
        checks.good("keys", format!("{} is not there yet: the first start makes it", folder.display()));
        return;
    }
    owner_only(checks, "keys", &folder, true);
    match Keys::open_read_only(&folder, Arc::new(SystemClock)) {
        Ok(keys) => checks.good("keys", format!("{}: {}", folder.display(), counted(keys.list().len() as u64, "key"))),
        Err(error) => checks.bad("keys", error.to_string(), "restore the key folder from its backup before you start"),
    }
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if real(&folder).starts_with(real(&folders.data)) {
        let advice = "move the key folder away: who copies the data folder must not have the keys";
        checks.bad("keys", "the key folder lies inside the data folder", advice);
    }
    if folder.join("hold.key").exists() {
        let advice =
            "move hold.key to where operators work (weir quarantine --hold-key FOLDER): the gateway never needs it";
        checks.warn("keys", "hold.key lies beside the gateway: who takes this machine can open the raw hold", advice);
    }
}

/// The newest file of journal and ledger was written by this clock, so it should not lie in the future.
fn clock(checks: &mut Checks, folders: &Folders, now: Millis) {
    let mut newest: Option<Millis> = None;
    for folder in ["journal", "ledger/log"] {
        let Ok(files) = std::fs::read_dir(folders.data.join(folder)) else { continue };
        for meta in files.flatten().filter_map(|f| f.metadata().ok()) {
            let modified = Millis(meta.mtime().saturating_mul(1_000));
            newest = Some(newest.map_or(modified, |n| n.max(modified)));
        }
    }
    match newest {
        _ if now.0 < 1_704_067_200_000 => {
            checks.bad(
                "clock",
                format!("says {}", now.to_rfc3339()),
                "set the clock: every event would look late or new",
            );
        }
        Some(newest) if newest.since(now) > CLOCK_SLACK_MILLIS => {
            let says = format!("says {}, but data was written at {}", now.to_rfc3339(), newest.to_rfc3339());
            checks.bad("clock", says, "set the clock: epochs and times would go back");
        }
        _ => checks.good("clock", now.to_rfc3339()),
    }
}

fn destinations(checks: &mut Checks, config: &Config) {
    if config.destinations.is_empty() {
        checks.good("destinations", "none: nothing leaves");
    }
    for (id, destination) in &config.destinations {
        if let Some(folder) = &destination.folder {
            checks.good("destinations", format!("{id}: files in {}", folder.display()));
            continue;
        }
        let endpoint = match weir_outbound::Endpoint::parse(destination.origin()) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                checks.bad("destinations", format!("{id}: {error}"), "correct `endpoint`");
                continue;
            }
        };
        let host = endpoint.host().trim_matches(['[', ']']);
        let addresses: Vec<_> = match (host, endpoint.port()).to_socket_addrs() {
            Ok(addresses) => addresses.map(|a| a.ip()).collect(),
            Err(_) => {
                checks.bad(
                    "destinations",
                    format!("{id}: {} has no address", endpoint.host()),
                    "look at the name server; events wait meanwhile, up to `lag.max`",
                );
                continue;
            }
        };
        let refused = addresses
            .iter()
            .filter(|a| !weir_outbound::address::is_admitted(**a, &destination.allow_addresses))
            .count();
        if refused > 0 {
            let advice = "they are private or reserved: name their range under `allow_addresses` only if that is where it should go";
            checks.bad("destinations", format!("{id}: {refused} of {} addresses are refused", addresses.len()), advice);
        } else {
            checks.good("destinations", format!("{id}: {}, all admitted", counted(addresses.len() as u64, "address")));
        }
        if destination.from == StartFrom::Earliest {
            let says = format!("{id}: `from: earliest` reaches no event that came in before it was configured");
            checks.good("destinations", says);
        }
        let forwards = weir_protocol::destination_kind(destination.kind).is_some_and(|kind| kind.forwards);
        if forwards && destination.onward.is_none() {
            let advice = "list under `onward` whom it forwards to, or write `onward: []`";
            let what = format!("{id}: {} can send on to others, and `onward` says nothing", destination.kind);
            checks.warn("destinations", what, advice);
        }
        if matches!(destination.subject, crate::config::Subject::Raw { .. }) {
            let advice = "a breach there exposes your ids; `stable` or `rotating` keep them in";
            checks.warn("destinations", format!("{id}: people appear under your own ids (subject: raw)"), advice);
        }
    }
}

/// D9: where the country decides, an event without one may have nowhere to go.
fn routing(checks: &mut Checks, config: &Config) {
    let fates = config.destinations.iter().map(|(id, destination)| {
        let (route, residency) = (destination.route.clone(), config.residency.clone());
        UnknownFate::at(id, &Routing { route, residency })
    });
    let fates: Vec<UnknownFate> = fates.collect();
    if fates.iter().all(|fate| *fate == UnknownFate::Taken) {
        return;
    }
    if fates.iter().all(|fate| *fate == UnknownFate::Dropped) {
        let advice = "name a destination in every class, or keep them with `residency: {unknown: hold}`";
        checks.warn("routing", "events whose country is not known reach no destination", advice);
    } else {
        let count = |wanted| fates.iter().filter(|fate| **fate == wanted).count();
        let (taken, held) = (count(UnknownFate::Taken), count(UnknownFate::Held));
        checks.good(
            "routing",
            format!(
                "events whose country is not known: sent to {taken}, held at {held} of {} destinations",
                fates.len()
            ),
        );
    }
}

fn anchors(checks: &mut Checks, config: &Config) {
    if config.ledger.has_remote_anchors() {
        checks.good("ledger", "anchors elsewhere: compared by weir at its start".to_owned());
    } else if config.ledger.anchors.is_empty() {
        let advice = "configure `ledger.anchors` with a file outside the data folder, best on another machine's disk, or a bucket or witnesses";
        checks.warn("ledger", "rewind undetectable: no anchor, so an older copy of the data folder would pass", advice);
    }
    for anchor in &config.ledger.anchors {
        match anchor.parent() {
            Some(folder) if folder.as_os_str().is_empty() || folder.is_dir() => {
                checks.good("ledger", format!("anchor {}", anchor.display()));
            }
            _ => checks.bad(
                "ledger",
                format!("the folder of anchor {} is not there", anchor.display()),
                "make or mount it",
            ),
        }
    }
}

fn bypass(checks: &mut Checks, folders: &Folders) {
    match super::bypass::windows(folders) {
        Ok(windows) => {
            let open: Vec<_> = windows.iter().filter(|window| window.until.is_none()).collect();
            let advice = "when its apps send to weir again: `weir bypass close`";
            open.iter().for_each(|window| checks.warn("bypass", crate::bypass::not_covered(window), advice));
            if open.is_empty() {
                checks.good("bypass", format!("none open, {} in the past", windows.len()));
            }
        }
        Err(why) => checks.bad("bypass", why, "run `weir ledger verify`; until then no time counts as covered"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn worst(checks: &Checks, about: &str) -> Option<Grade> {
        checks.0.iter().filter(|c| c.about == about).map(|c| c.grade).max()
    }

    #[test]
    fn a_clock_behind_the_data_is_found() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(data.path().join("journal")).unwrap();
        let file = data.path().join("journal/segment");
        std::fs::write(&file, "x").unwrap();
        let written = Millis(std::fs::metadata(&file).unwrap().mtime() * 1_000);
        let folders = Folders { config: None, data: data.path().to_owned(), keys: None };
        for (now, grade) in [(written, Grade::Good), (written.plus(-Millis::HOUR), Grade::Bad), (Millis(0), Grade::Bad)]
        {
            let mut checks = Checks::default();
            clock(&mut checks, &folders, now);
            assert_eq!(worst(&checks, "clock"), Some(grade), "{now:?}");
        }
    }

    #[test]
    fn a_key_folder_open_to_others_or_inside_the_data_is_found() {
        let data = tempfile::tempdir().unwrap();
        let keys_dir = data.path().join("keys");
        drop(Keys::open(&keys_dir, Arc::new(SystemClock)).unwrap());
        let folders = Folders { config: None, data: data.path().to_owned(), keys: Some(keys_dir.clone()) };
        let mut checks = Checks::default();
        keys(&mut checks, &folders);
        assert!(checks.0.iter().any(|c| c.says.contains("inside the data folder")));
        assert!(checks.0.iter().any(|c| c.says.contains("hold.key")));
        assert!(!checks.0.iter().any(|c| c.says.contains("open to others")));
        std::fs::set_permissions(keys_dir.join("master.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut checks = Checks::default();
        keys(&mut checks, &folders);
        assert!(checks.0.iter().any(|c| c.says.contains("open to others") && c.says.contains("master.key")));
    }

    #[test]
    fn a_country_that_is_not_known_and_has_nowhere_to_go_is_said() {
        let grade = |residency: &str| {
            let more = "type: mixpanel, subject: stable, token: {env: T}";
            let text = format!("destinations: {{a: {{{more}}}, b: {{{more}}}}}\n{residency}");
            let config = Config::parse(&text, Path::new("weir.yaml"), Secrets::Leave).unwrap();
            let mut checks = Checks::default();
            routing(&mut checks, &config);
            worst(&checks, "routing")
        };
        let two = "residency: {classes: {eu: {countries: [eu], only: [a]}, us: {countries: [US], only: [b]}}";
        assert_eq!(grade(""), None);
        assert_eq!(grade(&format!("{two}}}")), Some(Grade::Warning));
        assert_eq!(grade(&format!("{two}, unknown: hold}}")), Some(Grade::Good));
        assert_eq!(
            grade("residency: {classes: {eu: {countries: [eu], only: [a]}}}"),
            Some(Grade::Good),
            "a takes every country"
        );
    }

    #[test]
    fn a_destination_on_a_private_address_needs_its_range() {
        let text = |allow: &str| {
            format!(
                "destinations: {{p: {{type: mixpanel, subject: stable, token: {{env: T}}, endpoint: 'https://127.0.0.1:1', allow_addresses: {allow}}}}}"
            )
        };
        for (allow, grade) in [("[]", Grade::Bad), ("[127.0.0.0/8]", Grade::Good)] {
            let config = Config::parse(&text(allow), Path::new("weir.yaml"), Secrets::Leave).unwrap();
            let mut checks = Checks::default();
            destinations(&mut checks, &config);
            assert_eq!(worst(&checks, "destinations"), Some(grade));
        }
    }
}
