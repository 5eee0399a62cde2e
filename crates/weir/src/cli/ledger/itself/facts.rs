//! What lies there: each file of the data folder belongs to one asset, and one that belongs to none is told, not left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use weir_answers::{Question, ask};
use weir_catalog::Catalog;
use weir_event::{Category, Millis};
use weir_journal::survey::survey;
use weir_ledger::entry::Entry;
use weir_ledger::{Actor, acts};

use super::Sees::{Content, Lines, Names, Nothing, Testable, Traces};
use super::{Asset, Places};
use crate::cli::output::counted;
use crate::cli::{Folders, apply, catalog};
use crate::config::{Config, SecretPlace, ShipWay, Subject};

/// The asset of a file of the data folder.
pub(super) fn asset_of(path: &str) -> &'static str {
    let is = |folder: &str| path.starts_with(folder);
    match path {
        "catalog" => "catalog",
        "weir.yaml" | "rollout" => "configuration",
        "version" | "formats" | "lock" | "reserve" | "admin.sock" | "restoring" => "housekeeping",
        _ if path.ends_with(".tmp") || path.ends_with(".new") => "housekeeping",
        _ if is("journal/") => "journal",
        _ if is("hold/raw/") => "raw hold",
        _ if is("hold/rejected/") => "quarantine",
        _ if is("audit/reasons/") => "notes",
        _ if is("audit/") => "audit log",
        _ if is("ledger/") || is("rows/") => "ledger",
        _ if is("identity/") => "identity index",
        _ if is("holdings/") => "holdings",
        _ if is("reconciled/") => "vendors' counts",
        _ if is("witness/") => "housekeeping",
        _ => "not explained",
    }
}

/// Files and bytes by asset: of everything below the folder, whatever a backup passes over.
fn sizes(data: &Path) -> Result<BTreeMap<&'static str, (u64, u64)>, String> {
    let mut sizes: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    for file in files_below(data).map_err(|error| format!("{} cannot be read: {}", data.display(), error.kind()))? {
        let name = file.strip_prefix(data).unwrap_or(&file).to_string_lossy().into_owned();
        let size = sizes.entry(asset_of(&name)).or_default();
        // It may have gone meanwhile.
        *size = (size.0 + 1, size.1 + std::fs::metadata(&file).map_or(0, |meta| meta.len()));
    }
    Ok(sizes)
}

/// Every file below a folder; a file alone is its own. What goes while it is looked at is passed over.
fn files_below(place: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut files, mut left) = (Vec::new(), vec![place.to_owned()]);
    while let Some(at) = left.pop() {
        let meta = match std::fs::symlink_metadata(&at) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            meta => meta?,
        };
        if !meta.is_dir() {
            files.push(at);
            continue;
        }
        for entry in std::fs::read_dir(&at).into_iter().flatten() {
            left.push(entry?.path());
        }
    }
    Ok(files)
}

