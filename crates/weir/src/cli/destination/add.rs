//! `weir destination add`: a new destination, asked for on a terminal or told by flags. Shows what each way for people to appear costs
//! and what would leave, both from the traffic that the journal holds, then the lines that are added to `weir.yaml`; then writes them
//! and makes the running Weir go by them. A secret is named by its variable or file; its value is never asked for.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use serde_json::{Value, json};
use weir_console::AdminError;
use weir_console::command::Command as Ask;
use weir_console::preview::{Preview, Price, PricePeriod};
use weir_event::DestinationId;
use weir_ledger::{Act, Target};

use super::preview;
use crate::cli::output::table;
use crate::cli::{Exit, Folders, Output, apply, offline};
use crate::config::edit::{Edit, EditError, Yaml};
use crate::config::resolve::TOKEN_OPTIONAL;
use crate::config::table::destination_words;
use crate::config::{Config, duration};
use crate::disk;

/// Events that are named in the summary; `weir destination preview` has all.
const EVENTS_SHOWN_MAX: usize = 12;

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Its id in the configuration and in the ledger, for ever.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// What receives the events, such as mixpanel or amplitude.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Where the vendor stores the data.
    #[arg(long)]
    region: Option<String>,
    /// Another address than the region's own.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// A private range that the endpoint lies in.
    #[arg(long, value_name = "RANGE")]
    allow_address: Vec<String>,
    /// The environment variable that holds the token.
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    token_env: Option<String>,
    /// The file that holds the token and nothing else.
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// For files: the folder, or s3://bucket/prefix.
    #[arg(long, value_name = "PLACE")]
    path: Option<String>,
    /// For ga4: the stream's measurement id.
    #[arg(long, value_name = "ID")]
    measurement_id: Option<String>,
    /// How people appear there: raw, stable, or rotating:7d.
    #[arg(long, value_name = "MODE")]
    subject: Option<String>,
    /// An environment whose events it takes, if not production.
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// A property that may leave beside the baseline. May be given several times.
    #[arg(long, value_name = "PATH")]
    allow: Vec<String>,
    /// A preset: a reviewed set of properties with bounded values. May be given several times.
    #[arg(long, value_name = "NAME")]
    preset: Vec<String>,
    /// Whom the vendor sends on to: VENDOR, VENDOR:REGION or VENDOR:REGION:DAY. May be given several times; `none` for nobody.
    #[arg(long, value_name = "VENDOR")]
    onward: Vec<String>,
    /// The traffic that price and preview are computed from.
    #[arg(long, value_name = "TIME", default_value = "30d")]
    since: String,
    /// Shows everything and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Does not ask whether to go on.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    folders: Folders,
}

pub(super) fn run(out: &Output, options: &Options) -> Exit {
    let asks = !options.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    match add(out, options.clone(), asks) {
        Ok(exit) => exit,
        Err(NotAdded::Apply(why)) => apply::not_applied(out, &why),
        Err(NotAdded::Other(why)) => out.fail(why),
    }
}

enum NotAdded {
    Apply(apply::NotApplied),
    Other(String),
}

impl From<String> for NotAdded {
    fn from(why: String) -> NotAdded {
        NotAdded::Other(why)
    }
}

impl From<EditError> for NotAdded {
    fn from(error: EditError) -> NotAdded {
        NotAdded::Other(error.to_string())
    }
}

