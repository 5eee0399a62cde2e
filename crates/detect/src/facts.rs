//! Tier 0: what a path's name says about its values. Computed once per path, never per leaf.
//!
//! A key is split at punctuation and at camel-case humps, its case and accents are taken off, and its endings are looked up in the
//! dictionary, longest first: `billingEmailAddress` tries `billingemailaddress`, `emailaddress`, `address`. A word that means a
//! person's data only in company (`name`, `id`, `age`, `title`) asks the word before it, or the key above. A word in front that
//! makes a question or a count of the key (`has_children`, `num_phones`) silences it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use weir_event::Likelihood;

use crate::detectors::identifiers::cookie_names;
use crate::detectors::keyed::{self, Vocabulary};
use crate::dictionary::{ALWAYS_TEXT, FORM_OF_TEXT, PROFILES, PROMPTS, RESERVED, ROLES, Role, STRONG, WORDS};
use crate::words::Words;

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
    /// The key often names a person, but as often something else: an author, an owner, a recipient.
    pub(crate) const NAME_VAGUE: PathFacts = PathFacts(1 << 50);
    /// A vendor reserves the path for what the other hints say.
    pub(crate) const CERTAIN: PathFacts = PathFacts(1 << 51);
    /// The value is a label, a title, or a message of the program itself: a few words of it are nobody's text.
    pub(crate) const LABEL: PathFacts = PathFacts(1 << 52);
    /// Below such a key stand prompts to a language model and its answers.
    pub(crate) const PROMPT: PathFacts = PathFacts(1 << 57);
    /// The hash of somebody's address.
    pub(crate) const EMAIL_HASH: PathFacts = PathFacts(1 << 58);
    /// The id of a click on an advertisement.
    pub(crate) const CLICK_ID: PathFacts = PathFacts(1 << 59);
    /// Learned of the path ([`crate::lift`]): there is a verdict on its numbers with a shape.
    pub(crate) const NUMBERS_BY_PROFILE: PathFacts = PathFacts(1 << 60);
    /// Learned of the path: four numbers with dots are versions.
    pub(crate) const VERSIONS_BY_PROFILE: PathFacts = PathFacts(1 << 61);
    /// Learned of the path: bare numbers pass a card's check as often as they would by chance.
    pub(crate) const CARDS_BY_CHANCE: PathFacts = PathFacts(1 << 62);
    /// Whoever scans counts what only nearly is of a class, so that a profile can be learned: a form whose check fails is then found
    /// too, as very unlikely.
    pub const COUNTING: PathFacts = PathFacts(1 << 63);
    /// Hints about other hints, and what asks for a count: alone they are no reason to look closer.
    const LOWERING: PathFacts = PathFacts(
        Self::VERSION.0
            | Self::REFERENCE.0
            | Self::CERTAIN.0
            | Self::LABEL.0
            | Self::NUMBERS_BY_PROFILE.0
            | Self::VERSIONS_BY_PROFILE.0
            | Self::CARDS_BY_CHANCE.0
            | Self::COUNTING.0,
    );

    /// The facts of a path's text, keys joined by `.` (D1).
    pub fn of_path(path: &str) -> PathFacts {
        let mut keys = path.rsplit('.').filter(|key| !key.is_empty() && *key != "*");
        let key = keys.next().unwrap_or_default();
        let parent = keys.next();
        let mut facts = reserved(path, key).unwrap_or_else(|| {
            let facts = PathFacts::of_key(key, parent);
            if facts == PathFacts::NONE { of_compound(key) } else { facts }
        });
        if !facts.is_silent() && path.split('.').any(|key| PROFILES.contains(&key)) {
            facts = facts.and(PathFacts::CERTAIN);
        }
        // Below such a key anything may lie at any depth, so the whole path is asked; what says only of which form a part is stays.
        if FORM_OF_TEXT.contains(&key) && parent.is_some() {
            facts
        } else if is_below_prompt(path) {
            facts.and(PathFacts::PROMPT).and(PathFacts::ALWAYS_TEXT)
        } else if path.split('.').any(|key| ALWAYS_TEXT.contains(&key)) {
            facts.and(PathFacts::ALWAYS_TEXT)
        } else {
            facts
        }
    }

    /// The facts of one key below another.
    pub(crate) fn of_key(key: &str, parent: Option<&str>) -> PathFacts {
        let words = Words::of(key);
        if words.count == 0 {
            return PathFacts::NONE;
        }
        if cookie_names::is_one(key) {
            return PathFacts::COOKIE_ID;
        }
        let facts = of_words(words, parent);
        // An amount of money is one, however it was counted.
        let counts = words.count > 1 && facts != PathFacts::NONE && role(words.word(0)).has(Role::OPENER);
        // `num_secu` is one word of the dictionary, `num_emails` a count.
        if counts && look_up(words.ending(0)).is_none() {
            return facts.only(PathFacts(PathFacts::FINANCIAL.0 | PathFacts::LOWERING.0));
        }
        facts
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

    /// The hints that both sets have.
    pub(crate) const fn only(self, other: PathFacts) -> PathFacts {
        PathFacts(self.0 & other.0)
    }

    /// The hints of this set that the other has not.
    pub(crate) const fn without(self, other: PathFacts) -> PathFacts {
        PathFacts(self.0 & !other.0)
    }

    /// How sure a finding is under this path: certain, where a vendor reserves it.
    pub(crate) fn sure(self, likelihood: Likelihood) -> Likelihood {
        if self.has(PathFacts::CERTAIN) { Likelihood::VeryLikely } else { likelihood }
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
    #[must_use]
    pub const fn and(self, other: PathFacts) -> PathFacts {
        PathFacts(self.0 | other.0)
    }
}

/// Whether the path is one of prompts, or leads through one.
fn is_below_prompt(path: &str) -> bool {
    let is_key = |name: &str| path.split('.').any(|key| key == name);
    let leads_through = |name: &str| {
        path.match_indices(name).any(|(at, _)| {
            let (before, after) = (&path[..at], &path[at + name.len()..]);
            (before.is_empty() || before.ends_with('.')) && (after.is_empty() || after.starts_with('.'))
        })
    };
    PROMPTS.iter().any(|name| if name.contains('.') { leads_through(name) } else { is_key(name) })
}

fn reserved(path: &str, key: &str) -> Option<PathFacts> {
    let below_context = path.rfind("context.").map(|at| &path[at..]);
    let found = RESERVED.iter().find(|(name, _)| *name == key || below_context == Some(*name));
    found.map(|(_, facts)| facts.and(PathFacts::CERTAIN))
}

/// What the endings of a key say, without its last words where those only say which one (`phone_number_home`).
fn of_words(mut words: Words, parent: Option<&str>) -> PathFacts {
    let whole = words.count;
    loop {
        for first in 0..words.count {
            if let Some(facts) = of_ending(&words, first, parent) {
                return facts;
            }
        }
        if words.count == 1 || !role(words.word(words.count - 1)).has(Role::QUALIFIER) {
            break;
        }
        words.count -= 1;
    }
    words.count = whole;
    // A strong word that is not at the end (`email_primary`), unless the ending turns it into a fact about the thing
    // (`email_verified`, `phone_type`).
    if whole == 1 || role(words.word(whole - 1)).has(Role::CLOSER) {
        return PathFacts::NONE;
    }
    let is_strong = |word: &str| (0..whole - 1).any(|i| words.word(i) == word.as_bytes());
    STRONG.iter().find(|(word, _)| is_strong(word)).map_or(PathFacts::NONE, |(_, facts)| *facts)
}

/// What the words from `first` say in their company; `None` where they are no word of the dictionary.
fn of_ending(words: &Words, first: usize, parent: Option<&str>) -> Option<PathFacts> {
    let ending = words.ending(first);
    let before = words.before(first);
    match ending {
        b"screenname" if words.count - first > 1 => return Some(PathFacts::LABEL),
        b"title" | b"titel" | b"titre" | b"titulo" | b"titolo" if is_of(Role::PERSON, before, parent) => {
            return Some(PathFacts::JOB);
        }
        _ => {}
    }
    if let Some(meaning) = look_up(ending) {
        let fits = match meaning.company {
            Company::Any => true,
            Company::None => match before {
                Some(before) => role(before).has(Role::PERSON.and(Role::QUALIFIER)),
                None => !is_thing(parent),
            },
            Company::Person => is_of(Role::PERSON, before, parent),
            Company::Place => is_of(Role::PERSON.and(Role::PLACE), before, parent),
        };
        return fits.then_some(meaning.facts);
    }
    let word = || before.or(parent.map(str::as_bytes));
    Some(match ending {
        b"name" | b"nom" | b"nombre" | b"nome" | b"naam" | b"navn" | b"namn" | b"nama" | b"imie" | b"jmeno" => {
            let of_person = match before {
                Some(before) => role(before).has(Role::PERSON.and(Role::NAME_OF)),
                None => !is_thing(parent),
            };
            // A bare `name` is as often a button's.
            let is_bare = before.is_none() && !is_of(Role::PERSON, None, parent);
            match of_person {
                true if is_bare => PathFacts::NAME.and(PathFacts::NAME_VAGUE),
                true => PathFacts::NAME,
                false => PathFacts::NONE,
            }
        }
        b"address" | b"addr" => match word() {
            Some(b"ip" | b"remote" | b"client" | b"peer" | b"source" | b"host") => PathFacts::IP,
            Some(b"mac" | b"hardware" | b"hw") => PathFacts::DEVICE_ID,
            Some(b"email" | b"mail") => PathFacts::EMAIL,
            Some(b"wallet" | b"memory" | b"contract" | b"web") => PathFacts::NONE,
            _ => PathFacts::ADDRESS,
        },
        b"id" | b"uid" | b"uuid" | b"guid" => match word() {
            Some(before) if is_person(before) => PathFacts::UNIQUE_ID,
            Some(
                b"device" | b"advertising" | b"ad" | b"vendor" | b"install" | b"installation" | b"machine"
                | b"hardware",
            ) => PathFacts::DEVICE_ID,
            Some(b"cookie" | b"anonymous" | b"visitor" | b"browser") => PathFacts::COOKIE_ID,
            _ => PathFacts::REFERENCE,
        },
        _ => return None,
    })
}

fn is_person(word: &[u8]) -> bool {
    role(word).has(Role::PERSON.and(Role::OWNER))
}

/// Whether the word before has the role, or, at the begin of a key, a word of the key above.
fn is_of(wanted: Role, before: Option<&[u8]>, parent: Option<&str>) -> bool {
    if let Some(before) = before {
        return role(before).has(wanted);
    }
    let Some(parent) = parent else { return false };
    let words = Words::of(parent);
    PROFILES.contains(&parent) || (0..words.count).any(|i| role(words.word(i)).has(wanted))
}

/// Whether the key above names a thing.
fn is_thing(parent: Option<&str>) -> bool {
    let Some(parent) = parent else { return false };
    let words = Words::of(parent);
    words.count > 0 && !PROFILES.contains(&parent) && role(words.word(words.count - 1)).has(Role::THING)
}

/// One long word that begins with a person or ends in a word of the dictionary: `userfirstname`, `kundentelefonnummer`. Too dear for
/// keys inside values.
fn of_compound(key: &str) -> PathFacts {
    const ENDING_BYTES_MIN: usize = 7;
    let words = Words::of(key);
    if words.count != 1 {
        return PathFacts::NONE;
    }
    let word = words.word(0);
    let known = |at: usize| {
        let meaning = DICTIONARY.get(word.get(at..)?)?;
        let of_person = at < ENDING_BYTES_MIN && role(&word[..at]).has(Role::PERSON.and(Role::PLACE));
        let long = meaning.company == Company::Any && word.len() - at >= ENDING_BYTES_MIN;
        (long || (of_person && word.len() - at >= 3)).then_some(meaning.facts)
    };
    (3..word.len()).find_map(known).filter(|facts| !facts.is_silent()).unwrap_or_default()
}

/// What a word of the dictionary means, and in what company.
#[derive(Clone, Copy)]
struct Meaning {
    facts: PathFacts,
    company: Company,
}

/// What must stand before a word, as the fields of [`Vocabulary`] say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Company {
    Any,
    None,
    Person,
    Place,
}

