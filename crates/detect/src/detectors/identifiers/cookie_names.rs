//! The names of cookies that no word of a dictionary can hold, because an id of the site stands in them.

/// Whether a key is `_ga_ABC123`, `mp_…_mixpanel`, `ph_…_posthog`, `amplitude_id_…`, `AMP_…`, `_hjSessionUser_…` or `_gcl_au`.
/// Sources: the documentation of each script.
pub(crate) fn is_one(key: &str) -> bool {
    let rest = |prefix: &str| key.strip_prefix(prefix);
    match key.as_bytes().first() {
        Some(b'_') => {
            rest("_ga_")
                .is_some_and(|id| id.len() >= 6 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
                || rest("_hjSessionUser_").is_some()
                || rest("_hjSession_").is_some()
                || rest("_gcl_").is_some_and(|kind| kind.len() == 2)
        }
        Some(b'm') => rest("mp_").is_some_and(|rest| rest.ends_with("_mixpanel")),
        Some(b'p') => rest("ph_").is_some_and(|rest| rest.ends_with("_posthog")),
        Some(b'a') => rest("amplitude_id_").is_some_and(|id| id.len() >= 8),
        Some(b'A') => rest("AMP_").is_some_and(|id| id.len() >= 8 && id.bytes().all(|b| b.is_ascii_hexdigit())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_one;

    #[test]
    fn names_with_an_id_in_them_are_known() {
        for name in [
            "_ga_4F2K9XW1",
            "_gcl_au",
            "_hjSessionUser_1234567",
            "mp_0123456789abcdef0123456789abcdef_mixpanel",
            "ph_phc_abc_posthog",
            "amplitude_id_0123456789abcdef",
            "AMP_0123456789",
        ] {
            assert!(is_one(name), "{name}");
        }
        for name in ["_ga", "_ga_measure", "mp_lib", "ph_level", "amplitude_id", "AMP_LEVEL_UP", "_gcl_country"] {
            assert!(!is_one(name), "{name}");
        }
    }
}