fn add(out: &Output, mut options: Options, asks: bool) -> Result<Exit, NotAdded> {
    let file = apply::file(&options.folders)?;
    let before = Edit::open(&file)?;
    let config = before.check()?;
    complete(&mut options, &config, asks)?;
    let is_running = disk::is_in_use(&options.folders.data);

    // What leaves beside the ids does not depend on how people appear, so the price is known before that is chosen.
    if options.subject.is_none() {
        let looked = if is_running { look(&options, "stable") } else { Err(not_running()) };
        say(&looked.as_ref().map_or_else(ToString::to_string, |preview| price(&preview.price)));
        options.subject = Some(answer("how do people appear there: raw, stable or rotating:7d?", None)?);
    }
    let subject = options.subject.clone().unwrap_or_default();
    let (edit, id) = edited(&options, &subject)?;
    apply::generation(&edit.text(), &file, &apply::names())
        .map_err(|e| NotAdded::Apply(apply::NotApplied::Problems(e)))?;
    let looked = if is_running { look(&options, &subject) } else { Err(not_running()) };
    let diff = edit.diff();
    let shown = looked.as_ref().map_or_else(ToString::to_string, summary);
    let value = |done: bool, generation: Option<&str>| -> Value {
        let preview = looked.as_ref().ok();
        json!({"destination": id.as_str(), "done": done, "generation": generation, "diff": diff, "preview": preview})
    };
    if options.dry_run {
        out.show(&value(false, None), &format!("{shown}\n{diff}\nnothing was changed"));
        return Ok(Exit::Fine);
    }
    if asks {
        say(&format!("{shown}\n{diff}"));
        if !matches!(answer("write these lines and go by them? yes or no", Some("no"))?.as_str(), "y" | "yes") {
            out.show(&value(false, None), "nothing was changed");
            return Ok(Exit::Fine);
        }
    } else if !options.yes {
        return Err(NotAdded::Other(
            "this is no terminal to ask on: say --yes to write, or --dry-run to look".to_owned(),
        ));
    }
    let act =
        || Act { actor: offline::actor(), action: "destination_add", targets: vec![Target::Destination(id.clone())] };
    let ask = Ask::DestinationAdd { destination: id.to_string() };
    let applied = apply::apply(&options.folders, edit, &ask, act).map_err(NotAdded::Apply)?;
    let head = if asks { String::new() } else { format!("{shown}\n{diff}") };
    out.show(&value(true, applied.in_force()), &format!("{head}{}", applied.text()));
    Ok(Exit::Fine)
}

/// Asks for what no flag said.
fn complete(options: &mut Options, config: &Config, asks: bool) -> Result<(), String> {
    let mut missing = Vec::new();
    let mut need = |field: &mut Option<String>, flag: &'static str, question: &str, default: Option<&str>| {
        if field.is_none() && asks {
            *field = Some(answer(question, default)?);
        } else if field.is_none() {
            missing.push(flag);
        }
        Ok::<(), String>(())
    };
    need(&mut options.id, "--id", "id (a-z, 0-9, - and _; it stays in the ledger for ever)?", None)?;
    let kinds = words("type");
    need(&mut options.kind, "--type", &format!("type: {kinds}?"), None)?;
    let kind = options.kind.clone().unwrap_or_default();
    let known = weir_protocol::destination_kind(&kind);
    if options.kind.is_some() && known.is_none() {
        return Err(format!("there is no type {kind}: there is {kinds}"));
    }
    if let Some(id) = &options.id
        && config.destinations.keys().any(|known| known.as_str() == id)
    {
        return Err(format!("destination {id} is in the configuration already"));
    }
    match kind.as_str() {
        "files" => need(&mut options.path, "--path", "where: a folder, or s3://bucket/prefix?", None)?,
        "ga4" => need(&mut options.measurement_id, "--measurement-id", "measurement id (G-...)?", None)?,
        _ => {}
    }
    if asks && options.region.is_none() && options.endpoint.is_none() && kind != "files" {
        let answer = answer(&format!("region: one of {}?", words("region")), Some("us"))?;
        options.region = Some(answer);
    }
    if options.token_env.is_none() && options.token_file.is_none() && !TOKEN_OPTIONAL.contains(&kind.as_str()) {
        if !asks {
            missing.push("--token-env or --token-file");
        } else {
            let place =
                answer("where is the token: the NAME of an environment variable, or a /path/to/its/file?", None)?;
            if place.contains('/') {
                options.token_file = Some(place);
            } else {
                options.token_env = Some(place);
            }
        }
    }
    if asks && options.onward.is_empty() && known.is_some_and(|kind| kind.forwards) {
        let said = answer("whom does it send on to, as VENDOR:REGION, with spaces between; none for nobody?", None)?;
        options.onward = said.split_whitespace().map(str::to_owned).collect();
    }
    if !asks && options.subject.is_none() {
        // No silent default (D6): which is right is the operator's to say.
        missing.push("--subject raw|stable|rotating:7d");
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("say {}", missing.join(", "))) }
}

