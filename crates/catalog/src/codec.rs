//! The stored form, version 3. Versions 1 and 2 are still read, and written until an upgrade is finished. Little-endian; *v* is an unsigned LEB128 number, *name* a v that counts the dictionary's names.
//!
//! ```text
//! 8   "WEIRCATG"      2   format version
//! 8   position: the journal offset behind the newest event in it
//! 8   when it began, Unix milliseconds
//! v   events missed      v   events not listed      v   values of properties not listed
//! v   kinds   ‖ kinds × { v length, name of a kind of number }              not in versions 1 and 2
//! v   names   ‖ names × { 1 kind, v length, UTF-8 }                       clean names only (D1), each once
//! v   events  ‖ events × {
//!       name source, name event, 8 first, 8 last, v events, v newest offset, v unnamed, window hours, window days,
//!       v properties ‖ properties × {
//!         name path, 8 first, 8 last, v events, v withheld, v newest offset, 6 × v types,
//!         v findings ‖ findings × { 1 category, v events, 8 last, v near misses, [8 first, v before, v tested, v passed: not in version 1] },
//!         window hours, window days, v values, v id-like,
//!         1 sketch: 0 then v marks × 4 bytes, sorted; 1 then 128 registers,
//!         1 parts: 1 lengths (10 × v), 2 numbers (15 × v, v negative, v fractional),
//!                  and not in versions 1 and 2: 4 texts, 8 numbers with a shape } }
//! 4   CRC-32C of all before
//! texts: 5 × v characters, 7 × v before, 7 × v newest, 1 changed ‖ where it is 1: 8 at, 1 from, 1 to
//! numbers with a shape: v recent × 2 bytes, 1 next, v different, v values, v found, v kept, v expected,
//!                       v kinds × { v place among the kinds, v tested, v passed }
//! window: v counts ‖ where there are some: 4 number of the newest hour or day since 1970, counts × v, oldest first
//! ```
//!
//! Limits: those of [`crate::catalog`]; a file of a newer version is refused. There is no value in it: marks, registers and
//! what is recent are of a keyed hash ([`crate::sketch`]). What was counted of a kind of number that this version does not know is left out.

use std::collections::BTreeMap;

use weir_detect::Kind;
use weir_event::names::{NameKind, has_clean_class};
use weir_event::wire::{Cursor, WireError, put_bytes, put_varint};
use weir_event::{Category, Millis, NameId, Names, Offset};

use crate::catalog::{Catalog, EVENTS_MAX, PROPERTIES_MAX};
use crate::learn::WINDOW;
use crate::numbers::{KINDS_MAX, KindCount, RECENT_MAX, ShapedNumbers};
use crate::observed::{DAYS, HOURS, ObservedEvent, ObservedFinding, ObservedProperty};
use crate::profile::{LENGTHS, MAGNITUDES, Numbers, Profile};
use crate::sketch::{SPARSE_MAX, Sketch, SketchKey};
use crate::texts::{Changed, NEWEST, TextForm, Texts};
use crate::window::Window;

/// The version that this code writes and the newest that it reads.
pub const VERSION: u16 = 3;
const MAGIC: &[u8; 8] = b"WEIRCATG";
/// Bytes of a path's text: 32 keys of 100 characters of 4 bytes, escaped.
const PATH_BYTES_MAX: usize = 32_000;

/// Why stored bytes are no catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not a catalog, or bytes of it changed.
    #[error("it is damaged")]
    Damaged,
    /// Written by a newer Weir.
    #[error("it has format version {0}, this program reads up to {VERSION}: run the newer program")]
    Newer(u16),
    /// Cut short or malformed although its checksum fits.
    #[error("it is malformed at byte {0}")]
    Malformed(usize),
}

impl From<WireError> for DecodeError {
    fn from(error: WireError) -> DecodeError {
        DecodeError::Malformed(error.0)
    }
}

impl Catalog {
    /// The stored form, in the newest version.
    pub fn encode(&self, names: &Names) -> Vec<u8> {
        self.encode_as(names, VERSION)
    }

