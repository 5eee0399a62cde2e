//! `weir ledger subject`: everything that left about one person: when, to whom, which fields, under which pseudonym, with a receipt for each
//! batch. An id, an e-mail address or a phone number is asked for, and what the identity index joins to it (D6). Opens the key folder for
//! reading, since only its keys turn an id into what rows bear; the id itself is in no file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use weir_answers::Shape;
use weir_answers::holding::Item;
use weir_answers::subject::{About, Occurrence, about};
use weir_console::command::{Disclose, Disclosure};
use weir_event::ids::hex;
use weir_event::{Clock, DestinationId, Millis, SystemClock};
use weir_identity::Joined;
use weir_keys::{Epoch, KeySnapshot, Keys};
use weir_policy::canonical;
use weir_rows::months::MONTHS_FULL;

use super::exposure::{looked, window_of};
use super::persons::{self, Kind, Meaning, Person, Tagger};
use super::{Tree, tree_dir};
use crate::cli::disclosure::{Recording, Standing};
use crate::cli::holdings::report;
use crate::cli::output::{counted, table};
use crate::cli::{Exit, Folders, Output};
use crate::config::Config;
use crate::evidence;

/// Rows that are read out; of more, the oldest.
const ROWS_MAX: usize = 100_000;
/// Rows that a person is shown; `--json` has all.
const SHOWN_MAX: usize = 50;
/// Joined ids that a person is shown.
const JOINED_SHOWN_MAX: usize = 20;
/// An id is no longer than what the gate takes.
const ID_BYTES_MAX: u64 = 16 * 1024;

/// About whom, and from when to when.
#[derive(Debug, Args)]
pub(super) struct Question {
    /// The id as the apps send it, an e-mail address or a phone number. `-` reads it from standard input, so that it stands in no list of
    /// processes and no history.
    #[arg(value_name = "ID")]
    id: String,
    /// What it is. Default: a user's and a device's id, and an e-mail address or phone number where it looks like one.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Only this id: nothing that belongs to the same person is joined to it.
    #[arg(long)]
    only: bool,
    /// From when on: a time, a day, or how long ago, as 30d. Default: the ledger's beginning.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to this time, which is outside; a day counts to its end. Default: now.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    #[command(flatten)]
    recording: Recording,
    #[command(flatten)]
    pub(super) folders: Folders,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    question: Question,
    /// Writes a receipt for each batch into this folder (c2sp.org/tlog-proof), with the leaf that it is about beside it.
    #[arg(long, value_name = "FOLDER")]
    receipts: Option<PathBuf>,
}

/// What was found.
pub(super) struct Found {
    /// The egress ledger's folder.
    pub(super) dir: PathBuf,
    /// The id, as the gate makes it.
    pub(super) id: String,
    /// The time that was asked about.
    pub(super) from: Option<Millis>,
    /// Its end.
    pub(super) to: Millis,
    /// Whether that is all the time there was.
    is_whole: bool,
    /// The rows.
    pub(super) about: About,
    /// Opens the rows.
    pub(super) keys: Arc<Keys>,
    /// Whether the question is on record.
    pub(super) standing: Standing,
    snapshot: Arc<KeySnapshot>,
    pub(super) config: Option<Config>,
    spaces: Vec<String>,
    pub(super) person: Person,
    /// What joins ids says about itself; `None` where nothing was to be joined.
    joins: Option<Vec<String>>,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    match answer(options) {
        Ok((value, text, is_found)) => {
            out.show(&value, &text);
            if is_found { Exit::Found } else { Exit::Fine }
        }
        Err(why) => out.fail(why),
    }
}

fn answer(options: &Options) -> Result<(Value, String, bool), String> {
    let found = Found::of(&options.question, Disclosure::LedgerSubject)?;
    let about = &found.about;
    let receipts = options
        .receipts
        .as_ref()
        .map(|folder| of_batches(&options.question.folders.data, &found.dir, folder, about))
        .transpose()?;
    let mut scope = found.scope();
    scope.extend(receipts.as_ref().map(|names| {
        format!(
            "{}: each shows that the batch is in the tree that the checkpoint signs",
            counted(names.len() as u64, "receipt")
        )
    }));
    let (held, held_text) = held(&options.question.folders.data, &found.person.meanings)?;
    let is_found = !about.rows.is_empty() || !held.is_empty();
    let (joined, not_joined) = found.person.value();
    let value = json!({
        "holdings": held,
        "rows": found.row_values(),
        "more": about.more,
        "joined": joined,
        "not_joined": not_joined,
        "receipts": receipts,
        "scope": scope,
    });
    Ok((value, text(about, found.is_whole, &found.person, |row| found.pseudonym(row), &held_text, &scope), is_found))
}

