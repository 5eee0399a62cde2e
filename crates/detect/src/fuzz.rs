//! Entry points for fuzzing: replayed on stable by the tests and run by libFuzzer. None may panic on any bytes.

use std::net::{IpAddr, Ipv6Addr};

use weir_event::{LeafKind, NameJudge};

use crate::country::{Table, TruncatedAddress};
use crate::facts::PathFacts;
use crate::{Engine, Judge, families, url};

/// Scans any bytes as a string, a number and a map key, with and without what a key would say.
pub fn fuzz_scan(data: &[u8]) {
    let engine = Engine::new();
    let mut found = Vec::new();
    let (key, text) = data.split_at(data.len().min(8));
    let facts = PathFacts::of_path(&String::from_utf8_lossy(key));
    if let Some(shaped) = crate::shapes::learned::shaped(text) {
        assert!(shaped.kinds().count() > 0 && (0.0..=1.0).contains(&shaped.chance()));
        assert!(shaped.kinds().all(|(kind, passes)| kind.is_of(text) == passes));
    }
    for kind in [LeafKind::String, LeafKind::Number, LeafKind::MapKey] {
        for facts in [PathFacts::NONE, facts, PathFacts::everything()] {
            found.clear();
            engine.scan(facts, kind, text, &mut found);
            for finding in &found {
                let (start, end) = finding.span;
                assert!(start < end && end as usize <= text.len(), "a span lies inside its leaf");
            }
        }
    }
}

/// Judges and reduces any text.
pub fn fuzz_reduce(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    Judge::new(std::sync::Arc::new(Engine::new())).judge(&text);
    families::os_family(&text);
    families::browser_family(&text);
    families::library("web", &text);
    if let Some(templated) = url::template(&text) {
        assert!(!templated.text.contains(['?', '#', '@']), "a template has no query, fragment or user information");
        assert_eq!(
            url::template(&templated.text).map(|again| again.text),
            Some(templated.text),
            "a template is its own template"
        );
    }
}

/// Reads any bytes as a country table and asks it.
pub fn fuzz_country_table(data: &[u8]) {
    let Some(table) = Table::read(data) else { return };
    let mut address = [0; 16];
    for (to, from) in address.iter_mut().zip(data) {
        *to = *from;
    }
    table.look_up(TruncatedAddress::of(IpAddr::V6(Ipv6Addr::from(address))));
    table.look_up(TruncatedAddress::of(IpAddr::from([address[0], address[1], address[2], address[3]])));
}