pub(super) fn assets(places: &Places, folders: &Folders, scope: &mut Vec<String>) -> Result<Vec<Asset>, String> {
    // A running Weir writes down what it has observed, so that it is there to be counted.
    let observed = places.keys.as_ref().and_then(|_| catalog::load(folders, &apply::names()).ok());
    let sizes = sizes(&places.data)?;
    let config = &places.config;
    let of = |name: &'static str| {
        let (files, bytes) = sizes.get(name).copied().unwrap_or_default();
        let place = places.data.display().to_string();
        Asset {
            name,
            place,
            holds: "",
            files,
            bytes,
            facts: Vec::new(),
            sees: [Nothing; 4],
            until: String::new(),
            less: Vec::new(),
        }
    };
    let mut assets = vec![
        journal(places, observed.as_ref(), of("journal"), scope),
        raw_ids(places, of("raw ids")),
        raw_hold(places, of("raw hold")),
        Asset {
            holds: "events as they were minimised that a vendor refused, sealed to the key ring",
            sees: [Traces, Nothing, Content, Traces],
            until: format!("`hold.keep`, {} after each was refused", days(config.hold.keep)),
            less: vec![setting("hold.keep", "a shorter time; what was not replayed by then counts as dropped")],
            ..of("quarantine")
        },
        ledger(places, of("ledger"), scope),
        identity(of("identity index")),
        Asset {
            holds: "what vendors had before Weir, as declared: names, counts and keyed tags",
            sees: [Lines, Nothing, Testable, Lines],
            until: "as long as the vendor may have it".to_owned(),
            ..of("holdings")
        },
        Asset {
            holds: "how many events vendors said that they have, by day; no name",
            sees: [Lines, Nothing, Lines, Lines],
            until: "until the same days are compared once more".to_owned(),
            ..of("vendors' counts")
        },
        Asset {
            holds: "names of events and properties, counts, categories, lengths; of values keyed marks only",
            sees: [Names, Nothing, Names, Names],
            until: "until it is removed; it is made anew of what the journal holds".to_owned(),
            less: vec![(
                "remove `catalog` while Weir is stopped".to_owned(),
                "what was learned of older events goes".to_owned(),
            )],
            ..of("catalog")
        },
    ];
    assets.extend(audit(places, of("audit log"), of("notes")));
    for asset in assets.iter_mut().filter(|asset| asset.files == 0 && asset.name != "raw ids") {
        asset.sees = [Nothing; 4];
        asset.facts.push("there is none now".to_owned());
    }
    assets.push(configuration(config, of("configuration")));
    assets.push(keys(places));
    assets.push(secrets(config));
    assets.extend(folders_of_files(config));
    assets.push(Asset {
        holds: "versions, locks, the disk's reserve, heads of other ledgers",
        sees: [Traces, Nothing, Traces, Traces],
        until: "always".to_owned(),
        ..of("housekeeping")
    });
    let strange = of("not explained");
    if strange.files > 0 {
        assets.push(Asset {
            holds: "files in the data folder that are none of Weir's, or of another release",
            sees: [Content; 4],
            facts: vec!["what is not known counts as readable: move it out of the data folder".to_owned()],
            until: "not known".to_owned(),
            ..strange
        });
    }
    Ok(assets)
}

fn setting(path: &str, effect: &str) -> (String, String) {
    (path.to_owned(), effect.to_owned())
}

fn days(time: std::time::Duration) -> String {
    let hours = time.as_secs() / 3_600;
    if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} hours") }
}

fn journal(places: &Places, observed: Option<&Catalog>, asset: Asset, scope: &mut Vec<String>) -> Asset {
    let config = &places.config;
    let mut facts = Vec::new();
    let mut oldest = Millis(0);
    if let Some((_, keys)) = &places.keys {
        match survey(&places.data.join("journal"), keys) {
            Ok(survey) => {
                let events: u64 = survey.parts.iter().map(|part| part.events).sum();
                facts.push(format!("{events} events"));
                let first = survey.parts.iter().filter(|part| part.events > 0).map(|part| part.received.oldest).min();
                if let Some(first) = first {
                    oldest = first;
                    facts.push(format!("the oldest of {}", first.to_rfc3339()));
                    facts.extend(people_since(places, first, scope));
                }
            }
            Err(error) => scope.push(format!("NOT COUNTED: the events of the journal: {error}")),
        }
        facts.push(categories(observed, oldest));
    }
    Asset {
        holds: "events as the gate minimised them, sealed; a segment's key is wrapped by the master key",
        facts,
        sees: [Traces, Nothing, Content, Traces],
        until: format!(
            "until every destination has passed it and `journal.replay_window`, {}, is over; at most `journal.budget`",
            days(config.journal.replay_window)
        ),
        less: vec![
            setting("journal.replay_window", "a shorter time, and less that `weir resend` can repair"),
            setting("journal.budget", "a smaller limit, and a shorter outage of a vendor that is bridged"),
            setting("destinations.<id>.lag.max", "what waits for a vendor that is away expires sooner"),
        ],
        ..asset
    }
}

/// Ids of the time of the journal, as far as the ledger has rows of them.
fn people_since(places: &Places, from: Millis, scope: &mut Vec<String>) -> Option<String> {
    let question = Question { destinations: None, from, to: places.now };
    match ask(&places.data.join("ledger"), &question) {
        Ok(found) => {
            Some(format!("of at least {}, those that were to leave since then", counted(found.subjects, "id")))
        }
        Err(error) => {
            scope.push(format!("NOT COUNTED: the ids in the journal: {error}"));
            None
        }
    }
}

