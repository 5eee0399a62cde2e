//! A YAML file as a tree that knows where each piece stands, so that every problem can be reported with line and column.
//!
//! Anchors, aliases, tags, merge keys and several documents are refused: a configuration has no use for them, and without them
//! a file cannot grow while it is read. A duplicate key is a problem, not a silent choice.

use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::problem::Problem;

/// Nesting that a configuration may have. Deeper input is refused.
const DEPTH_MAX: usize = 24;
/// Nodes that a configuration may have. Source: ten times a file of 300 destinations.
const NODES_MAX: usize = 200_000;
/// Bytes that a configuration file may have.
pub(super) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A place in the file, both counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Position {
    /// The line; 0 where the value is a default and stands nowhere.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A piece of the file.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) value: Value,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Null,
    /// The text as written; `plain` without quotes. Whether it is a number or a word is the field table's decision.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Key {
    pub(crate) at: Position,
    pub(crate) text: String,
}

impl Value {
    /// What it is, in words of a message.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a set of fields",
        }
    }
}

/// Reads a file into a tree. An empty file is an empty map. On a syntax error the tree is missing; on lesser problems both exist.
pub(crate) fn parse(text: &str, problems: &mut Vec<Problem>) -> Option<Node> {
    let mut reader = Reader { parser: Parser::new_from_str(text), problems, nodes: 0 };
    let root = reader.document();
    match root {
        Ok(node) => Some(node),
        Err(Stop::Reported) => None,
        Err(Stop::Syntax(at, info)) => {
            reader.problems.push(Problem::new(at, format!("not valid YAML: {info}")));
            None
        }
    }
}

struct Reader<'a, 'p> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    problems: &'p mut Vec<Problem>,
    nodes: usize,
}

enum Stop {
    Syntax(Position, String),
    Reported,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                event if root.is_none() => root = Some(self.node(event, span, 0)?),
                _ => {
                    let at = position(span);
                    self.problems.push(Problem::new(at, "a second document: a configuration is one document".into()));
                    return Err(Stop::Reported);
                }
            }
        }
        let empty = Node { at: Position { line: 1, column: 1 }, value: Value::Map(Vec::new()) };
        Ok(match root {
            Some(Node { value: Value::Null, .. }) | None => empty,
            Some(node) => node,
        })
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Stop> {
        let at = position(span);
        self.nodes += 1;
        if depth > DEPTH_MAX || self.nodes > NODES_MAX {
            self.problems
                .push(Problem::new(at, "the file is nested too deeply or too long to be a configuration".into()));
            return Err(Stop::Reported);
        }
        let (anchor, tag) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        if anchor != 0 {
            self.problems.push(Problem::new(at, "an anchor (&): write the value out where it is used".into()));
        }
        if tag {
            self.problems.push(Problem::new(at, "a tag (!): remove it, the field's kind is known".into()));
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") => {
                Value::Null
            }
            Event::Scalar(text, style, ..) => {
                Value::Scalar { text: text.into_owned(), plain: matches!(style, ScalarStyle::Plain) }
            }
            Event::Alias(_) => {
                self.problems.push(Problem::new(at, "an alias (*): write the value out".into()));
                Value::Null
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break Value::List(items);
                    }
                    items.push(self.node(event, span, depth + 1)?);
                }
            }
            Event::MappingStart(..) => {
                let mut fields: Vec<(Key, Node)> = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::MappingEnd) {
                        break Value::Map(fields);
                    }
                    let key = self.node(event, span, depth + 1)?;
                    let (event, span) = self.next()?;
                    let value = self.node(event, span, depth + 1)?;
                    let Value::Scalar { text, .. } = key.value else {
                        self.problems.push(Problem::new(key.at, "the name of a field must be a plain word".into()));
                        continue;
                    };
                    if let Some((first, _)) = fields.iter().find(|(k, _)| k.text == text) {
                        let line = first.at.line;
                        self.problems
                            .push(Problem::new(key.at, format!("`{text}` is set twice, first on line {line}")));
                        continue;
                    }
                    fields.push((Key { at: key.at, text }, value));
                }
            }
            // The parser balances starts and ends itself; anything else here would be its defect, and ends the reading.
            _ => return Err(Stop::Syntax(at, "unexpected end of a block".into())),
        };
        Ok(Node { at, value })
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let marker = error.marker();
                let at = Position { line: narrow(marker.line()), column: narrow(marker.col() + 1) };
                Err(Stop::Syntax(at, error.info().to_owned()))
            }
            None => Err(Stop::Syntax(Position::default(), "the file ends too early".into())),
        }
    }
}

fn position(span: Span) -> Position {
    Position { line: narrow(span.start.line()), column: narrow(span.start.col() + 1) }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Node>, Vec<Problem>) {
        let mut problems = Vec::new();
        let node = parse(text, &mut problems);
        (node, problems)
    }

    #[test]
    fn flow_style_keeps_addresses_and_urls_whole() {
        let (node, problems) =
            read("listen: {ingest: 127.0.0.1:8400}\nd: {endpoint: http://127.0.0.1:9900, a: [127.0.0.0/8]}\n");
        assert!(problems.is_empty(), "{problems:?}");
        let Some(Node { value: Value::Map(fields), .. }) = node else { panic!() };
        let Value::Map(listen) = &fields[0].1.value else { panic!() };
        assert_eq!(listen[0].1.value, Value::Scalar { text: "127.0.0.1:8400".into(), plain: true });
        assert_eq!(listen[0].1.at, Position { line: 1, column: 18 });
        let Value::Map(d) = &fields[1].1.value else { panic!() };
        assert_eq!(d[0].1.value, Value::Scalar { text: "http://127.0.0.1:9900".into(), plain: true });
    }

    #[test]
    fn what_could_grow_or_surprise_is_refused_with_its_place() {
        for (text, want) in [
            ("a: &x 1\nb: 2\n", "an anchor"),
            ("a: &x [1]\nb: *x\n", "an alias"),
            ("a: !!str 1\n", "a tag"),
            ("a: 1\na: 2\n", "set twice, first on line 1"),
            ("a: 1\n---\nb: 2\n", "second document"),
            ("a: [1\n", "not valid YAML"),
            ("[a]: 1\n", "plain word"),
        ] {
            let (_, problems) = read(text);
            assert!(problems.iter().any(|p| p.message.contains(want)), "{text:?}: {problems:?}");
            assert!(problems.iter().all(|p| p.at.line > 0), "{text:?}: {problems:?}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(read(&deep).1[0].message.contains("too deeply"));
    }

    #[test]
    fn an_empty_file_is_an_empty_configuration() {
        for text in ["", "# nothing\n", "---\n", "~\n"] {
            let (node, problems) = read(text);
            assert!(problems.is_empty());
            assert_eq!(node.map(|n| n.value), Some(Value::Map(Vec::new())), "{text:?}");
        }
    }
}