fn words(field: &str) -> String {
    destination_words(field).iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

/// The configuration with the destination.
fn edited(options: &Options, subject: &str) -> Result<(Edit, DestinationId), NotAdded> {
    let text = options.id.as_deref().unwrap_or_default();
    let id = DestinationId::parse(text).map_err(|error| format!("--id: {error}"))?;
    let mut edit = Edit::open(&apply::file(&options.folders)?)?;
    edit.set(&["destinations".into(), text.into()], destination(options, subject)?)?;
    Ok((edit, id))
}

/// The lines of the destination.
fn destination(options: &Options, subject: &str) -> Result<Yaml, String> {
    let mut fields: Vec<(&str, Yaml)> = vec![("type", options.kind.as_deref().unwrap_or_default().into())];
    let optional = [("region", &options.region), ("endpoint", &options.endpoint)];
    fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?.into()))));
    let texts = |list: &[String]| Yaml::texts(list.iter().map(String::as_str));
    if !options.allow_address.is_empty() {
        fields.push(("allow_addresses", texts(&options.allow_address)));
    }
    let token_file = options.token_file.as_deref().map(from_here);
    match (&options.token_env, &token_file) {
        (Some(variable), _) => fields.push(("token", Yaml::map([("env", variable.as_str().into())]))),
        (_, Some(file)) => fields.push(("token", Yaml::map([("file", file.as_str().into())]))),
        _ => {}
    }
    if let Some(place) = &options.path {
        let place = if place.starts_with("s3://") { place.clone() } else { from_here(place) };
        fields.push(("files", Yaml::map([("path", place.as_str().into())])));
    }
    if let Some(stream) = &options.measurement_id {
        fields.push(("ga4", Yaml::map([("measurement_id", stream.as_str().into())])));
    }
    fields.push(("subject", subject_field(subject)?));
    if !options.environment.is_empty() {
        fields.push(("environments", texts(&options.environment)));
    }
    match options.onward.as_slice() {
        [] => {}
        [nobody] if nobody == "none" => fields.push(("onward", Yaml::List(Vec::new()))),
        list => fields.push(("onward", Yaml::List(list.iter().map(|text| onward(text)).collect()))),
    }
    let mut release = vec![("allow", texts(&options.allow))];
    if !options.preset.is_empty() {
        let rules = options.preset.iter().map(|preset| Yaml::map([("preset", preset.as_str().into())]));
        release.push(("rules", Yaml::List(rules.collect())));
    }
    fields.push(("release", Yaml::map(release)));
    Ok(Yaml::map(fields))
}

/// A path as it was meant where the command was typed; in `weir.yaml` a relative one would count from that file's folder.
fn from_here(path: &str) -> String {
    std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| path.to_owned())
}

fn subject_field(text: &str) -> Result<Yaml, String> {
    match text.split_once(':') {
        None if matches!(text, "raw" | "stable") => Ok(text.into()),
        Some(("rotating", period)) if duration(period).is_some() => Ok(Yaml::map([("rotating", period.into())])),
        _ => Err("--subject is raw, stable, or rotating with its time, as rotating:7d".to_owned()),
    }
}

fn onward(text: &str) -> Yaml {
    let names = ["vendor", "region", "since"];
    Yaml::map(names.into_iter().zip(text.splitn(3, ':')).map(|(name, part)| (name, part.into())))
}

fn look(options: &Options, subject: &str) -> Result<Preview, AdminError> {
    let failed = |why: NotAdded| match why {
        NotAdded::Other(message) => AdminError::request(message),
        NotAdded::Apply(why) => AdminError::request(why.to_string()),
    };
    let (edit, id) = edited(options, subject).map_err(failed)?;
    preview::ask(&options.folders, id.as_str(), Some(edit.text()), None, &options.since)
}

fn not_running() -> AdminError {
    AdminError::request(
        "price and preview: not known, because no weir runs on this data folder whose traffic could be read",
    )
}

