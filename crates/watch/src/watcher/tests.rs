use weir_event::DestinationId;

use super::*;
use crate::reading::{DestinationReading, SourceReading};

fn source(received: u64, held: u64) -> SourceReading {
    SourceReading { id: SourceId::parse("web").unwrap(), received, held, new_classes: 0, changed_forms: 0 }
}

fn destination() -> DestinationReading {
    DestinationReading {
        id: DestinationId::parse("product").unwrap(),
        is_suspended: false,
        refused: None,
        halted: None,
        lag_millis: 0,
        lag_millis_max: 72 * 3_600_000,
        is_lagging: false,
        expires: true,
        delivered: 0,
        rejected: 0,
    }
}

/// A reading `seconds` after the start in which nothing is the matter.
fn calm(seconds: u64) -> Reading {
    Reading {
        at: Millis(1_795_303_178_843 + seconds as i64 * 1_000),
        up: Duration::from_secs(seconds),
        fills: vec![
            Fill { what: "journal", value: 10.0, limit: 1_000.0 },
            Fill { what: "disk", value: -1e12, limit: -1e8 },
        ],
        reserve: (256 << 20, 256 << 20),
        sources: vec![source(0, 0)],
        destinations: vec![destination()],
        ..Reading::default()
    }
}

/// Readings every five seconds, each made of its seconds; what is on at the end, and what changed on the way.
fn watch(seconds: u64, reading: impl Fn(u64) -> Reading) -> (Vec<Alert>, Vec<Change>) {
    let mut watcher = Watcher::default();
    let changes = (0..=seconds).step_by(5).flat_map(|at| watcher.observe(&reading(at))).collect();
    (watcher.alerts(), changes)
}

fn names(alerts: &[Alert]) -> Vec<(&'static str, &'static str)> {
    alerts.iter().map(|alert| (alert.name, alert.severity.name())).collect()
}

#[test]
fn a_weir_in_which_nothing_is_the_matter_has_no_alert_for_half_a_day() {
    let calm_day = |at| Reading { sources: vec![source(at * 100, at / 60)], ..calm(at) };
    assert_eq!(watch(12 * 3_600, calm_day), (Vec::new(), Vec::new()));
}

#[test]
fn what_is_wrong_at_the_first_reading_is_told_at_once() {
    let wrong = |at| Reading {
        intake_closed: vec!["disk full"],
        reserve: (0, 256 << 20),
        ledger_unwritable: true,
        ledger_rewound: true,
        anchors_behind: 1,
        bypass_open: 2,
        certificate_ends: Some(calm(at).at.plus(86_400_000)),
        destinations: vec![DestinationReading {
            refused: Some("credentials"),
            halted: Some("ledger_poisoned"),
            ..destination()
        }],
        fills: vec![Fill { what: "raw_hold", value: 96.0, limit: 100.0 }],
        ..calm(at)
    };
    let (alerts, changes) = watch(0, wrong);
    let expected = [
        "intake_closed",
        "ledger_unwritable",
        "ledger_rewound",
        "destination_stopped",
        "destination_refused",
        "hold_filling",
        "reserve_given_way",
        "certificate_ending",
    ];
    assert_eq!(names(&alerts)[..8], expected.map(|name| (name, "critical")));
    assert_eq!(names(&alerts)[8..], [("bypass_open", "warning"), ("anchors_behind", "warning")]);
    assert_eq!(changes.len(), 10);
}

#[test]
fn a_receiver_of_the_audit_log_that_is_away_is_told_after_five_minutes_and_by_its_name() {
    let siem = || DestinationId::parse("siem").unwrap();
    let away = |at| Reading { shipping: vec![(siem(), Duration::from_secs(at))], ..calm(at) };
    assert_eq!(watch(295, away), (Vec::new(), Vec::new()));
    let (alerts, _) = watch(300, away);
    assert_eq!(names(&alerts), [("audit_log_behind", "warning")]);
    assert_eq!((alerts[0].of.name(), alerts[0].text.contains("5 min")), ("siem", true));
}

#[test]
fn a_full_journal_is_foreseen_with_its_time_and_gets_graver() {
    // 1,000 of budget fill at 100 an hour: full after ten hours.
    let filling = |at: u64| {
        let value = at as f64 / 36.0;
        Reading { fills: vec![Fill { what: "journal", value, limit: 1_000.0 }], ..calm(at) }
    };
    let (alerts, changes) = watch(3_600, filling);
    assert_eq!(names(&alerts), [("journal_filling", "warning")]);
    let hours = alerts[0].time_to_full.unwrap().as_secs_f64() / 3_600.0;
    assert!((8.8..9.2).contains(&hours), "{hours}");
    assert!(
        alerts[0].text.contains("10 % full, and full in 8 h") || alerts[0].text.contains("10 % full, and full in 9 h"),
        "{}",
        alerts[0].text
    );
    assert_eq!(changes.len(), 1);
    let (alerts, changes) = watch(9 * 3_600, filling);
    assert_eq!(names(&alerts), [("journal_filling", "critical")]);
    assert!(
        matches!(&changes[..], [Change::Begins(a), Change::Begins(b)] if a.severity < b.severity && a.since == b.since)
    );
}

