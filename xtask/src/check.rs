//! The outcome of a check: a sentence and what speaks against it.

/// One rule that was looked at.
#[derive(Debug)]
pub(crate) struct Check {
    /// The rule, as a sentence that is true when it passes.
    pub(crate) rule: &'static str,
    /// What breaks it, with its place.
    pub(crate) broken: Vec<String>,
}

/// Prints them; whether all passed.
pub(crate) fn print(checks: &[Check]) -> bool {
    for check in checks {
        println!("{} {}", if check.broken.is_empty() { "ok    " } else { "BROKEN" }, check.rule);
        for place in &check.broken {
            println!("       {place}");
        }
    }
    checks.iter().all(|c| c.broken.is_empty())
}
