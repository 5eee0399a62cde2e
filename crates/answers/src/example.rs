//! What a value of a field would look like at a vendor: made up from its category, its type and what policy did with it. Nothing here
//! ever sees a value; addresses, numbers and hosts are those that are reserved for examples.

/// An example of a field that left, or of one that did not (`action` empty). `kind` is `string`, `number`, `boolean`, or empty.
pub fn of(path: &str, category: Option<&str>, action: &str, kind: &str) -> &'static str {
    match action {
        "pseudonymize" => return "0b9f3c1e-7d42-4e85-9a6b-c2d1e0f45a78",
        "truncate" => return "203.0.113.0",
        "template" => return "https://app.example.com/users/:id",
        "coarsen" if path.contains("country") || path.contains("location") => return "CH",
        "coarsen" if path.ends_with("os.name") => return "Windows",
        "coarsen" if path.ends_with("browser.name") => return "Firefox",
        "coarsen" if path.contains("screen") => return "desktop",
        "coarsen" if path.contains("version") => return "150",
        "coarsen" => return "Firefox, Windows",
        _ => {}
    }
    // What SDKs say of themselves has no category, and is no text of anybody's.
    match (path, category) {
        ("context.library.name", None) => return "web",
        ("context.library.version", None) => return "1.2.3",
        ("context.browser.name", None) => return "Firefox",
        ("context.os.name", None) => return "Windows",
        _ => {}
    }
    match category {
        Some(category) => of_category(category),
        None => of_kind(kind),
    }
}

fn of_kind(kind: &str) -> &'static str {
    match kind {
        "number" => "42",
        "boolean" => "true",
        "string" => "some text",
        _ => "…",
    }
}

/// By the longest beginning of the category's key that is known.
fn of_category(key: &str) -> &'static str {
    let known =
        EXAMPLES.iter().filter(|(of, _)| key == *of || key.strip_prefix(of).is_some_and(|r| r.starts_with('.')));
    known.max_by_key(|(of, _)| of.len()).map_or("…", |(_, example)| example)
}

const EXAMPLES: &[(&str, &str)] = &[
    ("free_text", "please call me back about my order"),
    ("secret", "sk_example_0000000000"),
    ("user", "something about a person"),
    ("user.account", "account 000000"),
    ("user.account.username", "alex_example"),
    ("user.authorization", "hunter2-example"),
    ("user.behavior", "read 3 articles"),
    ("user.behavior.browsing_history", "https://example.com/a/page?ref=mail"),
    ("user.behavior.search_history", "how to see a doctor quickly"),
    ("user.biometric", "a fingerprint's template"),
    ("user.childrens", "a child of 9"),
    ("user.contact", "how to reach somebody"),
    ("user.contact.address", "1 Example Street, 00000 Anytown"),
    ("user.contact.email", "alex@example.com"),
    ("user.contact.fax_number", "+1 202 555 0100"),
    ("user.contact.organization", "Example Inc."),
    ("user.contact.phone_number", "+1 202 555 0100"),
    ("user.content", "a message to a friend"),
    ("user.criminal_history", "an offence"),
    ("user.demographic", "something about who they are"),
    ("user.demographic.age_range", "30 to 39"),
    ("user.demographic.date_of_birth", "1990-01-01"),
    ("user.demographic.gender", "f"),
    ("user.demographic.language", "de-CH"),
    ("user.device", "a device"),
    ("user.device.cookie_id", "GA1.1.0000000000.0000000000"),
    ("user.device.device_id", "00000000-0000-0000-0000-000000000000"),
    ("user.device.ip_address", "203.0.113.42"),
    ("user.financial", "IBAN, balance"),
    ("user.financial.bank_account", "CH00 0000 0000 0000 0000 0"),
    ("user.financial.credit_card", "0000 0000 0000 0000"),
    ("user.government_id", "000-00-0000"),
    ("user.health_and_medical", "a diagnosis"),
    ("user.job_title", "Head of Examples"),
    ("user.location", "Zurich, CH"),
    ("user.location.precise", "47.0000, 8.0000"),
    ("user.name", "Alex Example"),
    ("user.payment", "0000 0000 0000 0000"),
    ("user.social", "https://social.example/alex"),
    ("user.unique_id", "user-0000"),
];

#[cfg(test)]
mod tests {
    use weir_event::Category;

    use super::*;

    #[test]
    fn every_category_has_an_example_and_what_was_pseudonymised_shows_a_pseudonym() {
        for category in Category::ALL {
            let example = of("a", Some(category.key()), "keep", "string");
            assert!(example != "…" && !example.is_empty(), "{}", category.key());
            assert_eq!(of("a", Some(category.key()), "pseudonymize", ""), of("b", None, "pseudonymize", ""));
        }
        assert_eq!(of("a", Some("user.contact.email"), "keep", ""), "alex@example.com");
        assert_eq!(of("card", Some("user.financial.credit_card"), "", "string"), "0000 0000 0000 0000");
        assert_eq!(
            (of("context.os.name", None, "coarsen", ""), of("context.browser.name", None, "coarsen", "")),
            ("Windows", "Firefox")
        );
        assert_eq!((of("a", None, "keep", "number"), of("a", None, "", "")), ("42", "…"));
    }
}