/// What was found in values that the gate kept.
fn categories(observed: Option<&Catalog>, oldest: Millis) -> String {
    let Some(catalog) = observed else { return "what was found in it is not known".to_owned() };
    let properties = catalog.events().iter().flat_map(|event| &event.properties);
    let kept = properties.flat_map(|property| {
        property.findings.iter().filter(move |found| found.events > property.withheld && found.last >= oldest)
    });
    let found: BTreeSet<Category> = kept.filter(|found| found.events > 0).map(|found| found.category).collect();
    if found.is_empty() {
        return "nothing was found in what the gate kept".to_owned();
    }
    let keys: Vec<&str> = found.iter().map(|category| category.key()).collect();
    format!("found in what the gate kept: {}", keys.join(", "))
}

fn raw_ids(places: &Places, asset: Asset) -> Asset {
    let raw: Vec<&str> = places
        .config
        .destinations
        .iter()
        .filter(|(_, destination)| matches!(destination.subject, Subject::Raw { .. }))
        .map(|(id, _)| id.as_str())
        .collect();
    let day_keys = places.keys.as_ref().map(|(_, keys)| {
        keys.list().iter().filter(|key| key.purpose == "raw ids of a day" && key.destroyed.is_none()).count()
    });
    let mut facts = vec![match &raw[..] {
        [] => "no destination is `raw`: none is kept (D8)".to_owned(),
        ids => format!("kept for {}", ids.join(", ")),
    }];
    facts.extend(day_keys.map(|count| format!("keys of {count} days live")));
    let both = if raw.is_empty() && day_keys == Some(0) { Nothing } else { Content };
    Asset {
        place: "in the journal".to_owned(),
        holds: "ids of people as the apps send them, sealed a second time to a key of their day; the only ids in clear that Weir keeps",
        facts,
        sees: [Nothing, Nothing, both, Nothing],
        until: "the day's key is destroyed with the day's last journal segment".to_owned(),
        less: vec![setting("destinations.<id>.subject", "`stable` or `{rotating: 7d}`: no id is kept at all")],
        ..asset
    }
}

fn raw_hold(places: &Places, asset: Asset) -> Asset {
    let config = &places.config;
    let has_key = places.keys.as_ref().is_some_and(|(dir, _)| dir.join("hold.key").is_file());
    let mut facts = vec![match (&places.keys, has_key) {
        (None, _) => "whether hold.key lies in the key folder is not known".to_owned(),
        (Some(_), true) => "hold.key lies in the key folder: who takes that opens these bodies".to_owned(),
        (Some(_), false) => "hold.key was moved away: neither folder opens these bodies".to_owned(),
    }];
    if !config.hold.keep_body {
        facts.push("`hold.keep_body` is false: new entries have no body".to_owned());
    }
    let both = if has_key || places.keys.is_none() { Content } else { Traces };
    Asset {
        holds: "events that could not be minimised, as they came in, sealed to a key that the gateway cannot open (D10)",
        facts,
        sees: [Traces, Nothing, both, Traces],
        until: format!("`hold.keep`, {} after each came in", days(config.hold.keep)),
        less: vec![
            (
                "move hold.key to another machine".to_owned(),
                "both folders together open no body; `--hold-key` names it when it is needed".to_owned(),
            ),
            setting("hold.keep_body: false", "only the reason is kept, and nothing can be replayed"),
            setting("hold.keep", "a shorter time"),
        ],
        ..asset
    }
}

fn ledger(places: &Places, asset: Asset, scope: &mut Vec<String>) -> Asset {
    let question = Question { destinations: None, from: Millis(0), to: places.now };
    let facts = match ask(&places.data.join("ledger"), &question) {
        Ok(found) => {
            let mut facts = vec![format!(
                "{} of {} and {}, to {}",
                counted(found.sums.held() + found.sums.rejected + found.sums.returned, "row"),
                counted(found.subjects, "id"),
                counted(found.organisations, "organisation"),
                counted(found.known.len() as u64, "destination")
            )];
            facts.extend(
                found.span.map(|(first, last)| format!("from {} to {}", first.to_rfc3339(), last.to_rfc3339())),
            );
            facts.push(format!("{} names of events and {} fields that left", found.events.len(), found.fields.len()));
            facts
        }
        Err(error) => {
            scope.push(format!("NOT COUNTED: the ledger: {error}"));
            Vec::new()
        }
    };
    Asset {
        holds: "who was sent what and when: keyed tags of 8 bytes for ids, names, field sets, the second, the country; no value, no id, no pseudonym",
        facts,
        sees: [Lines, Nothing, Testable, Lines],
        until: "as long as a vendor may have what left".to_owned(),
        less: vec![
            setting("slices: []", "no country stands in a row any more"),
            (
                "keep the key folder elsewhere".to_owned(),
                "without its tag key no row can be held against an id".to_owned(),
            ),
        ],
        ..asset
    }
}