/// What leaves, and what the ways for people to appear cost.
fn summary(preview: &Preview) -> String {
    if preview.events == 0 {
        return format!(
            "{}: no event was received in this time, so nothing can be said of price and effect",
            preview.destination
        );
    }
    let rows = preview.list.iter().take(EVENTS_SHOWN_MAX).map(|event| {
        let leaving: Vec<&str> =
            event.properties.iter().filter(|p| !p.leaves.is_empty()).map(|p| p.path.as_str()).collect();
        let withheld = event.properties.iter().filter(|p| p.leaves.is_empty()).count();
        vec![
            event.event.clone(),
            format!("{} of {}", event.leaves, event.seen),
            leaving.join(", "),
            withheld.to_string(),
        ]
    });
    let more = preview.list.len().saturating_sub(EVENTS_SHOWN_MAX);
    let more = if more > 0 { format!("and {more} more events: weir destination preview\n") } else { String::new() };
    let table = table(&["event", "leaves", "with", "withheld"], rows);
    format!(
        "what would have left of {} events since {}:\n{table}{more}\n{}",
        preview.events,
        preview.from,
        price(&preview.price)
    )
}

/// The price of each way, from the traffic.
fn price(price: &Price) -> String {
    let Price { subjects, span_millis, .. } = price;
    let mut text = format!("how people may appear, by {subjects} users and devices in {}:\n", span(*span_millis));
    text.push_str("  raw           nothing changes in the vendor's reports; a breach there exposes your own ids\n");
    text.push_str(&format!(
        "  stable        an existing project sees all of them as new, once ({subjects} in this time); after that nothing is lost\n"
    ));
    for period in &price.rotating {
        text.push_str(&format!(
            "  {:<13} {}\n",
            format!("rotating:{}", span(period.period_millis)),
            of_period(period, *subjects)
        ));
    }
    text
}

fn of_period(period: &PricePeriod, subjects: u64) -> String {
    if !period.is_enough {
        return "too little traffic to say: it takes 100 users and one and a half times as long".to_owned();
    }
    let multiplier = period.pseudonyms as f64 / subjects.max(1) as f64;
    let returning = period.returning as f64 * 100.0 / subjects.max(1) as f64;
    format!(
        "billed users \u{d7} {multiplier:.2} in this time; {returning:.0} % came back in a later epoch and look new there; retention and cohorts reach one epoch"
    )
}

fn span(millis: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m")];
    let found = units.into_iter().find(|(unit, _)| millis >= *unit);
    found.map_or_else(|| "less than a minute".to_owned(), |(unit, name)| format!("{}{name}", millis / unit))
}

fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// One line from the terminal.
fn answer(question: &str, default: Option<&str>) -> Result<String, String> {
    let shown = default.map_or(String::new(), |default| format!(" [{default}]"));
    loop {
        let _ = write!(std::io::stderr().lock(), "{question}{shown} ");
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).map_err(|e| e.kind().to_string())?;
        if read == 0 {
            return Err("the terminal was closed: nothing was changed".to_owned());
        }
        match (line.trim(), default) {
            ("", Some(default)) => return Ok(default.to_owned()),
            ("", None) => {}
            (text, _) => return Ok(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_said_only_where_the_traffic_bears_it() {
        let of = |subjects, pseudonyms, returning, is_enough| {
            of_period(&PricePeriod { pseudonyms, returning, is_enough, ..PricePeriod::default() }, subjects)
        };
        assert!(of(200, 300, 60, true).starts_with("billed users \u{d7} 1.50 in this time; 30 % came back"));
        assert!(of(5, 9, 4, false).starts_with("too little traffic"));
        let text = price(&Price { subjects: 200, span_millis: 3 * 86_400_000, rotating: Vec::new() });
        assert!(text.contains("by 200 users and devices in 3d"), "{text}");
    }

    #[test]
    fn a_subject_has_no_default_and_a_rotating_one_its_time() {
        assert_eq!(subject_field("stable"), Ok("stable".into()));
        assert_eq!(subject_field("rotating:7d"), Ok(Yaml::map([("rotating", "7d".into())])));
        for bad in ["", "rotating", "rotating:", "rotating:7", "raw:1d", "hashed"] {
            assert!(subject_field(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_relative_path_is_of_the_folder_where_the_command_was_typed() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(from_here("token.txt"), here.join("token.txt").to_str().unwrap());
        assert_eq!(from_here("/run/secrets/token"), "/run/secrets/token");
    }

    #[test]
    fn onward_recipients_are_declared_as_far_as_they_are_told() {
        assert_eq!(onward("braze"), Yaml::map([("vendor", "braze".into())]));
        let all = [("vendor", "braze".into()), ("region", "us".into()), ("since", "2026-01-31".into())];
        assert_eq!(onward("braze:us:2026-01-31"), Yaml::map(all));
    }
}