/// Imports of what vendors had before Weir that this id is in, and with which fields.
fn held(data: &Path, meanings: &BTreeMap<u64, Meaning>) -> Result<(Vec<Value>, String), String> {
    let (mut list, mut text) = (Vec::new(), String::new());
    for (kept, holding) in evidence::holdings(data)? {
        let Some(holding) = holding else {
            text.push_str(&format!("{}\n", report::gone(&kept)));
            continue;
        };
        for items in meanings.keys().filter_map(|short| holding.of(*short)) {
            let items = items.unwrap_or_default();
            let word = |item: &Item| match item.category {
                Some(category) => format!("{} ({})", item.label, category.key()),
                None => item.label.clone(),
            };
            // A field in which something was found is said once, with what it is.
            let is_plain = |item: &Item| items.iter().all(|of| of.path != item.path || of.category.is_none());
            let said = items.iter().filter(|item| item.category.is_some() || is_plain(item));
            let fields: Vec<String> = said.map(|item| word(item)).collect();
            text.push_str(&format!(
                "also in an import of what {} had before Weir, as declared (import {}): {}\n",
                holding.said.vendor,
                kept.number,
                if fields.is_empty() { "with which fields is not known".to_owned() } else { fields.join(", ") }
            ));
            list.push(json!({
                "import": kept.number,
                "vendor": holding.said.vendor,
                "evidence": "declared",
                "items": items.iter().map(|item| json!({
                    "path": item.path, "name": item.label, "category": item.category.map(|category| category.key()),
                })).collect::<Vec<_>>(),
            }));
        }
    }
    Ok((list, text))
}

impl Found {
    /// Looks for it.
    pub(super) fn of(question: &Question, asked: Disclosure) -> Result<Found, String> {
        let Question { folders, .. } = question;
        let dir = tree_dir(&folders.data, Tree::Egress)?;
        let now = SystemClock.now();
        let (from, to) = window_of(question.from.as_deref(), question.to.as_deref(), now)?;
        let id = id(&question.id)?;
        let keys =
            Keys::open_read_only(&folders.key_folder()?, Arc::new(SystemClock)).map_err(|error| error.to_string())?;
        let config = folders.configuration()?;
        let snapshot = keys.snapshot();
        let tagger = Tagger::new(&snapshot, config.as_ref());
        let meant = tagger.meanings(&id, question.kind);
        if meant.is_empty() {
            return Err("this is no e-mail address or phone number: leave --kind away".to_owned());
        }
        let index = if question.only { None } else { persons::index(folders).map_err(only)? };
        let person = Person::new(meant, index.as_ref()).map_err(only)?;
        let wanted: BTreeSet<u64> = person.meanings.keys().copied().collect();
        // Those that were asked for: the others are found from them.
        let tags: Vec<u64> = person.meanings.iter().filter(|(_, of)| !of.is_joined).map(|(tag, _)| *tag).collect();
        let subjects = 1 + person.joined().len() as u64;
        let standing = question.recording.enter(folders, &tags, Disclose { subjects, ..Disclose::new(asked) })?;
        let about = about(&dir, &wanted, from.unwrap_or(Millis(0)), to, ROWS_MAX).map_err(|error| error.to_string())?;
        let spaces = tagger.spaces().into_iter().map(str::to_owned).collect();
        let joins = (!question.only).then(|| persons::scope(index.as_ref()));
        let is_whole = from.is_none() && to >= now;
        Ok(Found { dir, id, from, to, is_whole, about, keys, standing, snapshot, config, spaces, person, joins })
    }

    /// The time that was asked about, in words.
    pub(super) fn window(&self) -> String {
        let from = self.from.map_or_else(|| "the beginning of this ledger".to_owned(), Millis::to_rfc3339);
        format!("from {from} to {}", self.to.to_rfc3339())
    }

    /// How the subject appears there, as far as the key still exists.
    pub(super) fn pseudonym(&self, row: &Occurrence) -> Option<String> {
        pseudonym(row, self.about.shapes.get(&row.field_set), &self.person.meanings, &self.snapshot)
    }

    /// What the answer is about and what not.
    pub(super) fn scope(&self) -> Vec<String> {
        let mut list = vec![format!("{}; time is when it left", self.window())];
        list.extend(scope(&self.about, self.config.as_ref(), &self.spaces, &self.standing));
        match &self.joins {
            Some(joins) => {
                list.extend(joins.iter().cloned());
                list.extend(self.person.statements());
            }
            None => list.push("this id only, as asked: other ids of the same person are not joined to it".to_owned()),
        }
        list
    }

    /// Each row for programs.
    pub(super) fn row_values(&self) -> Vec<Value> {
        let rows = self.about.rows.iter();
        rows.map(|row| row_value(row, &self.about, &self.person.meanings, self.pseudonym(row))).collect()
    }
}