    /// The stored form in a version: the newest, or one before it. What that has no place for is learned anew.
    pub fn encode_as(&self, names: &Names, version: u16) -> Vec<u8> {
        let mut places: BTreeMap<NameId, u64> = BTreeMap::new();
        for event in &self.events {
            let paths = event.properties.iter().map(|p| p.path);
            for name in [event.source, event.name].into_iter().chain(paths) {
                let next = places.len() as u64;
                places.entry(name).or_insert(next);
            }
        }
        let mut listed: Vec<(u64, NameId)> = places.iter().map(|(name, place)| (*place, *name)).collect();
        listed.sort_unstable();
        let mut out = Vec::with_capacity(64 + 32 * listed.len() + 256 * self.properties);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&version.to_le_bytes());
        out.extend_from_slice(&self.position.0.to_le_bytes());
        out.extend_from_slice(&self.began.0.to_le_bytes());
        put_numbers(&mut out, [self.missed, self.unlisted_events, self.unlisted_properties]);
        let kinds: Vec<Kind> = Kind::all().collect();
        if version > 2 {
            put_varint(&mut out, kinds.len() as u64);
            kinds.iter().for_each(|kind| put_bytes(&mut out, kind.name().as_bytes()));
        }
        put_varint(&mut out, listed.len() as u64);
        for (_, name) in &listed {
            let entry = names.entry(*name);
            out.push(entry.kind as u8);
            put_bytes(&mut out, entry.text.as_bytes());
        }
        put_varint(&mut out, self.events.len() as u64);
        let place = |name: NameId| places.get(&name).copied().unwrap_or(0);
        for event in &self.events {
            put_numbers(&mut out, [place(event.source), place(event.name)]);
            put_times(&mut out, [event.first, event.last]);
            put_numbers(&mut out, [event.events, event.newest.0, event.unnamed]);
            put_window(&mut out, &event.hours);
            put_window(&mut out, &event.days);
            put_varint(&mut out, event.properties.len() as u64);
            event
                .properties
                .iter()
                .for_each(|property| put_property(&mut out, property, place(property.path), version));
        }
        let sum = crc32c::crc32c(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads the stored form. `key` is the one that it was made with.
    pub fn decode(bytes: &[u8], names: &Names, key: SketchKey) -> Result<Catalog, DecodeError> {
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(DecodeError::Damaged)?;
        if body.get(..8) != Some(MAGIC) || crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(DecodeError::Damaged);
        }
        decode_checked(body, names, key)
    }
}

/// [`Catalog::decode`] behind the checksum.
pub(crate) fn decode_checked(body: &[u8], names: &Names, key: SketchKey) -> Result<Catalog, DecodeError> {
    let mut at = Cursor::new(body);
    at.take(MAGIC.len())?;
    let version = u16::from_le_bytes(at.array()?);
    if !(1..=VERSION).contains(&version) {
        return Err(if version > VERSION { DecodeError::Newer(version) } else { DecodeError::Malformed(8) });
    }
    let mut catalog = Catalog::new(key, Offset(at.u64()?), Millis(at.i64()?));
    (catalog.missed, catalog.unlisted_events) = (at.varint()?, at.varint()?);
    catalog.unlisted_properties = at.varint()?;
    let mut kinds = Vec::new();
    if version > 2 {
        for _ in 0..bounded(&mut at, usize::from(u8::MAX))? {
            kinds.push(Kind::named(at.str()?));
        }
    }
    let mut dictionary = Vec::new();
    for _ in 0..bounded(&mut at, 2 * EVENTS_MAX + PROPERTIES_MAX)? {
        dictionary.push(name(&mut at, names)?);
    }
    let listed = |at: &mut Cursor<'_>| -> Result<NameId, DecodeError> {
        let bad = DecodeError::Malformed(at.position());
        let place = usize::try_from(at.varint()?).map_err(|_| bad)?;
        dictionary.get(place).copied().ok_or(bad)
    };
    for _ in 0..bounded(&mut at, EVENTS_MAX)? {
        let start = at.position();
        let (source, name) = (listed(&mut at)?, listed(&mut at)?);
        let (first, last) = (Millis(at.i64()?), Millis(at.i64()?));
        let (events, newest, unnamed) = (at.varint()?, Offset(at.varint()?), at.varint()?);
        let (hours, days) = (window(&mut at, HOURS)?, window(&mut at, DAYS)?);
        let count = bounded(&mut at, PROPERTIES_MAX - catalog.properties)?;
        let mut properties = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            let path = listed(&mut at)?;
            properties.push(property(&mut at, (version, &kinds), path, key.of_path(names.text(path)))?);
        }
        let mut paths: Vec<NameId> = properties.iter().map(|p| p.path).collect();
        paths.sort_unstable();
        let twice = paths.array_windows::<2>().any(|[a, b]| a == b);
        let index = hashbrown::HashMap::default();
        let event =
            ObservedEvent { source, name, first, last, events, newest, unnamed, hours, days, properties, index };
        if twice || catalog.insert(event).is_none() {
            return Err(DecodeError::Malformed(start));
        }
    }
    if at.is_done() { Ok(catalog) } else { Err(DecodeError::Malformed(at.position())) }
}

