//! What all decoders do alike: the walk over the events of a request, names, limits, faults, and the draft at the end.
//!
//! A vendor's decoder holds a [`Drafting`], reads each event by its [`Drafting::parser`] and says by [`Drafting::finish`] what it
//! found. It decides nothing that is the same for every vendor: how many events a request may hold, how large one may be, what
//! becomes of an id that is too long.

use weir_event::{Draft, DraftBatch, Identity, Millis, NameId, Operation, Rule, SourceNames, Text, limits};

use crate::inbound::{DecodeError, Decoded, WriteKey};
use crate::json::{Malformed, Parser, Vocabulary};

/// Event names of a request that are remembered: few, so that to look through them costs less than to look one up.
const KNOWN_NAMES_MAX: usize = 8;

/// The drafts of one request in the making.
pub(crate) struct Drafting<'a, V> {
    /// Reads the text.
    pub(crate) parser: Parser<'a, V>,
    drafts: &'a mut Vec<Draft>,
    spare: &'a mut Vec<Vec<Identity>>,
    events: u32,
    fault: Option<Rule>,
    /// Texts of event names that were read before, and their ids: requests repeat themselves.
    known_names: Vec<(Text, NameId)>,
}

/// Where a walk over the events of a text stands.
#[derive(Clone, Copy)]
pub(crate) enum Walk {
    /// At its start.
    NotBegun,
    /// In a list.
    List {
        /// Before its first element.
        is_first: bool,
    },
    /// In objects that stand one after the other.
    Lines,
}

/// What a draft says beside its tape and its ids.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    /// What it does.
    pub(crate) operation: Operation,
    /// The event's name.
    pub(crate) name: NameId,
    /// The name as sent; empty for a reserved one.
    pub(crate) name_text: Text,
    /// The SDK's id for it.
    pub(crate) sdk_id: Option<Text>,
    /// The client's time.
    pub(crate) client_time: Option<Millis>,
    /// The client's clock when it sent the request.
    pub(crate) sent_at: Option<Millis>,
    /// An import of old data.
    pub(crate) historical: bool,
    /// Properties dropped for their key before this tape began.
    pub(crate) unnamed: u32,
}

impl Facts {
    /// A draft of which nothing is known but what it does.
    pub(crate) fn new(operation: Operation, name: NameId, name_text: Text) -> Facts {
        let (sdk_id, client_time, sent_at) = (None, None, None);
        Facts { operation, name, name_text, sdk_id, client_time, sent_at, historical: false, unnamed: 0 }
    }
}

impl<'a, V: Vocabulary> Drafting<'a, V> {
    /// Begins at the start of the batch's text.
    pub(crate) fn new(batch: &'a mut DraftBatch, names: &'a SourceNames, vocabulary: V) -> Drafting<'a, V> {
        let DraftBatch { text, leaves, drafts, spare, .. } = batch;
        let parser = Parser::new(text, leaves, names, vocabulary);
        Drafting { parser, drafts, spare, events: 0, fault: None, known_names: Vec::new() }
    }

    /// What was decoded.
    pub(crate) fn decoded(&self) -> Decoded {
        let faults = self.drafts.iter().filter(|draft| draft.fault.is_some()).count() as u32;
        Decoded { events: self.events, drafts: self.drafts.len() as u32, faults }
    }

    /// Walks over one object, a list of them, or one after the other (NDJSON): `true` before each element, which has begun.
    pub(crate) fn next_event(&mut self, walk: &mut Walk) -> Result<bool, DecodeError> {
        let parser = &mut self.parser;
        let is_next = match walk {
            Walk::NotBegun if parser.peek() == b'[' => {
                parser.expect(b'[')?;
                *walk = Walk::List { is_first: true };
                return self.next_event(walk);
            }
            Walk::NotBegun if parser.is_done() => return Err(DecodeError::NotEvents),
            Walk::List { is_first } => parser.next_element(is_first)?,
            Walk::NotBegun | Walk::Lines => {
                *walk = Walk::Lines;
                if !parser.is_done() && parser.peek() != b'{' {
                    return Err(DecodeError::Malformed { at: parser.position() });
                }
                !parser.is_done()
            }
        };
        if is_next {
            self.begin()?;
        } else if !self.parser.is_done() {
            return Err(DecodeError::Malformed { at: self.parser.position() });
        }
        Ok(is_next)
    }

    /// The drafts so far: what stands behind the events of a request may be about all of them.
    pub(crate) fn drafts(&mut self) -> &mut Vec<Draft> {
        self.drafts
    }

    /// Begins an event of the request; an error where the request holds too many.
    pub(crate) fn begin(&mut self) -> Result<(), DecodeError> {
        if self.events as usize == limits::BATCH_EVENTS_MAX {
            return Err(DecodeError::TooManyEvents { max: limits::BATCH_EVENTS_MAX });
        }
        self.events += 1;
        self.fault = None;
        self.parser.begin_event();
        Ok(())
    }

    /// Forgets everything that was decoded so far: what held it has been replaced.
    pub(crate) fn forget(&mut self) {
        self.drafts.clear();
        self.parser.tape().clear();
        self.events = 0;
    }

    /// Takes back an event that turned out to be the object around others.
    pub(crate) fn holds_others(&mut self) {
        self.events = self.events.saturating_sub(1);
    }

    /// The id of an event name.
    pub(crate) fn event_name(&mut self, text: Text) -> NameId {
        let name = self.parser.bytes(text);
        let known = self.known_names.iter().find(|(known, _)| self.parser.bytes(*known) == name);
        if let Some((_, id)) = known {
            return *id;
        }
        let id = self.parser.names().event(self.parser.str(text));
        if self.known_names.len() < KNOWN_NAMES_MAX {
            self.known_names.push((text, id));
        }
        id
    }

    /// An empty list of identities.
    pub(crate) fn identities(&mut self) -> Vec<Identity> {
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(4))
    }

    /// Notes that the event cannot be used. The first reason stays.
    pub(crate) fn fail(&mut self, rule: Rule) {
        self.fault = self.fault.or(Some(rule));
    }

    /// Why the event cannot be used.
    pub(crate) fn fault(&self) -> Option<Rule> {
        self.fault
    }

    /// Goes back to an earlier state of the fault: what was found since is of another draft, or has been replaced.
    pub(crate) fn restore_fault(&mut self, fault: Option<Rule>) {
        self.fault = fault;
    }

    /// Fails an event that began at `start` of the text and is too large.
    pub(crate) fn check_size(&mut self, start: usize) {
        if self.parser.position() - start > limits::EVENT_BYTES_MAX {
            self.fail(Rule::TooLarge);
        }
    }

    /// Ends the tape and makes the draft.
    pub(crate) fn finish(&mut self, facts: Facts, identities: Vec<Identity>) {
        let leaves = self.parser.end_tape();
        let is_long = |text: &Text| text.len as usize > limits::ID_BYTES_MAX;
        if self.parser.is_over_limit()
            || facts.sdk_id.as_ref().is_some_and(is_long)
            || identities.iter().any(|id| is_long(&id.text))
        {
            self.fail(Rule::OverLimit);
        }
        self.drafts.push(Draft {
            operation: facts.operation,
            name: facts.name,
            name_text: facts.name_text,
            identities,
            sdk_id: facts.sdk_id,
            client_time: facts.client_time,
            sent_at: facts.sent_at,
            historical: facts.historical,
            leaves,
            unnamed: self.parser.unnamed() + facts.unnamed,
            fault: self.fault,
        });
    }
}

