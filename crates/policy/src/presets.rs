//! Presets: reviewed lists of paths that leave with bounded values, for reports that a vendor builds in. The page `docs/presets.md`
//! is written from this table by a test.
//!
//! A preset lets out what is listed here and nothing else. It never stands above a rule that takes away (`category`, `property`),
//! nor above a finding: a value in which a detector saw anything stays, and so does one outside of its bound. To change a preset is
//! to change what leaves from installations that use it: a new path belongs into a new preset, unless it says the same thing as
//! one that is there.

use weir_event::LeafKind;
use weir_event::names::has_clean_class;

/// A list of paths with bounded values.
#[derive(Debug)]
pub struct Preset {
    /// The name in a rule.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// What is left out on purpose, and why.
    pub without: &'static str,
    /// What the vendor learns that it might not need.
    pub danger: &'static str,
    /// The paths.
    pub paths: &'static [PresetPath],
}

/// One entry of a preset.
#[derive(Debug)]
pub struct PresetPath {
    /// A path, or with `<name>` at its end every property whose name begins so.
    pub path: &'static str,
    /// What its values may be.
    pub bound: Bound,
}

/// What a value has to be, and what of it leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// At most this many characters that a clean name may have (D1), and nothing that looks like the id of one thing of many.
    Word(u8),
    /// The same, or true or false.
    Variant(u8),
    /// At most this many characters that a clean name may have, an id of a product or an experiment too.
    Reference(u8),
    /// So many numbers of a version, the rest is cut off.
    Version(u8),
    /// A version as a team writes it: at most 32 letters, digits and `. _ + -`, a digit among them.
    Release,
    /// At most 12 digits before the point and 6 behind it.
    Number,
    /// Three letters.
    Currency,
    /// A host name, or a vendor's word for none (`$direct`).
    Domain,
    /// The language of a locale, the rest is cut off.
    Language,
}

impl Bound {
    /// For the page.
    pub fn text(self) -> String {
        match self {
            Bound::Word(max) => format!("a plain word or name, at most {max} characters"),
            Bound::Variant(max) => format!("true, false, or a plain word or name, at most {max} characters"),
            Bound::Reference(max) => format!("a plain word, name or id, at most {max} characters"),
            Bound::Version(1) => "the first number of a version".to_owned(),
            Bound::Version(parts) => format!("the first {parts} numbers of a version"),
            Bound::Release => "a version of at most 32 letters, digits and `. _ + -`".to_owned(),
            Bound::Number => "a number of at most 12 digits, and 6 behind the point".to_owned(),
            Bound::Currency => "three letters".to_owned(),
            Bound::Domain => "a host name, or `$direct`".to_owned(),
            Bound::Language => "the language: the two or three letters that a locale begins with".to_owned(),
        }
    }

    /// The part of a value that may leave: its beginning or all of it, as it is stored.
    pub(crate) fn cut(self, kind: LeafKind, value: &[u8]) -> Option<&[u8]> {
        let is_flag = matches!(kind, LeafKind::True | LeafKind::False);
        let text = match kind {
            LeafKind::String | LeafKind::Number => std::str::from_utf8(value).ok()?,
            _ if is_flag && matches!(self, Bound::Variant(_)) => return Some(value),
            _ => return None,
        };
        let is_whole = match self {
            Bound::Word(max) | Bound::Variant(max) => is_word(text, max) && !looks_like_an_id(text),
            Bound::Reference(max) => is_word(text, max),
            Bound::Version(parts) => return version(text, parts).and_then(|len| value.get(..len)),
            Bound::Release => {
                let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-');
                let fits = text.len() <= 32 && text.bytes().all(is_plain) && text.bytes().any(|b| b.is_ascii_digit());
                fits && !looks_like_an_id(text)
            }
            Bound::Number => is_number(text),
            Bound::Currency => text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()),
            Bound::Domain => text == "$direct" || is_domain(text),
            Bound::Language => return language(text).and_then(|len| value.get(..len)),
        };
        is_whole.then_some(value)
    }
}

