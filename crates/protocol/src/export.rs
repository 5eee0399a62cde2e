//! What vendors say that they have: the requests of their export and count interfaces, and what the status of an answer means. Words of
//! requests and answers only; nothing here sends, and nothing here reads an event.
//!
//! | vendor | request | its days |
//! |---|---|---|
//! | Mixpanel | `GET /api/2.0/export`, NDJSON, one day at a time; 60 requests an hour and 3 a second, else 429; copies are not removed | of the project's time zone; UTC for projects made since 2023 |
//! | Amplitude | `GET /api/2/export`, a ZIP of gzip files, hours of the time at which an event came in; 404: nothing; 400: more than 4 GB | UTC; an hour is there two hours after its end |
//! | PostHog | `POST /api/projects/<id>/query/`, HogQL: how many of each event on a day, then the ids of that day, 50,000 at a time | of the time zone that the query names |
//!
//! Sources: docs.mixpanel.com, Raw Event Export and Export Methods; amplitude.com/docs, Export API; posthog.com/docs, API queries and API
//! overview.

use std::fmt;

use weir_event::Millis;

use crate::body::base64;
use crate::vendors::{amplitude, mixpanel, posthog};

/// A vendor with an interface that says what it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Export {
    Mixpanel,
    Amplitude,
    PostHog,
}

/// Rows of one answer to a query of PostHog's: its own limit.
pub const POSTHOG_ROWS_MAX: usize = 50_000;

/// What opens the interface: other than what events are sent with.
#[derive(Clone)]
pub struct Access {
    /// The service account's name (Mixpanel), the API key (Amplitude); PostHog has none.
    pub user: String,
    /// Its secret, the secret key, the personal API key.
    pub secret: String,
    /// The number of the project, where the vendor asks for it.
    pub project: Option<u64>,
}

/// Shows nothing of it.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access")
    }
}

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct Ask {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query.
    pub path_and_query: String,
    /// The value of the header.
    pub authorization: String,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

/// Shows its path only.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("path", &self.path_and_query).finish_non_exhaustive()
    }
}

/// What a status means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// The answer follows.
    Answer,
    /// There is nothing in this time.
    Nothing,
    /// It may be asked again later.
    Later,
    /// Less has to be asked for at once.
    TooMuch,
    /// It does not answer: why.
    Refused(&'static str),
}

impl Export {
    /// The interface of a type of destination.
    pub fn of(kind: &str) -> Option<Export> {
        match kind {
            "mixpanel" => Some(Export::Mixpanel),
            "amplitude" => Some(Export::Amplitude),
            "posthog" => Some(Export::PostHog),
            _ => None,
        }
    }

    /// Where it is in a region of the destination's.
    pub fn origin(self, region: &str) -> &'static str {
        match (self, region) {
            (Export::Mixpanel, "eu") => "https://data-eu.mixpanel.com",
            (Export::Mixpanel, "in") => "https://data-in.mixpanel.com",
            (Export::Mixpanel, _) => "https://data.mixpanel.com",
            (Export::Amplitude, "eu") => "https://analytics.eu.amplitude.com",
            (Export::Amplitude, _) => "https://amplitude.com",
            (Export::PostHog, "eu") => "https://eu.posthog.com",
            (Export::PostHog, _) => "https://us.posthog.com",
        }
    }

    /// Whether its access has a user's name.
    pub const fn has_user(self) -> bool {
        matches!(self, Export::Mixpanel | Export::Amplitude)
    }

    /// Whether it asks for the number of the project.
    pub const fn has_project(self) -> bool {
        matches!(self, Export::Mixpanel | Export::PostHog)
    }

    /// What a status means.
    pub const fn meaning(self, status: u16) -> Meaning {
        match (self, status) {
            (_, 200) => Meaning::Answer,
            (Export::Amplitude, 404) => Meaning::Nothing,
            (Export::Amplitude, 400 | 413 | 504) => Meaning::TooMuch,
            (_, 429 | 500..=599) => Meaning::Later,
            (_, 401 | 403) => Meaning::Refused("it does not accept the credentials of `export`"),
            (_, 402) => Meaning::Refused("the plan of the project has no export"),
            (_, 404) => Meaning::Refused("it knows no such project: see `export.project_id`, `region`"),
            _ => Meaning::Refused("it answers with a status that is not in its documentation"),
        }
    }
}

