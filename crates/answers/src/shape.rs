//! What a field set says, read from the body of its entry.

use weir_policy::field_set;

/// A field set, read.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Shape {
    /// The event's name.
    pub event: String,
    /// What left: path, category that was found in it, action.
    pub left: Vec<(String, Option<String>, String)>,
    /// What did not: path and rule.
    pub withheld: Vec<(String, String)>,
}

impl Shape {
    /// Reads the canonical text; `None` where it is none.
    pub(crate) fn read(body: &[u8]) -> Option<Shape> {
        let written = field_set::read(std::str::from_utf8(body).ok()?)?;
        let left = |(path, category, action): &(&str, Option<&str>, &str)| {
            ((*path).to_owned(), category.map(str::to_owned), (*action).to_owned())
        };
        let withheld = |(path, rule): &(&str, &str)| ((*path).to_owned(), (*rule).to_owned());
        Some(Shape {
            event: written.event.to_owned(),
            left: written.left.iter().map(left).collect(),
            withheld: written.withheld.iter().map(withheld).collect(),
        })
    }
}
