//! `weir ledger answer`: the page that a customer gets: what left about an id, where, when and which fields, what did not and by which
//! rule, with what it takes to check each row in the reader's own browser, offline.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use weir_answers::subject::Occurrence;
use weir_console::command::Disclosure;
use weir_event::ids::hex;
use weir_event::{DestinationId, Millis};
use weir_ledger::entry::Entry;
use weir_ledger::receipt::Receipt;
use weir_ledger::rows::{Body, RowProof, RowsBody};
use weir_ledger::tree::note::base64;
use weir_ledger::{BatchId, Kind, history};
use weir_rows::thin::{Asked, fetch, is_summed};

use super::exposure::{looked, not_covered};
use super::subject::{Found, Question, sums};
use crate::cli::{Exit, Output, output};

/// Rows that a page holds: some kilobytes each.
const ROWS_MAX: usize = 2_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    question: Question,
    /// Where the page goes.
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// Who answers, as the page says it.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// What the page is made of.
struct Answer {
    found: Found,
    by: Option<String>,
    /// The key that checks the checkpoints, and its fingerprint.
    key: (String, String),
    receipts: BTreeMap<u64, Receipt>,
    /// Of each row, in their order; `None` where it cannot be shown any more: its batch's seed was destroyed.
    proofs: Vec<Option<RowProof>>,
    /// What there is to say of sums of months.
    sums: Option<String>,
}

/// What is said of a field at a destination.
#[derive(Default)]
struct Left<'a> {
    /// In how many rows it left.
    rows: u64,
    /// How it looked there.
    looked: BTreeSet<&'a str>,
    /// What was found in it.
    categories: BTreeSet<&'a str>,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let answer = match Answer::of(options) {
        Ok(answer) => answer,
        Err(why) => return out.fail(why),
    };
    let page = page::page(&answer);
    if let Err(why) = output::write_private(&options.html, page) {
        return out.fail(why);
    }
    out.show(&answer.value(), &answer.text(options));
    if answer.rows().is_empty() { Exit::Fine } else { Exit::Found }
}

impl Answer {
    fn of(options: &Options) -> Result<Answer, String> {
        let mut found = Found::of(&options.question, Disclosure::LedgerAnswer)?;
        // The page is handed to one person, and what left about another is not theirs to see.
        if found.person.is_shared() {
            return Err("a device of this id was used under other user ids, perhaps by other people, and this page goes to one: \
                        ask with --only, or see with `weir ledger subject` who is joined"
                .to_owned());
        }
        // A sum stands under no leaf of a batch: the page says how many there are, and cannot prove them.
        let sums = sums(&found.about);
        found.about.rows.retain(|row| row.sum.is_none());
        let rows = &found.about.rows;
        if rows.len() > ROWS_MAX {
            return Err(format!(
                "{} rows left about this id, and a page holds {ROWS_MAX}: ask for a shorter time with --from and --to",
                rows.len()
            ));
        }
        let data = &options.question.folders.data;
        let receipts = super::receipts(data, &found.dir, rows.iter().map(|row| row.entry).max())?;
        let entries: BTreeSet<u64> = rows.iter().map(|row| row.entry).collect();
        let of_entry = |entry: &u64| Ok::<_, String>((*entry, receipts.of(*entry).map_err(|error| error.to_string())?));
        let key = (receipts.verifier_key(), receipts.key().fingerprint());
        let of_entries = entries.iter().map(of_entry).collect::<Result<_, _>>()?;
        let proofs = proofs(&found)?;
        Ok(Answer { by: options.by.clone(), key, receipts: of_entries, proofs, sums, found })
    }

    fn rows(&self) -> &[Occurrence] {
        &self.found.about.rows
    }

    /// The time that was asked about, in words.
    fn window(&self) -> String {
        match self.found.from {
            Some(from) => format!("from {} to {}", from.to_rfc3339(), self.found.to.to_rfc3339()),
            None => format!("from the beginning of this ledger to {}", self.found.to.to_rfc3339()),
        }
    }