/// How long after an event came in a vendor's export may still lack it.
pub fn settles_after(kind: &str) -> i64 {
    match Export::of(kind) {
        // Two hours after the end of the hour.
        Some(Export::Amplitude) => 4 * Millis::HOUR,
        Some(Export::PostHog) => Millis::HOUR,
        Some(Export::Mixpanel) | None => 3 * Millis::HOUR,
    }
}

/// Under which name a vendor lists an event of this name of ours.
pub fn shown_as<'n>(kind: &str, name: &'n str) -> &'n str {
    match (kind, name) {
        ("mixpanel", "$page") => mixpanel::names::PAGE,
        ("amplitude", "$page") => amplitude::names::PAGE,
        ("amplitude", "$screen") => amplitude::names::SCREEN,
        ("posthog", "$page") => posthog::names::PAGE,
        ("posthog", "$screen") => posthog::names::SCREEN,
        (_, name) => name,
    }
}

/// Whether what a vendor lists under this name, or what left under it, is a link between ids or a profile and no event: vendors differ in
/// whether they show those, so they are not compared.
pub fn is_aside(name: &str) -> bool {
    const ASIDE: [&str; 12] = [
        "$identify",
        "$create_alias",
        "$merge",
        "$merge_dangerously",
        "$groupidentify",
        "$set",
        "$set_once",
        "$unset",
        "$profile",
        "$group",
        "$flags",
        "identify",
    ];
    ASIDE.contains(&name)
}

/// Whether what left by this endpoint of a vendor's may be an event there.
pub fn is_of_events(kind: &str, lane: u8) -> bool {
    kind != "mixpanel" || lane != mixpanel::encode::ENGAGE.number && lane != mixpanel::encode::GROUPS.number
}

/// Mixpanel: everything of one day, `2026-11-22`.
pub fn mixpanel_day(access: &Access, day: &str) -> Ask {
    let project = access.project.map_or_else(String::new, |project| format!("project_id={project}&"));
    get(access, format!("/api/2.0/export?{project}from_date={day}&to_date={day}"))
}

/// Amplitude: everything that came in in these hours, both included, `20261122T08`.
pub fn amplitude_hours(access: &Access, first: &str, last: &str) -> Ask {
    get(access, format!("/api/2/export?start={first}&end={last}"))
}

/// PostHog: how many of each event there are on a day, `2026-11-22`, of a time zone: rows of name and number.
pub fn posthog_counts(access: &Access, zone: &str, day: &str) -> Ask {
    let day = on_day(zone, day);
    let query = format!(
        "SELECT event, count() AS n FROM events WHERE {day} GROUP BY event ORDER BY event LIMIT {POSTHOG_ROWS_MAX}"
    );
    post(access, &query)
}

/// PostHog: the ids of a day's events, behind one that is known: rows of id and name, at most [`POSTHOG_ROWS_MAX`] of them.
pub fn posthog_ids(access: &Access, zone: &str, day: &str, after: Option<u128>) -> Ask {
    let day = on_day(zone, day);
    let after = after.map_or_else(String::new, |id| format!(" AND toString(uuid) > '{}'", uuid_text(id)));
    let query = format!(
        "SELECT toString(uuid) AS id, event FROM events WHERE {day}{after} ORDER BY id LIMIT {POSTHOG_ROWS_MAX}"
    );
    post(access, &query)
}

/// The times of a day and a day around it, so that the table is read where it has to be; then the day itself.
fn on_day(zone: &str, day: &str) -> String {
    let around = |days: i64| {
        let at = Millis::from_rfc3339(&format!("{day}T00:00:00Z")).unwrap_or(Millis(0)).plus(days * Millis::DAY);
        format!("toDateTime('{}', 'UTC')", at.to_rfc3339().get(..19).unwrap_or_default().replace('T', " "))
    };
    format!(
        "timestamp >= {} AND timestamp < {} AND toDate(toTimeZone(timestamp, '{zone}')) = toDate('{day}')",
        around(-1),
        around(2)
    )
}

