//! The answer about an exposure as text, JSON and CSV. Each form states its scope.

use serde_json::{Value, json};
use weir_answers::exposure::Share;
use weir_answers::{Exposure, Holding};
use weir_event::{DestinationId, Millis, ids::hex};
use weir_ledger::kept::Kept;
use weir_rows::months::MONTHS_FULL;

use crate::cli::holdings::report as held;
use crate::cli::output::{counted, day, table};
use crate::config::Onward;

/// Whom a destination stands for in an answer.
#[derive(Clone, Debug)]
pub(super) struct Recipient {
    pub(super) destination: DestinationId,
    /// Whose it is, by the configuration of today.
    pub(super) vendor: Option<String>,
    /// Where it is asked about because it forwards: what is declared.
    pub(super) forwards: Option<Onward>,
}

impl Recipient {
    /// *Sent by Weir*, or forwarded by somebody as declared (D13).
    pub(super) fn evidence(&self) -> String {
        let whose = self.vendor.as_deref().unwrap_or("a vendor that the configuration does not name any more");
        let sent = format!("sent by Weir to {whose} as {}", self.destination);
        let Some(onward) = &self.forwards else { return sent };
        let time = match (&onward.since, &onward.until) {
            (None, None) => String::new(),
            (since, until) => format!(
                ", from {} to {}",
                since.as_deref().unwrap_or("the beginning"),
                until.as_deref().unwrap_or("today")
            ),
        };
        format!("{sent}, forwarded by {whose} to {} as declared{time}", onward.vendor)
    }
}

/// What the answer is about.
pub(super) struct Scope {
    /// From when on; `None`: the ledger's beginning.
    pub(super) from: Option<Millis>,
    pub(super) to: Millis,
    pub(super) asked: Millis,
    pub(super) vendor: Option<String>,
    pub(super) recipients: Vec<Recipient>,
    /// Destinations of the ledger that the configuration does not name.
    pub(super) of_nobody: Vec<DestinationId>,
    /// Whether the question is in the audit log.
    pub(super) recorded: String,
    pub(super) not_covered: Vec<String>,
    /// What vendors said that they have, a line for each time that they were asked.
    pub(super) vendors_counts: Vec<String>,
    /// What was there before Weir, as declared; `None`: its file is gone.
    pub(super) holdings: Vec<(Kept, Option<Holding>)>,
}

pub(super) struct Report {
    pub(super) exposure: Exposure,
    pub(super) scope: Scope,
}

/// The slice of those of whom none is known.
const NO_SLICE: &str = "unknown";

impl Report {
    pub(super) fn title(&self) -> String {
        let Scope { vendor, recipients, .. } = &self.scope;
        let forwards = recipients.iter().filter(|of| of.forwards.is_some()).count();
        match vendor {
            // Weir sent nothing there itself, and does not say that it did.
            Some(vendor) if forwards > 0 && forwards == recipients.len() => {
                format!("What Weir sent that was forwarded to {vendor}, as declared")
            }
            Some(vendor) if forwards > 0 => {
                format!("What Weir sent to {vendor}, and what was forwarded there, as declared")
            }
            Some(vendor) => format!("What Weir sent to {vendor}"),
            None if recipients.is_empty() => "What Weir sent".to_owned(),
            None => {
                let ids: Vec<&str> = recipients.iter().map(|of| of.destination.as_str()).collect();
                format!("What Weir sent to {}", ids.join(", "))
            }
        }
    }

    /// What came of it, in a line.
    pub(super) fn summary(&self) -> (String, String) {
        let Exposure { sums, subjects, organisations, .. } = &self.exposure;
        (
            format!(
                "{} of {} and {}",
                counted(sums.held(), "event"),
                counted(*subjects, "id"),
                counted(*organisations, "organisation")
            ),
            format!(
                "{} accepted, {} possibly held; {} rejected, {} to be sent again",
                sums.accepted, sums.possibly_held, sums.rejected, sums.returned
            ),
        )
    }

    /// Whether the vendor has nothing of it, as far as the ledger goes.
    pub(super) fn is_empty(&self) -> bool {
        self.exposure.sums.held() == 0
    }

    pub(super) fn window(&self) -> String {
        let from = self.scope.from.map_or_else(|| "the ledger's beginning".to_owned(), Millis::to_rfc3339);
        format!("from {from} to {}", self.scope.to.to_rfc3339())
    }

