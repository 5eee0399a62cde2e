//! The user's name in a path of the file system.
//!
//! Finds: the name below `/Users/`, `/home/` and `C:\Users\`, in paths of source files, stack frames and `file:` addresses.
//! Not one: names of systems and services (`runner`, `ubuntu`, `Public`), paths of web sites (`/home/products`, `/users/17`).
//! Example: `/Users/ada/src/shop/pay.ts`, `at pay (/home/ada/shop/pay.js:10:5)`, `C:\Users\ada\AppData\Local\app.log`
//! Misses: home folders elsewhere; a path below `/home/` without the name of a file.
//! Source: the default folders of macOS, of the Filesystem Hierarchy Standard 3.0 §3.8 and of Windows.

use weir_event::{Category, Evidence, Likelihood};

use crate::bytes::find_either;
use crate::gate::signal;
use crate::leaf::{Leaf, Output};

/// Names that are no one's.
const NO_PERSONS: &[&str] = &[
    "admin",
    "administrator",
    "all users",
    "app",
    "appuser",
    "build",
    "builder",
    "ci",
    "circleci",
    "codespace",
    "containeradministrator",
    "default",
    "deploy",
    "dev",
    "docker",
    "ec2-user",
    "git",
    "gitlab-runner",
    "gitpod",
    "guest",
    "jenkins",
    "jovyan",
    "nobody",
    "node",
    "nonroot",
    "postgres",
    "public",
    "python",
    "root",
    "runner",
    "runneradmin",
    "server",
    "service",
    "shared",
    "test",
    "travis",
    "ubuntu",
    "user",
    "username",
    "vagrant",
    "vcap",
    "vscode",
    "vsts",
    "web",
    "www-data",
];
/// What stands around a path.
const SURROUNDS: &[u8] = b"\"'`()[]<>=,;?#@";
const NAME_BYTES_MAX: usize = 40;
/// How much of a path is looked at for the name of a file.
const PATH_BYTES_MAX: usize = 300;

/// Whether a text begins as such a path does: for the gate, which counts no slashes.
#[inline]
pub(crate) fn begins(text: &[u8]) -> bool {
    match text {
        [b'/', second, ..] => matches!(second, b'h' | b'U'),
        [_, b':', third, ..] => *third == b'\\',
        [b'f', ..] => text.starts_with(b"file:"),
        _ => false,
    }
}

pub(crate) fn find(leaf: &Leaf<'_>, out: &mut Output<'_>) {
    let text = leaf.text;
    if !leaf.may_have(signal::HAS_SLASH | signal::HAS_BACKSLASH) {
        return;
    }
    let mut at = 0;
    let other = if leaf.may_have(signal::HAS_BACKSLASH) { b'\\' } else { b'/' };
    while let Some(start) = find_either(text, at, b'/', other) {
        at = start + 1;
        if !matches!(text[at..], [b'U', b's', ..] | [b'h', b'o', ..] | [b'\\', b'U', ..]) {
            continue;
        }
        let Some(name) = name_at(text, start) else { continue };
        at = name.end;
        out.add(Category::Username, Likelihood::Likely, Evidence::Shape, name.start, name.end);
        if out.is_full(Category::Username) {
            return;
        }
    }
}

/// Where the name stands in the path that begins with the separator at `start`.
fn name_at(text: &[u8], start: usize) -> Option<std::ops::Range<usize>> {
    let (before, path) = text.split_at(start);
    let (from, separator, is_home) = if path.starts_with(b"/Users/") {
        (start + 7, b'/', false)
    } else if path.starts_with(b"/home/") {
        (start + 6, b'/', true)
    } else if path.starts_with(b"\\Users\\") {
        (start + 7, b'\\', false)
    } else if path.starts_with(b"\\\\Users\\\\") {
        (start + 9, b'\\', false)
    } else {
        return None;
    };
    let begins_here = match before.last() {
        None => true,
        Some(b'/') => before.ends_with(b"file://"),
        Some(byte) => byte.is_ascii_whitespace() || SURROUNDS.contains(byte) || *byte == b':',
    };
    if !begins_here {
        return None;
    }
    let rest = &text[from..];
    let is_name = |b: &u8| {
        b.is_ascii_alphanumeric() || *b >= 0x80 || matches!(b, b'.' | b'-' | b'_') || (separator == b'\\' && *b == b' ')
    };
    let len = rest.iter().take(NAME_BYTES_MAX).take_while(|b| is_name(b)).count();
    let name = &rest[..len];
    let goes_on = rest.get(len) == Some(&separator) && name.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    let is_file = || !is_home || before.ends_with(b"file://") || names_a_file(&rest[len..]);
    let is_person = || !NO_PERSONS.iter().any(|word| name.eq_ignore_ascii_case(word.as_bytes()));
    (goes_on && is_file() && is_person()).then_some(from..from + len)
}

/// `/shop/pay.js:10:5`, `/.config`: the path of a web page has no such ending, or one of pages.
fn names_a_file(path: &[u8]) -> bool {
    const PAGES: [&[u8]; 6] = [b"html", b"htm", b"php", b"aspx", b"asp", b"jsp"];
    // Whatever can begin another path ends this one, so that no byte is looked at for two.
    let is_end = |(i, b): (usize, &u8)| {
        b.is_ascii_whitespace() || SURROUNDS.contains(b) || (*b == b':' && path.get(i + 1) == Some(&b'/'))
    };
    let len = path.iter().enumerate().take(PATH_BYTES_MAX).position(is_end);
    let path = &path[..len.unwrap_or(path.len().min(PATH_BYTES_MAX))];
    let file = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    // Behind a colon stands the line.
    let mut parts = file.split(|b| *b == b':');
    let name = parts.next().unwrap_or_default();
    let line = parts.next().is_some_and(|line| !line.is_empty() && line.iter().all(u8::is_ascii_digit));
    let ending = name.iter().rposition(|b| *b == b'.').map(|dot| &name[dot + 1..]);
    let is_source = ending
        .is_some_and(|e| (1..=6).contains(&e.len()) && e.iter().all(u8::is_ascii_alphanumeric) && !PAGES.contains(&e));
    line || is_source || path.windows(2).any(|w| w == b"/.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_paths_of_files_and_nowhere_else() {
        let name = |text: &str| {
            (0..text.len()).find_map(|at| name_at(text.as_bytes(), at)).map(|range| text[range].to_owned())
        };
        for (text, expected) in [
            ("/Users/ada/src/pay.ts", "ada"),
            ("/home/ada.lovelace/shop/pay.js:10:5", "ada.lovelace"),
            ("at pay (/home/ada/shop/pay.js:10:5)", "ada"),
            ("file:///home/ada/notes", "ada"),
            ("C:\\Users\\Ada Lovelace\\x.txt", "Ada Lovelace"),
            ("{\"f\":\"C:\\\\Users\\\\ada\\\\x\"}", "ada"),
            ("File \"/home/ada/app.py\", line 3", "ada"),
            ("/home/jürgen/.ssh/id_rsa", "jürgen"),
        ] {
            assert_eq!(name(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "/home/products/shoes",
            "/home/index.html",
            "/home/products/shoes.html",
            "https://x.example/Users/ada/repo",
            "https://x.example/home/ada/x.js",
            "/users/ada/x.js",
            "/home/runner/work/x/x.js:1:2",
            "/Users/Shared/x",
            "C:\\Users\\Public\\x",
            "/Users/",
            "/home/17/x.js",
        ] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
