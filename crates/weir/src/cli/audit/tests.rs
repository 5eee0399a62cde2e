use proptest::prelude::*;
use weir_event::Category;

use super::*;

fn report_of(text: &str) -> Report {
    let now = weir_event::Millis(1_795_000_000_000);
    let mut examiner = Examiner::new(now).unwrap();
    let mut files = Files::new(&mut examiner);
    files.read_open(std::path::Path::new("a.ndjson"), reading::unpacked(Box::new(text.as_bytes())).unwrap()).unwrap();
    files.flush_all();
    let reports = files.reports;
    Report::new(examiner, reports, now)
}

#[test]
fn every_form_of_event_goes_to_its_vendor() {
    for (text, vendor, event) in [
        (r#"{"event":"A","properties":{"distinct_id":"u","time":1}}"#, "mixpanel", "A"),
        (r#"{"$distinct_id":"u","$properties":{"plan":"pro"}}"#, "mixpanel", "$profile"),
        (r#"{"event_type":"A","user_id":"u"}"#, "amplitude", "A"),
        (r#"{"type":"track","event":"A","userId":"u"}"#, "segment", "A"),
        (r#"{"type":"page","name":"A","anonymousId":"u"}"#, "segment", "$page"),
        (r#"{"type":"track","event":"A","userId":"u","rudderId":"r"}"#, "rudderstack", "A"),
        (r#"{"event":"A","distinct_id":"u","properties":{}}"#, "posthog", "A"),
        (r#"{"distinct_ids":["u"],"properties":{"plan":"pro"}}"#, "posthog", "$profile"),
        (r#"{"events":[{"event_type":"A","user_id":"u"}]}"#, "amplitude", "A"),
        (r#"{"event_name":"A","plan":"pro"}"#, "other", "A"),
        (r#"{"plan":"pro"}"#, "other", "(unnamed)"),
    ] {
        let report = report_of(text);
        let found: Vec<(&str, &str)> = report.events.iter().map(|e| (e.vendor, e.name)).collect();
        assert_eq!(found, [(vendor, event)], "{text}");
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let text = r#"{"event":"<script>alert(1)</script>","properties":{"distinct_id":"u","email":"ada@example.com","<b>":1}}
{"event":"Paid & <Done>","properties":{"distinct_id":"u","card":"4111 1111 1111 1111"}}"#;
    let page = page::render(&report_of(text));
    assert!(page.contains("default-src 'none'"));
    for forbidden in
        ["<script", "src=", "@import", "url(", "<iframe", "<link", "javascript:", "<b>", "<Done>", "http:", "https:"]
    {
        assert!(!page.contains(forbidden), "the page has {forbidden}");
    }
    for (open, close) in
        [("<table", "</table>"), ("<section", "</section>"), ("<svg", "</svg>"), ("<tr>", "</tr>"), ("<td", "</td>")]
    {
        assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
    }
}

#[test]
fn every_category_has_a_short_name_for_the_picture() {
    for category in Category::ALL {
        let short = picture::short(category);
        assert!(!short.is_empty() && !short.contains('.'), "{short}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever bytes come, nothing panics.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[\\[\\]{}\",:a-z0-9\n ]{0,200}") {
        fuzz::fuzz_audit(&bytes);
        fuzz::fuzz_audit(text.as_bytes());
        fuzz::fuzz_audit(format!("[{{\"event\":\"a\",{text}").as_bytes());
    }
}
