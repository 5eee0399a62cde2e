//! `weir ledger postcard`: one person as a vendor saw them before, and sees them now. Two cards, every value on them made up: which fields,
//! what was in them, what policy makes of them. Before is what an import of the vendor's export had of this person (`weir holdings`);
//! where there is none, it is what the app tried to send.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use weir_answers::example;
use weir_answers::subject::{About, Became, Occurrence};
use weir_console::command::Disclosure;
use weir_event::{DestinationId, Millis};

use super::exposure::looked;
use super::subject::{Found, Question};
use crate::cli::audit::sensitivity::weight_of;
use crate::cli::holdings::report as held;
use crate::cli::output::{self, counted, day, table};
use crate::cli::page::{breakable, escaped, head};
use crate::cli::{Exit, Output, apply, catalog};
use crate::evidence;

#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    question: Question,
    /// As which vendor sees them.
    #[arg(long, value_name = "ID")]
    destination: String,
    /// Writes the two cards as one page to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// A field on a card.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Line {
    name: String,
    /// What was found in it.
    categories: BTreeSet<String>,
    /// Made up.
    example: &'static str,
    /// What policy did with it, the last time that it left; empty: nothing, as before.
    action: String,
    /// What else it did, at other times or with other values of a list: the vendor has these, too.
    others: BTreeSet<String>,
}

struct Postcard {
    vendor: String,
    /// Where before is from.
    source: String,
    is_declared: bool,
    before: BTreeMap<String, Line>,
    now: BTreeMap<String, Line>,
    withheld: BTreeMap<String, BTreeSet<String>>,
    rows: u64,
    span: Option<(Millis, Millis)>,
    /// How many ids are joined to the one that was asked for.
    joined: usize,
    /// Whether the question is in the audit log.
    recorded: String,
    /// What the cards are about and what not; what is recorded is among it.
    scope: Vec<String>,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let card = match card(options) {
        Ok(card) => card,
        Err(why) => return out.fail(why),
    };
    let mut text = card.text();
    if let Some(file) = &options.html {
        match output::write_private(file, card.page()) {
            Ok(written) => text.push_str(&written),
            Err(why) => return out.fail(why),
        }
    }
    out.show(&card.value(), &text);
    // An import may have somebody without saying with which fields.
    if !card.is_declared && card.before.is_empty() && card.now.is_empty() { Exit::Fine } else { Exit::Found }
}

fn card(options: &Options) -> Result<Postcard, String> {
    let folders = &options.question.folders;
    let destination = DestinationId::parse(&options.destination).map_err(|error| format!("--destination: {error}"))?;
    let found_of = Found::of(&options.question, Disclosure::Postcard)?;
    let config = found_of.config.as_ref();
    let vendor = config.and_then(|config| config.destinations.get(&destination)).map(|of| of.vendor.clone());
    let wanted: BTreeSet<u64> = found_of.person.meanings.keys().copied().collect();
    let (recorded, joined) = (found_of.standing.line(), found_of.person.joined().len());
    let mut scope = found_of.scope();
    let mut about = found_of.about;
    let is_known = vendor.is_some()
        || weir_answers::ask(&found_of.dir, &nothing_of(&destination)).is_ok_and(|of| of.known.contains(&destination));
    if !is_known {
        return Err(format!(
            "neither the configuration nor the ledger knows a destination {destination}: `weir destination list` has them"
        ));
    }
    about
        .rows
        .retain(|row| row.destination == destination && matches!(row.became, Became::Accepted | Became::PossiblyHeld));

    let names = apply::names();
    let observed = catalog::load(folders, &names).ok();
    let kinds = observed.as_ref().map(|catalog| catalog::kinds(catalog, &names)).unwrap_or_default();
    let found = observed.as_ref().map(|catalog| catalog::found(catalog, &names)).unwrap_or_default();
    let kind = |path: &str| kinds.get(path).copied().unwrap_or_default();

    let (mut now, withheld) = (left(&about), withheld(&about));
    let span = about.rows.first().zip(about.rows.last()).map(|(first, last)| (first.at, last.at));
    let (mut before, mut imports) = (BTreeMap::<String, Line>::new(), Vec::new());
    let named = [(destination.clone(), vendor.clone())];
    for (kept, holding) in evidence::holdings(&folders.data)? {
        let Some(holding) = holding else {
            scope.push(held::gone(&kept));
            continue;
        };
        if !crate::cli::holdings::about(&holding, None, &named) {
            continue;
        }
        for items in wanted.iter().filter_map(|short| holding.of(*short)) {
            imports.push(kept.number.to_string());
            if items.is_none() {
                scope.push(format!("import {} has this person, and with which fields is not known", kept.number));
            }
            for item in items.into_iter().flatten() {
                let new = || Line { name: item.label.clone(), ..Line::default() };
                let line = before.entry(item.path.clone()).or_insert_with(new);
                line.categories.extend(item.category.map(|category| category.key().to_owned()));
            }
        }
    }
    let is_declared = !imports.is_empty();
    imports.dedup();
    if !is_declared {
        // What the app tried to send: what left, and what did not, as it was.
        let paths = now.keys().chain(withheld.keys()).cloned().collect::<BTreeSet<String>>();
        for path in paths {
            let mut categories = now.get(&path).map(|line| line.categories.clone()).unwrap_or_default();
            categories.extend(found.get(&path).into_iter().flatten().cloned());
            before.insert(path.clone(), Line { name: path, categories, ..Line::default() });
        }
    }
    // One name for a field on both cards.
    for (path, line) in &mut now {
        if let Some(was) = before.get(path) {
            line.name.clone_from(&was.name);
        }
    }
    for (path, line) in before.iter_mut().chain(&mut now) {
        let worst = line.categories.iter().max_by_key(|key| weight_of(key)).map(String::as_str);
        line.example = example::of(path, worst, &line.action, kind(path));
    }
    let source = match is_declared {
        true => format!("from import {}, as declared", imports.join(", ")),
        false => {
            "no import that can be read has this person (`weir holdings import`): what the app tried to send".to_owned()
        }
    };
    let vendor = vendor.unwrap_or_else(|| destination.to_string());
    let rows = about.rows.iter().map(Occurrence::events).sum();
    Ok(Postcard { vendor, source, is_declared, before, now, withheld, rows, span, joined, recorded, scope })
}

