//! `--resolve`: who of the company's own users is in an exposure. The table is read as it streams in, on this machine; each row's id and
//! address become tags, the identity index joins what belongs to them, and rows that meet a subject of the exposure are the list to
//! notify. Nothing of the table or the list enters a folder of Weir's.
//!
//! Memory grows with the exposure and the index (for large tables about four bytes a link), not with the table.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use weir_event::SystemClock;
use weir_identity::{IdKind, Index};
use weir_keys::Keys;
use weir_policy::canonical;

use crate::cli::Folders;
use crate::cli::ledger::persons::{self, Kind, Tagger, unreadable};
use crate::cli::output::{self, counted};
use crate::cli::reading;
use crate::cli::table::{Row, Rows, separator};
use crate::config::Config;

/// A row of the table is no longer.
const ROW_BYTES_MAX: usize = 1 << 20;
/// From so many bytes of the table on the index is read whole first.
const LARGE_BYTES: u64 = 1 << 20;
/// Columns that are looked for where none is named.
const ID_COLUMN: &str = "id";
const EMAIL_COLUMN: &str = "email";

#[derive(Debug, Args)]
pub(super) struct Resolve {
    /// Your own table of users, as CSV with a first row of names, also as gzip or zstd: who of them is in the exposure? Needs the key folder.
    #[arg(long, value_name = "FILE")]
    resolve: Option<PathBuf>,
    /// The column with the id that the apps send. Default: `id`, where there is one.
    #[arg(long, value_name = "NAME", requires = "resolve")]
    id_column: Option<String>,
    /// The column with the e-mail address. Default: `email`, where there is one.
    #[arg(long, value_name = "NAME", requires = "resolve")]
    email_column: Option<String>,
    /// Writes the rows that are in the exposure to this file, as they stand in the table: the list to notify.
    #[arg(long, value_name = "FILE", requires = "resolve")]
    out: Option<PathBuf>,
}

/// What came of a table.
#[derive(Default)]
pub(super) struct Resolved {
    affected: u64,
    not_affected: u64,
    /// Rows with neither id nor address.
    without_id: u64,
    /// Rows that could not be read as ones of the table, and the line that the first of them begins in.
    unreadable: u64,
    unreadable_line: Option<u64>,
    /// Rows that more ids belong to than are joined, or that a shared device belongs to.
    cut: u64,
    shared: u64,
    subjects: u64,
    explained: u64,
    out: Option<PathBuf>,
    scope: Vec<String>,
}

impl Resolve {
    pub(super) fn is_asked(&self) -> bool {
        self.resolve.is_some()
    }