    /// Everything that an answer must say about itself.
    pub(super) fn statements(&self) -> Vec<String> {
        let Report { exposure, scope } = self;
        let sums = &exposure.sums;
        let mut list = vec![
            format!("asked {}, {}; time is when it left", scope.asked.to_rfc3339(), self.window()),
            format!(
                "counted from {} of the ledger, exactly; `weir ledger verify` says whether it is whole",
                counted(exposure.entries, "entry")
            ),
        ];
        if scope.to > scope.asked {
            list.push("the time goes on behind the moment of asking: what leaves later is not in it".to_owned());
        }
        list.extend(scope.recipients.iter().map(Recipient::evidence));
        for (id, times) in &exposure.destinations {
            let ended = times.ended.map(|at| format!(", ended {}", at.to_rfc3339())).unwrap_or_default();
            list.extend(times.started.map(|at| format!("{id}: began {}{ended}", at.to_rfc3339())));
        }
        list.extend(scope.not_covered.iter().cloned());
        list.extend(exposure.epochs.iter().filter_map(|(id, epochs)| {
            let rotating: Vec<u32> = epochs.keys().copied().filter(|epoch| *epoch != 0).collect();
            Some(match (rotating.first()?, rotating.last()?) {
                (first, last) if first == last => format!("{id}: pseudonyms of epoch {first}"),
                (first, last) => format!("{id}: pseudonyms of {} epochs, {first} to {last}", rotating.len()),
            })
        }));
        list.push("subjects are ids of people and devices, not people: one person may have several".to_owned());
        if exposure.without_subject > 0 {
            list.push(format!(
                "of nobody's id: {}, which the apps sent without one; they count as events and not among the ids",
                counted(exposure.without_subject, "event")
            ));
        }
        if sums.possibly_held > 0 {
            list.push(format!(
                "counted although no answer said clearly whether it arrived: {}",
                counted(sums.possibly_held, "event")
            ));
        }
        if sums.resent + sums.asked > 0 {
            list.push(format!(
                "among the events: {} sent again on request, and {} to the vendor",
                counted(sums.resent, "copy"),
                counted(sums.asked, "question")
            ));
        }
        if let Some(until) = exposure.sums_until {
            list.push(format!(
                "up to {} sums of months are left, as after {MONTHS_FULL} months: such a month stands on its first day, and counts whole where the \
                 window cuts it",
                &until.to_rfc3339()[..10]
            ));
        }
        if exposure.erased > 0 {
            list.push(format!(
                "erased: {}; what is left of them counts as events, of nobody",
                counted(exposure.erased, "row")
            ));
        }
        if scope.vendor.is_some() && !scope.of_nobody.is_empty() {
            let ids: Vec<&str> = scope.of_nobody.iter().map(DestinationId::as_str).collect();
            list.push(format!(
                "not in it: {}, which the configuration does not name any more: ask with --destination",
                ids.join(", ")
            ));
        }
        list.push(scope.recorded.clone());
        for (kept, holding) in &scope.holdings {
            list.push(match holding {
                Some(holding) => format!("beside it, never added to it: {}", held::headline(kept, holding)),
                None => held::gone(kept),
            });
        }
        let before =
            if scope.holdings.is_empty() { "what the vendor had before Weir (`weir holdings import`), " } else { "" };
        list.extend(scope.vendors_counts.iter().cloned());
        let count = if scope.vendors_counts.is_empty() {
            "; its own count was not asked (`weir ledger reconcile`)"
        } else {
            ""
        };
        list.push(format!("not in it: {before}what got past Weir, or what the vendor made of what it got{count}"));
        list
    }

