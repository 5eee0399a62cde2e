//! Values that are texts on the way and something else in the protocol, and JSON that stands inside texts.

use weir_event::{Leaf, LeafKind, NameId, Rule, Text};

use super::found::Nested;
use super::{Decoder, special};
use crate::inbound::Canonical;
use crate::json::{Key, Malformed, Scalar, is_number};
use crate::vendors::snowplow::names::{self, Type};

/// Paths that nearly every event needs.
pub(super) struct Paths {
    width: NameId,
    pub(super) height: NameId,
    library: NameId,
    version: NameId,
    pub(super) schema: NameId,
}

impl Paths {
    pub(super) fn new(canonical: &Canonical) -> Paths {
        let path = |name| canonical.path(name).unwrap_or(NameId::UNNAMED);
        Paths {
            width: path("res"),
            height: path("res height"),
            library: path("tv"),
            version: path("tv version"),
            schema: path("ue schema"),
        }
    }
}

impl Decoder<'_> {
    /// Where JSON of its own stands, which comes next.
    pub(super) fn nested_value(&mut self) -> Result<Option<Nested>, Malformed> {
        if self.drafting.parser.peek() == b'{' {
            let place = self.drafting.parser.position();
            self.drafting.parser.skip()?;
            return Ok(Some(Nested::Object(place)));
        }
        let scalar = self.drafting.parser.scalar()?.filter(|s| s.kind == LeafKind::String && s.text.len > 0);
        Ok(scalar.map(|scalar| Nested::Text(scalar.text)))
    }

    /// Reads JSON inside the event. What cannot be read fails the event and leaves nothing on its tape.
    pub(super) fn nested(&mut self, nested: Nested, is_base64: bool, read: fn(&mut Self) -> Result<(), Malformed>) {
        let before = self.drafting.parser.tape().len();
        let outside = self.drafting.parser.position();
        let outcome = match nested {
            Nested::Object(place) => {
                self.drafting.parser.go_to(place);
                read(self)
            }
            Nested::Text(text) => {
                let text = if is_base64 { self.drafting.parser.decode_base64(text) } else { Some(text) };
                text.ok_or(Malformed(outside)).and_then(|text| {
                    let end = self.drafting.parser.enter(text);
                    read(self)?;
                    if self.drafting.parser.ends_at(end) { Ok(()) } else { Err(Malformed(outside)) }
                })
            }
        };
        self.drafting.parser.go_to(outside);
        if outcome.is_err() {
            self.drafting.fail(Rule::Malformed);
            self.drafting.parser.tape().truncate(before);
            self.found.lists.clear();
        }
    }

    /// A value that is a text on the way and something else in the protocol. What is neither stays what it is.
    pub(super) fn typed(&mut self, key: &Key, place: usize) -> Result<(), Malformed> {
        let Some((name, kind)) = names::TYPED.get(place) else { return self.drafting.parser.skip() };
        let path = match kind {
            Type::Size => self.paths.width,
            _ => self.canonical.path(name).unwrap_or(NameId::UNNAMED),
        };
        let height = self.paths.height;
        let parser = &mut self.drafting.parser;
        if key.is_repeated {
            let start = parser.event_start();
            let is_replaced = |leaf: &Leaf| leaf.path == path || *kind == Type::Size && leaf.path == height;
            let places: Vec<usize> =
                parser.tape().iter().enumerate().skip(start).filter(|(_, l)| is_replaced(l)).map(|(i, _)| i).collect();
            for place in places.into_iter().rev() {
                parser.tape().remove(place);
            }
        }
        let Some(Scalar { kind: written, text }) = parser.scalar()? else { return Ok(()) };
        match kind {
            _ if written != LeafKind::String => parser.push(path, written, text),
            Type::Number if is_number(parser.bytes(text)) => parser.push(path, LeafKind::Number, text),
            Type::Flag if parser.bytes(text) == b"1" => parser.push(path, LeafKind::True, Text::default()),
            Type::Flag if parser.bytes(text) == b"0" => parser.push(path, LeafKind::False, Text::default()),
            Type::Size => self.size(text, path, height),
            _ => parser.push(path, LeafKind::String, text),
        }
        Ok(())
    }

    /// `1280x720`.
    pub(super) fn size(&mut self, text: Text, width: NameId, height: NameId) {
        let parser = &mut self.drafting.parser;
        let bytes = parser.bytes(text);
        let split = bytes.iter().position(|b| *b == b'x').filter(|x| {
            let (before, after) = (bytes.get(..*x).unwrap_or_default(), bytes.get(x + 1..).unwrap_or_default());
            is_number(before) && is_number(after)
        });
        match split.map(|x| x as u32) {
            Some(x) => {
                parser.push(width, LeafKind::Number, Text { start: text.start, len: x });
                parser.push(height, LeafKind::Number, Text { start: text.start + x + 1, len: text.len - x - 1 });
            }
            None => parser.push(width, LeafKind::String, text),
        }
    }

    /// `js-4.10.1`: the library and its version.
    pub(super) fn tracker(&mut self) {
        let Some(text) = self.found.text(special::TRACKER) else { return };
        let bytes = self.drafting.parser.bytes(text);
        let dash = bytes.windows(2).position(|two| two[0] == b'-' && two[1].is_ascii_digit());
        let name = dash.map_or(text, |dash| Text { start: text.start, len: dash as u32 });
        if name.len > 0 {
            self.drafting.parser.push(self.paths.library, LeafKind::String, name);
        }
        if dash.is_some() {
            let after = name.len + 1;
            let version = Text { start: text.start + after, len: text.len - after };
            self.drafting.parser.push(self.paths.version, LeafKind::String, version);
        }
    }
}
