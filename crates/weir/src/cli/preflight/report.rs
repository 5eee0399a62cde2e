//! The findings of a study, as text for a terminal and as JSON. What is in here are names and texts of the table, counts, versions,
//! kinds, and hosts that may be shown.

use std::fmt::Write as _;

use serde_json::{Value, json};
use weir_protocol::preflight::{Address, Becomes, Beside, Feature, Moves, Sdk, VENDORS, Vendor};

use super::study::{Seen, Study};
use crate::cli::output::counted;

/// A report.
pub(super) struct Report {
    pub(super) study: Study,
    pub(super) address: Address,
    pub(super) vendors: Vec<VendorReport>,
}

/// What is said of one vendor.
pub(super) struct VendorReport {
    pub(super) vendor: &'static Vendor,
    pub(super) seen: Seen,
    pub(super) sdks: Vec<SdkRow>,
    pub(super) features: Vec<FeatureRow>,
    pub(super) hosts: Vec<HostRow>,
}

/// An SDK in use.
pub(super) struct SdkRow {
    pub(super) sdk: &'static Sdk,
    pub(super) versions: Vec<(String, u64)>,
    /// Calls that the host option alone does not move, each with how often its host was called.
    pub(super) beside: Vec<(&'static Beside, u64)>,
    pub(super) snippet: String,
}

/// A feature in use.
pub(super) struct FeatureRow {
    pub(super) feature: Feature,
    pub(super) times: u64,
    pub(super) becomes: Becomes,
    pub(super) text: &'static str,
    pub(super) destinations: Vec<&'static str>,
    pub(super) others: usize,
}

/// A host that was called.
pub(super) struct HostRow {
    pub(super) name: String,
    pub(super) calls: u64,
    pub(super) role: &'static str,
    pub(super) after: After,
    pub(super) text: &'static str,
}

/// Where a host's calls go once the host is switched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    /// To Weir, by the host option.
    Weir,
    /// To Weir or nowhere, by the snippet; past Weir with the host option alone.
    WithSnippet,
    /// Past Weir.
    Past,
}

impl After {
    pub(super) const fn text(self) -> &'static str {
        match self {
            After::Weir => "goes to Weir",
            After::WithSnippet => "only with the snippet",
            After::Past => "stays as it is",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            After::Weir => "weir",
            After::WithSnippet => "with_snippet",
            After::Past => "past",
        }
    }
}

impl Report {
    /// Draws the conclusions.
    pub(super) fn new(mut study: Study, address: &Address) -> Report {
        let mut seen = std::mem::take(&mut study.vendors);
        // In the order of the table, so that two runs say the same.
        let vendors = VENDORS.iter().filter_map(|v| seen.remove(v.name)).map(|seen| VendorReport::new(seen, address));
        let vendors = vendors.collect();
        Report { study, address: address.clone(), vendors }
    }

