//! What `docs/destinations.md` says of numbers, regions and codes is what the code has.

use std::path::Path;

use weir_protocol::destination_kind;
use weir_protocol::statuses::{Means, means};
use weir_protocol::vendors::{datadog, ga4, splunk_hec};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/destinations.md");
    std::fs::read_to_string(path).expect("the page is there")
}

/// The part of the page below a heading.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let from = page.find(&format!("\n## {title}\n")).expect("the heading is there");
    let rest = &page[from + 4..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

#[test]
fn the_page_of_destinations_names_every_region_and_what_a_lost_answer_does() {
    let page = page();
    for (title, kind) in [("Datadog", "datadog"), ("Splunk", "splunk_hec"), ("Google Analytics 4", "ga4")] {
        let (section, kind) = (section(&page, title), destination_kind(kind).expect("it is in the list"));
        for (region, _) in kind.endpoints {
            assert!(section.contains(region), "{title}: {region}");
        }
        let unknown = if kind.resends_unknown { "`on_unknown` is `resend`" } else { "`on_unknown` is `keep_unknown`" };
        assert!(section.contains(unknown), "{title}: {unknown}");
    }
}

#[test]
fn the_page_of_destinations_names_every_code_of_ours_that_a_status_leads_to() {
    let page = page();
    let tables = [("Datadog", datadog::STATUSES), ("Splunk", splunk_hec::CODES), ("Google Analytics 4", ga4::STATUSES)];
    for (title, table) in tables {
        let section = section(&page, title);
        for (first, _, meaning) in table {
            if let Means::Refused(code) = meaning
                && !["redirected", "payment_required", "endpoint_unknown"].contains(code)
            {
                assert!(section.contains(code), "{title}: {code} of {first}");
            }
        }
    }
    for (status, meaning) in [(202, Means::Accepted), (200, Means::Retry), (429, Means::Retry), (503, Means::Retry)] {
        assert_eq!(means(datadog::STATUSES, status), meaning, "{status}");
    }
    for (status, meaning) in [(204, Means::Accepted), (502, Means::Unknown), (504, Means::Unknown), (500, Means::Retry)]
    {
        assert_eq!(means(ga4::STATUSES, status), meaning, "{status}");
    }
    for (code, meaning) in
        [(0, Means::Accepted), (9, Means::Retry), (26, Means::Retry), (7, Means::Refused("index_refused"))]
    {
        assert_eq!(means(splunk_hec::CODES, code), meaning, "{code}");
    }
}