    /// Reads the table. `subjects` are those of the exposure, each with whether a row explains it.
    pub(super) fn run(
        &self,
        folders: &Folders,
        config: Option<&Config>,
        mut subjects: HashMap<u64, bool>,
    ) -> Result<Option<Resolved>, String> {
        let Some(file) = &self.resolve else { return Ok(None) };
        let key_folder = folders.key_folder()?;
        let keys = Keys::open_read_only(&key_folder, Arc::new(SystemClock)).map_err(|error| error.to_string())?;
        let snapshot = keys.snapshot();
        let tagger = Tagger::new(&snapshot, config);
        let mut index = persons::index(folders)?;
        let is_large = std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > LARGE_BYTES);
        if let (Some(index), true) = (&mut index, is_large) {
            index.remember().map_err(|error| unreadable(&error))?;
        }
        let mut progress = reading::progress(std::slice::from_ref(file));
        let mut resolved = Resolved { subjects: subjects.len() as u64, ..Resolved::default() };
        resolved.scope = persons::scope(index.as_ref());
        let read = (|| {
            let mut input = reading::open(file, &mut progress).map_err(|error| error.to_string())?;
            let failed = |error: std::io::Error| format!("{} cannot be read: {}", file.display(), error.kind());
            let head = input.fill_buf().map_err(failed)?;
            let line = String::from_utf8_lossy(head.split(|b| *b == b'\n').next().unwrap_or_default()).into_owned();
            // One column alone has no separator.
            let mut rows = Rows::new(input, separator(&line).unwrap_or(b','), ROW_BYTES_MAX);
            let mut cells = Vec::new();
            if rows.read(&mut cells).map_err(failed)? != Row::Here {
                return Err(format!("{} has no first row of names", file.display()));
            }
            let columns = self.columns(file, &cells)?;
            let read: Vec<String> =
                columns.iter().filter_map(|(at, _)| Some(format!("`{}`", cells.get(*at)?.trim()))).collect();
            resolved.scope.push(format!("of the table its {} was read, nothing else", read.join(" and ")));
            let mut out = self.out.as_ref().map(|out| create(out, file, [&folders.data, &key_folder])).transpose()?;
            let mut write = |bytes: &[u8]| match &mut out {
                Some((out, path)) => {
                    let end: &[u8] = if bytes.ends_with(b"\n") { b"" } else { b"\n" };
                    let written = out.write_all(bytes).and_then(|()| out.write_all(end));
                    written.map_err(|error| format!("{} cannot be written: {}", path.display(), error.kind()))
                }
                None => Ok(()),
            };
            write(rows.raw())?;
            let width = cells.len();
            loop {
                match rows.read(&mut cells).map_err(failed)? {
                    Row::End => break,
                    Row::Here if cells.len() == width => {
                        let texts = columns.iter().filter_map(|(at, kind)| Some((cells.get(*at)?.as_str(), *kind)));
                        if resolved.row(&tagger, index.as_ref(), texts, &mut subjects)? {
                            write(rows.raw())?;
                        }
                    }
                    Row::Here | Row::Broken => {
                        resolved.unreadable += 1;
                        resolved.unreadable_line.get_or_insert(rows.line());
                    }
                }
            }
            if let Some((mut out, path)) = out {
                let written = out.flush().and_then(|()| out.get_ref().sync_all());
                written.map_err(|error| format!("{} cannot be written: {}", path.display(), error.kind()))?;
            }
            Ok(())
        })();
        progress.end();
        read?;
        resolved.explained = subjects.values().filter(|is_explained| **is_explained).count() as u64;
        resolved.out = self.out.clone();
        Ok(Some(resolved))
    }

    /// Where ids and addresses stand.
    fn columns(&self, file: &Path, names: &[String]) -> Result<Vec<(usize, Option<Kind>)>, String> {
        if names.iter().any(|name| name.contains('\0')) {
            return Err(format!("{} is no text in UTF-8: save it as CSV in UTF-8", file.display()));
        }
        if names.iter().any(|name| name.contains('\r')) {
            return Err(format!("the lines of {} do not end in a line feed: save it anew as CSV", file.display()));
        }
        let place = |name: &str| names.iter().position(|known| known.trim() == name);
        let find = |named: &Option<String>, default: &str| match named {
            Some(name) => place(name).map(Some).ok_or_else(|| {
                format!("{} has no column `{name}`: its columns are {}", file.display(), names.join(", "))
            }),
            None => Ok(place(default)),
        };
        let (id, email) = (find(&self.id_column, ID_COLUMN)?, find(&self.email_column, EMAIL_COLUMN)?);
        let columns: Vec<(usize, Option<Kind>)> =
            id.map(|at| (at, None)).into_iter().chain(email.map(|at| (at, Some(Kind::Email)))).collect();
        if columns.is_empty() {
            return Err(format!(
                "{} has no column `{ID_COLUMN}` or `{EMAIL_COLUMN}`: name one with --id-column or --email-column; its columns are {}",
                file.display(),
                names.join(", ")
            ));
        }
        Ok(columns)
    }
}

