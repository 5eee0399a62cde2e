//! US social security numbers, and bare national ids under a key that says so.
//!
//! Finds: `536-22-8741` and, less surely, `536 22 8741`; nine bare digits only under a key (`ssn`, `tax_id`).
//! Not one: area 000, 666 or 9xx, group 00, serial 0000; digits that go on by a dash.
//! Example: `536-22-8741`, `ssn` = `536228741`
//! Misses: bare digits without a key. Individual taxpayer numbers (area 9xx) only under a key.
//! Source: SSA, "The SSN numbering scheme" and randomisation of 2011 (POMS RM 10201.030).

use weir_event::{Category, Evidence, Likelihood};

use crate::digits::Run;
use crate::facts::PathFacts;
use crate::leaf::{Leaf, Output};

pub(crate) fn find(leaf: &Leaf<'_>, run: &Run<'_>, out: &mut Output<'_>) {
    if run.digit_count() < 9 {
        return;
    }
    let groups = run.groups();
    let keyed = leaf.facts.has(PathFacts::NATIONAL_ID);
    if let ([group], true) = (groups, keyed) {
        if group.len() == 9 && !run.is_glued(0) {
            out.add(Category::NationalId, Likelihood::Likely, Evidence::KeyName, group.start, group.end);
        }
        return;
    }
    let of = |length: usize| run.of_length(length..=length);
    let mut begins = of(3) & of(2) >> 1 & of(4) >> 2 & run.not_shown(3);
    while begins != 0 && !out.is_full(Category::NationalId) {
        let i = begins.trailing_zeros() as usize;
        begins &= begins - 1;
        let between = (run.between(i), run.between(i + 1));
        let dashed = between == (b"-", b"-");
        let spaced = between == (b" ", b" ");
        if let [area, middle, serial, ..] = &groups[i..]
            && (dashed || spaced)
            && !run.is_glued_before(i)
            && !run.is_glued_after(i + 2)
            && !run.goes_on_before(i, b'-')
            && !run.goes_on_after(i + 2, b'-')
        {
            let digits = |g: &crate::digits::Group| &run.text[g.start..g.end];
            let valid = digits(area) != b"000"
                && digits(area) != b"666"
                && (digits(area)[0] != b'9' || keyed)
                && digits(middle) != b"00"
                && digits(serial) != b"0000";
            if valid {
                let likelihood = match (keyed, dashed) {
                    (true, _) => Likelihood::VeryLikely,
                    (false, true) => Likelihood::Likely,
                    (false, false) => Likelihood::Possible,
                };
                out.add(Category::NationalId, likelihood, Evidence::Shape, area.start, serial.end);
            }
        }
    }
}
