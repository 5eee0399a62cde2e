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

/// The bytes of the text that a piece is written in, quotes and brackets included, comments around it not. Empty where nothing
/// is written: then it is somewhere behind the key or the dash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Extent {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A piece of the file.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) extent: Extent,
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
    pub(crate) extent: Extent,
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
    let offsets = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(byte, _)| byte).collect() };
    let mut reader = Reader { parser: Parser::new_from_str(text), text, offsets, problems, nodes: 0 };
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
    text: &'a str,
    /// Byte offsets of the characters, which the parser counts; empty where both are the same.
    offsets: Vec<usize>,
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
                event if root.is_none() => root = Some(self.node(event, span, 0, 0)?),
                _ => {
                    let at = position(span);
                    self.problems.push(Problem::new(at, "a second document: a configuration is one document".into()));
                    return Err(Stop::Reported);
                }
            }
        }
        let at = Position { line: 1, column: 1 };
        let empty = Node { at, extent: Extent::default(), value: Value::Map(Vec::new()) };
        Ok(match root {
            Some(Node { value: Value::Null, .. }) | None => empty,
            Some(node) => node,
        })
    }

    /// `after`: where the piece before it ends, its key's colon or its own dash.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize, after: usize) -> Result<Node, Stop> {
        let at = position(span);
        let start = self.byte(span.start.index());
        // The parser gives the start of a block no length, and puts it behind the first dash.
        let is_flow = span.end.index() > span.start.index();
        let written = match &event {
            Event::Scalar(text, style, ..) => self.scalar(span, *style, text.is_empty()),
            _ => Extent { start, end: start },
        };
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
        let mut extent = written;
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
                let mut items: Vec<Node> = Vec::new();
                let first = if is_flow { start } else { self.skip_blanks(after) };
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        extent = self.collection(first, is_flow, items.last());
                        break Value::List(items);
                    }
                    let dash = self.skip_blanks(items.last().map_or(first, |last| last.extent.end));
                    let behind = dash + usize::from(self.text.as_bytes().get(dash) == Some(&b'-'));
                    let mut item = self.node(event, span, depth + 1, behind)?;
                    if !is_flow && item.extent.start == item.extent.end {
                        item.extent = Extent { start: behind, end: behind };
                    }
                    items.push(item);
                }
            }
            Event::MappingStart(..) => {
                let mut fields: Vec<(Key, Node)> = Vec::new();
                let mut last: Option<Node> = None;
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::MappingEnd) {
                        extent = self.collection(start, is_flow, last.as_ref());
                        break Value::Map(fields);
                    }
                    let key = self.node(event, span, depth + 1, start)?;
                    let (event, span) = self.next()?;
                    let nothing = self.nothing(key.extent.end);
                    let mut value = self.node(event, span, depth + 1, nothing.end)?;
                    if value.extent.end == value.extent.start {
                        value.extent = nothing;
                    }
                    last = Some(Node { value: Value::Null, ..value });
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
                    fields.push((Key { at: key.at, extent: key.extent, text }, value));
                }
            }
            // The parser balances starts and ends itself; anything else here would be its defect, and ends the reading.
            _ => return Err(Stop::Syntax(at, "unexpected end of a block".into())),
        };
        Ok(Node { at, extent, value })
    }

    /// The byte at which a character begins.
    fn byte(&self, index: usize) -> usize {
        let byte = if self.offsets.is_empty() { index } else { self.offsets.get(index).copied().unwrap_or(usize::MAX) };
        byte.min(self.text.len())
    }

    /// The parser's end of a quoted scalar may lie behind spaces and a comment, so its closing quote is looked for.
    fn scalar(&self, span: Span, style: ScalarStyle, is_empty: bool) -> Extent {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let bytes = self.text.as_bytes();
        let end = match style {
            ScalarStyle::Plain if is_empty => start,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let mut at = start + 1;
                loop {
                    match bytes.get(at) {
                        None => break bytes.len(),
                        Some(b'\\') if style == ScalarStyle::DoubleQuoted => at += 2,
                        Some(b'"') if style == ScalarStyle::DoubleQuoted => break at + 1,
                        Some(b'\'') if style == ScalarStyle::SingleQuoted => match bytes.get(at + 1) {
                            Some(b'\'') => at += 2,
                            _ => break at + 1,
                        },
                        Some(_) => at += 1,
                    }
                }
            }
            _ => start + self.text.get(start..end).unwrap_or_default().trim_end().len(),
        };
        Extent { start, end }
    }

    /// Behind the colon of a key that has no value; behind the key where there is no colon either.
    fn nothing(&self, key_end: usize) -> Extent {
        let rest = self.text.get(key_end..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let end = if rest[blank..].starts_with(':') { key_end + blank + 1 } else { key_end };
        Extent { start: end, end }
    }

    /// The next byte that is neither blank nor of a comment.
    fn skip_blanks(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = from;
        loop {
            match bytes.get(at) {
                Some(b'#') => at += bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at),
                Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
                _ => return at.min(bytes.len()),
            }
        }
    }

    /// From the opening to the closing bracket; of a block, from its first dash or key to the end of its last piece. Between the
    /// last piece and a closing bracket stand only blanks, commas, colons and comments.
    fn collection(&self, start: usize, is_flow: bool, last: Option<&Node>) -> Extent {
        if !is_flow {
            return Extent { start, end: last.map_or(start, |last| last.extent.end) };
        }
        let bytes = self.text.as_bytes();
        let mut at = last.map_or(start + 1, |last| last.extent.end);
        loop {
            match bytes.get(at) {
                None => break Extent { start, end: bytes.len() },
                Some(b']' | b'}') => break Extent { start, end: at + 1 },
                Some(b'#') => at = self.skip_blanks(at),
                Some(_) => at += 1,
            }
        }
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