fn put_property(out: &mut Vec<u8>, property: &ObservedProperty, place: u64, version: u16) {
    put_varint(out, place);
    put_times(out, [property.first, property.last]);
    put_numbers(out, [property.events, property.withheld, property.newest.0]);
    put_numbers(out, property.types);
    put_varint(out, property.findings.len() as u64);
    for finding in &property.findings {
        out.push(finding.category as u8);
        put_varint(out, finding.events);
        out.extend_from_slice(&finding.last.0.to_le_bytes());
        put_varint(out, finding.near_misses);
        if version > 1 {
            put_times(out, [finding.first]);
            put_numbers(out, [finding.before, finding.tested.into(), finding.passed.into()]);
        }
    }
    put_window(out, &property.hours);
    put_window(out, &property.days);
    let profile = &property.profile;
    put_varint(out, profile.values);
    put_varint(out, profile.id_like);
    match &profile.distinct {
        Sketch::Sparse(marks) => {
            out.push(0);
            put_varint(out, marks.len() as u64);
            marks.iter().for_each(|mark| out.extend_from_slice(&mark.to_le_bytes()));
        }
        Sketch::Dense(registers) => {
            out.push(1);
            out.extend_from_slice(&**registers);
        }
    }
    let (texts, shaped) = (profile.texts.as_deref(), profile.shaped.as_deref());
    let (texts, shaped) = if version > 2 { (texts, shaped) } else { (None, None) };
    let parts = [profile.strings.is_some(), profile.numbers.is_some(), texts.is_some(), shaped.is_some()];
    out.push(parts.into_iter().zip(0..).map(|(part, bit)| u8::from(part) << bit).sum());
    put_numbers(out, profile.strings.iter().flat_map(|s| s.iter()).map(|n| u64::from(*n)));
    if let Some(numbers) = &profile.numbers {
        let rest = [numbers.negative, numbers.fractional];
        put_numbers(out, numbers.magnitudes.into_iter().chain(rest).map(u64::from));
    }
    if let Some(texts) = texts {
        let counts = texts.characters.into_iter().chain(texts.before).chain(texts.newest);
        put_numbers(out, counts.map(u64::from));
        out.push(u8::from(texts.changed.is_some()));
        if let Some(Changed { at, from, to }) = texts.changed {
            put_times(out, [at]);
            out.extend_from_slice(&[from as u8, to as u8]);
        }
    }
    if let Some(shaped) = shaped {
        put_varint(out, shaped.recent.len() as u64);
        shaped.recent.iter().for_each(|recent| out.extend_from_slice(&recent.to_le_bytes()));
        out.push(shaped.next);
        let counts = [shaped.different, shaped.values, shaped.found, shaped.kept, shaped.expected];
        put_numbers(out, counts.map(u64::from));
        put_varint(out, shaped.kinds.len() as u64);
        for count in &shaped.kinds {
            let place = Kind::all().position(|kind| kind == count.kind).unwrap_or(usize::MAX);
            put_numbers(out, [place as u64, count.tested.into(), count.passed.into()]);
        }
    }
}

