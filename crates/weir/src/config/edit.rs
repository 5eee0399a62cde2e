//! Edits `weir.yaml` in place: one value is set, added or removed, and every other byte stays, comments, order, indentation and
//! line ends included.
//!
//! The way of an edit: the same change is made to the tree that the reader made of the file (what is meant) and to its text (what is
//! written). The new text is read again, and the edit is refused unless both trees are equal: a file in a form that this module
//! does not understand is never changed into something else. Before a file is written it has to be a configuration without a
//! problem. It is replaced whole (temporary file, fsync, rename, fsync of the folder), keeps its owner and mode, and is not touched
//! when somebody else has changed it since it was read.

mod diff;
mod place;
mod render;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::problem::Problem;
use super::yaml::{self, Extent, Key, Node, Position, Value};
use super::{Config, Problems, Secrets};

pub use diff::unified;

/// A step on the way to a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'a> {
    /// The value of this field.
    Key(&'a str),
    /// The item of this number in a list, from 0.
    Item(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Step<'a> {
        Step::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(item: usize) -> Self {
        Step::Item(item)
    }
}

/// A value to be written. Numbers, words and flags are texts: the table of fields says what they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Yaml {
    /// A single value.
    Text(String),
    /// A list.
    List(Vec<Yaml>),
    /// A set of fields, in this order.
    Map(Vec<(String, Yaml)>),
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Yaml {
        Yaml::Text(text.to_owned())
    }
}

impl Yaml {
    /// A list of texts.
    pub fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Yaml {
        Yaml::List(items.into_iter().map(Yaml::from).collect())
    }

    /// A set of fields.
    pub fn map<'a>(fields: impl IntoIterator<Item = (&'a str, Yaml)>) -> Yaml {
        Yaml::Map(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

/// Why a file was not edited. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file is no configuration, or would not be one.
    #[error("{0}")]
    Problems(Problems),
    /// There is nothing at this path.
    #[error("`{path}` is not in the file")]
    NotThere {
        /// The path.
        path: String,
    },
    /// The text at this path has a form that is left to people.
    #[error("`{path}` is written in a form that is not changed by program: change it by hand")]
    ByHand {
        /// The path.
        path: String,
    },
    /// Somebody else was faster.
    #[error("{file} was changed meanwhile: nothing was written; run the command again", file = .0.display())]
    Changed(PathBuf),
    /// The file cannot be read or written.
    #[error("{file}: cannot {what}: {kind}", file = .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why not.
        kind: io::ErrorKind,
    },
}

/// A file while it is edited.
#[derive(Debug)]
pub struct Edit {
    file: PathBuf,
    /// What was read; empty for a file that does not exist yet.
    before: String,
    /// Without the byte order mark.
    text: String,
    root: Node,
}