/// Keys inside values are looked up for each leaf. The table is ours and never grows, so no key can be made to collide with many.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

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

type Table<T> = HashMap<Box<[u8]>, T, BuildHasherDefault<WordHasher>>;

static DICTIONARY: LazyLock<Table<Meaning>> = LazyLock::new(|| {
    let mut table = Table::default();
    for_each_word(|facts, company, word| {
        let meaning = Meaning { facts, company };
        table.insert(Words::of(word).ending(0).into(), meaning);
        // `führerschein` is written `fuehrerschein` as often as `fuhrerschein`.
        if word.contains(['ä', 'ö', 'ü', 'ø', 'å']) {
            let word =
                word.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ø', "oe").replace('å', "aa");
            table.entry(Words::of(&word).ending(0).into()).or_insert(meaning);
        }
    });
    table
});

static ROLE_OF: LazyLock<Table<Role>> = LazyLock::new(|| {
    let mut table = Table::default();
    for (role, words) in ROLES {
        for word in words.split_whitespace() {
            let known: &mut Role = table.entry(word.as_bytes().into()).or_default();
            *known = known.and(*role);
        }
    }
    table
});

/// Every word of the dictionary as it is written in its list.
fn for_each_word(mut look: impl FnMut(PathFacts, Company, &'static str)) {
    let of_keyed = keyed::CLASSES.iter().map(|class| (class.facts.and(class.also), class.words));
    for (facts, words) in WORDS.iter().copied().chain(of_keyed) {
        let Vocabulary { always, alone, of_persons, of_places } = words;
        let lists = [
            (Company::Any, always),
            (Company::None, alone),
            (Company::Person, of_persons),
            (Company::Place, of_places),
        ];
        for (company, list) in lists {
            list.split_whitespace().for_each(|word| look(facts, company, word));
        }
    }
}

fn look_up(word: &[u8]) -> Option<Meaning> {
    let found = DICTIONARY.get(word).copied();
    // `emails`, `phones`. Of words that need company the plural counts something: `logins`, `employees`.
    found.or_else(|| {
        let stem = word.strip_suffix(b"s").filter(|stem| stem.len() >= 4)?;
        DICTIONARY.get(stem).copied().filter(|meaning| meaning.company == Company::Any)
    })
}

fn role(word: &[u8]) -> Role {
    ROLE_OF.get(word).copied().unwrap_or_default()
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
            ("name", PathFacts::NAME.and(PathFacts::NAME_VAGUE)),
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
            assert_eq!(PathFacts::of_path(path).0 & !PathFacts::CERTAIN.0, facts.0, "{path}");
        }
    }

    #[test]
    fn a_word_stands_in_one_list_only() {
        let (mut words, mut twice) = (HashMap::new(), Vec::new());
        for_each_word(|facts, company, word| {
            let folded = Words::of(word).ending(0).to_vec();
            if let Some((other, ..)) = words
                .insert(folded, (word, facts, company as u8))
                .filter(|(_, other, with)| (*other, *with) != (facts, company as u8))
            {
                twice.push(format!("{word} {other}"));
            }
        });
        assert!(twice.is_empty(), "{twice:#?}");
    }

    #[test]
    fn what_a_vendor_reserves_is_certain() {
        for path in [
            "profile.$email",
            "$ip",
            "context.traits.email",
            "user_data.address.city",
            "context.location.latitude",
            "$set.name",
        ] {
            assert!(PathFacts::of_path(path).has(PathFacts::CERTAIN), "{path}");
        }
        assert!(!PathFacts::of_path("email").has(PathFacts::CERTAIN));
        assert!(PathFacts::of_path("traits.plan").is_silent());
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