    /// Whether anything but the host has to be thought of.
    pub(super) fn needs_action(&self) -> bool {
        self.vendors.iter().any(VendorReport::needs_action)
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "files": self.study.files,
            "sources": self.study.sources,
            "requests": self.study.exchanges,
            "unreadable": self.study.unreadable,
            "cut": self.study.cut,
            "needs_action": self.needs_action(),
            "weir": self.address.url(),
            "vendors": self.vendors.iter().map(VendorReport::json).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(super) fn text(&self, width: usize) -> String {
        let mut out = Page { text: String::new(), width };
        let study = &self.study;
        out.line(&format!(
            "{}, {}{}",
            study.inputs(),
            counted(study.exchanges, "request"),
            if self.vendors.is_empty() { ": no analytics SDK that Weir speaks is in them" } else { "" }
        ));
        if study.unreadable > 0 {
            out.line(&format!("{} could not be read and are not counted", counted(study.unreadable, "entry")));
        }
        if study.cut {
            out.line("an input is longer than is read: what lies behind 1 TiB is not in this report");
        }
        for vendor in &self.vendors {
            vendor.text(&mut out);
        }
        out.line("");
        out.line(if self.needs_action() {
            "There is something to do before the host is switched: see the lines marked !"
        } else {
            "Nothing to do but switch the host."
        });
        out.line("This is what the recording shows. What it does not hold, such as a page that nobody opened, is not in here.");
        out.text
    }
}

impl VendorReport {
    fn new(seen: Seen, address: &Address) -> VendorReport {
        let vendor = seen.vendor;
        let calls_to = |host: &str| seen.hosts.get(host).map_or(0, |h| h.calls);
        let sdks = vendor.sdks.iter().filter_map(|sdk| {
            let found = seen.sdks.get(sdk.package)?;
            let versions = found.versions.iter().map(|(version, times)| (version.clone(), *times)).collect();
            // The events' own host may be named because a call goes there whatever is configured: calls seen there say nothing.
            let is_own = |b: &Beside| vendor.host(b.host).is_some_and(|h| h.moves == Moves::WithHost);
            let beside = sdk.beside.iter().map(|b| (b, if is_own(b) { 0 } else { calls_to(b.host) })).collect();
            Some(SdkRow { sdk, versions, beside, snippet: sdk.snippet_for(address, "WRITE_KEY") })
        });
        let sdks: Vec<SdkRow> = sdks.collect();
        let features = seen.features.iter().filter_map(|(feature, found)| {
            let change = vendor.change(*feature)?;
            Some(FeatureRow {
                feature: *feature,
                times: found.times,
                becomes: change.becomes,
                text: change.text,
                destinations: found.destinations.iter().copied().collect(),
                others: found.others,
            })
        });
        let features = features.collect();
        let hosts = seen.hosts.iter().map(|(name, host)| {
            let (after, text) = match host.moves {
                Moves::WithHost => (After::Weir, ""),
                Moves::By(what) => (After::WithSnippet, what),
                Moves::Never(why) => (After::Past, why),
            };
            HostRow { name: name.clone(), calls: host.calls, role: host.role.text(), after, text }
        });
        let mut hosts: Vec<HostRow> = hosts.collect();
        // What moves by itself first, then the rest by how much it is called.
        hosts.sort_by_key(|row| (row.after != After::Weir, std::cmp::Reverse(row.calls)));
        VendorReport { vendor, seen, sdks, features, hosts }
    }

    pub(super) fn needs_action(&self) -> bool {
        self.sdks.iter().any(|sdk| !sdk.beside.is_empty() || sdk.snippet.is_empty())
            || self.features.iter().any(|f| f.becomes.needs_action())
            || self.hosts.iter().any(|h| h.after != After::Weir)
            || !self.seen.personal.is_empty()
            || self.seen.unknown_sdk > 0
    }

    fn json(&self) -> Value {
        let seen = &self.seen;
        json!({
            "vendor": self.vendor.name,
            "calls": seen.calls,
            "events": seen.events,
            "bodies_not_decoded": seen.unread_bodies,
            "events_of_unknown_sdks": seen.unknown_sdk,
            "needs_action": self.needs_action(),
            "write_keys": seen.keys.iter().map(|(starts, length)| json!({"starts": starts, "length": length})).collect::<Vec<_>>(),
            "sdks": self.sdks.iter().map(|row| json!({
                "package": row.sdk.package,
                "platform": row.sdk.platform.text(),
                "versions": row.versions.iter().map(|(v, n)| json!({"version": v, "times": n})).collect::<Vec<_>>(),
                "past_weir_with_the_host_alone": row.beside.iter().map(|(b, calls)| json!({
                    "host": b.host, "when": b.when, "instead": b.instead, "calls_seen": calls,
                })).collect::<Vec<_>>(),
                "snippet": if row.snippet.is_empty() { Value::Null } else { row.snippet.as_str().into() },
            })).collect::<Vec<_>>(),
            "features": self.features.iter().map(|row| json!({
                "feature": row.feature.text(),
                "times": row.times,
                "becomes": row.becomes.text(),
                "needs_action": row.becomes.needs_action(),
                "text": row.text,
                "destinations": row.destinations,
                "further_destinations": row.others,
            })).collect::<Vec<_>>(),
            "hosts": self.hosts.iter().map(|row| json!({
                "host": row.name, "calls": row.calls, "role": row.role, "after": row.after.key(), "text": row.text,
            })).collect::<Vec<_>>(),
            "personal_data_outside_of_bodies": seen.personal.iter().map(|((place, kind), times)| json!({
                "in": place, "kind": kind, "times": times,
            })).collect::<Vec<_>>(),
        })
    }

