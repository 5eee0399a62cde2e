//! Tier 0: what a path's name says about its values. Computed once per path, never per leaf.
//!
//! A key is split at punctuation and at camel-case humps, lower-cased, and its endings are looked up in the dictionary, longest
//! first: `billingEmailAddress` tries `billingemailaddress`, `emailaddress`, `address`. A word that means a person's data only
//! in company (`name`, `id`, `address`) asks the word before it, or the key above.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use crate::dictionary::{ALWAYS_TEXT, CLOSED_BY, FORM_OF_TEXT, OF_PERSONS, OF_THINGS, STRONG, WORDS};

/// What a path's name says: a set of hints. It adds to a detector's belief and never gates one that has a checksum or a prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PathFacts(u64);

impl PathFacts {
    /// Nothing is known: for values without a path.
    pub const NONE: PathFacts = PathFacts(0);
    pub(crate) const EMAIL: PathFacts = PathFacts(1);
    pub(crate) const PHONE: PathFacts = PathFacts(1 << 1);
    pub(crate) const ADDRESS: PathFacts = PathFacts(1 << 2);
    pub(crate) const NAME: PathFacts = PathFacts(1 << 3);
    pub(crate) const CARD: PathFacts = PathFacts(1 << 4);
    pub(crate) const BANK: PathFacts = PathFacts(1 << 5);
    pub(crate) const NATIONAL_ID: PathFacts = PathFacts(1 << 6);
    pub(crate) const IP: PathFacts = PathFacts(1 << 7);
    pub(crate) const DEVICE_ID: PathFacts = PathFacts(1 << 8);
    pub(crate) const COOKIE_ID: PathFacts = PathFacts(1 << 9);
    pub(crate) const UNIQUE_ID: PathFacts = PathFacts(1 << 10);
    pub(crate) const GEO: PathFacts = PathFacts(1 << 11);
    pub(crate) const CITY: PathFacts = PathFacts(1 << 12);
    pub(crate) const BIRTH: PathFacts = PathFacts(1 << 13);
    pub(crate) const PASSWORD: PathFacts = PathFacts(1 << 14);
    pub(crate) const SECRET: PathFacts = PathFacts(1 << 15);
    pub(crate) const USERNAME: PathFacts = PathFacts(1 << 16);
    pub(crate) const ORGANIZATION: PathFacts = PathFacts(1 << 17);
    pub(crate) const GENDER: PathFacts = PathFacts(1 << 18);
    pub(crate) const HEALTH: PathFacts = PathFacts(1 << 19);
    pub(crate) const TEXT: PathFacts = PathFacts(1 << 20);
    /// The value is a version, so four numbers with dots are no address.
    pub(crate) const VERSION: PathFacts = PathFacts(1 << 21);
    /// The value is a number of ours (an order, a time), so a passing Luhn sum may be chance.
    pub(crate) const REFERENCE: PathFacts = PathFacts(1 << 22);
    /// The value is text of a person or of a program, however short: a prompt, an answer, a line of source code.
    pub(crate) const ALWAYS_TEXT: PathFacts = PathFacts(1 << 23);
    pub(crate) const COOKIE: PathFacts = PathFacts(1 << 24);
    pub(crate) const LICENSE: PathFacts = PathFacts(1 << 25);
    pub(crate) const PASSPORT: PathFacts = PathFacts(1 << 26);
    pub(crate) const VEHICLE: PathFacts = PathFacts(1 << 27);
    pub(crate) const IMMIGRATION: PathFacts = PathFacts(1 << 28);
    pub(crate) const JOB: PathFacts = PathFacts(1 << 29);
    pub(crate) const AGE: PathFacts = PathFacts(1 << 30);
    pub(crate) const LANGUAGE: PathFacts = PathFacts(1 << 31);
    pub(crate) const MARITAL: PathFacts = PathFacts(1 << 32);
    pub(crate) const POLITICS: PathFacts = PathFacts(1 << 33);
    pub(crate) const ETHNICITY: PathFacts = PathFacts(1 << 34);
    pub(crate) const RELIGION: PathFacts = PathFacts(1 << 35);
    pub(crate) const SEXUALITY: PathFacts = PathFacts(1 << 36);
    pub(crate) const CRIMINAL: PathFacts = PathFacts(1 << 37);
    pub(crate) const CHILDREN: PathFacts = PathFacts(1 << 38);
    pub(crate) const BIOMETRIC: PathFacts = PathFacts(1 << 39);
    pub(crate) const SEARCH: PathFacts = PathFacts(1 << 40);
    pub(crate) const MEDIA: PathFacts = PathFacts(1 << 41);
    pub(crate) const IMAGE: PathFacts = PathFacts(1 << 42);
    pub(crate) const PRIVATE_TEXT: PathFacts = PathFacts(1 << 43);
    pub(crate) const FAX: PathFacts = PathFacts(1 << 44);
    pub(crate) const SOCIAL: PathFacts = PathFacts(1 << 45);
    pub(crate) const INSURANCE: PathFacts = PathFacts(1 << 46);
    pub(crate) const MEDICAL_RECORD: PathFacts = PathFacts(1 << 47);
    pub(crate) const GENETIC: PathFacts = PathFacts(1 << 48);
    pub(crate) const FINANCIAL: PathFacts = PathFacts(1 << 49);
    /// Hints that only lower a belief: alone they are no reason to look closer.
    const LOWERING: PathFacts = PathFacts(Self::VERSION.0 | Self::REFERENCE.0);