pub(super) fn only(why: String) -> String {
    format!("{why}. --only answers for this id alone")
}

/// The id, canonical as the gate makes it (D6).
pub(super) fn id(given: &str) -> Result<String, String> {
    let mut text = given.to_owned();
    if text == "-" {
        text.clear();
        let mut input = std::io::stdin().lock().take(ID_BYTES_MAX + 1);
        input.read_to_string(&mut text).map_err(|error| format!("standard input cannot be read: {}", error.kind()))?;
    }
    let id = canonical::id(&text).into_owned();
    match id.len() as u64 {
        0 => Err("the id is empty".to_owned()),
        len if len > ID_BYTES_MAX => Err(format!("an id has at most {ID_BYTES_MAX} bytes")),
        _ if canonical::is_sentinel(&id) => {
            Err("this is no id: apps send it when they have none, and Weir takes it for nobody".to_owned())
        }
        _ => Ok(id),
    }
}

/// How the subject appears there, as far as the key still exists. What left says whether it was the id itself or a pseudonym: the
/// configuration of today may say otherwise, or not name the destination any more.
fn pseudonym(
    row: &Occurrence,
    shape: Option<&Shape>,
    meanings: &BTreeMap<u64, Meaning>,
    keys: &KeySnapshot,
) -> Option<String> {
    let meaning = meanings.get(&row.subject)?;
    let epoch = if row.epoch == 0 { Epoch::Stable } else { Epoch::Rotating(row.epoch) };
    let path = format!("context.identity.{}", meaning.kind.name());
    match shape?.left.iter().find(|(left, _, _)| *left == path) {
        Some((_, _, action)) if action == "keep" => return Some("its own id".to_owned()),
        None if row.epoch == 0 => return None,
        Some(_) | None => {}
    }
    Some(keys.destination(&row.destination)?.pseudonym(epoch, meaning.kind.name(), &meaning.tag)?.to_string())
}

fn of_batches(data: &Path, dir: &Path, folder: &Path, about: &About) -> Result<Vec<String>, String> {
    let entries: BTreeSet<u64> = about.rows.iter().filter(|row| row.sum.is_none()).map(|row| row.entry).collect();
    let receipts = super::receipts(data, dir, entries.last().copied())?;
    super::write_receipts(&receipts, folder, entries)
}

/// What there is to say of rows of which the sum of a month is left.
pub(super) fn sums(about: &About) -> Option<String> {
    let last = about.rows.iter().filter(|row| row.sum.is_some()).map(|row| row.at).max()?;
    let rows = about.rows.iter().filter(|row| row.sum.is_some()).count();
    Some(format!(
        "sums of a month stand for {}, up to those of {}, which is all that is kept after {MONTHS_FULL} months: when in that month is not \
         known, one that the time asked about cuts counts whole, and no receipt can be given",
        counted(rows as u64, "row"),
        &last.to_rfc3339()[..7]
    ))
}

fn scope(about: &About, config: Option<&Config>, spaces: &[String], standing: &Standing) -> Vec<String> {
    let mut list = vec![
        format!(
            "counted from {} of the ledger; `weir ledger verify` says whether it is whole",
            counted(about.entries, "entry")
        ),
        format!("looked for in every environment and in the identity spaces {}", spaces.join(", ")),
        "events of nobody's id, and what left past Weir, are not in it; what left before it only as far as it was imported (`weir holdings`)".to_owned(),
        standing.line(),
    ];
    if config.is_none() {
        list.push("without a configuration identity spaces of its own are not looked in".to_owned());
    }
    list.extend(sums(about));
    if about.more > 0 {
        list.push(format!("{} more, all later: ask for a shorter time", counted(about.more, "row")));
    }
    list
}

fn row_value(row: &Occurrence, about: &About, meanings: &BTreeMap<u64, Meaning>, pseudonym: Option<String>) -> Value {
    let shape = about.shapes.get(&row.field_set);
    let left = shape.into_iter().flat_map(|shape| &shape.left);
    let withheld = shape.into_iter().flat_map(|shape| &shape.withheld);
    let meaning = meanings.get(&row.subject);
    json!({
        "time": row.at.to_rfc3339(),
        "sum_of_month": row.sum,
        "destination": row.destination.as_str(),
        "event": shape.map(|shape| shape.event.as_str()),
        "became": row.became.name(),
        "as": pseudonym,
        "id": format!("{:016x}", row.subject),
        "kind": meaning.map(|of| of.kind.name()),
        "joined": meaning.map(|of| of.is_joined),
        "environment": meaning.map(|of| of.environment.name()),
        "epoch": (row.epoch != 0).then_some(row.epoch),
        "left": left.map(|(path, category, action)| json!({"path": path, "category": category, "action": action})).collect::<Vec<_>>(),
        "withheld": withheld.map(|(path, rule)| json!({"path": path, "rule": rule})).collect::<Vec<_>>(),
        "generation": hex(&row.generation.0),
        "entry": row.entry,
        "batch": row.batch.0,
        "place": row.place,
    })
}

