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
    const LENGTHS: u32 = 1 << 3 | 1 << 2 | 1 << 4;
    let groups = run.groups();
    let keyed = leaf.facts.has(PathFacts::NATIONAL_ID);
    if !keyed && !run.has_lengths(LENGTHS) {
        return;
    }
    for (i, group) in groups.iter().enumerate() {
        if out.is_full(Category::NationalId) {
            return;
        }
        if group.len() != 3 && !(keyed && groups.len() == 1) {
            continue;
        }
        let between = (run.between(i), if i + 1 < groups.len() { run.between(i + 1) } else { &[] });
        let dashed = between == (b"-", b"-");
        let spaced = between == (b" ", b" ");
        if let [area, middle, serial, ..] = &groups[i..]
            && (dashed || spaced)
            && (area.len(), middle.len(), serial.len()) == (3, 2, 4)
            && !area.glued_before
            && !serial.glued_after
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
        } else if keyed && groups.len() == 1 && group.len() == 9 && !group.is_glued() {
            out.add(Category::NationalId, Likelihood::Likely, Evidence::KeyName, group.start, group.end);
        }
    }
}
