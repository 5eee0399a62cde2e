//! What is wrong with a configuration: every problem at once, each with its place and, where we know it, what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use super::yaml::Position;

/// One problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where; line 0 where it belongs to no line (a missing file).
    pub at: Position,
    /// What, and what to do. Names fields and variables, never the value of a secret.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(at: Position, message: String) -> Problem {
        Problem { at, message }
    }
}

/// Everything that is wrong with one configuration file, in the order of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problems {
    /// The file.
    pub file: PathBuf,
    /// At least one.
    pub list: Vec<Problem>,
}

impl Problems {
    pub(crate) fn new(file: &Path, mut list: Vec<Problem>) -> Problems {
        list.sort_by_key(|p| p.at);
        list.dedup();
        Problems { file: file.to_owned(), list }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            if problem.at.line == 0 {
                write!(f, "{}: {}", self.file.display(), problem.message)?;
            } else {
                write!(f, "{}:{}: {}", self.file.display(), problem.at, problem.message)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The nearest of `known` to `word`, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let scored = known.into_iter().map(|k| {
        let (word_folded, known_folded) = (fold(word), fold(k));
        let distance = if known_folded.starts_with(&word_folded) && word_folded.len() >= 4 {
            1
        } else {
            edit_distance(&word_folded, &known_folded)
        };
        (distance, k)
    });
    scored.filter(|(d, _)| *d <= limit).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// Case and the two ways to join words make no difference to what was meant.
fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Edits that turn `a` into `b`: insert, delete, replace, swap of neighbours.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_field_and_a_foreign_word_none() {
        let known = ["destinations", "sources", "listen", "write_keys", "trusted_proxies", "environment"];
        for (typed, meant) in [
            ("destination", "destinations"),
            ("soruces", "sources"),
            ("Listen", "listen"),
            ("writeKeys", "write_keys"),
            ("trusted-proxies", "trusted_proxies"),
            ("env", ""),
            ("environ", "environment"),
            ("kafka", ""),
        ] {
            assert_eq!(nearest(typed, known).unwrap_or(""), meant, "{typed}");
        }
    }

    #[test]
    fn distances_of_known_pairs() {
        for (a, b, want) in [("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("same", "same", 0)] {
            assert_eq!(edit_distance(a, b), want, "{a} {b}");
        }
    }
}