impl From<Malformed> for DecodeError {
    fn from(Malformed(at): Malformed) -> DecodeError {
        DecodeError::Malformed { at }
    }
}

/// Seconds or milliseconds since 1970, whole or not: from 1e11 on it is milliseconds (in seconds that is the year 5138).
pub(crate) fn unix_time(text: &[u8]) -> Option<Millis> {
    const MILLIS_FROM: i64 = 100_000_000_000;
    if let Some(millis) = plain_unix_time(text) {
        return Some(millis);
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    let (digits, is_negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let value = if !whole.is_empty() && whole.len() <= 17 && is_digits(whole) && is_digits(fraction) {
        let whole: i64 = whole.parse().ok()?;
        if whole >= MILLIS_FROM {
            whole
        } else {
            let thousandths =
                fraction.bytes().chain(*b"000").take(3).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            whole * 1_000 + thousandths
        }
    } else {
        let value: f64 =
            digits.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0 && *value < 1e17)?;
        if value >= MILLIS_FROM as f64 { value as i64 } else { (value * 1_000.0) as i64 }
    };
    Some(Millis(if is_negative { -value } else { value }))
}

/// The same for what nearly all SDKs send: seconds in digits, or milliseconds, or seconds with thousandths.
fn plain_unix_time(text: &[u8]) -> Option<Millis> {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
    };
    match text.len() {
        10 => Some(Millis(number(text)? * 1_000)),
        13 => number(text).filter(|_| text[0] != b'0').map(Millis),
        14 if text[10] == b'.' => Some(Millis(number(&text[..10])? * 1_000 + number(&text[11..])?)),
        _ => None,
    }
}

/// A point in time as SDKs write it in text: RFC 3339, or digits as in [`unix_time`].
pub(crate) fn time(text: &str) -> Option<Millis> {
    Millis::from_rfc3339(text.trim()).or_else(|| unix_time(text.as_bytes()))
}

/// Adds the texts of the keys `name` and `$name` that come first in the text, as candidates for a write key. Valid JSON has these
/// bytes only where such a key stands: a quote inside a string is escaped.
pub(crate) fn find_write_keys(text: &[u8], name: &str, keys: &mut Vec<WriteKey>) {
    const LOOKED_AT_MAX: usize = 8;
    let needle = [name.as_bytes(), b"\""].concat();
    for start in memchr::memmem::find_iter(text, &needle).take(LOOKED_AT_MAX) {
        add_write_key(text, start, needle.len(), keys);
    }
}

/// Adds the text of a key as a candidate for a write key, if one stands at `start`: its name, of `name_len` bytes with its closing
/// quote, has been found there.
pub(crate) fn add_write_key(text: &[u8], start: usize, name_len: usize, keys: &mut Vec<WriteKey>) {
    let before = text.get(..start).unwrap_or_default();
    let before = before.strip_suffix(b"$").unwrap_or(before);
    let is_key = before.strip_suffix(b"\"").is_some_and(|before| !before.ends_with(b"\\"));
    let after = text.get(start + name_len..).unwrap_or_default();
    if is_key
        && let [b':', after @ ..] = after.trim_ascii_start()
        && let [b'"', value @ ..] = after.trim_ascii_start()
        && let Some(len) = memchr::memchr2(b'"', b'\\', value.get(..257.min(value.len())).unwrap_or_default())
        && value.get(len) == Some(&b'"')
        && let Some(Ok(key)) = value.get(..len).map(std::str::from_utf8)
    {
        WriteKey::add(keys, key);
    }
}