/// A question about no time at all, whose answer says which destinations the ledger knows.
fn nothing_of(destination: &DestinationId) -> weir_answers::Question {
    let destinations = Some(BTreeMap::from([(destination.clone(), Vec::new())]));
    weir_answers::Question { destinations, from: Millis(0), to: Millis(0) }
}

/// The fields that left, each as it did the last time.
fn left(about: &About) -> BTreeMap<String, Line> {
    let mut fields = BTreeMap::<String, Line>::new();
    // The newest row first: the first way that is met is how the field left last.
    for shape in about.rows.iter().rev().filter_map(|row| about.shapes.get(&row.field_set)) {
        for (path, category, action) in &shape.left {
            let new = || Line { name: path.clone(), action: action.clone(), ..Line::default() };
            let line = fields.entry(path.clone()).or_insert_with(new);
            line.categories.extend(category.clone());
            if line.action != *action {
                line.others.insert(action.clone());
            }
        }
    }
    fields
}

/// The fields that did not, and by which rules.
fn withheld(about: &About) -> BTreeMap<String, BTreeSet<String>> {
    let mut fields = BTreeMap::<String, BTreeSet<String>>::new();
    let shapes = about.rows.iter().filter_map(|row| about.shapes.get(&row.field_set));
    for (path, rule) in shapes.flat_map(|shape| &shape.withheld) {
        fields.entry(path.clone()).or_default().insert(rule.clone());
    }
    fields
}

impl Line {
    /// How it looked to the vendor.
    fn how(&self) -> String {
        if self.action.is_empty() { "as it was".to_owned() } else { looked(&self.action).to_owned() }
    }

    /// How else; empty where it always looked the same.
    fn otherwise(&self) -> String {
        let others: Vec<&str> = self.others.iter().map(|action| looked(action)).collect();
        if others.is_empty() { String::new() } else { format!("also {}", others.join(", ")) }
    }
}

impl Postcard {
    fn title(&self) -> String {
        format!("One person, as {} saw them, and sees them now", self.vendor)
    }

    /// What became of a field of before.
    fn fate(&self, path: &str) -> String {
        if let Some(line) = self.now.get(path) {
            let (how, otherwise) = (line.how(), line.otherwise());
            let comma = if otherwise.is_empty() { "" } else { ", " };
            return format!("{} ({how}{comma}{otherwise})", line.example);
        }
        match self.withheld.get(path) {
            Some(rules) => format!("not sent, by rule {}", rules.iter().cloned().collect::<Vec<_>>().join(", ")),
            None => "not sent by Weir".to_owned(),
        }
    }

    fn rest(&self) -> String {
        let time = self.span.map(|(first, last)| format!(", {} to {}", day(first.day()), day(last.day())));
        let joined = match self.joined {
            0 => String::new(),
            joined => format!(" and {} joined to it", counted(joined as u64, "id")),
        };
        let time = time.unwrap_or_default();
        format!("{} that left about this id{joined} by the ledger{time}", counted(self.rows, "event"))
    }

    fn text(&self) -> String {
        let mut scope = "\nscope\n".to_owned();
        self.scope.iter().for_each(|line| scope.push_str(&format!("  {line}\n")));
        if self.before.is_empty() && self.now.is_empty() {
            let import = if self.is_declared { format!("\nbefore: {}", self.source) } else { String::new() };
            return format!(
                "no field left about this id for this destination, and no import says one{import}\n{scope}"
            );
        }
        let mut text = format!("{}\n\n", self.title());
        let paths: BTreeSet<&String> = self.before.keys().chain(self.now.keys()).collect();
        let rows = paths.into_iter().map(|path| {
            let was = self.before.get(path);
            let categories = was.map(|line| line.categories.iter().cloned().collect::<Vec<_>>().join(", "));
            vec![
                was.map_or(path, |line| &line.name).clone(),
                was.map_or("–", |line| line.example).to_owned(),
                self.fate(path),
                categories.unwrap_or_default(),
            ]
        });
        text.push_str(&table(&["field", "before (made up)", "now (made up)", "what was found in it"], rows));
        let _ = write!(
            text,
            "\nbefore: {}\nnow: {}\nevery value is made up; no value of this person is in it\n{scope}",
            self.source,
            self.rest()
        );
        text
    }