fn identity(asset: Asset) -> Asset {
    Asset {
        holds: "which keyed tags belong together: user, device, e-mail, phone; no id",
        sees: [Lines, Nothing, Testable, Lines],
        until: "as long as the ledger".to_owned(),
        less: vec![(
            "remove the folder `identity` while Weir is stopped".to_owned(),
            "ids are not joined any more, and answers say so".to_owned(),
        )],
        ..asset
    }
}

fn audit(places: &Places, log: Asset, notes: Asset) -> [Asset; 2] {
    let (mut count, mut users, mut backups, mut keys, mut last) = (0_u64, BTreeSet::new(), 0_u64, 0_u64, None);
    let read = acts::each(&places.data.join("audit"), |at, entry| {
        let Entry::Act { actor, action, .. } = entry else { return };
        count += 1;
        if let Actor::Local { uid } = actor {
            users.insert(*uid);
        }
        backups += u64::from(action == "backup");
        keys += u64::from(action == "keys_backup");
        if action == "backup" || action == "keys_backup" {
            last = Some(at);
        }
    });
    let mut facts =
        vec![format!("{} of {} of this machine", counted(count, "act"), counted(users.len() as u64, "user"))];
    if let Some(last) = last {
        facts.push(format!(
            "{backups} backups of the data and {keys} of the keys were made, the last {}: where they lie is not recorded, and a backup of the keys is as secret as the key folder",
            last.to_rfc3339()
        ));
    }
    facts.extend(read.err().map(|error| format!("NOT COUNTED: {error}")));
    let log = Asset {
        holds: "who did what to this Weir, by number of user; no id of a person and no tag",
        facts,
        sees: [Names, Nothing, Names, Names],
        until: "always".to_owned(),
        ..log
    };
    let notes = Asset {
        holds: "why a bypass was opened and whom a question was about: the operators' words, and tags",
        sees: [Lines, Nothing, Testable, Lines],
        until: "until somebody deletes them, which breaks nothing".to_owned(),
        less: vec![("delete files in `audit/reasons`".to_owned(), "the acts stay, their notes go".to_owned())],
        ..notes
    };
    [log, notes]
}

fn configuration(config: &Config, asset: Asset) -> Asset {
    let keys: usize = config.sources.values().map(|source| source.write_keys.len()).sum();
    Asset {
        place: format!("{}; {}", asset.place, config.file().display()),
        holds: "sources with their write keys, destinations, rules; where secrets stand, never a secret",
        facts: vec![format!(
            "{keys} write keys, which apps carry and are public by nature; {} destinations",
            config.destinations.len()
        )],
        sees: [Names, Nothing, Names, Names],
        until: "always".to_owned(),
        ..asset
    }
}

fn keys(places: &Places) -> Asset {
    let (mut facts, mut files, mut bytes) = (Vec::new(), 0, 0);
    let mut place = "the key folder".to_owned();
    if let Some((dir, keys)) = &places.keys {
        place = dir.display().to_string();
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            files += 1;
            bytes += entry.metadata().map_or(0, |meta| meta.len());
        }
        let mut by_purpose: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for key in keys.list() {
            let count = by_purpose.entry(key.purpose).or_default();
            if key.destroyed.is_some() { count.1 += 1 } else { count.0 += 1 }
        }
        facts.extend(
            by_purpose.iter().map(|(purpose, (live, gone))| format!("{purpose}: {live} live, {gone} destroyed")),
        );
    }
    let raw = places.config.destinations.values().filter(|d| matches!(d.subject, Subject::Stable)).count();
    Asset {
        name: "key ring",
        place,
        holds: "master key, tag key, pseudonym keys of destinations. With them and a list of ids the pseudonyms that a vendor has can be made again, for as long as a key lives: a leak at a vendor can then be tied to people",
        files,
        bytes,
        facts,
        sees: [Nothing, Testable, Testable, Nothing],
        until: "a key of an epoch is destroyed when the vendor's copy of that time has expired".to_owned(),
        less: vec![
            setting(
                "destinations.<id>.subject",
                &format!(
                    "`{{rotating: 7d}}`: a key of its own for each time, which can be destroyed (`stable` now: {})",
                    counted(raw as u64, "destination")
                ),
            ),
            (
                "keep the key folder on another disk".to_owned(),
                "a thief of the data folder learns of lines and no more".to_owned(),
            ),
        ],
    }
}