    /// The facts of a path's text, keys joined by `.` (D1).
    pub fn of_path(path: &str) -> PathFacts {
        let mut keys = path.rsplit('.').filter(|key| !key.is_empty() && *key != "*");
        let key = keys.next().unwrap_or_default();
        let parent = keys.next();
        let facts = PathFacts::of_key(key, parent);
        // Below such a key anything may lie at any depth, so the whole path is asked; what says only of which form a part is stays.
        let is_below = || path.split('.').any(|key| ALWAYS_TEXT.contains(&key));
        let is_form = FORM_OF_TEXT.contains(&key) && parent.is_some();
        if !is_form && is_below() { facts.and(PathFacts::ALWAYS_TEXT) } else { facts }
    }

    /// The facts of one key below another.
    pub(crate) fn of_key(key: &str, parent: Option<&str>) -> PathFacts {
        let words = Words::of(key);
        let Some(last) = words.count.checked_sub(1) else { return PathFacts::NONE };
        for first in 0..=last {
            let ending = words.ending(first);
            if let Some(facts) = look_up(ending) {
                return facts;
            }
            match ending {
                b"name" => {
                    return if is_of_person(&words, first, parent) { PathFacts::NAME } else { PathFacts::NONE };
                }
                b"address" | b"addr" => {
                    return match words.before(first).or(parent.map(str::as_bytes)) {
                        Some(b"ip" | b"remote" | b"client" | b"peer" | b"source" | b"host") => PathFacts::IP,
                        Some(b"mac" | b"hardware" | b"hw") => PathFacts::DEVICE_ID,
                        Some(b"email" | b"mail") => PathFacts::EMAIL,
                        Some(b"wallet" | b"memory" | b"contract" | b"web") => PathFacts::NONE,
                        _ => PathFacts::ADDRESS,
                    };
                }
                b"id" | b"uid" | b"uuid" | b"guid" => {
                    return match words.before(first).or(parent.map(str::as_bytes)) {
                        Some(before) if OF_PERSONS.contains(&before) => PathFacts::UNIQUE_ID,
                        Some(
                            b"device" | b"advertising" | b"ad" | b"vendor" | b"install" | b"installation" | b"machine"
                            | b"hardware",
                        ) => PathFacts::DEVICE_ID,
                        Some(b"cookie" | b"anonymous" | b"visitor" | b"browser") => PathFacts::COOKIE_ID,
                        _ => PathFacts::REFERENCE,
                    };
                }
                _ => {}
            }
        }
        if last == 0 {
            return PathFacts::NONE;
        }
        // A strong word that is not at the end (`email_primary`), unless the ending turns it into a fact about the thing
        // (`email_verified`, `phone_type`).
        if CLOSED_BY.contains(&words.ending(last)) {
            return PathFacts::NONE;
        }
        for (word, facts) in STRONG {
            if (0..last).any(|i| words.word(i) == word.as_bytes()) {
                return *facts;
            }
        }
        PathFacts::NONE
    }

