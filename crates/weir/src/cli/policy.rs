//! `weir policy propose`: allow rules for what was observed without a finding, to be reviewed by a person.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;
use weir_console::command::Command as Ask;
use weir_event::{Clock, DestinationId, Millis, SourceId, SystemClock};
use weir_ledger::{Act, Target};
use weir_policy::Expectation;

use super::{Exit, Folders, Output, apply, catalog, offline};
use crate::config::edit::{Edit, Step, Yaml};
use crate::config::{self, Config};
use crate::propose::{Candidate, Proposal, Scope};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Allow rules for what was seen without a finding and does not look like an id, each with an owner and a last day. Prints them
    /// for review; what looks like an id or had a finding is named apart. With --write they go into the configuration.
    #[command(
        after_help = "Example:\n  weir policy propose --from-observed --destination product --owner growth --since 7d\n  weir policy propose --from-observed --destination product --owner growth --until 2027-03-31 --write\n\nExit codes: 0 nothing is left to decide, 1 something needs your decision, 2 could not run"
    )]
    Propose(Propose),
}

#[derive(Debug, Args)]
pub(super) struct Propose {
    /// From what the catalog has observed. There is no other way yet.
    #[arg(long, required = true)]
    from_observed: bool,
    /// The destination whose allow list is to take it up.
    #[arg(long, value_name = "ID")]
    destination: String,
    /// Only what this source sends.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Only what was seen in this time before now, to the day.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    since: String,
    /// Who answers for what is allowed.
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// The last day on which it leaves. Default: 90 days from now.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// Writes the rules into the configuration and puts it in force, as if they had been pasted.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    folders: Folders,
}

/// How long an allowance lasts if nothing else is said.
const LASTS_MILLIS: i64 = 90 * Millis::DAY;

pub(super) fn run(out: &Output, command: &Command) -> Exit {
    let Command::Propose(options) = command;
    match propose(out, options) {
        Ok(exit) => exit,
        Err(why) => out.fail(why),
    }
}

fn propose(out: &Output, options: &Propose) -> Result<Exit, String> {
    let now = SystemClock.now();
    let since = config::duration(&options.since).and_then(|millis| i64::try_from(millis).ok());
    let since = since.ok_or_else(|| format!("--since {}: write a time such as 7d", options.since))?;
    let day = |at: Millis| at.to_rfc3339().get(..10).unwrap_or_default().to_owned();
    let until = match &options.until {
        Some(until) if config::day(until).is_some() && *until >= day(now) => until.clone(),
        Some(until) => {
            return Err(format!("--until {until}: write a day to come, such as {}", day(now.plus(LASTS_MILLIS))));
        }
        None => day(now.plus(LASTS_MILLIS)),
    };
    if !config::is_owner(&options.owner) {
        return Err("--owner: write 1 to 100 characters on one line".to_owned());
    }
    let file = apply::file(&options.folders)?;
    let mut edit = Edit::open(&file).map_err(|e| e.to_string())?;
    let names = apply::names();
    let generation = apply::generation(&edit.text(), &file, &names).map_err(|e| e.to_string())?;
    let id = DestinationId::parse(&options.destination).map_err(|e| e.to_string())?;
    let setup = generation
        .destinations
        .get(&id)
        .ok_or_else(|| format!("there is no destination `{id}` in {}", file.display()))?;
    let sources = sources(&generation.config, &id, options.source.as_deref())?;
    let observed = catalog::load(&options.folders, &names)?;

    let expectation = Expectation::new(Arc::clone(&setup.release), Arc::clone(&names), now);
    let scope = Scope { sources: &sources, since: now.plus(-since) };
    let proposal = Proposal::of(&observed, &names, &expectation, &scope);
    let mut value = json!({
        "destination": id.to_string(),
        "owner": options.owner,
        "until": until,
        "since": scope.since.to_rfc3339(),
        "allow": list(&proposal.allow),
        "needs_decision": list(&proposal.needs_decision),
        "found": list(&proposal.found),
        "leaves_already": proposal.leaves_already,
        "written": false,
    });
    let yaml = proposal.yaml(id.as_str(), &options.owner, &until);
    let exit = if proposal.needs_decision.is_empty() { Exit::Fine } else { Exit::Found };
    if !options.write {
        let head = format!(
            "# Seen since {} from {}. Review each line; what you keep goes into {}.\n",
            day(scope.since),
            sources.iter().map(SourceId::as_str).collect::<Vec<_>>().join(", "),
            file.display()
        );
        out.show(&value, &(head + &yaml));
        return Ok(exit);
    }
    for candidate in &proposal.allow {
        let path: [Step<'_>; 4] = ["destinations".into(), id.as_str().into(), "release".into(), "allow".into()];
        let fields = [("path", candidate.path.as_str()), ("owner", options.owner.as_str()), ("until", until.as_str())];
        let entry = Yaml::map(fields.map(|(key, text)| (key, text.into())));
        edit.push(&path, entry).map_err(|e| e.to_string())?;
    }
    if proposal.allow.is_empty() {
        out.show(&value, &format!("nothing to write\n{yaml}"));
        return Ok(exit);
    }
    let act = || Act {
        actor: offline::actor(),
        action: "policy_propose",
        targets: vec![Target::Destination(id.clone()), Target::Count(proposal.allow.len() as u64)],
    };
    match apply::apply(&options.folders, edit, &Ask::Reload {}, act) {
        Ok(applied) => {
            value["written"] = json!(true);
            value["generation"] = json!(applied.in_force());
            out.show(&value, &format!("{yaml}\nwritten: {}", applied.text()));
            Ok(exit)
        }
        Err(why) => Ok(apply::not_applied(out, &why)),
    }
}

/// The sources whose events reach the destination by their environment.
fn sources(config: &Config, id: &DestinationId, only: Option<&str>) -> Result<BTreeSet<SourceId>, String> {
    let environments = config.destinations.get(id).map(|d| d.environments.clone()).unwrap_or_default();
    let of_it = config.sources.iter().filter(|(_, source)| environments.contains(&source.environment));
    let of_it = of_it.filter(|(id, _)| only.is_none_or(|only| id.as_str() == only)).map(|(id, _)| id.clone());
    let sources: BTreeSet<SourceId> = of_it.collect();
    match (sources.is_empty(), only) {
        (false, _) => Ok(sources),
        (true, Some(only)) => {
            Err(format!("destination `{id}` takes nothing of a source `{only}`: look at its `environments`"))
        }
        (true, None) => Err(format!("no source has an environment that destination `{id}` takes")),
    }
}

fn list(candidates: &[Candidate]) -> serde_json::Value {
    let one = |candidate: &Candidate| {
        json!({
            "path": candidate.path,
            "events": candidate.events,
            "seen_in": candidate.seen_in.iter().map(|(source, event)| json!({"source": source, "event": event})).collect::<Vec<_>>(),
            "type": candidate.value_type,
            "different": candidate.different,
            "reasons": candidate.reasons,
        })
    };
    candidates.iter().map(one).collect()
}