#[test]
fn an_alert_ends_after_a_while_of_quiet_and_not_before() {
    let mut watcher = Watcher::default();
    let open = |at| Reading { bypass_open: 1, ..calm(at) };
    assert_eq!(watcher.observe(&open(0)).len(), 1);
    assert_eq!(watcher.observe(&calm(5)), []);
    assert_eq!(watcher.observe(&open(10)), [], "it did not begin again");
    assert_eq!(watcher.observe(&calm(20)), []);
    let ended = watcher.observe(&calm(25));
    assert!(matches!(&ended[..], [Change::Ends(alert)] if alert.name == "bypass_open"), "{ended:?}");
    assert_eq!(watcher.alerts(), []);
}

#[test]
fn a_vendor_that_is_away_is_told_after_a_quarter_of_an_hour_and_gravely_near_the_limit() {
    let away = |max: u64| {
        move |at: u64| Reading {
            destinations: vec![DestinationReading {
                lag_millis: at * 1_000,
                lag_millis_max: max,
                is_lagging: at * 1_000 > max / 2,
                ..destination()
            }],
            ..calm(at)
        }
    };
    assert_eq!(watch(890, away(72 * 3_600_000)).0, []);
    let (alerts, _) = watch(1_000, away(72 * 3_600_000));
    assert_eq!(names(&alerts), [("destination_lagging", "warning")]);
    let left = alerts[0].time_to_full.unwrap().as_secs();
    assert!((72 * 3_600 - 1_030..72 * 3_600 - 960).contains(&left), "{left}");
    assert_eq!(
        names(&watch(1_000, away(2 * 3_600_000)).0),
        [("destination_lagging", "critical")],
        "less than two hours are left"
    );
    let suspended = |at| {
        let mut reading = away(72 * 3_600_000)(at);
        reading.destinations[0].is_suspended = true;
        reading
    };
    assert_eq!(watch(1_000, suspended).0, [], "it was asked to wait");
    let half = |at: u64| suspended(at + 37 * 3_600);
    assert_eq!(names(&watch(0, half).0), [("destination_lagging", "critical")]);
}

#[test]
fn a_source_that_falls_silent_is_told_and_one_that_is_quiet_by_night_is_not() {
    let until = |end: u64| move |at: u64| Reading { sources: vec![source(at.min(end), 0)], ..calm(at) };
    assert_eq!(watch(2 * 3_600, until(90 * 60)).0.len(), 1);
    assert_eq!(names(&watch(2 * 3_600, until(90 * 60)).0), [("traffic_stopped", "warning")]);
    assert_eq!(watch(2 * 3_600, until(110 * 60)).0, [], "ten minutes are no silence");
    assert_eq!(watch(3_000, until(1_800)).0, [], "half an hour is no habit");
    let rare = |at: u64| Reading { sources: vec![source(at / 1_800, 0)], ..calm(at) };
    assert_eq!(watch(6 * 3_600, rare), (Vec::new(), Vec::new()), "an event every half hour");
}

#[test]
fn a_burst_of_quarantine_is_told_for_source_and_destination_and_a_few_are_not() {
    let burst = |held: u64, rejected: u64| {
        move |at: u64| {
            let late = at.saturating_sub(3_600);
            Reading {
                sources: vec![source(at * 10, late * held / 900)],
                destinations: vec![DestinationReading {
                    delivered: at * 10,
                    rejected: late * rejected / 900,
                    ..destination()
                }],
                ..calm(at)
            }
        }
    };
    assert_eq!(watch(4_500, burst(90, 90)).0, []);
    assert_eq!(watch(4_500, burst(300, 300)).0, [], "300 of 9,000 are not 5 %");
    let (alerts, _) = watch(4_500, burst(900, 900));
    assert_eq!(names(&alerts), [("quarantine_rising", "warning"); 2]);
    assert!(matches!((&alerts[0].of, &alerts[1].of), (Of::Source(_), Of::Destination(_))));
    // What expires at night and comes again is not counted twice.
    let expiring = |at: u64| Reading { sources: vec![source(at * 10, 5_000 - at.min(5_000))], ..calm(at) };
    assert_eq!(watch(4_500, expiring).0, []);
}

#[test]
fn a_jump_of_the_clock_is_told_for_an_hour_in_either_direction() {
    for by in [-120_000_i64, 120_000] {
        let jumping = |at: u64| Reading { at: calm(at).at.plus(if at >= 600 { by } else { 0 }), ..calm(at) };
        assert_eq!(names(&watch(3_600, jumping).0), [("clock_jumped", "warning")]);
        assert_eq!(watch(600 + 3_700, jumping).0, []);
    }
    let drifting = |at: u64| Reading { at: calm(at).at.plus(at as i64 * 10), ..calm(at) };
    assert_eq!(watch(36_000, drifting).0, [], "a clock that is corrected slowly does not jump");
}

#[test]
fn rules_have_names_of_their_own() {
    let mut all: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), RULES.len());
    assert!(all.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

#[test]
fn a_class_where_it_never_was_is_an_alert_for_as_long_as_it_is_new() {
    let reading = |at: u64| {
        let new_classes = u64::from((60..600).contains(&at));
        let changed_forms = new_classes;
        Reading { sources: vec![SourceReading { new_classes, changed_forms, ..source(0, 0) }], ..calm(at) }
    };
    let (during, _) = watch(300, reading);
    assert_eq!(during.iter().map(|alert| alert.name).collect::<Vec<_>>(), ["new_class", "changed_form"]);
    assert!(during[0].text.contains("never seen there before"), "{}", during[0].text);
    assert!(watch(3_000, reading).0.is_empty());
}