fn text(
    about: &About,
    is_whole: bool,
    person: &Person,
    pseudonym: impl Fn(&Occurrence) -> Option<String>,
    held: &str,
    scope: &[String],
) -> String {
    let mut text = String::new();
    if !person.joined().is_empty() {
        text.push_str(&format!("joined to this one: {}\n", counted(person.joined().len() as u64, "id")));
        let rows = |of: &Joined| -> u64 {
            about.rows.iter().filter(|row| row.subject == of.tag.short()).map(Occurrence::events).sum()
        };
        let lines = person.joined().iter().take(JOINED_SHOWN_MAX).map(|of| {
            let (id, kind, since) = (persons::short(of.tag), of.kind.name().to_owned(), of.first_seen.to_rfc3339());
            vec![id, kind, persons::by(of.by).to_owned(), persons::short(of.to), since, rows(of).to_string()]
        });
        text.push_str(&table(
            &["  joined", "is a", "by", "to", "since", "rows"],
            lines.map(|mut line| {
                line[0].insert_str(0, "  ");
                line
            }),
        ));
        if person.joined().len() > JOINED_SHOWN_MAX {
            text.push_str("  and more: --json has all\n");
        }
        text.push('\n');
    }
    if about.rows.is_empty() {
        text.push_str(if is_whole {
            "nothing left about this, as far as the ledger goes\n"
        } else {
            "nothing left about this in the time that was asked about\n"
        });
    }
    let mut by: BTreeMap<&DestinationId, Vec<&Occurrence>> = BTreeMap::new();
    about.rows.iter().for_each(|row| by.entry(&row.destination).or_default().push(row));
    for (destination, rows) in &by {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let mut became: BTreeMap<&str, u64> = BTreeMap::new();
        rows.iter().for_each(|row| *became.entry(row.became.name()).or_default() += row.events());
        let became: Vec<String> = became.iter().map(|(what, count)| format!("{count} {what}")).collect();
        text.push_str(&format!(
            "{destination}: {} from {} to {}: {}\n",
            counted(rows.iter().map(|row| row.events()).sum(), "row"),
            first.at.to_rfc3339(),
            last.at.to_rfc3339(),
            became.join(", ")
        ));
        let appears: BTreeSet<String> = rows
            .iter()
            .map(|row| pseudonym(row).unwrap_or_else(|| "a pseudonym that cannot be made again".to_owned()))
            .collect();
        text.push_str(&format!("  appears as {}\n", appears.into_iter().collect::<Vec<_>>().join(", ")));
        let mut fields: BTreeMap<&str, (u64, BTreeSet<&str>)> = BTreeMap::new();
        for row in rows {
            // A path in which two things were found stands there twice.
            let mut seen = BTreeSet::new();
            for (path, _, action) in about.shapes.get(&row.field_set).into_iter().flat_map(|shape| &shape.left) {
                let field = fields.entry(path).or_default();
                field.0 += if seen.insert(path) { row.events() } else { 0 };
                field.1.insert(looked(action));
            }
        }
        let lines = fields.into_iter().map(|(path, (count, how))| {
            vec![format!("  {path}"), count.to_string(), how.into_iter().collect::<Vec<_>>().join(", ")]
        });
        text.push_str(&table(&["  field", "rows", "how it looked"], lines));
        text.push('\n');
    }
    let shown = about.rows.len().saturating_sub(SHOWN_MAX);
    let rows = about.rows.iter().skip(shown).map(|row| {
        let event = about.shapes.get(&row.field_set).map(|shape| shape.event.clone()).unwrap_or_default();
        vec![
            match row.sum {
                None => row.at.to_rfc3339(),
                Some(events) => format!("{}, {events} times", &row.at.to_rfc3339()[..7]),
            },
            row.destination.to_string(),
            event,
            row.became.name().to_owned(),
            if row.sum.is_none() { row.entry.to_string() } else { String::new() },
        ]
    });
    if !about.rows.is_empty() {
        text.push_str(&table(&["left", "to", "event", "became", "entry"], rows));
    }
    if shown > 0 {
        text.push_str(&format!("and {shown} before these: --json has all\n"));
    }
    if !held.is_empty() {
        text.push_str(&format!("\n{held}"));
    }
    text.push_str("\nscope\n");
    scope.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    text
}
