//! Holds a tree against the table: reports every problem, fills in defaults, and leaves values that have been read once.
//!
//! A value that is wrong is replaced by the field's default after its problem was reported, so that the rest of the file is
//! still checked; nothing built from a file with a problem is ever used.

use super::problem::{Problem, nearest};
use super::table::{Default, Field, Kind, Variant};
use super::values;
use super::yaml::{self, Key, Node, Position, Value};

/// A value that fits its field.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Checked {
    /// Where it stands; line 0 for a default.
    pub(crate) at: Position,
    pub(crate) value: Read,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Read {
    Absent,
    Text(String),
    Flag(bool),
    Count(u64),
    /// Bytes; `None` for `auto`.
    Size(Option<u64>),
    /// Milliseconds.
    Duration(u64),
    Choice(&'static str),
    /// Millionths.
    Share(u32),
    List(Vec<Checked>),
    Map(Vec<(Key, Checked)>),
    /// One value for each field of the table's section, in its order.
    Section(Vec<(&'static str, Checked)>),
    Variant(&'static str, Option<Box<Checked>>),
}

/// Holds the root of a file against a section.
pub(crate) fn section(fields: &'static [Field], node: &Node, problems: &mut Vec<Problem>) -> Checked {
    let mut checker = Checker { problems };
    let read = checker.section(fields, node, "").unwrap_or_else(|()| checker.defaults(fields));
    Checked { at: node.at, value: read }
}

struct Checker<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Checker<'_> {
    fn section(&mut self, fields: &'static [Field], node: &Node, path: &str) -> Result<Read, ()> {
        let given = match &node.value {
            Value::Map(given) => given.as_slice(),
            // A section whose fields are all commented out.
            Value::Null => &[],
            other => {
                return self.report(node.at, format!("{}must be a set of fields, not {}", lead(path), other.noun()));
            }
        };
        for (key, _) in given {
            if !fields.iter().any(|f| f.name == key.text) {
                let known = fields.iter().map(|f| f.name);
                let message = match nearest(&key.text, known.clone()) {
                    Some(meant) => format!("{}unknown field `{}`: did you mean `{meant}`?", lead(path), key.text),
                    None => {
                        let known: Vec<_> = known.collect();
                        format!("{}unknown field `{}`: there is {}", lead(path), key.text, known.join(", "))
                    }
                };
                self.problems.push(Problem::new(key.at, message));
            }
        }
        let mut read = Vec::with_capacity(fields.len());
        for field in fields {
            let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
            let value = match given.iter().find(|(key, _)| key.text == field.name) {
                Some((_, Node { value: Value::Null, at, .. })) if matches!(field.default, Default::Required { .. }) => {
                    self.missing(field, &path, *at)
                }
                Some((_, node)) if node.value != Value::Null || matches!(field.kind, Kind::Section(_)) => {
                    match self.value(&field.kind, node, &path) {
                        Ok(read) => Checked { at: node.at, value: read },
                        // An absent one keeps its place, so that nobody calls it missing beside.
                        Err(()) => match self.stand_in(field) {
                            Checked { value: Read::Absent, .. } => Checked { at: node.at, value: Read::Absent },
                            usual => usual,
                        },
                    }
                }
                _ if matches!(field.default, Default::Required { .. }) => self.missing(field, &path, node.at),
                _ => self.stand_in(field),
            };
            read.push((field.name, value));
        }
        Ok(Read::Section(read))
    }

    fn missing(&mut self, field: &'static Field, path: &str, at: Position) -> Checked {
        if let Default::Required { why, .. } = field.default {
            self.problems.push(Problem::new(at, format!("`{path}` is missing: {why}")));
        }
        self.stand_in(field)
    }

    /// The default of a field, checked like a written value; it stands nowhere in the file.
    fn stand_in(&mut self, field: &'static Field) -> Checked {
        let text = match field.default {
            Default::Absent => return Checked { at: Position::default(), value: Read::Absent },
            Default::Value(text) | Default::Required { stand_in: text, .. } => text,
        };
        let mut ours = Vec::new();
        let node = yaml::parse(text, &mut ours);
        let mut checker = Checker { problems: &mut ours };
        let read = node.ok_or(()).and_then(|node| checker.value(&field.kind, &node, field.name));
        // A default that does not fit its own field is a defect of the table; a test walks all of them.
        debug_assert!(ours.is_empty() && read.is_ok(), "{}: {ours:?}", field.name);
        Checked { at: Position::default(), value: without_places(read.unwrap_or(Read::Absent)) }
    }

    fn defaults(&mut self, fields: &'static [Field]) -> Read {
        Read::Section(fields.iter().map(|f| (f.name, self.stand_in(f))).collect())
    }

    fn value(&mut self, kind: &Kind, node: &Node, path: &str) -> Result<Read, ()> {
        let at = node.at;
        match kind {
            Kind::Section(fields) => self.section(fields, node, path),
            Kind::Short { main, of } => match (&node.value, of.iter().find(|field| field.name == *main)) {
                (Value::Scalar { .. }, Some(alone)) => {
                    let value = Checked { at, value: self.value(&alone.kind, node, path)? };
                    let rest = |field: &'static Field| match field.name == *main {
                        true => (field.name, value.clone()),
                        false => (field.name, self.stand_in(field)),
                    };
                    Ok(Read::Section(of.iter().map(rest).collect()))
                }
                _ => self.section(of, node, path),
            },
            Kind::Text(form) => match &node.value {
                Value::Scalar { text, .. } if (form.check)(text) => Ok(Read::Text(text.clone())),
                _ => self.report(at, format!("`{path}` must be {}", form.noun)),
            },
            Kind::Flag => match scalar(node) {
                Some("true") => Ok(Read::Flag(true)),
                Some("false") => Ok(Read::Flag(false)),
                _ => self.report(at, format!("`{path}` must be true or false")),
            },
            Kind::Count { min, max } => match scalar(node).and_then(|t| t.parse::<u64>().ok()) {
                Some(n) if (*min..=*max).contains(&n) => Ok(Read::Count(n)),
                _ => self.report(at, format!("`{path}` must be a whole number from {min} to {max}")),
            },
            Kind::Share => match scalar(node).and_then(values::share) {
                Some(millionths) => Ok(Read::Share(millionths)),
                None => self.report(at, format!("`{path}` must be a share such as 0.1: from 0.000001 to 1")),
            },
            Kind::Size { min, max, auto } => match scalar(node) {
                Some("auto") if *auto => Ok(Read::Size(None)),
                Some(text) if values::size(text).is_some_and(|n| (*min..=*max).contains(&n)) => {
                    Ok(Read::Size(values::size(text)))
                }
                _ => {
                    let (min, max) = (values::size_text(*min), values::size_text(*max));
                    let or = if *auto { ", or auto" } else { "" };
                    self.report(
                        at,
                        format!("`{path}` must be a size from {min} to {max} with its unit (KiB, MiB, GiB){or}"),
                    )
                }
            },
            Kind::Duration { min, max } => match scalar(node).and_then(values::duration) {
                Some(n) if (*min..=*max).contains(&n) => Ok(Read::Duration(n)),
                _ => {
                    let (min, max) = (values::duration_text(*min), values::duration_text(*max));
                    self.report(
                        at,
                        format!("`{path}` must be a time from {min} to {max} with its unit (ms, s, m, h, d)"),
                    )
                }
            },
            Kind::Choice(choices) => {
                let known = choices.iter().map(|c| c.name);
                match scalar(node) {
                    Some(text) => match choices.iter().find(|c| c.name == text) {
                        Some(choice) => match choice.not_yet {
                            None => Ok(Read::Choice(choice.name)),
                            Some(instead) => {
                                self.report(at, format!("`{path}: {}` is not available yet: {instead}", choice.name))
                            }
                        },
                        None => {
                            let meant = nearest(text, known.clone()).map(|m| format!(": did you mean `{m}`?"));
                            let all = known.collect::<Vec<_>>().join(", ");
                            self.report(at, format!("`{path}` must be one of {all}{}", meant.unwrap_or_default()))
                        }
                    },
                    None => {
                        let all = known.collect::<Vec<_>>().join(", ");
                        self.report(at, format!("`{path}` must be one of {all}"))
                    }
                }
            }
            Kind::List { of, min, max } => {
                let Value::List(items) = &node.value else {
                    return self.report(at, format!("`{path}` must be a list: [a, b]"));
                };
                if items.len() < *min || items.len() > *max {
                    return self.report(at, format!("`{path}` must have {min} to {max} items, it has {}", items.len()));
                }
                let mut read = Vec::with_capacity(items.len());
                for (i, item) in items.iter().enumerate() {
                    if let Ok(value) = self.value(of, item, &format!("{path}[{i}]")) {
                        read.push(Checked { at: item.at, value });
                    }
                }
                Ok(Read::List(read))
            }
            Kind::Map { key: form, key_name, of, max } => {
                let Value::Map(entries) = &node.value else {
                    return self.report(at, format!("`{path}` must be a set of entries, each under its {key_name}"));
                };
                if entries.len() > *max {
                    return self.report(at, format!("`{path}` has {} entries, the limit is {max}", entries.len()));
                }
                let mut read = Vec::with_capacity(entries.len());
                for (key, node) in entries {
                    if !(form.check)(&key.text) {
                        let message = format!("a name in `{path}` must be {}", form.noun);
                        self.problems.push(Problem::new(key.at, message));
                    } else if let Ok(value) = self.value(of, node, &format!("{path}.{}", key.text)) {
                        read.push((key.clone(), Checked { at: node.at, value }));
                    }
                }
                Ok(Read::Map(read))
            }
            Kind::Variants { of, hint, secret } => self.variant(of, hint, *secret, node, path),
        }
    }

    fn variant(
        &mut self,
        of: &'static [Variant],
        hint: &str,
        secret: bool,
        node: &Node,
        path: &str,
    ) -> Result<Read, ()> {
        if let Some(variant) = scalar(node).and_then(|text| of.iter().find(|v| v.bare && v.name == text)) {
            let body = match variant.body {
                Some(kind) => {
                    let empty = Node { at: node.at, extent: node.extent, value: Value::Map(Vec::new()) };
                    Some(Box::new(Checked { at: node.at, value: self.value(kind, &empty, path)? }))
                }
                None => None,
            };
            return Ok(Read::Variant(variant.name, body));
        }
        if let Value::Map(entries) = &node.value
            && let [(key, body)] = entries.as_slice()
            && let Some(variant) = of.iter().find(|v| v.name == key.text)
            && let Some(kind) = variant.body
        {
            let value = self.value(kind, body, &format!("{path}.{}", variant.name))?;
            return Ok(Read::Variant(variant.name, Some(Box::new(Checked { at: body.at, value }))));
        }
        let meant = match (&node.value, secret) {
            (Value::Scalar { text, .. }, false) => nearest(text, of.iter().map(|v| v.name)),
            _ => None,
        };
        let meant = meant.map(|m| format!(" (did you mean `{m}`?)")).unwrap_or_default();
        self.report(node.at, format!("`{path}`: {hint}{meant}"))
    }

    fn report<T>(&mut self, at: Position, message: String) -> Result<T, ()> {
        self.problems.push(Problem::new(at, message));
        Err(())
    }
}

fn lead(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("`{path}`: ") }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

fn without_places(read: Read) -> Read {
    let nowhere = |checked: Checked| Checked { at: Position::default(), value: without_places(checked.value) };
    match read {
        Read::List(items) => Read::List(items.into_iter().map(nowhere).collect()),
        Read::Map(entries) => Read::Map(entries.into_iter().map(|(key, value)| (key, nowhere(value))).collect()),
        Read::Section(fields) => {
            Read::Section(fields.into_iter().map(|(name, value)| (name, nowhere(value))).collect())
        }
        Read::Variant(name, body) => Read::Variant(name, body.map(|b| Box::new(nowhere(*b)))),
        leaf => leaf,
    }
}

/// Getters for `resolve`, which names only fields that its section has.
///
/// A wrong name or kind there would be a defect of ours that the first test meets, hence the empty values in release builds.
impl Checked {
    pub(crate) fn field(&self, name: &str) -> &Checked {
        static NONE: Checked = Checked { at: Position { line: 0, column: 0 }, value: Read::Absent };
        let Read::Section(fields) = &self.value else {
            debug_assert!(false, "{name} asked of what is not a section");
            return &NONE;
        };
        let found = fields.iter().find(|(n, _)| *n == name);
        debug_assert!(found.is_some(), "no field {name}");
        found.map_or(&NONE, |(_, value)| value)
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.value == Read::Absent
    }

    pub(crate) fn text(&self) -> &str {
        match &self.value {
            Read::Text(text) => text,
            Read::Choice(text) => text,
            other => {
                debug_assert!(false, "not a text: {other:?}");
                ""
            }
        }
    }

    pub(crate) fn optional_text(&self) -> Option<String> {
        (!self.is_absent()).then(|| self.text().to_owned())
    }

    pub(crate) fn number(&self) -> u64 {
        match &self.value {
            Read::Count(n) | Read::Size(Some(n)) | Read::Duration(n) => *n,
            other => {
                debug_assert!(false, "not a number: {other:?}");
                0
            }
        }
    }

    pub(crate) fn share(&self) -> Option<u32> {
        match &self.value {
            Read::Share(millionths) => Some(*millionths),
            other => {
                debug_assert!(*other == Read::Absent, "not a share: {other:?}");
                None
            }
        }
    }

    pub(crate) fn flag(&self) -> bool {
        debug_assert!(matches!(self.value, Read::Flag(_)));
        self.value == Read::Flag(true)
    }

    pub(crate) fn items(&self) -> &[Checked] {
        match &self.value {
            Read::List(items) => items,
            other => {
                debug_assert!(false, "not a list: {other:?}");
                &[]
            }
        }
    }

    pub(crate) fn entries(&self) -> &[(Key, Checked)] {
        match &self.value {
            Read::Map(entries) => entries,
            other => {
                debug_assert!(false, "not a map: {other:?}");
                &[]
            }
        }
    }
}