    /// Of each destination and field: in how many rows, and how it looked.
    fn left(&self) -> BTreeMap<(&DestinationId, &str), Left<'_>> {
        let mut left: BTreeMap<_, Left<'_>> = BTreeMap::new();
        for row in self.rows() {
            let mut seen = BTreeSet::new();
            for (path, category, action) in self.found.about.shapes.get(&row.field_set).iter().flat_map(|s| &s.left) {
                let line = left.entry((&row.destination, path.as_str())).or_default();
                // A field in which two categories were found stands there twice.
                line.rows += u64::from(seen.insert(path));
                line.looked.insert(looked(action));
                line.categories.extend(category.as_deref());
            }
        }
        left
    }

    /// Of each destination, field and rule: how many rows left without it.
    fn withheld(&self) -> BTreeMap<(&DestinationId, &str, &str), u64> {
        let mut withheld = BTreeMap::new();
        for row in self.rows() {
            for (path, rule) in self.found.about.shapes.get(&row.field_set).iter().flat_map(|s| &s.withheld) {
                *withheld.entry((&row.destination, path.as_str(), rule.as_str())).or_default() += 1;
            }
        }
        withheld
    }

    fn scope(&self) -> Vec<String> {
        let mut scope = self.found.scope();
        scope.extend(self.sums.iter().map(|sums| format!("not in the tables of this page: {sums}")));
        scope.push(
            "events about this id of which nothing left are counted in the exposure of each destination, and are in no row here"
                .to_owned(),
        );
        let audit = self.found.dir.with_file_name("audit");
        scope.extend(not_covered(&audit, self.found.from.unwrap_or(Millis(0)), self.found.to));
        let opaque = self.proofs.iter().filter(|proof| proof.is_none()).count();
        if opaque > 0 {
            scope.push(format!(
                "not to be checked any more: {}; what opens them was destroyed, as an erasure does",
                output::counted(opaque as u64, "row")
            ));
        }
        scope
    }

    /// What the page's own check reads.
    fn evidence(&self) -> Value {
        let mut notes: Vec<&str> = Vec::new();
        let mut entries = serde_json::Map::new();
        for (entry, receipt) in &self.receipts {
            let note = notes.iter().position(|note| *note == receipt.checkpoint).unwrap_or_else(|| {
                notes.push(&receipt.checkpoint);
                notes.len() - 1
            });
            let path: Vec<String> = receipt.path.iter().map(|hash| base64(hash)).collect();
            let value = json!({"index": receipt.index, "leaf": base64(&receipt.leaf), "path": path, "note": note});
            entries.insert(entry.to_string(), value);
        }
        // Sums of months name field sets, too, and are not in the page.
        let named: BTreeSet<_> = self.rows().iter().map(|row| row.field_set).collect();
        let texts = self.found.about.texts.iter().filter(|(id, _)| named.contains(id));
        let sets = texts.map(|(id, text)| (hex(&id.0), json!(text))).collect::<serde_json::Map<_, _>>();
        let rows: Vec<Value> = self
            .rows()
            .iter()
            .zip(&self.proofs)
            .map(|(row, proof)| {
                let proof = proof.as_ref()?;
                let path: Vec<String> = proof.path.iter().map(|hash| base64(hash)).collect();
                Some(
                    json!({"entry": row.entry, "row": base64(&proof.row), "blind": base64(&proof.blind), "path": path}),
                )
            })
            .map(|proof| proof.unwrap_or_default())
            .collect();
        json!({"key": self.key.0, "notes": notes, "entries": entries, "sets": sets, "rows": rows})
    }

    fn value(&self) -> Value {
        let left = self.left().into_iter().map(|((destination, path), Left { rows, looked, categories })| {
            json!({"destination": destination.as_str(), "field": path, "rows": rows, "looked": looked, "categories": categories})
        });
        let withheld = self.withheld().into_iter().map(|((destination, path, rule), rows)| {
            json!({"destination": destination.as_str(), "field": path, "rule": rule, "rows": rows})
        });
        json!({
            "window": self.window(),
            "rows": self.found.row_values(),
            "left": left.collect::<Vec<_>>(),
            "withheld": withheld.collect::<Vec<_>>(),
            "verifier_key": self.key.0,
            "fingerprint": self.key.1,
            "receipts": self.receipts.len(),
            "scope": self.scope(),
        })
    }

    fn text(&self, options: &Options) -> String {
        format!(
            "{}: {}, {}, {}\n  the page says to compare this fingerprint of the key with the one that you publish:\n  {}\n",
            options.html.display(),
            output::counted(self.rows().len() as u64, "row"),
            output::counted(self.receipts.len() as u64, "receipt"),
            self.window(),
            self.key.1
        )
    }
}

/// The proofs of the rows, from the part of the log that announced them.
fn proofs(found: &Found) -> Result<Vec<Option<RowProof>>, String> {
    let rows = &found.about.rows;
    let mut places: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    rows.iter().enumerate().for_each(|(at, row)| places.entry(row.entry).or_default().push(at));
    let mut proofs = vec![None; rows.len()];
    let Some((first, last)) = places.keys().next().zip(places.keys().next_back()) else { return Ok(proofs) };
    let mut thin = Vec::new();
    let mut prove = |index: u64, batch: BatchId, body: RowsBody<'_>| {
        let places = places.get(&index).map(Vec::as_slice).unwrap_or_default();
        let indexes: Vec<u16> = places.iter().map(|at| rows[*at].place).collect();
        let found = body.proofs(&found.keys, batch, &indexes).unwrap_or_default();
        places.iter().zip(found).for_each(|(at, proof)| proofs[*at] = Some(proof));
    };
    history::between(&found.dir, Kind::Egress, *first..last + 1, |index, at, entry, body| {
        let (Entry::Intent(intent), true) = (entry, places.contains_key(&index)) else { return };
        match Body::parse(body) {
            Ok(Body::Rows(body)) => prove(index, intent.batch, body),
            Ok(Body::Thin(_)) => thin.push((index, at, intent.clone(), body.to_owned())),
            Err(_) => {}
        }
    })
    .map_err(|error| error.to_string())?;
    // The path to a row's root goes over the hashes of all rows of its batch: where the log has given them up, the files have them.
    let asked =
        thin.iter().map(|(_, at, intent, _)| Asked { batch: intent.batch, destination: &intent.destination, at: *at });
    let fetched = fetch(&found.dir, &asked.collect::<Vec<_>>()).map_err(|error| error.to_string())?;
    for (index, at, intent, body) in &thin {
        let Ok(Body::Thin(body)) = Body::parse(body) else { continue };
        // A page does not go out beside rows that are not those that were recorded.
        let wrong = || format!("batch {} is not as it was recorded: run `weir ledger verify`", intent.batch.0);
        let whole =
            body.whole(&found.keys, intent.batch, fetched.of(intent.batch)).map_err(|error| error.to_string())?;
        if whole.is_none() && is_summed(&found.dir, &intent.destination, *at).map_err(|error| error.to_string())? {
            return Err("a month was summed up while the page was made: ask again".to_owned());
        }
        let whole = whole.ok_or_else(wrong)?;
        let whole = RowsBody::parse(&whole).ok().filter(|whole| whole.stored_root() == intent.rows_root);
        prove(*index, intent.batch, whole.ok_or_else(wrong)?);
    }
    Ok(proofs)
}