/// What one step does.
enum Change<'a> {
    Set(&'a Yaml),
    Push(&'a Yaml),
    Remove,
}

const MARK: char = '\u{feff}';

impl Edit {
    /// Reads a file.
    pub fn open(file: &Path) -> Result<Edit, EditError> {
        // A link stays a link: what it names is replaced.
        let real = file.canonicalize().map_err(failed("find it", file))?;
        let size = std::fs::metadata(&real).map_err(failed("read it", file))?.len();
        if size > yaml::FILE_BYTES_MAX {
            let message = format!("has {size} bytes, the limit is {}", yaml::FILE_BYTES_MAX);
            return Err(EditError::Problems(Problems::new(file, vec![Problem::new(Position::default(), message)])));
        }
        let text = std::fs::read_to_string(&real).map_err(failed("read it", file))?;
        Edit::of_text(&real, text)
    }

    /// A text that is, or will be, in this file.
    pub fn of_text(file: &Path, text: String) -> Result<Edit, EditError> {
        let body = text.strip_prefix(MARK).unwrap_or(&text).to_owned();
        let root = read(&body).map_err(|problems| EditError::Problems(Problems::new(file, problems)))?;
        Ok(Edit { file: file.to_owned(), before: text, text: body, root })
    }

    /// Sets a value; fields on the way to it are added where they are missing.
    pub fn set(&mut self, path: &[Step<'_>], value: impl Into<Yaml>) -> Result<&mut Edit, EditError> {
        self.change(path, &Change::Set(&value.into()))
    }

    /// Appends to a list; it is added where it is missing.
    pub fn push(&mut self, path: &[Step<'_>], value: impl Into<Yaml>) -> Result<&mut Edit, EditError> {
        self.change(path, &Change::Push(&value.into()))
    }

    /// Removes a field or an item, with the comment behind it.
    pub fn remove(&mut self, path: &[Step<'_>]) -> Result<&mut Edit, EditError> {
        self.change(path, &Change::Remove)
    }

    fn change(&mut self, path: &[Step<'_>], change: &Change<'_>) -> Result<&mut Edit, EditError> {
        let by_hand = || EditError::ByHand { path: written(path) };
        let mut meant = self.root.clone();
        mean(&mut meant, path, change).ok_or_else(|| EditError::NotThere { path: written(path) })?;
        let splice = place::Page::new(&self.text, &self.root).splice(path, change).ok_or_else(by_hand)?;
        let mut text = self.text.clone();
        text.replace_range(splice.start..splice.end, &splice.with);
        let root = read(&text).ok().filter(|root| same(root, &meant)).ok_or_else(by_hand)?;
        (self.text, self.root) = (text, root);
        Ok(self)
    }

    /// The whole text as it would be written.
    pub fn text(&self) -> String {
        let mark = if self.before.starts_with(MARK) { MARK.to_string() } else { String::new() };
        mark + &self.text
    }

    /// What changes, as a unified diff; empty where nothing does.
    pub fn diff(&self) -> String {
        unified(&self.file.display().to_string(), &self.before, &self.text())
    }

    /// The configuration that the new text is. Secrets are not looked for: they may be at hand of the running Weir only.
    pub fn check(&self) -> Result<Config, EditError> {
        Config::parse(&self.text(), &self.file, Secrets::Leave).map_err(EditError::Problems)
    }

    /// Checks and writes. Durable when it returns.
    pub fn write(self) -> Result<Written, EditError> {
        self.check()?;
        let text = self.text();
        replace(&self.file, &self.before, &text)?;
        Ok(Written { file: self.file, before: self.before, after: text })
    }
}

/// A file that was written, and how it was.
#[derive(Debug)]
pub struct Written {
    file: PathBuf,
    before: String,
    after: String,
}

impl Written {
    /// Puts the file back as it was, byte for byte.
    pub fn undo(self) -> Result<(), EditError> {
        replace(&self.file, &self.after, &self.before)
    }
}

/// Replaces a file whole, if it still says what it said.
fn replace(file: &Path, expected: &str, text: &str) -> Result<(), EditError> {
    let unchanged = || -> Result<(), EditError> {
        let now = std::fs::read(file).map_err(failed("read it", file))?;
        if now == expected.as_bytes() { Ok(()) } else { Err(EditError::Changed(file.to_owned())) }
    };
    unchanged()?;
    let meta = std::fs::metadata(file).map_err(failed("read it", file))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".new");
    let temporary = file.with_file_name(name);
    let written = write_beside(&temporary, &meta, text).map_err(failed("write beside it", file)).and_then(|()| {
        // Between this look and the rename another writer may still come; people and programs that edit one file by hand at
        // the same instant are beyond what a file system offers without a lock.
        unchanged()?;
        std::fs::rename(&temporary, file).map_err(failed("replace it", file))
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
        return written;
    }
    // A crash here leaves the old or the new file, both whole.
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync the folder of it", file))
}

fn write_beside(temporary: &Path, like: &std::fs::Metadata, text: &str) -> io::Result<()> {
    // What a crash left behind is ours alone to remove: nobody reads it.
    match std::fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) != (like.uid(), like.gid()) {
        std::os::unix::fs::fchown(&file, Some(like.uid()), Some(like.gid()))?;
    }
    file.set_permissions(std::fs::Permissions::from_mode(like.permissions().mode() & 0o7777))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn failed(what: &'static str, file: &Path) -> impl FnOnce(io::Error) -> EditError {
    let file = file.to_owned();
    move |error| EditError::File { file, what, kind: error.kind() }
}

fn read(text: &str) -> Result<Node, Vec<Problem>> {
    let mut problems = Vec::new();
    match yaml::parse(text, &mut problems) {
        Some(root) if problems.is_empty() => Ok(root),
        _ => Err(problems),
    }
}

fn written(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.extend([".", key]),
            Step::Item(item) => text.push_str(&format!("[{item}]")),
        }
    }
    text
}

/// Makes the change in a tree. `None` where there is nothing to change.
fn mean(node: &mut Node, path: &[Step<'_>], change: &Change<'_>) -> Option<()> {
    let [step, rest @ ..] = path else {
        match (change, &mut node.value) {
            (Change::Set(value), target) => *target = tree(value),
            (Change::Push(value), Value::List(items)) => items.push(nowhere(tree(value))),
            (Change::Push(value), target @ Value::Null) => *target = Value::List(vec![nowhere(tree(value))]),
            _ => return None,
        }
        return Some(());
    };
    let is_last = rest.is_empty();
    match (step, &mut node.value) {
        (Step::Item(item), Value::List(items)) if *item < items.len() => {
            if is_last && matches!(change, Change::Remove) {
                items.remove(*item);
                return Some(());
            }
            mean(items.get_mut(*item)?, rest, change)
        }
        (Step::Key(key), Value::Map(fields)) => match fields.iter().position(|(k, _)| k.text == *key) {
            Some(at) if is_last && matches!(change, Change::Remove) => {
                fields.remove(at);
                Some(())
            }
            Some(at) => mean(&mut fields.get_mut(at)?.1, rest, change),
            None => {
                let mut value = nowhere(Value::Null);
                mean(&mut value, rest, change)?;
                let key = Key { at: Position::default(), extent: Extent::default(), text: (*key).to_owned() };
                fields.push((key, value));
                Some(())
            }
        },
        (Step::Key(_), Value::Null) if !matches!(change, Change::Remove) => {
            node.value = Value::Map(Vec::new());
            mean(node, path, change)
        }
        _ => None,
    }
}

fn nowhere(value: Value) -> Node {
    Node { at: Position::default(), extent: Extent::default(), value }
}

fn tree(value: &Yaml) -> Value {
    match value {
        Yaml::Text(text) => Value::Scalar { text: text.clone(), plain: true },
        Yaml::List(items) => Value::List(items.iter().map(|item| nowhere(tree(item))).collect()),
        Yaml::Map(fields) => {
            let key = |text: &String| Key { at: Position::default(), extent: Extent::default(), text: text.clone() };
            Value::Map(fields.iter().map(|(k, v)| (key(k), nowhere(tree(v)))).collect())
        }
    }
}

/// Whether two trees say the same, wherever it stands.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Null, Value::Null) => true,
        (Value::Scalar { text: a, .. }, Value::Scalar { text: b, .. }) => a == b,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k.text == l.text && same(a, b))
        }
        _ => false,
    }
}