    pub(super) fn text(&self) -> String {
        let exposure = &self.exposure;
        let (of, became) = self.summary();
        let mut text = format!("{} {}\n\n{of}: {became}\n", self.title(), self.window());
        if self.is_empty() {
            text.push_str("\nnothing left in this time, as far as the ledger goes\n");
        } else {
            let names = ["field that left", "events", "ids", "how it looked", "what was found in it", "in"];
            text.push_str(&format!("\n{}", table(&names, self.field_rows().map(|row| row.to_vec()))));
        }
        let withheld = exposure.withheld.iter().map(|line| {
            let under = generations(line.generations.iter().map(|id| &id.0));
            vec![line.path.clone(), line.events.to_string(), line.rule.clone(), under]
        });
        if !exposure.withheld.is_empty() {
            text.push_str(&format!(
                "\n{}",
                table(&["field that did not", "events", "by rule", "under generation"], withheld)
            ));
        }
        if !exposure.not_sent.is_empty() {
            text.push('\n');
            let rows = exposure.not_sent.iter();
            let rows = rows.map(|((rule, became), count)| vec![rule.clone(), count.to_string(), (*became).to_owned()]);
            text.push_str(&table(&["events that did not leave, by rule", "events", "became"], rows));
        }
        for (what, rows) in [("event", self.event_rows()), ("slice", self.slice_rows()), ("day", self.day_rows())] {
            if !rows.is_empty() {
                text.push('\n');
                text.push_str(&table(&[what, "events", "ids", "organisations"], rows.into_iter()));
            }
        }
        for (kept, holding) in self.holdings() {
            text.push_str(&format!(
                "\nbefore Weir, as declared, not in the numbers above: {}",
                held::text(kept, holding)
            ));
        }
        text.push_str("\nscope\n");
        self.statements().iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        text
    }

    /// Imports that can be read.
    pub(super) fn holdings(&self) -> impl Iterator<Item = (&Kept, &Holding)> {
        self.scope.holdings.iter().filter_map(|(kept, holding)| Some((kept, holding.as_ref()?)))
    }

    pub(super) fn field_rows(&self) -> impl Iterator<Item = [String; 6]> + '_ {
        self.exposure.fields.iter().map(|field| {
            let actions: Vec<&str> = field.actions.keys().map(|action| looked(action)).collect();
            let found: Vec<&str> = field.categories.keys().map(String::as_str).collect();
            let events: Vec<&str> = field.events.keys().map(String::as_str).collect();
            [
                field.path.clone(),
                field.count().to_string(),
                field.subjects.to_string(),
                actions.join(", "),
                found.join(", "),
                events.join(", "),
            ]
        })
    }

    pub(super) fn event_rows(&self) -> Vec<Vec<String>> {
        self.exposure.events.iter().map(|(name, share)| row(name, share)).collect()
    }

    pub(super) fn slice_rows(&self) -> Vec<Vec<String>> {
        let name = |text: &str| if text.is_empty() { NO_SLICE.to_owned() } else { text.to_owned() };
        self.exposure.slices.iter().map(|(slice, share)| row(&name(slice), share)).collect()
    }

    pub(super) fn day_rows(&self) -> Vec<Vec<String>> {
        self.exposure.days.iter().map(|(number, share)| row(&day(*number), share)).collect()
    }

    pub(super) fn value(&self) -> Value {
        let Report { exposure, scope } = self;
        let sums = &exposure.sums;
        let share = |name: &str, of: &Share| json!({"name": name, "events": of.events, "subjects": of.subjects, "organisations": of.organisations});
        let recipients = scope.recipients.iter().map(|of| {
            json!({
                "destination": of.destination.as_str(),
                "vendor": of.vendor,
                "evidence": if of.forwards.is_some() { "forwarded, as declared" } else { "sent by Weir" },
            })
        });
        let fields = exposure.fields.iter().map(|field| {
            json!({
                "path": field.path,
                "events": field.count(),
                "subjects": field.subjects,
                "actions": field.actions,
                "categories": field.categories,
                "in_events": field.events,
            })
        });
        let withheld = exposure.withheld.iter().map(|line| {
            let generations: Vec<String> = line.generations.iter().map(|id| hex(&id.0)).collect();
            json!({"path": line.path, "rule": line.rule, "events": line.events, "generations": generations})
        });
        let not_sent = exposure.not_sent.iter();
        let not_sent = not_sent.map(|((rule, became), count)| json!({"rule": rule, "became": became, "events": count}));
        let epochs = exposure
            .epochs
            .iter()
            .flat_map(|(id, epochs)| epochs.iter().map(move |(epoch, events)| (id, *epoch, events)));
        let epochs = epochs.filter(|(_, epoch, _)| *epoch != 0);
        let epochs =
            epochs.map(|(id, epoch, events)| json!({"destination": id.as_str(), "epoch": epoch, "events": events}));
        let generations = exposure.generations.iter().map(|(id, (first, last, rows))| {
            json!({"generation": hex(&id.0), "first": first.to_rfc3339(), "last": last.to_rfc3339(), "events": rows})
        });
        json!({
            "window": {"from": scope.from.map(Millis::to_rfc3339), "to": scope.to.to_rfc3339()},
            "asked": scope.asked.to_rfc3339(),
            "vendor": scope.vendor,
            "recipients": recipients.collect::<Vec<_>>(),
            "events": sums.held(),
            "accepted": sums.accepted,
            "possibly_held": sums.possibly_held,
            "rejected": sums.rejected,
            "returned": sums.returned,
            "resent": sums.resent,
            "questions": sums.asked,
            "subjects": exposure.subjects,
            "without_subject": exposure.without_subject,
            "organisations": exposure.organisations,
            "erased": exposure.erased,
            "sums_until": exposure.sums_until.map(Millis::to_rfc3339),
            "first": exposure.span.map(|(first, _)| first.to_rfc3339()),
            "last": exposure.span.map(|(_, last)| last.to_rfc3339()),
            "fields": fields.collect::<Vec<_>>(),
            "withheld": withheld.collect::<Vec<_>>(),
            "not_sent": not_sent.collect::<Vec<_>>(),
            "by_event": exposure.events.iter().map(|(name, of)| share(name, of)).collect::<Vec<_>>(),
            "by_slice": exposure.slices.iter().map(|(name, of)| share(name, of)).collect::<Vec<_>>(),
            "by_day": exposure.days.iter().map(|(number, of)| share(&day(*number), of)).collect::<Vec<_>>(),
            "generations": generations.collect::<Vec<_>>(),
            "epochs": epochs.collect::<Vec<_>>(),
            "not_covered": scope.not_covered,
            "holdings": self.holdings().map(|(kept, holding)| held::value(kept, holding)).collect::<Vec<_>>(),
            "scope": self.statements(),
        })
    }
}