/// Tokens of vendors and secrets of receivers, where they are in files.
fn secrets(config: &Config) -> Asset {
    let mut places: Vec<&SecretPlace> =
        config.destinations.values().flat_map(|destination| destination.secret_places()).collect();
    places.extend(config.webhook.iter().map(|webhook| webhook.secret.place()));
    places.extend(config.otlp.iter().flat_map(|otlp| otlp.headers.iter().map(|(_, secret)| secret.place())));
    places.extend(config.ships.values().filter_map(|ship| match &ship.way {
        ShipWay::Webhook(webhook) => Some(webhook.secret.place()),
        _ => None,
    }));
    let files: BTreeSet<&Path> = places
        .iter()
        .filter_map(|place| if let SecretPlace::File(file) = place { Some(file.as_path()) } else { None })
        .collect();
    let bytes = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|meta| meta.len()).sum();
    let variables = places.iter().filter(|place| matches!(place, SecretPlace::Variable(_))).count();
    Asset {
        name: "secrets of vendors",
        place: "files that weir.yaml names, and the environment of the process".to_owned(),
        holds: "tokens with which events can be sent to vendors, and for some read",
        files: files.len() as u64,
        bytes,
        facts: vec![format!(
            "{} in files, {variables} in variables of the environment; none in the data folder",
            files.len()
        )],
        // Not in either folder; who takes the whole disk of the machine has the files.
        sees: [
            if files.is_empty() { Nothing } else { Content },
            Nothing,
            if files.is_empty() { Nothing } else { Content },
            Nothing,
        ],
        until: "until they are changed at the vendor".to_owned(),
        less: vec![setting(
            "destinations.<id>.token: {env: NAME}",
            "given by the service manager: on no disk of Weir's",
        )],
    }
}

/// Folders and files that Weir writes for others, in clear.
fn folders_of_files(config: &Config) -> Vec<Asset> {
    let mut assets = Vec::new();
    let folders = config.destinations.values().filter_map(|destination| destination.folder.as_ref());
    let ships =
        config.ships.values().filter_map(|ship| if let ShipWay::File(file) = &ship.way { Some(file) } else { None });
    for (path, is_events) in folders.map(|path| (path, true)).chain(ships.map(|path| (path, false))) {
        let there = files_below(path).unwrap_or_default();
        let bytes = there.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|meta| meta.len()).sum();
        let sees = if is_events { Content } else { Names };
        assets.push(Asset {
            name: if is_events { "folder of files" } else { "file of acts" },
            place: path.display().to_string(),
            files: there.len() as u64,
            bytes,
            holds: if is_events {
                "what the destination's rules let leave, in clear"
            } else {
                "acts of the audit log, in clear"
            },
            facts: vec!["an erasure in Weir does not reach it".to_owned()],
            sees: [sees, Nothing, sees, Nothing],
            until: "as long as the operator keeps it".to_owned(),
            less: vec![if is_events {
                setting("destinations.<id>.release", "what does not leave is not in it; and another disk")
            } else {
                setting("audit_log.ship.<id>.to", "another disk")
            }],
        });
    }
    assets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_is_named_is_one_of_the_configuration() {
        let source = include_str!("facts.rs").split("#[cfg(test)]").next().unwrap();
        let settings: Vec<&str> =
            source.split("setting(\"").skip(1).filter_map(|rest| rest.split(['"', ':']).next()).collect();
        assert!(settings.len() > 8, "{settings:?}");
        for path in settings {
            assert!(crate::config::table::has(path), "{path} is no field of weir.yaml");
        }
    }

    #[test]
    fn every_file_that_may_lie_in_a_data_folder_belongs_to_an_asset() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/data.md");
        let page = std::fs::read_to_string(page).unwrap();
        let section = page.split("\n## The data folder\n").nth(1).unwrap().split("\n## ").next().unwrap();
        let names: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(name, _)| name)
            .collect();
        assert!(names.len() > 20, "{names:?}");
        for name in names {
            assert_ne!(
                asset_of(name),
                "not explained",
                "{name}: say in cli/ledger/itself/facts.rs what a thief learns of it"
            );
        }
        assert_eq!(asset_of("dump.sql"), "not explained");
    }
}