impl Resolved {
    /// Whether one row is in the exposure.
    fn row<'t>(
        &mut self,
        tagger: &Tagger<'_>,
        index: Option<&Index>,
        texts: impl Iterator<Item = (&'t str, Option<Kind>)>,
        subjects: &mut HashMap<u64, bool>,
    ) -> Result<bool, String> {
        let mut asked = Vec::new();
        for (text, kind) in texts {
            let text = canonical::id(text);
            if canonical::is_sentinel(&text) {
                continue;
            }
            asked.extend(tagger.meanings(&text, kind));
            if kind == Some(Kind::Email) {
                // An app may use the address as its id.
                asked.extend(tagger.meanings(&text, Some(Kind::User)));
            }
        }
        if asked.is_empty() {
            self.without_id += 1;
            return Ok(false);
        }
        let starts: Vec<_> = asked.iter().map(|meaning| meaning.tag).collect();
        let closure = index.map(|index| index.closure(&starts)).transpose().map_err(|error| unreadable(&error))?;
        let closure = closure.unwrap_or_default();
        (self.cut, self.shared) =
            (self.cut + u64::from(closure.is_cut), self.shared + u64::from(!closure.hubs.is_empty()));
        let ids = asked.iter().map(|of| (of.kind, of.tag)).chain(closure.joined.iter().map(|of| (of.kind, of.tag)));
        let mut is_affected = false;
        for (_, tag) in ids.filter(|(kind, _)| matches!(kind, IdKind::User | IdKind::Device)) {
            if let Some(is_explained) = subjects.get_mut(&tag.short()) {
                (*is_explained, is_affected) = (true, true);
            }
        }
        *if is_affected { &mut self.affected } else { &mut self.not_affected } += 1;
        Ok(is_affected)
    }

    /// For a program.
    pub(super) fn value(&self) -> Value {
        json!({
            "affected": self.affected,
            "not_affected": self.not_affected,
            "without_id": self.without_id,
            "unreadable": self.unreadable,
            "unreadable_line": self.unreadable_line,
            "subjects": self.subjects,
            "unexplained": self.subjects - self.explained,
            "out": self.out,
            "scope": self.statements(),
        })
    }

    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "\nrows of the table that are in the exposure: {}; that are not: {}; without an id or address: {}; that could not be read: {}\n\
             of the {} of the exposure {} belong to no row of the table\n",
            self.affected,
            self.not_affected,
            self.without_id,
            self.unreadable,
            counted(self.subjects, "id"),
            self.subjects - self.explained
        );
        if let Some(out) = &self.out {
            text.push_str(&format!(
                "written: {} (personal data: it is yours to protect and to remove)\n",
                out.display()
            ));
        }
        self.statements().iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        text
    }

    fn statements(&self) -> Vec<String> {
        let mut list = self.scope.clone();
        if let Some(line) = self.unreadable_line {
            list.push(format!(
                "NOT READ: {} of the table, the first from line {line} on: whoever stands there may be missing from the list. A quote that \
                 nothing closes takes in all lines up to the next one",
                counted(self.unreadable, "row")
            ));
        }
        if self.cut > 0 {
            list.push(format!(
                "NOT JOINED: {} of the table with more ids than are joined to one; only the nearest were looked for",
                counted(self.cut, "row")
            ));
        }
        if self.shared > 0 {
            list.push(format!(
                "NOT JOINED: {} of the table with a device or placeholder that more than {} ids share: no way leads through it",
                counted(self.shared, "row"),
                weir_identity::closure::HUB_MAX
            ));
        }
        list.push("ids that no row explains are of people whom the table does not have, or of devices that nobody logged in on".to_owned());
        list
    }
}

/// The list, readable by its owner only; not within the folders of Weir's and not over the table.
fn create(out: &Path, table: &Path, folders: [&Path; 2]) -> Result<(BufWriter<File>, PathBuf), String> {
    let real = |path: &Path| std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok();
    let folder = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = |of: &&Path| matches!((real(folder), real(of)), (Some(out), Some(of)) if out.starts_with(&of));
    if folders.iter().any(inside) {
        return Err(format!(
            "{} lies in a folder of Weir's, where the list does not belong: choose another",
            out.display()
        ));
    }
    if real(out) == real(table) {
        return Err(format!("{} is the table itself: choose another file", out.display()));
    }
    let file =
        output::private(out).map_err(|error| format!("{} cannot be written: {}", out.display(), error.kind()))?;
    Ok((BufWriter::new(file), out.to_owned()))
}