    /// Whether the name says nothing that would make a detector look closer.
    #[inline]
    pub(crate) fn is_silent(self) -> bool {
        self.0 & !Self::LOWERING.0 == 0
    }

    /// Whether any hint of `other` is in this set.
    #[inline]
    pub(crate) const fn has(self, other: PathFacts) -> bool {
        self.0 & other.0 != 0
    }

    /// The hints as bits.
    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    #[cfg(test)]
    pub(crate) const fn of_bit(bit: u32) -> PathFacts {
        PathFacts(1 << bit)
    }

    /// Every hint at once, for fuzzing.
    pub(crate) const fn everything() -> PathFacts {
        PathFacts(u64::MAX)
    }

    /// Both sets.
    pub(crate) const fn and(self, other: PathFacts) -> PathFacts {
        PathFacts(self.0 | other.0)
    }
}

/// Keys inside values are looked up for each leaf. The table is ours and never grows, so no key can be made to collide with many.
#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn write_usize(&mut self, length: usize) {
        self.0 = 0xcbf2_9ce4_8422_2325 ^ length as u64;
    }

    fn finish(&self) -> u64 {
        // The table takes its tag from the upper bits.
        self.0 ^ self.0.rotate_left(32)
    }
}

static DICTIONARY: LazyLock<HashMap<&'static [u8], PathFacts, BuildHasherDefault<WordHasher>>> = LazyLock::new(|| {
    let mut words = HashMap::default();
    for (facts, list) in WORDS {
        for word in list.split_whitespace() {
            words.insert(word.as_bytes(), *facts);
        }
    }
    words
});

fn look_up(word: &[u8]) -> Option<PathFacts> {
    let found = DICTIONARY.get(word).copied();
    // `emails`, `phones`.
    found.or_else(|| {
        word.strip_suffix(b"s").filter(|stem| stem.len() >= 4).and_then(|stem| DICTIONARY.get(stem).copied())
    })
}

fn is_of_person(words: &Words, first: usize, parent: Option<&str>) -> bool {
    if let Some(before) = words.before(first) {
        return OF_PERSONS.contains(&before);
    }
    let Some(parent) = parent else { return true };
    let parent = Words::of(parent);
    parent.count == 0 || !OF_THINGS.contains(&parent.word(parent.count - 1))
}

/// The longest key that is looked at; of longer ones the end.
const KEY_BYTES_MAX: usize = 120;
const KEY_WORDS_MAX: usize = 12;

/// A key as lower-case words, joined, with where each begins.
struct Words {
    joined: [u8; KEY_BYTES_MAX],
    begins: [u8; KEY_WORDS_MAX + 1],
    count: usize,
}