fn property(
    at: &mut Cursor<'_>,
    (version, kinds): (u16, &[Option<Kind>]),
    path: NameId,
    key: SketchKey,
) -> Result<ObservedProperty, DecodeError> {
    let (first, last) = (Millis(at.i64()?), Millis(at.i64()?));
    let (events, withheld, newest) = (at.varint()?, at.varint()?, Offset(at.varint()?));
    let mut types = [0; 6];
    for count in &mut types {
        *count = at.varint()?;
    }
    let mut findings: Vec<ObservedFinding> = Vec::new();
    for _ in 0..bounded(at, Category::ALL.len())? {
        let bad = DecodeError::Malformed(at.position());
        let category = Category::from_number(at.u8()?).ok_or(bad)?;
        if findings.iter().any(|f| f.category == category) {
            return Err(bad);
        }
        let (events, last, near_misses) = (at.varint()?, Millis(at.i64()?), at.varint()?);
        let mut finding = ObservedFinding { events, last, near_misses, ..ObservedFinding::of(category) };
        if version > 1 {
            (finding.first, finding.before) = (Millis(at.i64()?), at.varint()?);
            [finding.tested, finding.passed] = counts::<2>(at)?;
            if finding.passed > finding.tested || finding.tested >= WINDOW {
                return Err(bad);
            }
        }
        findings.push(finding);
    }
    let (hours, days) = (window(at, HOURS)?, window(at, DAYS)?);
    let (values, id_like) = (at.varint()?, at.varint()?);
    let distinct = sketch(at)?;
    let parts = at.u8()?;
    let bad = DecodeError::Malformed(at.position());
    if parts > if version > 2 { 15 } else { 3 } {
        return Err(bad);
    }
    let strings = match parts & 1 {
        0 => None,
        _ => Some(Box::new(counts::<{ LENGTHS.len() + 1 }>(at)?)),
    };
    let numbers = match parts & 2 {
        0 => None,
        _ => {
            let magnitudes = counts::<MAGNITUDES>(at)?;
            let [negative, fractional] = counts::<2>(at)?;
            Some(Box::new(Numbers { magnitudes, negative, fractional }))
        }
    };
    let texts = if parts & 4 == 0 { None } else { Some(Box::new(texts(at)?)) };
    let shaped = if parts & 8 == 0 { None } else { Some(Box::new(shaped(at, kinds)?)) };
    let profile = Profile { values, id_like, distinct, strings, numbers, texts, shaped };
    let (seen, withheld_seen) = (0, 0);
    Ok(ObservedProperty {
        path,
        first,
        last,
        events,
        withheld,
        newest,
        types,
        findings,
        hours,
        days,
        profile,
        key,
        seen,
        withheld_seen,
    })
}

fn texts(at: &mut Cursor<'_>) -> Result<Texts, DecodeError> {
    let bad = DecodeError::Malformed(at.position());
    let (characters, before, newest) = (counts(at)?, counts(at)?, counts(at)?);
    let form = |at: &mut Cursor<'_>| TextForm::from_number(at.u8()?).ok_or(bad);
    let changed = match at.u8()? {
        0 => None,
        1 => Some(Changed { at: Millis(at.i64()?), from: form(at)?, to: form(at)? }),
        _ => return Err(bad),
    };
    let sum = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
    let fits = characters.iter().all(|count| *count <= u32::MAX / 2)
        && sum(&newest) < u64::from(NEWEST)
        && sum(&before) <= u64::from(WINDOW + NEWEST);
    if fits { Ok(Texts { characters, before, newest, changed }) } else { Err(bad) }
}

