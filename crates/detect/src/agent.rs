//! User agents as browsers send them: the longest leaf of most events, and full of numbers that are versions.
//!
//! A text that is one by this grammar, from its first byte to its last, has nothing in it that any detector looks for; anything else,
//! a word too long or a number too much, goes the way of all texts. What the grammar admits is proven against the detectors below.

/// The words of a platform are no longer; every credential is.
const WORD_BYTES_MAX: usize = 15;
/// The digits of a platform's version: a telephone number has one more.
const DIGITS_MAX: u32 = 6;
/// An address has one more.
const DOTS_MAX: u32 = 2;

/// Whether the whole text is a user agent of a browser, with nothing else in it.
#[inline]
pub(crate) fn is_plain(text: &[u8]) -> bool {
    match text.strip_prefix(b"Mozilla/5.0 (") {
        Some(rest) => is_plain_after(rest),
        None => false,
    }
}

#[inline(never)]
fn is_plain_after(rest: &[u8]) -> bool {
    let Some(products) = behind_platform(rest) else { return false };
    let products = products.strip_prefix(b" AppleWebKit/537.36 (KHTML, like Gecko)").unwrap_or(products);
    are_products(products.strip_suffix(b" Safari/537.36").unwrap_or(products))
}

/// What a word of a platform is made of, each in a field of its own so that they can be added up: digits, letters, what stands
/// inside a word, dots.
const DIGIT: u32 = 1;
const LETTER: u32 = 1 << 8;
const INNER: u32 = 1 << 16;
const DOT: u32 = 1 << 24 | INNER;
/// What ends a word.
const BREAK: u32 = 1 << 31;
const FIELD: u32 = 0x7f;

static CLASSES: [u32; 256] = {
    let mut classes = [BREAK; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'.' => DOT,
            b'_' => INNER,
            _ => BREAK,
        };
        byte += 1;
    }
    classes
};

/// What follows the bracket with the platform: `Windows NT 10.0; Win64; x64)`.
fn behind_platform(text: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let start = at;
        let mut seen = 0;
        let sign = loop {
            let byte = *text.get(at)?;
            let class = CLASSES[usize::from(byte)];
            if class == BREAK {
                break byte;
            }
            seen += class;
            at += 1;
            if at - start > WORD_BYTES_MAX {
                return None;
            }
        };
        if seen & FIELD > DIGITS_MAX || seen >> 24 > DOTS_MAX {
            return None;
        }
        at += 1;
        match sign {
            b')' => return Some(&text[at..]),
            // A semicolon ends a run of digits.
            b';' => {}
            // Behind a space it would go on, and a number that stands alone might be one of a house.
            b' ' if seen & FIELD > 0 => {
                let goes_on = !text.get(at)?.is_ascii_alphabetic();
                if goes_on || (text[start].is_ascii_digit() && seen >> 16 & FIELD == 0) {
                    return None;
                }
            }
            b' ' => {}
            // Firefox's `rv:109.0`.
            b':' if text[start..].starts_with(b"rv:") => {}
            _ => return None,
        }
    }
}

/// ` Version/17.4 Mobile/15E148 Safari/604.1`, and what some put between.
fn are_products(text: &[u8]) -> bool {
    const GECKO: &[u8] = b" (KHTML, like Gecko)";
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest[0] != b' ' {
            return false;
        }
        let name = rest[1..].iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(rest.len() - 1);
        if name > WORD_BYTES_MAX {
            return false;
        }
        let len = match &rest[1 + name..] {
            [b'/', version @ ..] if name > 0 => version_in(version).map(|len| name + 2 + len),
            _ if rest.starts_with(GECKO) => Some(GECKO.len()),
            // Of a telephone.
            [] | [b' ', ..] if rest.starts_with(b" Mobile") && name == 6 => Some(1 + name),
            _ => None,
        };
        let Some(len) = len else { return false };
        at += len;
    }
    true
}

/// How long the version is that a text begins with: `120.0.6099.129`, `537.36`, `20100101`, `15E148`; what no telephone number, no card
/// and no address behind a slash is written as.
fn version_in(text: &[u8]) -> Option<usize> {
    const DIGITS_MAX: [usize; 4] = [4, 2, 4, 3];
    let (mut at, mut group, mut start) = (0, 0, 0);
    loop {
        let byte = text.get(at).copied().unwrap_or(b' ');
        if byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let fits = at > start && at - start <= *DIGITS_MAX.get(group)?;
        match byte {
            b'.' if fits => (group, start) = (group + 1, at + 1),
            b' ' if fits => return Some(at),
            _ => break,
        }
        at += 1;
    }
    let known = [b"20100101".as_slice(), b"15E148"].into_iter().find(|known| text.starts_with(known))?;
    matches!(text.get(known.len()), None | Some(b' ')).then_some(known.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scan_all_the_same;
    use proptest::prelude::*;

    const AGENTS: [&str; 8] = [
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.6902.187 Safari/537.36 Edg/120.0.0.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:120.0) Gecko/20100101 Firefox/120.0",
    ];

    #[test]
    fn browsers_are_known_and_others_are_looked_at() {
        let known: Vec<bool> = AGENTS.iter().map(|agent| is_plain(agent.as_bytes())).collect();
        assert_eq!(known, [true, true, true, true, true, true, false, true]);
        for more in ["x", " ada@example.com", " 415-555-0132", " (203.0.113.7)", " AKIAIOSFODNN7EXAMPLE", "1"] {
            assert!(!is_plain(format!("{}{more}", AGENTS[0]).as_bytes()), "{more}");
        }
    }

    /// Words of platforms, with much that detectors look for.
    fn platform() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            "[A-Za-z0-9._]{0,17}",
            "[0-9]{1,7}[a-z]?",
            "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}",
            "(AKIA|ghp_|sk_live_|xoxb|eyJ|SG\\.|Bearer|basic|token|rv:|Q~)[A-Za-z0-9._]{0,14}",
            "(Hauptstrasse|Via|rue|CA|Boston|Linux|Android|NT|Mac|OS)",
        ];
        (proptest::collection::vec((word, "; |;| |  |[ -~]"), 0..8))
            .prop_map(|words| words.into_iter().map(|(word, sign)| word + &sign).collect::<String>())
    }

    fn products() -> impl Strategy<Value = String> {
        let product = prop_oneof![
            " [A-Za-z]{1,16}/[0-9]{1,5}(\\.[0-9]{1,5}){0,4}",
            " (Gecko/20100101|Mobile/15E148|\\(KHTML, like Gecko\\)| AppleWebKit/537\\.36)",
            " [ -~]{0,12}",
        ];
        proptest::collection::vec(product, 0..5).prop_map(|all| all.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn no_detector_finds_anything_in_what_the_grammar_admits(platform in platform(), products in products()) {
            let text = format!("Mozilla/5.0 ({platform}){products}");
            if is_plain(text.as_bytes()) {
                prop_assert_eq!(scan_all_the_same(text.as_bytes()), vec![], "{}", text);
            }
        }
    }
}