impl Words {
    fn of(key: &str) -> Words {
        let mut words = Words { joined: [0; KEY_BYTES_MAX], begins: [0; KEY_WORDS_MAX + 1], count: 0 };
        let bytes = key.as_bytes();
        let bytes = &bytes[bytes.len().saturating_sub(KEY_BYTES_MAX)..];
        let (mut len, mut in_word) = (0, false);
        for (i, byte) in bytes.iter().enumerate() {
            let is_letter = byte.is_ascii_alphabetic() || *byte >= 0x80;
            if !is_letter {
                // Digits end a word and are not part of one: `email2`, `address1`.
                in_word = false;
                continue;
            }
            let previous = i.checked_sub(1).map_or(b' ', |p| bytes[p]);
            let hump = byte.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || (previous.is_ascii_uppercase() && bytes.get(i + 1).is_some_and(u8::is_ascii_lowercase)));
            if !in_word || hump {
                if words.count == KEY_WORDS_MAX {
                    break;
                }
                words.begins[words.count] = len as u8;
                words.count += 1;
            }
            in_word = true;
            words.joined[len] = byte.to_ascii_lowercase();
            len += 1;
        }
        words.begins[words.count] = len as u8;
        words
    }

    fn word(&self, i: usize) -> &[u8] {
        &self.joined[usize::from(self.begins[i])..usize::from(self.begins[i + 1])]
    }

    fn ending(&self, first: usize) -> &[u8] {
        &self.joined[usize::from(self.begins[first])..usize::from(self.begins[self.count])]
    }

    fn before(&self, first: usize) -> Option<&[u8]> {
        first.checked_sub(1).map(|i| self.word(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_personal_data_are_known() {
        let cases = [
            ("email", PathFacts::EMAIL),
            ("$email", PathFacts::EMAIL),
            ("profile.$email", PathFacts::EMAIL),
            ("userEmail", PathFacts::EMAIL),
            ("billingEmailAddress", PathFacts::EMAIL),
            ("emails.*", PathFacts::EMAIL),
            ("correo_electronico", PathFacts::EMAIL),
            ("traits.phoneNumber", PathFacts::PHONE),
            ("telefon", PathFacts::PHONE),
            ("traits.lastName", PathFacts::NAME),
            ("name", PathFacts::NAME),
            ("profile.$name", PathFacts::NAME),
            ("customer.name", PathFacts::NAME),
            ("shipping.address", PathFacts::ADDRESS),
            ("ip_address", PathFacts::IP),
            ("context.ip", PathFacts::IP),
            ("macAddress", PathFacts::DEVICE_ID),
            ("user_id", PathFacts::UNIQUE_ID),
            ("IDFA", PathFacts::DEVICE_ID),
            ("context.device.idfv", PathFacts::DEVICE_ID),
            ("context.device.adid", PathFacts::DEVICE_ID),
            ("context.device.android_id", PathFacts::DEVICE_ID),
            ("context.device.android_app_set_id", PathFacts::DEVICE_ID),
            ("dob", PathFacts::BIRTH),
            ("geburtsdatum", PathFacts::BIRTH),
            ("passwort", PathFacts::PASSWORD),
            ("apiKey", PathFacts::SECRET),
            ("$browser_version", PathFacts::VERSION),
            ("email_primary", PathFacts::EMAIL),
        ];
        for (path, facts) in cases {
            assert_eq!(PathFacts::of_path(path), facts, "{path}");
        }
    }

    #[test]
    fn what_lies_below_a_prompt_or_a_stack_frame_is_text_at_any_depth() {
        for path in [
            "$ai_input",
            "$ai_input.*.content",
            "$ai_input.*.content.*.text",
            "$ai_output_choices.*.message.tool_calls.*.function.arguments",
            "$exception_list.*.value",
            "$exception_list.*.stacktrace.frames.*.filename",
            "$exception_list.*.stacktrace.frames.*.pre_context.*",
            "error.frames.*.vars.password",
            "context_line",
        ] {
            assert!(PathFacts::of_path(path).has(PathFacts::ALWAYS_TEXT), "{path}");
        }
        for path in [
            "$ai_input.*.role",
            "$exception_list.*.type",
            "$exception_list.*.stacktrace.frames.*.lineno",
            "$ai_model",
            "$ai_input_tokens",
            "type",
            "filename",
            "content.type",
        ] {
            assert!(!PathFacts::of_path(path).has(PathFacts::ALWAYS_TEXT), "{path}");
        }
    }

    #[test]
    fn names_of_things_say_nothing_about_persons() {
        for path in [
            "product.name",
            "plan_name",
            "event_name",
            "context.library.name",
            "email_verified",
            "phone_type",
            "max_tokens",
            "tokens_used",
            "page_title",
            "order_id",
            "key_kind",
            "seats",
            "",
            "*",
            "model",
            "context.os.name",
            "button_text",
        ] {
            assert!(PathFacts::of_path(path).is_silent(), "{path}");
        }
    }
}
