//! Postal codes by the form that each country gives them.

use super::words::Part;

/// Whether all bytes are what the letters of a form say: `9` a digit, `A` a capital, any other byte itself.
pub(super) fn is_of_form(text: &[u8], form: &str) -> bool {
    let fits = |(byte, form): (&u8, u8)| match form {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_uppercase(),
        other => *byte == other,
    };
    text.len() == form.len() && text.iter().zip(form.bytes()).all(fits)
}

fn is_of_any(text: &[u8], forms: &[&str]) -> bool {
    forms.iter().any(|form| is_of_form(text, form))
}

/// `10115`, `31-147`, `1100-053`, `SW1A`, `1AA`, `D-10115`: what a street with its word asks for.
pub(super) fn is_postal_code(part: &[u8]) -> bool {
    let digits = part.iter().filter(|b| b.is_ascii_digit()).count();
    let fits = part.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || *b == b'-');
    fits && part.len() <= 10 && (digits >= 4 || (digits >= 1 && part.len() >= 3 && digits < part.len()))
}

/// `TX`.
pub(super) fn is_state(part: &[u8]) -> bool {
    is_of_form(part, "AA")
}

/// Five digits, with what may follow them: `78701-1234`.
pub(super) fn is_zip(part: &[u8]) -> bool {
    part.len() >= 5 && part[..5].iter().all(u8::is_ascii_digit)
}

/// The letters with which a code of Great Britain begins.
#[rustfmt::skip]
const AREAS: [&[u8]; 124] = [
    b"AB", b"AL", b"B", b"BA", b"BB", b"BD", b"BH", b"BL", b"BN", b"BR", b"BS", b"BT", b"CA", b"CB", b"CF", b"CH", b"CM", b"CO",
    b"CR", b"CT", b"CV", b"CW", b"DA", b"DD", b"DE", b"DG", b"DH", b"DL", b"DN", b"DT", b"DY", b"E", b"EC", b"EH", b"EN", b"EX",
    b"FK", b"FY", b"G", b"GL", b"GU", b"GY", b"HA", b"HD", b"HG", b"HP", b"HR", b"HS", b"HU", b"HX", b"IG", b"IM", b"IP", b"IV",
    b"JE", b"KA", b"KT", b"KW", b"KY", b"L", b"LA", b"LD", b"LE", b"LL", b"LN", b"LS", b"LU", b"M", b"ME", b"MK", b"ML", b"N",
    b"NE", b"NG", b"NN", b"NP", b"NR", b"NW", b"OL", b"OX", b"PA", b"PE", b"PH", b"PL", b"PO", b"PR", b"RG", b"RH", b"RM", b"S",
    b"SA", b"SE", b"SG", b"SK", b"SL", b"SM", b"SN", b"SO", b"SP", b"SR", b"SS", b"ST", b"SW", b"SY", b"TA", b"TD", b"TF", b"TN",
    b"TQ", b"TR", b"TS", b"TW", b"UB", b"W", b"WA", b"WC", b"WD", b"WF", b"WN", b"WR", b"WS", b"WV", b"YO", b"ZE",
];

/// `SW1A 1AA`: the first half and the second.
pub(super) fn is_british(first: &[u8], second: &[u8]) -> bool {
    let area = first.iter().take_while(|b| b.is_ascii_uppercase()).count();
    is_of_any(first, &["A9", "A99", "AA9", "AA99", "A9A", "AA9A"])
        && is_of_form(second, "9AA")
        // Letters that the second half never has.
        && !second.iter().any(|b| matches!(b, b'C' | b'I' | b'K' | b'M' | b'O' | b'V'))
        && AREAS.contains(&&first[..area])
}

/// How many parts a code of Canada takes: `V3T 6B3`, `M7C2E2`.
pub(super) fn canadian(parts: &[Part<'_>]) -> Option<usize> {
    let first = parts.first()?.text;
    let second = || parts.get(1).is_some_and(|part| !part.after_comma && is_of_form(part.text, "9A9"));
    match is_of_form(first, "A9A9A9") {
        true => Some(1),
        false => (is_of_form(first, "A9A") && second()).then_some(2),
    }
}

/// `51-89`, `15-61A`: where a street crosses another one, and the steps from there.
pub(super) fn is_crossing(part: &[u8]) -> bool {
    let mut halves = part.split(|b| *b == b'-');
    let is_half = |half: &[u8]| {
        (1..=4).contains(&half.len()) && half[0].is_ascii_digit() && half.iter().all(u8::is_ascii_alphanumeric)
    };
    halves.next().is_some_and(is_half) && halves.next().is_some_and(is_half) && halves.next().is_none()
}

/// `83257-727`, `95718254`.
pub(super) fn is_brazilian(part: &[u8]) -> bool {
    is_of_any(part, &["99999-999", "99999999"])
}

/// How many parts a code takes that hardly anything else looks like: `H-4440`, `1290-072`, `83257-727`, `669 79`, `2084 WS`.
pub(super) fn marked(parts: &[Part<'_>]) -> Option<usize> {
    const COUNTRIES: [&[u8]; 20] = [
        b"A", b"D", b"F", b"H", b"AT", b"BE", b"CH", b"CZ", b"DE", b"DK", b"ES", b"FI", b"FR", b"HR", b"IT", b"LT",
        b"LV", b"SE", b"SI", b"SK",
    ];
    let first = parts.first()?.text;
    if is_of_any(first, &["9999-999", "99999-999"]) {
        return Some(1);
    }
    if let Some(dash) = first.iter().take(3).position(|b| *b == b'-') {
        let (country, code) = (&first[..dash], &first[dash + 1..]);
        return (COUNTRIES.contains(&country) && is_of_any(code, &["9999", "99999"])).then_some(1);
    }
    let second = parts.get(1).filter(|part| !part.after_comma)?.text;
    (is_of_form(first, "999") && is_of_form(second, "99")).then_some(2)
}

/// How many parts any code takes; one of four digits is no year.
pub(super) fn any(parts: &[Part<'_>]) -> Option<usize> {
    let first = parts.first()?.text;
    if is_of_any(first, &["99999", "999999", "99-999", "99999-9999", "9999AA"]) {
        return Some(1);
    }
    if is_of_form(first, "9999") {
        let dutch = parts.get(1).is_some_and(|part| !part.after_comma && is_of_form(part.text, "AA"));
        let is_year = first.starts_with(b"19") || first.starts_with(b"20");
        return if dutch { Some(2) } else { (!is_year).then_some(1) };
    }
    let second = || parts.get(1).filter(|part| !part.after_comma).map_or(b"".as_slice(), |part| part.text);
    marked(parts).or_else(|| canadian(parts)).or_else(|| is_british(first, second()).then_some(2))
}