fn is_word(text: &str, max: u8) -> bool {
    has_clean_class(text) && text.chars().count() <= usize::from(max)
}

/// Whether a text has the shape of what programs make to tell things apart: 32 hex digits, hyphens aside, or 20 letters and digits
/// mixed in one piece. No detector says whose it is, so a preset does not let it out. Plain digits are what ad platforms number
/// campaigns with.
fn looks_like_an_id(text: &str) -> bool {
    let hex = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let is_hex = hex >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let is_mixed = |piece: &str| {
        let has = |class: fn(&u8) -> bool| piece.bytes().any(|b| class(&b));
        piece.len() >= 20 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    };
    is_hex || text.split(|c: char| !c.is_alphanumeric()).any(is_mixed)
}

/// How long the first `parts` numbers of a version are. Fewer are as good; a letter at a number makes it none.
fn version(text: &str, parts: u8) -> Option<usize> {
    let mut end = 0;
    if text.len() > 32 {
        return None;
    }
    for (i, part) in text.split('.').take(usize::from(parts)).enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 5 {
            break;
        }
        let follows = part.as_bytes().get(digits);
        if follows.is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        end += digits + usize::from(i > 0);
        if follows.is_some() {
            break;
        }
    }
    (end > 0).then_some(end)
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    digits(whole, 12) && digits(part, 6)
}

fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    // An address of four numbers is no name.
    let ends_in_letters = text.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
    text.len() <= 100 && text.contains('.') && ends_in_letters && text.split('.').all(label)
}

fn language(text: &str) -> Option<usize> {
    let end = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let ends = matches!(text.as_bytes().get(end), None | Some(b'-' | b'_' | b'.' | b'@'));
    ((2..=3).contains(&end) && ends && text.len() <= 35).then_some(end)
}

const fn at(path: &'static str, bound: Bound) -> PresetPath {
    PresetPath { path, bound }
}

/// Characters of a campaign value.
const CAMPAIGN: Bound = Bound::Word(64);