    fn text(&self, out: &mut Page) {
        let seen = &self.seen;
        out.line("");
        out.line(&format!(
            "{}  {}, {}",
            self.vendor.title.to_uppercase(),
            counted(seen.calls, "call"),
            counted(seen.events, "event")
        ));
        if !seen.keys.is_empty() {
            let keys: Vec<String> = seen.keys.iter().map(|(starts, length)| shown_key(starts, *length)).collect();
            out.row("  ", "write keys", &keys.join(", "));
        }
        for row in &self.sdks {
            out.row("  ", "SDK", &format!("{} {}", row.sdk.package, versions(&row.versions)));
        }
        if seen.unknown_sdk > 0 {
            out.row("! ", "SDK", &format!("{} of SDKs that Weir has no line for", counted(seen.unknown_sdk, "event")));
        }
        if seen.unread_bodies > 0 {
            out.row("  ", "not decoded", &format!("{}: counted as calls only", counted(seen.unread_bodies, "body")));
        }
        for row in &self.hosts {
            let mark = if row.after == After::Weir { "  " } else { "! " };
            let text = if row.text.is_empty() { String::new() } else { format!(": {}", row.text) };
            let says =
                format!("{} ({}, {}) {}{text}", row.name, row.role, counted(row.calls, "call"), row.after.text());
            out.row(mark, "host", &says);
        }
        for row in &self.features {
            let mark = if row.becomes.needs_action() { "! " } else { "  " };
            out.row(
                mark,
                row.feature.text(),
                &format!("{}; {}: {}", counted(row.times, "time"), row.becomes.text(), row.text),
            );
            if let Some(list) = row.list() {
                out.row("  ", "", &list);
            }
        }
        for ((place, kind), times) in &seen.personal {
            out.row("! ", "personal data", &format!("{kind}, in the {place} of requests, {}", counted(*times, "time")));
        }
        if !seen.personal.is_empty() {
            out.row("  ", "", "Weir reads these and keeps none; a proxy in front of it may log them");
        }
        for row in &self.sdks {
            for (beside, calls) in &row.beside {
                let seen = if *calls > 0 {
                    format!("seen {}", counted(*calls, "time"))
                } else {
                    "not in this recording".to_owned()
                };
                let says = format!(
                    "{} calls {} {} ({seen}); instead: {}",
                    row.sdk.package, beside.host, beside.when, beside.instead
                );
                out.row("! ", "past Weir", &says);
            }
        }
        for row in &self.sdks {
            out.line("");
            if row.snippet.is_empty() {
                out.line(&format!(
                    "  ! {}: no tested configuration yet; docs/preflight.md says what its options are called",
                    row.sdk.package
                ));
                continue;
            }
            let _ = writeln!(out.text, "  {} ({}), everything on Weir:", row.sdk.package, row.sdk.platform.text());
            for line in row.snippet.lines() {
                let _ = writeln!(out.text, "{}", format!("      {line}").trim_end());
            }
        }
    }
}

impl FeatureRow {
    /// The destinations, where there are any.
    pub(super) fn list(&self) -> Option<String> {
        let mut parts: Vec<String> = self.destinations.iter().map(|name| (*name).to_owned()).collect();
        if self.others > 0 {
            parts.push(format!("{} more", self.others));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The beginning of a write key and its length: enough to know which it is.
pub(super) fn shown_key(starts: &str, length: usize) -> String {
    format!("{starts}… ({length} characters)")
}

/// Versions, the most used first.
pub(super) fn versions(versions: &[(String, u64)]) -> String {
    let mut versions: Vec<&(String, u64)> = versions.iter().collect();
    versions.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let known = versions.iter().filter(|(version, _)| version != "unknown" || versions.len() == 1);
    let texts: Vec<String> = known.map(|(version, _)| version.clone()).collect();
    match texts.as_slice() {
        [one] if one == "unknown" => "(version unknown)".to_owned(),
        _ => texts.join(", "),
    }
}

/// Text of a width.
struct Page {
    text: String,
    width: usize,
}

/// Columns of the mark and of the name before a row's text.
const INDENT: usize = 2 + 26;

impl Page {
    fn line(&mut self, text: &str) {
        for line in wrapped(text, self.width) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
        if text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A mark, a name and a text that goes on below itself. On a narrow terminal the text has its own lines.
    fn row(&mut self, mark: &str, name: &str, text: &str) {
        let is_narrow = self.width < 72;
        let indent = if is_narrow { 4 } else { INDENT };
        let mut lines = wrapped(text, self.width.saturating_sub(indent)).into_iter();
        if is_narrow {
            self.text.push_str(&format!("{mark}{name}\n"));
        } else {
            let first = lines.next().unwrap_or_default();
            self.text.push_str(&format!("{mark}{name:<26}{first}\n"));
        }
        for line in lines {
            self.text.push_str(&format!("{:indent$}{line}\n", ""));
        }
    }
}

/// Lines of at most `width` characters, broken between words; a longer word has a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let is_full = !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width;
        if is_full {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}
