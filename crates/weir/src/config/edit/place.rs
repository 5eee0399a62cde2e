//! Where in the text a change goes. Everything here may be wrong about a strange file: the caller reads the result again.

use super::super::yaml::{Extent, Key, Node, Value};
use super::{Change, Step, Yaml, render};

/// Bytes to be replaced, and by what.
#[derive(Debug)]
pub(super) struct Splice {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) with: String,
}

/// A text and what the reader made of it.
pub(super) struct Page<'a> {
    text: &'a str,
    root: &'a Node,
    /// The file's line end.
    end: &'static str,
}

/// A node that a path leads to, as far as there is one.
struct Found<'a, 'p> {
    node: &'a Node,
    /// Its parent, and its number there.
    parent: Option<(&'a Node, usize)>,
    /// Whether it stands within brackets.
    in_flow: bool,
    /// The steps that lead on to what is not there.
    missing: &'p [Step<'p>],
}

impl<'a> Page<'a> {
    pub(super) fn new(text: &'a str, root: &'a Node) -> Page<'a> {
        let end = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        Page { text, root, end }
    }

    pub(super) fn splice(&self, path: &[Step<'_>], change: &Change<'_>) -> Option<Splice> {
        let found = self.find(path);
        match (change, found.missing) {
            (Change::Set(value), []) => self.replace(&found, value),
            (Change::Set(value), [step, rest @ ..]) => self.add(&found, *step, wrap(rest, (*value).clone())?),
            (Change::Push(value), []) => match &found.node.value {
                Value::List(items) => self.push(&found, items, value),
                _ => self.replace(&found, &Yaml::List(vec![(*value).clone()])),
            },
            (Change::Push(value), [step, rest @ ..]) => {
                self.add(&found, *step, wrap(rest, Yaml::List(vec![(*value).clone()]))?)
            }
            (Change::Remove, []) => self.remove(&found),
            (Change::Remove, _) => None,
        }
    }

    fn find<'p>(&self, path: &'p [Step<'p>]) -> Found<'a, 'p> {
        let mut found = Found { node: self.root, parent: None, in_flow: false, missing: path };
        while let [step, rest @ ..] = found.missing {
            let child = match (step, &found.node.value) {
                (Step::Key(key), Value::Map(fields)) => {
                    fields.iter().enumerate().find(|(_, (k, _))| k.text == *key).map(|(i, (_, node))| (i, node))
                }
                (Step::Item(item), Value::List(items)) => items.get(*item).map(|node| (*item, node)),
                _ => None,
            };
            let Some((number, node)) = child else { break };
            let in_flow = found.in_flow || self.is_flow(found.node);
            found = Found { node, parent: Some((found.node, number)), in_flow, missing: rest };
        }
        found
    }

    /// Another value in the place of one.
    fn replace(&self, found: &Found<'_, '_>, value: &Yaml) -> Option<Splice> {
        let Extent { start, end } = found.node.extent;
        found.parent?;
        if start == end {
            return self.fill(found, value);
        }
        let column = self.column(start);
        let begins_line = self.text[self.line_start(start)..start].bytes().all(|b| b == b' ');
        let is_inline = found.in_flow || !begins_line || render::is_short(value);
        // A list may stand as far left as its key, nothing else may.
        let is_list = matches!(found.node.value, Value::List(_)) && !self.is_flow(found.node);
        let pad = if begins_line && is_list && !found.in_flow { "  " } else { "" };
        let with = if is_inline {
            format!("{pad}{}", render::flow(value))
        } else {
            format!("{pad}{}", render::block(value, column + pad.len(), self.end))
        };
        Some(Splice { start, end, with })
    }

    /// A value where nothing is written behind the key or the dash.
    fn fill(&self, found: &Found<'_, '_>, value: &Yaml) -> Option<Splice> {
        let at = found.node.extent.start;
        let (parent, number) = found.parent?;
        let lead = match (&parent.value, self.text[..at].chars().next_back()) {
            (Value::Map(_), Some(':')) | (Value::List(_), Some('-')) => " ",
            (Value::Map(_), _) => ": ",
            _ => "",
        };
        if found.in_flow || render::is_short(value) || matches!(parent.value, Value::List(_)) {
            return Some(Splice { start: at, end: at, with: format!("{lead}{}", render::flow(value)) });
        }
        let Value::Map(fields) = &parent.value else { return None };
        let column = self.column(fields.get(number)?.0.extent.start) + 2;
        let at = self.line_end(at);
        let with = format!("{}{}{}", self.end, " ".repeat(column), render::block(value, column, self.end));
        Some(Splice { start: at, end: at, with })
    }

    /// A field that is not there yet.
    fn add(&self, found: &Found<'_, '_>, step: Step<'_>, value: Yaml) -> Option<Splice> {
        let Step::Key(key) = step else { return None };
        let fields = match &found.node.value {
            Value::Map(fields) => fields,
            Value::Null => return self.replace(found, &Yaml::Map(vec![(key.to_owned(), value)])),
            _ => return None,
        };
        let is_flow = found.in_flow || self.is_flow(found.node);
        if !is_flow && found.parent.is_none() {
            return Some(self.append(key, &value));
        }
        let Extent { start, end } = found.node.extent;
        if is_flow {
            let comma = if fields.is_empty() { "" } else { ", " };
            let at = fields.last().map_or(start + 1, |(_, last)| last.extent.end);
            return Some(Splice { start: at, end: at, with: comma.to_owned() + &render::flow_field(key, &value) });
        }
        let column = self.column(start);
        let at = self.line_end(end);
        let field = render::block_field(key, &value, column, self.end);
        Some(Splice { start: at, end: at, with: format!("{}{}{field}", self.end, " ".repeat(column)) })
    }

    /// A field of the whole file goes to its end, behind what may be commented out there.
    fn append(&self, key: &str, value: &Yaml) -> Splice {
        let at = self.text.len();
        let mut with = String::new();
        if !self.text.is_empty() {
            if !self.text.ends_with('\n') {
                with.push_str(self.end);
            }
            with.push_str(self.end);
        }
        with.push_str(&render::block_field(key, value, 0, self.end));
        with.push_str(self.end);
        Splice { start: at, end: at, with }
    }

    fn push(&self, found: &Found<'_, '_>, items: &[Node], value: &Yaml) -> Option<Splice> {
        let Extent { start, end } = found.node.extent;
        if found.in_flow || self.is_flow(found.node) {
            let comma = if items.is_empty() { "" } else { ", " };
            let at = items.last().map_or(start + 1, |last| last.extent.end);
            return Some(Splice { start: at, end: at, with: comma.to_owned() + &render::flow(value) });
        }
        let at = self.line_end(end);
        let with = format!("{}{}- {}", self.end, " ".repeat(self.column(start)), render::flow(value));
        Some(Splice { start: at, end: at, with })
    }

    fn remove(&self, found: &Found<'_, '_>) -> Option<Splice> {
        let (parent, number) = found.parent?;
        // Where each piece begins (its key, its dash) and ends.
        let (pieces, empty): (Vec<Extent>, &str) = match &parent.value {
            Value::Map(fields) => {
                let whole = |(key, node): &(Key, Node)| Extent { start: key.extent.start, end: node.extent.end };
                (fields.iter().map(whole).collect(), "{}")
            }
            Value::List(items) if self.is_flow(parent) => (items.iter().map(|item| item.extent).collect(), "[]"),
            Value::List(items) => {
                let dash = |start: usize| self.text[..start].rfind('-').unwrap_or(start);
                (items.iter().map(|i| Extent { start: dash(i.extent.start), end: i.extent.end }).collect(), "[]")
            }
            _ => return None,
        };
        let piece = *pieces.get(number)?;
        if pieces.len() == 1 {
            // Nothing but brackets says that nothing is left; a file that is nothing but this field becomes empty.
            let Extent { start, end } = parent.extent;
            let is_root = std::ptr::eq(parent, self.root) && !self.is_flow(parent);
            let is_list = matches!(parent.value, Value::List(_)) && !self.is_flow(parent);
            let with = match (is_root, is_list) {
                (true, _) => String::new(),
                (_, true) => format!("  {empty}"),
                _ => empty.to_owned(),
            };
            return Some(Splice { start, end, with });
        }
        if found.in_flow {
            return Some(self.remove_from_flow(&pieces, number));
        }
        let start = piece.start;
        let line = self.line_start(start);
        if self.text[line..start].bytes().all(|b| b == b' ') {
            let end = self.line_end(piece.end);
            let end = end + line_end_len(&self.text[end..]);
            return Some(Splice { start: line, end, with: String::new() });
        }
        // It stands behind a dash: the next piece moves up to it.
        let next = pieces.get(number + 1)?;
        Some(Splice { start, end: next.start, with: String::new() })
    }

    fn remove_from_flow(&self, pieces: &[Extent], number: usize) -> Splice {
        let piece = pieces[number];
        let nothing = |start: usize, end: usize| Splice { start, end, with: String::new() };
        let has_comment = |start: usize, end: usize| self.text[start..end].contains('#');
        if let Some(next) = pieces.get(number + 1) {
            if !has_comment(piece.end, next.start) {
                return nothing(piece.start, next.start);
            }
            let comma = self.text[piece.end..next.start].find(',').map_or(piece.end, |at| piece.end + at + 1);
            return nothing(piece.start, comma);
        }
        let before = number.checked_sub(1).and_then(|n| pieces.get(n)).map_or(piece.start, |p| p.end);
        if has_comment(before, piece.start) { nothing(piece.start, piece.end) } else { nothing(before, piece.end) }
    }

    /// Whether a collection is written with brackets.
    fn is_flow(&self, node: &Node) -> bool {
        let opens = self.text.as_bytes().get(node.extent.start).is_some_and(|b| matches!(b, b'[' | b'{'));
        opens && matches!(node.value, Value::List(_) | Value::Map(_)) && node.extent.end > node.extent.start
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Before the line end of the line that `at` is in.
    fn line_end(&self, at: usize) -> usize {
        let rest = &self.text[at..];
        let end = rest.find('\n').unwrap_or(rest.len());
        at + end - usize::from(rest[..end].ends_with('\r'))
    }

    /// Characters before `at` in its line.
    fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }
}

fn line_end_len(rest: &str) -> usize {
    if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) }
}

/// The value under the fields that lead to it.
fn wrap(path: &[Step<'_>], value: Yaml) -> Option<Yaml> {
    path.iter().rev().try_fold(value, |value, step| match step {
        Step::Key(key) => Some(Yaml::Map(vec![((*key).to_owned(), value)])),
        Step::Item(_) => None,
    })
}