/// Paths of one text that [`every_edit`] goes to.
const FUZZ_PATHS_MAX: usize = 40;

/// Sets, extends, appends to and removes each piece of a text, each time of the text as it came.
pub(super) fn every_edit(text: &str) {
    let Ok(edit) = Edit::of_text(Path::new("weir.yaml"), text.to_owned()) else { return };
    let mut paths = Vec::new();
    all_paths(&edit.root, &[], &mut paths);
    let value = Yaml::map([("a", "1".into()), ("b", Yaml::texts(["c: d", "null"]))]);
    for path in &paths {
        let below = [path.as_slice(), &[Step::Key("fresh field")]].concat();
        for (path, change) in [
            (path, Change::Set(&value)),
            (&below, Change::Set(&value)),
            (path, Change::Push(&value)),
            (path, Change::Remove),
        ] {
            let mut meant = edit.root.clone();
            let can = mean(&mut meant, path, &change).is_some();
            let mut edit =
                Edit { file: PathBuf::new(), before: String::new(), text: edit.text.clone(), root: edit.root.clone() };
            if edit.change(path, &change).is_ok() {
                let again = read(&edit.text);
                assert!(can && again.is_ok_and(|again| same(&again, &meant)), "an edit that says something else");
            }
            let _ = unified("weir.yaml", text, &edit.text);
        }
    }
}

fn all_paths<'a>(node: &'a Node, at: &[Step<'a>], out: &mut Vec<Vec<Step<'a>>>) {
    if out.len() == FUZZ_PATHS_MAX {
        return;
    }
    out.push(at.to_vec());
    match &node.value {
        Value::List(items) => {
            items.iter().enumerate().for_each(|(i, n)| all_paths(n, &[at, &[Step::Item(i)]].concat(), out));
        }
        Value::Map(fields) => {
            fields.iter().for_each(|(k, n)| all_paths(n, &[at, &[Step::Key(&k.text)]].concat(), out));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