fn shaped(at: &mut Cursor<'_>, kinds: &[Option<Kind>]) -> Result<ShapedNumbers, DecodeError> {
    let bad = DecodeError::Malformed(at.position());
    let mut recent = Vec::new();
    for _ in 0..bounded(at, RECENT_MAX)? {
        recent.push(u16::from_le_bytes(at.array()?));
    }
    let next = at.u8()?;
    let [different, values, found, kept, expected] = counts(at)?;
    let mut numbers =
        ShapedNumbers { recent, next, different, values, found, kept, expected, ..ShapedNumbers::default() };
    for _ in 0..bounded(at, KINDS_MAX)? {
        let place = bounded(at, kinds.len().saturating_sub(1))?;
        let [tested, passed] = counts(at)?;
        let kind = *kinds.get(place).ok_or(bad)?;
        if passed > tested || tested >= WINDOW || numbers.kinds.iter().any(|count| Some(count.kind) == kind) {
            return Err(bad);
        }
        numbers.kinds.extend(kind.map(|kind| KindCount { kind, tested, passed }));
    }
    let ring = if numbers.recent.len() < RECENT_MAX { numbers.recent.len() } else { usize::from(next) };
    let fits = usize::from(next) == ring && usize::from(next) < RECENT_MAX;
    let adds_up = found <= values && kept <= values && values < WINDOW && expected <= 256 * kept;
    if fits && adds_up { Ok(numbers) } else { Err(bad) }
}

fn sketch(at: &mut Cursor<'_>) -> Result<Sketch, DecodeError> {
    let bad = DecodeError::Malformed(at.position());
    match at.u8()? {
        0 => {
            let mut marks = Vec::new();
            for _ in 0..bounded(at, SPARSE_MAX)? {
                marks.push(at.u32()?);
            }
            if marks.array_windows::<2>().all(|[a, b]| a < b) { Ok(Sketch::Sparse(marks)) } else { Err(bad) }
        }
        1 => Sketch::from_registers(at.array()?).ok_or(bad),
        _ => Err(bad),
    }
}

fn put_numbers(out: &mut Vec<u8>, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|n| put_varint(out, n));
}

fn put_times<const N: usize>(out: &mut Vec<u8>, times: [Millis; N]) {
    times.iter().for_each(|at| out.extend_from_slice(&at.0.to_le_bytes()));
}

fn put_window(out: &mut Vec<u8>, window: &Window) {
    put_varint(out, window.counts().len() as u64);
    if let Some(newest) = window.newest() {
        out.extend_from_slice(&newest.to_le_bytes());
        put_numbers(out, window.counts().iter().map(|count| u64::from(*count)));
    }
}

fn window(at: &mut Cursor<'_>, length: usize) -> Result<Window, DecodeError> {
    let bad = DecodeError::Malformed(at.position());
    let count = bounded(at, length)?;
    if count == 0 {
        return Ok(Window::default());
    }
    let newest = at.u32()?;
    let mut counts = Vec::with_capacity(count);
    for _ in 0..count {
        counts.push(u32::try_from(at.varint()?).map_err(|_| bad)?);
    }
    if newest as usize + 1 < count { Err(bad) } else { Ok(Window::of(newest, counts)) }
}

fn counts<const N: usize>(at: &mut Cursor<'_>) -> Result<[u32; N], DecodeError> {
    let bad = DecodeError::Malformed(at.position());
    let mut out = [0; N];
    for count in &mut out {
        *count = u32::try_from(at.varint()?).map_err(|_| bad)?;
    }
    Ok(out)
}

/// One name of the dictionary. They were judged when they were first seen; the class is checked again because a name is shown.
fn name(at: &mut Cursor<'_>, names: &Names) -> Result<NameId, DecodeError> {
    let bad = DecodeError::Malformed(at.position());
    let kind = NameKind::from_number(at.u8()?).ok_or(bad)?;
    let text = at.str()?;
    let clean = match kind {
        NameKind::Event | NameKind::Label => has_clean_class(text),
        NameKind::Path => text.len() <= PATH_BYTES_MAX && !text.chars().any(char::is_control),
    };
    clean.then(|| names.restore(kind, text)).flatten().ok_or(bad)
}

fn bounded(at: &mut Cursor<'_>, max: usize) -> Result<usize, DecodeError> {
    let bad = DecodeError::Malformed(at.position());
    usize::try_from(at.varint()?).ok().filter(|n| *n <= max).ok_or(bad)
}
