//! What fields say that are not simply a value: library, session, address, revenue.

use weir_event::{LeafKind, NameId, Text};

use super::words::LIBRARY;
use super::{Decoder, special};
use crate::inbound::Canonical;
use crate::json::{Malformed, Meaning, Scalar};
use crate::vendors::amplitude::names;

/// Paths of what is not simply a value, looked up once for a request.
pub(super) struct Paths {
    /// (Number, path).
    fields: [(u8, NameId); 4],
    /// (Path as the table has it, path that amplitude-js means).
    of_amplitude_js: [(NameId, NameId); 2],
}

impl Paths {
    pub(super) fn new(canonical: &Canonical) -> Paths {
        let path = |name| canonical.path(name).unwrap_or(NameId::UNNAMED);
        Paths {
            fields: [
                (special::IP, path("ip")),
                (special::SESSION_ID, path("session_id")),
                (special::LIBRARY_NAME, path("library.name")),
                (special::LIBRARY_VERSION, path("library.version")),
            ],
            of_amplitude_js: [(path("os_name"), path("browser.name")), (path("os_version"), path("browser.version"))],
        }
    }
}

impl Decoder<'_> {
    /// `library`: `name/version`, or an object of both.
    pub(super) fn library(&mut self) -> Result<(), Malformed> {
        self.found.scalars[usize::from(special::LIBRARY_NAME)] = None;
        self.found.scalars[usize::from(special::LIBRARY_VERSION)] = None;
        if self.drafting.parser.peek() == b'{' {
            let mut object = self.drafting.parser.begin_object(LIBRARY, self.canonical.meta)?;
            while let Some(key) = self.drafting.parser.next_key(&mut object)? {
                let scalar = self.drafting.parser.scalar()?;
                if let Meaning::Special(number) = key.meaning
                    && let Some(slot) = self.found.scalars.get_mut(usize::from(number))
                {
                    *slot = scalar;
                }
            }
            return Ok(());
        }
        let Some(Scalar { kind: LeafKind::String, text }) = self.drafting.parser.scalar()? else { return Ok(()) };
        let (mut name, mut version) = (text, None);
        if let Some(slash) = memchr::memrchr(b'/', self.drafting.parser.bytes(text)) {
            let slash = slash as u32;
            name = Text { start: text.start, len: slash };
            version = Some(Text { start: text.start + slash + 1, len: text.len - slash - 1 });
        }
        let scalar = |text| Scalar { kind: LeafKind::String, text };
        self.found.scalars[usize::from(special::LIBRARY_NAME)] = Some(scalar(name));
        self.found.scalars[usize::from(special::LIBRARY_VERSION)] = version.map(scalar);
        Ok(())
    }

    /// Writes what fields say that are not simply a value onto the tape.
    pub(super) fn put_context(&mut self) {
        let parser = &mut self.drafting.parser;
        let scalars = &self.found.scalars;
        for (number, path) in self.paths.fields {
            let Some(scalar) = scalars[usize::from(number)].filter(|scalar| scalar.said().is_some()) else {
                continue;
            };
            let is_none = match number {
                special::IP => parser.bytes(scalar.text) == b"$remote",
                special::SESSION_ID => parser.bytes(scalar.text) == b"-1",
                _ => false,
            };
            if !is_none {
                parser.push(path, scalar.kind, scalar.text);
            }
        }
        // amplitude-js writes the browser where the operating system belongs.
        let library = scalars[usize::from(special::LIBRARY_NAME)];
        if library.is_some_and(|name| parser.bytes(name.text) == b"amplitude-js") {
            let start = parser.event_start();
            for leaf in parser.tape().iter_mut().skip(start) {
                if let Some((_, path)) = self.paths.of_amplitude_js.iter().find(|(from, _)| *from == leaf.path) {
                    leaf.path = *path;
                }
            }
        }
    }

    /// What a revenue event says in its properties is what other events say in fields.
    pub(super) fn revenue(&mut self, first: usize) {
        let parser = &mut self.drafting.parser;
        let mut depth = 0_u32;
        let mut at = first;
        while let Some(leaf) = parser.tape().get(at).copied() {
            match leaf.kind {
                LeafKind::ObjectBegin | LeafKind::ArrayBegin => depth += 1,
                LeafKind::ObjectEnd | LeafKind::ArrayEnd => depth = depth.saturating_sub(1),
                kind if kind.is_scalar() && depth == 0 => {
                    let entry = parser.names().names().entry(leaf.path);
                    let path = names::REVENUE
                        .iter()
                        .find(|(name, _)| entry.parent == NameId::EVENT_ROOT && *name == entry.key);
                    let field = path.and_then(|(_, path)| names::field(path));
                    if let Some(path) = field.and_then(|field| self.canonical.path(field)) {
                        parser.tape()[at].path = path;
                        // A field of the same meaning gives way.
                        let start = parser.event_start();
                        if let Some(field) = parser.tape()[start..at].iter().position(|leaf| leaf.path == path) {
                            parser.tape().remove(start + field);
                            continue;
                        }
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }
}