/// How a value looked after policy.
pub(in crate::cli) fn looked(action: &str) -> &str {
    match action {
        "keep" => "as it was",
        "pseudonymize" => "as a pseudonym",
        "truncate" => "cut to its network",
        "template" => "as origin and templated path",
        "coarsen" => "as its family or class",
        other => other,
    }
}

fn row(name: &str, share: &Share) -> Vec<String> {
    vec![name.to_owned(), share.events.to_string(), share.subjects.to_string(), share.organisations.to_string()]
}

fn generations<'a>(list: impl Iterator<Item = &'a [u8; 8]>) -> String {
    let mut ids: Vec<String> = list.map(|id| hex(id)).collect();
    let more = ids.len().saturating_sub(3);
    ids.truncate(3);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", ids.join(", "))
}

/// The fields, a line for each; the scope stands before them as comments.
pub(super) fn csv(report: &Report) -> String {
    let mut text = String::new();
    let line = |cells: &[&str]| -> String {
        let quoted: Vec<String> = cells.iter().map(|cell| quote(cell)).collect();
        format!("{}\r\n", quoted.join(","))
    };
    for statement in report.statements() {
        text.push_str(&format!("# {statement}\r\n"));
    }
    text.push_str(&line(&["what", "path", "events", "ids", "how it looked, or rule", "categories", "in events"]));
    for row in report.field_rows() {
        let mut cells = vec!["left"];
        cells.extend(row.iter().map(String::as_str));
        text.push_str(&line(&cells));
    }
    for withheld in &report.exposure.withheld {
        text.push_str(&line(&["withheld", &withheld.path, &withheld.events.to_string(), "", &withheld.rule, "", ""]));
    }
    for (kept, holding) in report.holdings() {
        let what = format!("held before weir, declared by import {}", kept.number);
        for field in holding.fields() {
            let (events, ids) = (field.item.events.to_string(), field.subjects.to_string());
            text.push_str(&line(&[&what, &field.item.path, &events, &ids, "as it was", &held::found(&field), ""]));
        }
    }
    text
}

/// RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe.
fn quote(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if guarded.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_csv_are_quoted_and_no_formula() {
        assert_eq!(quote("plan"), "plan");
        assert_eq!(quote("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quote("=1+1"), "'=1+1");
    }
}