/// Every preset.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "utm",
        purpose: "Campaign reports: the parameters that your own links carry.",
        without: "Click ids: see `attribution`.",
        danger: "Whoever writes a link decides what stands in it. A mailing that puts a recipient into `utm_content` tells the vendor who came; values that look like an id, an address or a name stay, other words do not.",
        paths: &[
            at("context.campaign.source", CAMPAIGN),
            at("context.campaign.medium", CAMPAIGN),
            at("context.campaign.name", CAMPAIGN),
            at("context.campaign.term", CAMPAIGN),
            at("context.campaign.content", CAMPAIGN),
            at("context.campaign.id", CAMPAIGN),
        ],
    },
    Preset {
        name: "attribution",
        purpose: "Where people came from: `utm`, the referring site, and the same as first seen of a person.",
        without: "Click ids (`gclid`, `fbclid` and their like): each is made for one click of one person and lets whoever has it look that person up at the advertiser. Allow one by its own name, such as `context.click.gclid`, where a contract covers that. Full referrers and landing pages: their paths name what people read.",
        danger: "A small referring site can be a single employer's or a patient group's.",
        paths: &[
            at("context.campaign.source", CAMPAIGN),
            at("context.campaign.medium", CAMPAIGN),
            at("context.campaign.name", CAMPAIGN),
            at("context.campaign.term", CAMPAIGN),
            at("context.campaign.content", CAMPAIGN),
            at("context.campaign.id", CAMPAIGN),
            at("context.page.referring_domain", Bound::Domain),
            at("context.page.initial_referring_domain", Bound::Domain),
            at("profile.$initial_referring_domain", Bound::Domain),
            at("profile.initial_referring_domain", Bound::Domain),
            at("profile.$initial_utm_source", CAMPAIGN),
            at("profile.$initial_utm_medium", CAMPAIGN),
            at("profile.$initial_utm_campaign", CAMPAIGN),
            at("profile.initial_utm_source", CAMPAIGN),
            at("profile.initial_utm_medium", CAMPAIGN),
            at("profile.initial_utm_campaign", CAMPAIGN),
        ],
    },
    Preset {
        name: "device",
        purpose: "Reports by device and system: what breaks where, what to support. The families of system and browser and the class of the screen are in the baseline.",
        without: "The device's name, which people choose (\"Ada's iPhone\"). Advertising and vendor ids. Exact screen sizes, carrier, time zone and the user agent, which together tell single devices apart. Versions beyond those named.",
        danger: "A rare model in a small country is few people. With `rotating` pseudonyms a rare device joins the epochs of a person again.",
        paths: &[
            at("context.os.version", Bound::Version(2)),
            at("context.browser.version", Bound::Version(1)),
            at("context.device.type", Bound::Word(32)),
            at("context.device.manufacturer", Bound::Word(64)),
            at("context.device.brand", Bound::Word(64)),
            at("context.device.model", Bound::Word(64)),
            at("context.platform", Bound::Word(32)),
            at("context.locale", Bound::Language),
        ],
    },
    Preset {
        name: "app",
        purpose: "Reports by release of your app.",
        without: "Installation ids and build machines: only what the store shows too.",
        danger: "A build that was given to one tester is that tester.",
        paths: &[
            at("context.app.name", Bound::Word(64)),
            at("context.app.namespace", Bound::Word(64)),
            at("context.app.version", Bound::Release),
            at("context.app.build", Bound::Release),
        ],
    },
    Preset {
        name: "revenue",
        purpose: "Revenue reports: amounts, currencies, what was sold.",
        without: "Order and transaction ids: each is one purchase of one person at you. Coupons, which may be made for one person. Lists of items.",
        danger: "An exact amount with its second is a purchase that a payment company can find. What a product id names may be of a special category (a medicine, a test).",
        paths: &[
            at("context.revenue.amount", Bound::Number),
            at("context.revenue.price", Bound::Number),
            at("context.revenue.quantity", Bound::Number),
            at("context.revenue.currency", Bound::Currency),
            at("context.revenue.product_id", Bound::Reference(64)),
            at("context.revenue.type", Bound::Word(32)),
            at("revenue", Bound::Number),
            at("price", Bound::Number),
            at("quantity", Bound::Number),
            at("currency", Bound::Currency),
            at("product_id", Bound::Reference(64)),
        ],
    },
    Preset {
        name: "experiments",
        purpose: "Who saw which variant: what Mixpanel, PostHog, Amplitude and Segment name experiments and flags by.",
        without: "Flag payloads and the ids of single evaluations. The exposure events themselves leave by their names, as every event does.",
        danger: "The names of experiments and flags leave the house, unreleased features among them. A variant that few people see is few people.",
        paths: &[
            at("Experiment name", Bound::Word(100)),
            at("Variant name", Bound::Variant(64)),
            at("$feature_flag", Bound::Word(100)),
            at("$feature_flag_response", Bound::Variant(64)),
            at("$feature/<name>", Bound::Variant(64)),
            at("flag_key", Bound::Word(100)),
            at("experiment_key", Bound::Word(100)),
            at("variant", Bound::Variant(64)),
            at("profile.[Experiment] <name>", Bound::Variant(64)),
            at("experiment_id", Bound::Reference(64)),
            at("experiment_name", Bound::Word(100)),
            at("variation_id", Bound::Reference(64)),
            at("variation_name", Bound::Variant(64)),
        ],
    },
];

