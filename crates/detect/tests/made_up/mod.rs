//! Made-up values: `ghp_{alnum 30}{crc}` stands for a token that nobody ever had.
//!
//! No string of this repository looks like a live credential: code hosts refuse such, and people report them. So examples and cases
//! hold the form, and this makes a value of it, the same each time.

/// Fills in each `{class count}`, and each `{crc}` with the CRC-32 in base 62 of the thirty characters before. Other braces stay.
pub(crate) fn expand(form: &str) -> String {
    expand_with(form, 7)
}

/// As [`expand`], another value for each seed.
pub(crate) fn expand_with(form: &str, seed: u64) -> String {
    let mut out = String::new();
    let mut rest = form;
    let mut random = Random(form.bytes().fold(seed, |sum: u64, b| sum.wrapping_mul(31).wrapping_add(u64::from(b))));
    while let Some(open) = rest.find('{') {
        let filled = rest[open..]
            .find('}')
            .and_then(|close| Some((close, fill(&rest[open + 1..open + close], &out, &rest[..open], &mut random)?)));
        match filled {
            Some((close, text)) => {
                out.push_str(&rest[..open]);
                out.push_str(&text);
                rest = &rest[open + close + 1..];
            }
            None => {
                out.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    out + rest
}

fn fill(what: &str, out: &str, literal: &str, random: &mut Random) -> Option<String> {
    if what == "crc" {
        let before = format!("{out}{literal}");
        return Some(crc_in_base_62(&before.as_bytes()[before.len().checked_sub(30)?..]));
    }
    let (class, count) = what.split_once(' ')?;
    let set = set(class)?;
    let mut text: Vec<u8> = (0..count.parse().ok()?).map(|_| set[random.below(set.len())]).collect();
    // A digit and two cases where the class has them, so that no made-up value is a word by chance.
    let own = |test: fn(&u8) -> bool| set.iter().copied().filter(test).collect::<Vec<u8>>();
    for (at, kind) in
        [own(u8::is_ascii_digit), own(u8::is_ascii_lowercase), own(u8::is_ascii_uppercase)].iter().enumerate()
    {
        if text.len() >= 8 && !kind.is_empty() {
            text[at + 1] = kind[random.below(kind.len())];
        }
    }
    String::from_utf8(text).ok()
}

fn set(class: &str) -> Option<&'static [u8]> {
    Some(match class {
        "digit" => b"0123456789",
        "hex" => b"0123456789abcdef",
        "lower" => b"0123456789abcdefghijklmnopqrstuvwxyz",
        "upper" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "letter" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "alnum" | "base64" | "word" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        _ => return None,
    })
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

fn crc_in_base_62(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let crc = !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    let mut left = crc;
    let mut digits: Vec<char> = (0..6)
        .map(|_| {
            let digit = DIGITS[(left % 62) as usize];
            left /= 62;
            char::from(digit)
        })
        .collect();
    digits.reverse();
    digits.into_iter().collect()
}