/// The text of an id as vendors show it.
pub fn uuid_text(id: u128) -> String {
    let hex = format!("{id:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

/// An insert id of the form that Weir gives (D5): the text of a version 4 UUID. `None` for any other.
pub fn insert_id(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    let is_shaped = bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => *byte == b'4',
            19 => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
            _ => byte.is_ascii_hexdigit(),
        });
    is_shaped.then(|| u128::from_str_radix(&text.replace('-', ""), 16).ok()).flatten()
}

fn get(access: &Access, path_and_query: String) -> Ask {
    let both = format!("{}:{}", access.user, access.secret);
    let authorization = format!("Basic {}", base64::encode(both.as_bytes()));
    Ask { method: "GET", path_and_query, authorization, body: Vec::new() }
}

fn post(access: &Access, query: &str) -> Ask {
    let mut body = br#"{"query":{"kind":"HogQLQuery","query":"#.to_vec();
    crate::writing::put_string(&mut body, query.as_bytes());
    // An answer from the vendor's memory may be of another hour.
    body.extend_from_slice(br#"},"refresh":"force_blocking"}"#);
    Ask {
        method: "POST",
        path_and_query: format!("/api/projects/{}/query/", access.project.unwrap_or_default()),
        authorization: format!("Bearer {}", access.secret),
        body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access { user: "robot".to_owned(), secret: "s3".to_owned(), project: Some(77) }
    }

    #[test]
    fn requests_are_those_of_the_vendors_documentation() {
        let ask = mixpanel_day(&access(), "2026-11-22");
        assert_eq!(ask.path_and_query, "/api/2.0/export?project_id=77&from_date=2026-11-22&to_date=2026-11-22");
        assert_eq!((ask.method, ask.authorization.as_str()), ("GET", "Basic cm9ib3Q6czM="));
        assert_eq!(
            amplitude_hours(&access(), "20261122T00", "20261122T23").path_and_query,
            "/api/2/export?start=20261122T00&end=20261122T23"
        );
        let ask =
            posthog_ids(&access(), "Europe/Berlin", "2026-11-22", Some(0x0123_4567_89ab_4def_8123_4567_89ab_cdef));
        assert_eq!((ask.method, ask.path_and_query.as_str()), ("POST", "/api/projects/77/query/"));
        let body: serde_json::Value = serde_json::from_slice(&ask.body).unwrap();
        assert_eq!(body["query"]["kind"], "HogQLQuery");
        assert_eq!(
            body["query"]["query"],
            "SELECT toString(uuid) AS id, event FROM events WHERE timestamp >= toDateTime('2026-11-21 00:00:00', 'UTC') AND \
             timestamp < toDateTime('2026-11-24 00:00:00', 'UTC') AND toDate(toTimeZone(timestamp, 'Europe/Berlin')) = \
             toDate('2026-11-22') AND toString(uuid) > '01234567-89ab-4def-8123-456789abcdef' ORDER BY id LIMIT 50000"
        );
        assert!(!format!("{ask:?} {:?}", access()).contains("s3"));
    }

    #[test]
    fn only_the_form_that_weir_gives_is_an_insert_id_of_its_form() {
        let id = 0x0123_4567_89ab_4def_8123_4567_89ab_cdef_u128;
        assert_eq!(insert_id(&uuid_text(id)), Some(id));
        assert_eq!(insert_id(&uuid_text(id).to_uppercase()), Some(id));
        for other in [
            "",
            "hpuDqcvpltpCjBsebtxwadtEBDnFAdycabFb",
            "01234567-89ab-5def-8123-456789abcdef",
            "01234567-89ab-4def-c123-456789abcdef",
        ] {
            assert_eq!(insert_id(other), None, "{other}");
        }
    }

    #[test]
    fn a_vendor_that_can_say_what_it_has_is_a_type_of_destination_with_the_same_regions() {
        for kind in crate::vendors::DESTINATIONS {
            let Some(export) = Export::of(kind.name) else { continue };
            for (region, _) in kind.endpoints {
                let host = export.origin(region);
                let is_home = *region == kind.endpoints[0].0;
                assert_eq!(host == export.origin("us"), is_home, "{} {region}", kind.name);
            }
        }
    }
}
