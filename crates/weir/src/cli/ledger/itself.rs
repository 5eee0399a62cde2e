//! `weir ledger exposure --self`: what a thief of this Weir would get. Counted from what lies in the data folder and the key folder now,
//! asset by asset and thief by thief, with the setting that makes it less.
//!
//! What each file tells without a key is `docs/data.md`; that its sealed bytes do not hold what came in is tested from outside
//! (`tests/tests/self_exposure.rs`).

mod facts;
mod report;

use std::path::PathBuf;
use std::sync::Arc;

use weir_console::command::{Disclose, Disclosure};
use weir_event::{Clock, Millis, SystemClock};
use weir_keys::Keys;

use super::exposure::Options;
use crate::cli::{Exit, Output, output};
use crate::config::Config;

/// Who steals.
const THIEVES: [&str; 4] = ["the disk", "the keys", "both", "a backup"];

/// What one of them learns of an asset, from nothing to everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sees {
    /// Sealed, or not there.
    Nothing,
    /// How many, how large, when.
    Traces,
    /// Names, settings, who works here; nothing of a person.
    Names,
    /// That lines are of one person, without whose; keyed tags, pseudonyms.
    Lines,
    /// An id that the thief already has can be tried and found.
    Testable,
    /// What came in, or what left, in clear.
    Content,
}

impl Sees {
    const ALL: [Sees; 6] = [Sees::Nothing, Sees::Traces, Sees::Names, Sees::Lines, Sees::Testable, Sees::Content];

    const fn word(self) -> &'static str {
        match self {
            Sees::Nothing => "nothing",
            Sees::Traces => "traces",
            Sees::Names => "names",
            Sees::Lines => "lines",
            Sees::Testable => "testable",
            Sees::Content => "content",
        }
    }

    const fn says(self) -> &'static str {
        match self {
            Sees::Nothing => "sealed, or not in what was stolen",
            Sees::Traces => "how many, how large, when",
            Sees::Names => "names of events and properties, settings, who works here; nothing of a person",
            Sees::Lines => "which lines are of one person, without whose: keyed tags or pseudonyms",
            Sees::Testable => "an id that the thief already has can be tried, and found",
            Sees::Content => "values in clear",
        }
    }
}

/// One thing that could be stolen.
#[derive(Clone, Debug)]
struct Asset {
    name: &'static str,
    /// Where it lies.
    place: String,
    /// What it is, in a sentence.
    holds: &'static str,
    files: u64,
    bytes: u64,
    /// Counts and circumstances of this one.
    facts: Vec<String>,
    /// By thief, in the order of [`THIEVES`].
    sees: [Sees; 4],
    /// For how long it is there.
    until: String,
    /// Fields of weir.yaml, or steps, and what each does.
    less: Vec<(String, String)>,
}

/// All of it.
#[derive(Debug)]
struct Exposed {
    asked: Millis,
    assets: Vec<Asset>,
    scope: Vec<String>,
}

/// Where things are, as far as they could be opened.
struct Places {
    data: PathBuf,
    keys: Option<(PathBuf, Arc<Keys>)>,
    config: Config,
    now: Millis,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let exposed = match look(options) {
        Ok(exposed) => exposed,
        Err(why) => return out.fail(why),
    };
    let written = match options.html_file().map(|file| output::write(file, report::page(&exposed))).transpose() {
        Ok(written) => written.unwrap_or_default(),
        Err(why) => return out.fail(why),
    };
    out.show(&report::value(&exposed), &format!("{}{written}", report::text(&exposed)));
    Exit::Fine
}

fn look(options: &Options) -> Result<Exposed, String> {
    let folders = options.folders();
    folders.must_be_there()?;
    let config = folders.configuration()?.unwrap_or_else(Config::built_in);
    let recorded = options.recording().enter(folders, &[], Disclose::new(Disclosure::LedgerExposureSelf))?;
    let mut scope = vec![
        "counted from the files of the data folder and the key folder as they are now; ids are not people".to_owned(),
        "not in it: the memory of the running process, swap and core dumps; what vendors have (`weir ledger exposure`); snapshots \
         and blocks of deleted files that the file system keeps"
            .to_owned(),
        "`testable` needs the tag key of the key folder and a list of ids: there is no table from tags back to ids (D15)".to_owned(),
    ];
    let keys = folders.key_folder().and_then(|dir| {
        let keys = Keys::open_read_only(&dir, Arc::new(SystemClock)).map_err(|error| error.to_string())?;
        Ok((dir, keys))
    });
    let keys = match keys {
        Ok(keys) => Some(keys),
        Err(why) => {
            scope.push(format!(
                "NOT COUNTED: what needs the key folder to be counted, since it cannot be opened: {why}"
            ));
            None
        }
    };
    if folders.config_file().is_none() {
        scope.push("without a configuration settings are taken for their defaults: name it with --config".to_owned());
    }
    let places = Places { data: folders.data.clone(), keys, config, now: SystemClock.now() };
    let assets = facts::assets(&places, folders, &mut scope)?;
    scope.push(recorded.line());
    Ok(Exposed { asked: places.now, assets, scope })
}