/// The preset of a name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(bound: Bound, text: &str) -> Option<&str> {
        bound.cut(LeafKind::String, text.as_bytes()).map(|cut| std::str::from_utf8(cut).expect("cut at a character"))
    }

    #[test]
    fn versions_lose_what_tells_single_devices_apart() {
        for (text, two, one) in [
            ("15.1.2", Some("15.1"), Some("15")),
            ("131.0.6778.86", Some("131.0"), Some("131")),
            ("10", Some("10"), Some("10")),
            ("10.", Some("10"), Some("10")),
            ("14.2-beta3", Some("14.2"), Some("14")),
            ("14b.2", None, None),
            ("Sonoma", None, None),
            ("123456.1", None, None),
            ("", None, None),
        ] {
            assert_eq!((cut(Bound::Version(2), text), cut(Bound::Version(1), text)), (two, one), "{text}");
        }
    }

    #[test]
    fn what_is_outside_of_its_bound_does_not_leave() {
        let fits = |bound: Bound, good: &[&str], bad: &[&str]| {
            good.iter().for_each(|text| assert_eq!(cut(bound, text), Some(*text), "{bound:?}"));
            bad.iter().for_each(|text| assert_eq!(cut(bound, text), None, "{bound:?} {text}"));
        };
        fits(Bound::Word(5), &["iPad", "a b-1"], &["", "longer", "a@b", "a\nb"]);
        let ids =
            ["3f1c7a52-9b1e-4d3a-8c55-0e6f1a2b3c4d", "for k3jd9fk2m5n8q1w4e7r0", "9f86d081884c7d659a2feaa0c55ad015"];
        fits(Bound::Word(64), &["spring_sale_2026", "Samsung SM-S928B", "120208861234560123"], &ids);
        fits(Bound::Reference(64), &ids, &["a@b"]);
        fits(Bound::Release, &["4.12.0", "v2.1-rc.1+77", "1042"], &["beta", "4.12 for ada", "1@2", &"1".repeat(33)]);
        fits(
            Bound::Number,
            &["9.99", "-3", "100", "123456789012"],
            &["", "1e9", "1234567890123", "9.1234567", ".5", "9,99"],
        );
        fits(Bound::Currency, &["EUR", "usd"], &["EURO", "€", "E1R"]);
        fits(
            Bound::Domain,
            &["news.example.com", "$direct"],
            &["localhost", "a@b.example", "203.0.113.9", "x/y.example", "-a.example"],
        );
        assert_eq!(cut(Bound::Language, "de-DE"), Some("de"));
        assert_eq!(cut(Bound::Language, "en_US.UTF-8"), Some("en"));
        assert_eq!(cut(Bound::Language, "gsw"), Some("gsw"));
        assert_eq!((cut(Bound::Language, "german"), cut(Bound::Language, "d1-DE")), (None, None));
    }

    #[test]
    fn only_variants_are_flags_and_nothing_is_a_container() {
        assert_eq!(Bound::Variant(8).cut(LeafKind::True, b""), Some(&b""[..]));
        assert_eq!(Bound::Word(8).cut(LeafKind::True, b""), None);
        for kind in [LeafKind::Null, LeafKind::ObjectBegin, LeafKind::ArrayBegin, LeafKind::MapKey] {
            assert_eq!(Bound::Variant(8).cut(kind, b"x"), None);
        }
        assert_eq!(Bound::Word(8).cut(LeafKind::String, b"\xff\xfe"), None);
    }

    #[test]
    fn presets_and_their_paths_are_distinct_and_none_is_an_identifier() {
        let mut names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PRESETS.len());
        for preset in PRESETS {
            let mut paths: Vec<_> = preset.paths.iter().map(|entry| entry.path).collect();
            paths.sort_unstable();
            paths.dedup();
            assert_eq!(paths.len(), preset.paths.len(), "{}", preset.name);
            for path in paths {
                let is_out =
                    ["context.click.", "context.device.name", "context.device.id", "context.ip", "order", "session"];
                assert!(!is_out.iter().any(|out| path.starts_with(out) || path.contains("_order")), "{path}");
            }
        }
    }
}
