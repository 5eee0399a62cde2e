//! `weir alerts`: what is on, what to do about it, and how long until something is full.

use serde_json::json;
use weir_console::command::{AlertStatus, Command, Reply};
use weir_console::socket;

use super::output::refused;
use super::{Exit, Folders, Output};

pub(super) fn run(out: &Output, folders: &Folders) -> Exit {
    let alerts = match socket::ask(&folders.data, &Command::Alerts {}) {
        Ok(Reply::Alerts { alerts }) => alerts,
        Ok(_) => return out.fail("weir answered something else: is it of the same release?"),
        Err(error) => return refused(out, &error),
    };
    let mut text: String = alerts.iter().map(|alert| line(alert) + "\n").collect();
    if alerts.is_empty() {
        text.push_str("no alert is on\n");
    }
    out.show(&json!({"alerts": alerts}), &text);
    if alerts.is_empty() { Exit::Fine } else { Exit::Found }
}

/// One alert for people.
pub(super) fn line(alert: &AlertStatus) -> String {
    let mark = if alert.severity == "critical" { "CRITICAL" } else { "warning " };
    format!("{mark}  {:<20} since {}  {}", alert.name, alert.since, alert.text)
}