    fn value(&self) -> Value {
        let lines = |card: &BTreeMap<String, Line>| {
            let line = |(path, line): (&String, &Line)| json!({"path": path, "name": line.name, "example": line.example, "categories": line.categories, "how": line.how(), "also": line.others.iter().map(|action| looked(action)).collect::<Vec<_>>()});
            card.iter().map(line).collect::<Vec<_>>()
        };
        json!({
            "vendor": self.vendor,
            "before": {"evidence": if self.is_declared { "declared" } else { "tried to send" }, "from": self.source, "fields": lines(&self.before)},
            "now": {"evidence": "sent by Weir", "events": self.rows, "fields": lines(&self.now)},
            "withheld": self.withheld,
            "made_up": true,
            "recorded": self.recorded,
            "joined": self.joined,
            "scope": self.scope,
        })
    }

    fn page(&self) -> String {
        let title = self.title();
        let mut out = head(&title);
        let _ = write!(out, "<main class=\"cards\">\n<h1>{}</h1>\n", escaped(&title));
        let before = self.before.values().map(|line| (line, "past"));
        let now = self.now.values().map(|line| (line, "weir"));
        self.card(&mut out, "Before", &self.source, before.collect());
        self.card(&mut out, "Now", &self.rest(), now.collect());
        out.push_str("<p class=\"quiet\">Every value here is made up. What is true are the fields, what was found in them, and what left.</p>\n");
        out.push_str("<section class=\"all\" aria-labelledby=\"scope\">\n<h2 id=\"scope\">What this says and what not</h2>\n<ul>\n");
        for line in &self.scope {
            let _ = writeln!(out, "<li>{}</li>", escaped(line));
        }
        out.push_str("</ul>\n</section>\n</main>\n</body>\n</html>\n");
        out
    }

    fn card(&self, out: &mut String, heading: &str, from: &str, lines: Vec<(&Line, &str)>) {
        let id = heading.to_ascii_lowercase();
        let _ =
            write!(out, "<section class=\"card\" aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n<dl>\n");
        for (line, class) in lines {
            let is_bad =
                line.categories.iter().any(|key| weight_of(key) >= crate::cli::audit::sensitivity::SENSITIVE_MIN);
            let class = if class == "weir" || is_bad { class } else { "" };
            let _ = writeln!(
                out,
                "<dt>{}</dt><dd><span class=\"{class}\">{}</span> <span class=\"quiet\">{}</span></dd>",
                breakable(&line.name),
                escaped(line.example),
                escaped(&line.otherwise())
            );
        }
        let gone: Vec<&String> = self.before.keys().filter(|path| !self.now.contains_key(*path)).collect();
        if heading == "Now" && !gone.is_empty() {
            let names: Vec<String> =
                gone.iter().filter_map(|path| Some(breakable(&self.before.get(*path)?.name))).collect();
            let _ = writeln!(out, "<dt>not sent</dt><dd class=\"quiet\">{}</dd>", names.join(", "));
        }
        let _ = write!(out, "</dl>\n<p class=\"quiet\">{}</p>\n</section>\n", escaped(from));
    }
}

#[cfg(test)]
mod tests {
    use weir_answers::Shape;
    use weir_event::GenerationId;
    use weir_ledger::{BatchId, FieldSetId, Purpose};

    use super::*;

    #[test]
    fn a_field_is_as_it_left_last_and_says_how_else_it_did() {
        let row = |place: u16, set: u8| Occurrence {
            subject: 1,
            entry: u64::from(place),
            at: Millis(i64::from(place)),
            sum: None,
            destination: DestinationId::parse("product").unwrap(),
            field_set: FieldSetId([set; 16]),
            epoch: 0,
            batch: BatchId(1),
            place,
            purpose: Purpose::Deliver,
            generation: GenerationId([0; 8]),
            became: Became::Accepted,
        };
        let shape = |email: &str| Shape {
            event: "Signup".to_owned(),
            left: vec![
                ("email".to_owned(), Some("user.contact.email".to_owned()), email.to_owned()),
                ("plan".to_owned(), None, "keep".to_owned()),
            ],
            withheld: Vec::new(),
        };
        // The rule was tightened between the first row and the second.
        let about = About {
            rows: vec![row(1, 1), row(2, 2)],
            shapes: BTreeMap::from([
                (FieldSetId([1; 16]), shape("keep")),
                (FieldSetId([2; 16]), shape("pseudonymize")),
            ]),
            ..About::default()
        };
        let now = left(&about);
        assert_eq!(
            (now["email"].how().as_str(), now["email"].otherwise().as_str()),
            ("as a pseudonym", "also as it was")
        );
        assert_eq!((now["plan"].how().as_str(), now["plan"].otherwise().as_str()), ("as it was", ""));
    }
}
