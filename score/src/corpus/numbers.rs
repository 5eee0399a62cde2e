//! Numbers with a checksum: cards, accounts, national ids of some thirty countries. Each follows its own published rule; nothing
//! here is taken from the detectors, so that an error of theirs is not repeated.

use crate::random::{DIGITS, Random, UPPER};

/// Digits as text.
fn joined(digits: &[u32]) -> String {
    digits.iter().map(u32::to_string).collect()
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// The digit that makes the Luhn sum (ISO/IEC 7812-1 annex B) of `digits` and it right.
pub(crate) fn luhn_digit(digits: &[u32]) -> u32 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 0 { if *d > 4 { 2 * d - 9 } else { 2 * d } } else { *d })
        .sum();
    (10 - sum % 10) % 10
}

fn luhn(r: &mut Random, prefix: &[u32], len: usize) -> Vec<u32> {
    let mut digits = prefix.to_vec();
    digits.extend(r.digits(len - 1 - prefix.len()));
    digits.push(luhn_digit(&digits));
    digits
}

/// `text` cut into groups of these lengths.
fn grouped(text: &str, lengths: &[usize], separator: &str) -> String {
    let mut parts = Vec::new();
    let mut at = 0;
    for len in lengths {
        parts.push(&text[at..at + len]);
        at += len;
    }
    parts.join(separator)
}

/// A payment card, bare or in the groups that are printed on it.
pub(crate) fn card(r: &mut Random) -> String {
    let (prefix, len): (&[u32], usize) = *r.pick(&[
        (&[4][..], 16),
        (&[4][..], 16),
        (&[5, 1][..], 16),
        (&[5, 5][..], 16),
        (&[2, 2, 2, 1][..], 16),
        (&[3, 7][..], 15),
        (&[6, 0, 1, 1][..], 16),
        (&[3, 5, 3, 0][..], 16),
    ]);
    let number = joined(&luhn(r, prefix, len));
    let groups: &[usize] = if len == 15 { &[4, 6, 5] } else { &[4, 4, 4, 4] };
    match r.below(10) {
        0..=5 => number,
        6..=7 => grouped(&number, groups, " "),
        _ => grouped(&number, groups, "-"),
    }
}

/// An international bank account number (ISO 13616).
pub(crate) fn iban(r: &mut Random) -> String {
    let (country, shape) = *r.pick(&[
        ("DE", "000000000000000000"),
        ("GB", "AAAA00000000000000"),
        ("NL", "AAAA0000000000"),
        ("FR", "00000000000000000000000"),
        ("ES", "00000000000000000000"),
        ("IT", "A0000000000000000000000"),
        ("PL", "000000000000000000000000"),
        ("CH", "00000000000000000"),
        ("AT", "0000000000000000"),
        ("BE", "000000000000"),
        ("SE", "00000000000000000000"),
        ("IE", "AAAA00000000000000"),
    ]);
    let body = r.shape(shape);
    let sum = format!("{body}{country}00").bytes().fold(0_u32, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    });
    let number = format!("{country}{:02}{body}", 98 - sum);
    if r.chance(50.0) {
        return number;
    }
    number.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(" ")
}

/// A US social security number with its dashes: area 001 to 665 or 667 to 899, group and serial not zero.
pub(crate) fn ssn(r: &mut Random) -> String {
    let area = loop {
        let area = r.between(1, 899);
        if area != 666 {
            break area;
        }
    };
    format!("{area:03}-{:02}-{:04}", r.between(1, 99), r.between(1, 9_999))
}

/// A national id: the country's name of it, its usual written form, its bare form, and the keys under which it stands.
pub(crate) struct NationalId {
    pub(crate) label: &'static str,
    /// With punctuation; where it has none, as `bare`.
    pub(crate) written: String,
    pub(crate) bare: String,
    pub(crate) keys: &'static str,
}

type Maker = fn(&mut Random) -> String;
type Form = fn(&str) -> String;

/// Label, bare number, written form, keys.
const NATIONAL_IDS: &[(&str, Maker, Form, &str)] = &[
    (
        "br_cpf",
        br_cpf,
        |n| format!("{}.{}.{}-{}", &n[..3], &n[3..6], &n[6..9], &n[9..]),
        "cpf|cpf_cliente|customer.cpf",
    ),
    ("es_dni", es_dni, str::to_owned, "dni|numero_dni|documento_dni"),
    ("es_nie", es_nie, str::to_owned, "nie|numero_nie"),
    ("fr_nir", fr_nir, |n| grouped(n, &[1, 2, 2, 2, 3, 3, 2], " "), "nir|numero_securite_sociale|num_secu"),
    ("it_codice_fiscale", it_codice_fiscale, str::to_owned, "codice_fiscale|codiceFiscale|cf_cliente"),
    ("pl_pesel", pl_pesel, str::to_owned, "pesel|nr_pesel|PESEL"),
    ("nl_bsn", nl_bsn, str::to_owned, "bsn|burgerservicenummer"),
    ("gb_nino", gb_nino, |n| grouped(n, &[2, 2, 2, 2, 1], " "), "nino|national_insurance_number|ni_number"),
    ("gb_nhs", gb_nhs, |n| grouped(n, &[3, 3, 4], " "), "nhs_number|nhsNumber"),
    ("in_aadhaar", in_aadhaar, |n| grouped(n, &[4, 4, 4], " "), "aadhaar|aadhaar_number|aadhar_no"),
    ("in_pan", in_pan, str::to_owned, "pan_number|pan_no|in_pan"),
    ("ca_sin", ca_sin, |n| grouped(n, &[3, 3, 3], "-"), "sin|sin_number|social_insurance_number"),
    ("au_tfn", au_tfn, |n| grouped(n, &[3, 3, 3], " "), "tfn|tax_file_number"),
    ("se_personnummer", se_personnummer, |n| grouped(n, &[6, 4], "-"), "personnummer|personal_number"),
    ("fi_hetu", fi_hetu, str::to_owned, "hetu|henkilotunnus"),
    ("dk_cpr", dk_cpr, |n| grouped(n, &[6, 4], "-"), "cpr|cpr_nummer"),
    ("no_fnr", no_fnr, |n| grouped(n, &[6, 5], " "), "fodselsnummer|fnr"),
    (
        "be_nn",
        be_nn,
        |n| format!("{}.{}.{}-{}.{}", &n[..2], &n[2..4], &n[4..6], &n[6..9], &n[9..]),
        "rijksregisternummer|national_register_number",
    ),
    ("cn_id", cn_id, str::to_owned, "id_card|shenfenzheng|identity_card_number"),
    ("kr_rrn", kr_rrn, |n| grouped(n, &[6, 7], "-"), "rrn|jumin_number|resident_registration_number"),
    ("za_id", za_id, str::to_owned, "id_number|sa_id_number|rsa_id"),
    ("mx_curp", mx_curp, str::to_owned, "curp|CURP"),
    (
        "cl_rut",
        cl_rut,
        |n| {
            let k = n.len() - 1;
            format!("{}.{}.{}-{}", &n[..k - 6], &n[k - 6..k - 3], &n[k - 3..k], &n[k..])
        },
        "rut|rut_cliente",
    ),
    ("tr_kimlik", tr_kimlik, str::to_owned, "tc_kimlik|tckn|tc_kimlik_no"),
    (
        "de_steuer_id",
        de_steuer_id,
        |n| grouped(n, &[2, 3, 3, 3], " "),
        "steuer_id|steueridentifikationsnummer|steuer_idnr",
    ),
    ("ro_cnp", ro_cnp, str::to_owned, "cnp|cod_numeric_personal"),
    ("bg_egn", bg_egn, str::to_owned, "egn|egn_number"),
    ("hr_oib", hr_oib, str::to_owned, "oib|oib_broj"),
    ("ch_ahv", ch_ahv, |n| format!("{}.{}.{}.{}", &n[..3], &n[3..7], &n[7..11], &n[11..]), "ahv|ahv_nummer|avs_number"),
    ("pt_nif", pt_nif, |n| grouped(n, &[3, 3, 3], " "), "nif|numero_contribuinte"),
    ("sg_nric", sg_nric, str::to_owned, "nric|nric_number"),
    ("th_id", th_id, |n| grouped(n, &[1, 4, 5, 2, 1], "-"), "thai_id|thai_national_id"),
    ("jp_my_number", jp_my_number, |n| grouped(n, &[4, 4, 4], " "), "my_number|kojin_bango"),
];

/// The labels of all of them.
pub(crate) fn national_id_labels() -> impl Iterator<Item = &'static str> {
    NATIONAL_IDS.iter().map(|id| id.0)
}

/// One of the kind at this place of the list.
pub(crate) fn national_id_of(place: usize, r: &mut Random) -> NationalId {
    let (label, maker, form, keys) = &NATIONAL_IDS[place];
    let bare = maker(r);
    NationalId { label, written: form(&bare), bare, keys }
}

/// Each kind of them once.
#[cfg(test)]
pub(crate) fn every_national_id(r: &mut Random) -> Vec<NationalId> {
    let make = |(label, maker, form, keys): &(&'static str, Maker, Form, &'static str)| {
        let bare = maker(r);
        NationalId { label, written: form(&bare), bare, keys }
    };
    NATIONAL_IDS.iter().map(make).collect()
}

pub(crate) fn national_id(r: &mut Random) -> NationalId {
    let (label, maker, form, keys) = r.pick(NATIONAL_IDS);
    let bare = maker(r);
    NationalId { label, written: form(&bare), bare, keys }
}

/// A day of the last century as `yymmdd`.
fn birth(r: &mut Random) -> Vec<u32> {
    let (y, m, d) = (r.between(40, 99) as u32, r.between(1, 12) as u32, r.between(1, 28) as u32);
    vec![y / 10, y % 10, m / 10, m % 10, d / 10, d % 10]
}

fn birth_day_first(r: &mut Random) -> Vec<u32> {
    let b = birth(r);
    vec![b[4], b[5], b[2], b[3], b[0], b[1]]
}

fn br_cpf(r: &mut Random) -> String {
    let mut digits = r.digits(9);
    for _ in 0..2 {
        let n = digits.len() as u32;
        let weights: Vec<u32> = (2..=n + 1).rev().collect();
        digits.push(weighted(&digits, &weights) * 10 % 11 % 10);
    }
    joined(&digits)
}

const DNI_LETTERS: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn es_dni(r: &mut Random) -> String {
    let number = r.between(10_000_000, 99_999_999);
    format!("{number:08}{}", char::from(DNI_LETTERS[(number % 23) as usize]))
}

fn es_nie(r: &mut Random) -> String {
    let (first, number) = (r.below(3), r.between(0, 9_999_999));
    let whole = first as i64 * 10_000_000 + number;
    format!("{}{number:07}{}", char::from(b"XYZ"[first]), char::from(DNI_LETTERS[(whole % 23) as usize]))
}

fn fr_nir(r: &mut Random) -> String {
    let department = r.between(1, 95);
    // 20 was split into 2A and 2B.
    let department = if department == 20 { 21 } else { department };
    let n = format!(
        "{}{:02}{:02}{department:02}{:03}{:03}",
        r.between(1, 2),
        r.between(0, 99),
        r.between(1, 12),
        r.between(1, 570),
        r.between(1, 999)
    );
    let key = 97 - n.parse::<u64>().unwrap_or_default() % 97;
    format!("{n}{key:02}")
}

fn it_codice_fiscale(r: &mut Random) -> String {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
        10, 22, 25, 24, 23,
    ];
    let month = char::from(*r.pick(b"ABCDEHLMPRST"));
    let day = r.between(1, 31) + if r.chance(50.0) { 40 } else { 0 };
    let (names, year) = (r.shape("AAAAAA"), r.shape("00"));
    let place = format!("{}{}", char::from(*r.pick(b"ABCDEFGHILM")), r.shape("000"));
    let n = format!("{names}{year}{month}{day:02}{place}");
    let sum: u32 = n
        .bytes()
        .enumerate()
        .map(|(i, b)| {
            let place = if b.is_ascii_digit() { u32::from(b - b'0') } else { u32::from(b - b'A') + 10 };
            let value = if place < 10 { place } else { place - 10 };
            if i % 2 == 0 { ODD[place as usize] } else { value }
        })
        .sum();
    format!("{n}{}", char::from(UPPER[(sum % 26) as usize]))
}

fn pl_pesel(r: &mut Random) -> String {
    let mut digits = birth(r);
    digits.extend(r.digits(4));
    digits.push((10 - weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10);
    joined(&digits)
}

fn nl_bsn(r: &mut Random) -> String {
    loop {
        let mut digits = r.digits(8);
        let check = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        if check < 10 && digits[0] != 0 {
            digits.push(check);
            return joined(&digits);
        }
    }
}

fn gb_nino(r: &mut Random) -> String {
    loop {
        let first = char::from(*r.pick(b"ABCEGHJKLMNOPRSTWXYZ"));
        let second = char::from(*r.pick(b"ABCEGHJKLMNPRSTWXYZ"));
        let prefix = format!("{first}{second}");
        if !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].contains(&prefix.as_str()) {
            return format!("{prefix}{}{}", r.shape("000000"), char::from(*r.pick(b"ABCD")));
        }
    }
}

fn gb_nhs(r: &mut Random) -> String {
    loop {
        let mut digits = r.digits(9);
        let check = 11 - weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        if check != 10 && digits[0] != 0 {
            digits.push(check % 11);
            return joined(&digits);
        }
    }
}

/// Verhoeff's scheme: the dihedral group of the pentagon.
fn in_aadhaar(r: &mut Random) -> String {
    let multiply = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    const PERMUTATION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permute = |digit: u32, times: usize| (0..times % 8).fold(digit, |d, _| PERMUTATION[d as usize]);
    let mut digits = vec![r.between(2, 9) as u32];
    digits.extend(r.digits(10));
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (i, d)| multiply(sum, permute(*d, i + 1)));
    let check = (0..10).find(|check| multiply(sum, *check) == 0).unwrap_or_default();
    // The check digit stands at place 0, where nothing is permuted; the sum of all must be 0.
    digits.push(check);
    joined(&digits)
}

fn in_pan(r: &mut Random) -> String {
    format!("{}P{}", r.shape("AAA"), r.shape("A0000A"))
}

fn ca_sin(r: &mut Random) -> String {
    let first = *r.pick(&[1, 2, 3, 4, 5, 6, 7, 9]);
    joined(&luhn(r, &[first], 9))
}

fn au_tfn(r: &mut Random) -> String {
    loop {
        let mut digits = r.digits(8);
        let sum = weighted(&digits, &[1, 4, 3, 7, 5, 8, 6, 9]);
        let last = (0..10).find(|d| (sum + 10 * d).is_multiple_of(11));
        if let Some(last) = last.filter(|_| digits[0] != 0) {
            digits.push(last);
            return joined(&digits);
        }
    }
}

fn se_personnummer(r: &mut Random) -> String {
    let birth = birth(r);
    joined(&luhn(r, &birth, 10))
}

fn fi_hetu(r: &mut Random) -> String {
    let day = joined(&birth_day_first(r));
    let serial = r.between(2, 899);
    let sum = format!("{day}{serial:03}").parse::<u64>().unwrap_or_default() % 31;
    format!("{day}-{serial:03}{}", char::from(b"0123456789ABCDEFHJKLMNPRSTUVWXY"[sum as usize]))
}

fn dk_cpr(r: &mut Random) -> String {
    loop {
        let mut digits = birth_day_first(r);
        digits.extend(r.digits(3));
        let check = (11 - weighted(&digits, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        if check < 10 {
            digits.push(check);
            return joined(&digits);
        }
    }
}

fn no_fnr(r: &mut Random) -> String {
    loop {
        let mut digits = birth_day_first(r);
        digits.extend(r.digits(3));
        let first = (11 - weighted(&digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11) % 11;
        digits.push(first);
        let second = (11 - weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        digits.push(second);
        if first < 10 && second < 10 {
            return joined(&digits);
        }
    }
}

fn be_nn(r: &mut Random) -> String {
    let n = format!("{}{:03}", joined(&birth(r)), r.between(1, 997));
    format!("{n}{:02}", 97 - n.parse::<u64>().unwrap_or_default() % 97)
}

fn cn_id(r: &mut Random) -> String {
    let area = *r.pick(&[110_101, 310_104, 440_106, 330_106, 510_104, 420_106]);
    let n = format!(
        "{area}{}{:02}{:02}{:03}",
        r.between(1950, 2007),
        r.between(1, 12),
        r.between(1, 28),
        r.between(1, 999)
    );
    let digits: Vec<u32> = n.bytes().map(|b| u32::from(b - b'0')).collect();
    let sum = weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    format!("{n}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

fn kr_rrn(r: &mut Random) -> String {
    let mut digits = birth(r);
    digits.push(r.between(1, 2) as u32);
    digits.extend(r.digits(5));
    let sum = weighted(&digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    digits.push((11 - sum % 11) % 10);
    joined(&digits)
}

fn za_id(r: &mut Random) -> String {
    let mut digits = birth(r);
    digits.extend(r.digits(4));
    digits.extend([r.below(2) as u32, 8]);
    digits.push(luhn_digit(&digits));
    joined(&digits)
}

fn mx_curp(r: &mut Random) -> String {
    let state = r.word("DF|JC|NL|MC|PL|VZ|GT|CH|SR|YN");
    let vowel = char::from(*r.pick(b"AEIOU"));
    let (first, rest) = (r.shape("A"), r.shape("AA"));
    let sex = char::from(*r.pick(b"HM"));
    let birth = joined(&birth(r));
    let consonants: String = (0..3).map(|_| char::from(*r.pick(b"BCDFGHJKLMNPQRSTVWXYZ"))).collect();
    let n = format!("{first}{vowel}{rest}{birth}{sex}{state}{consonants}{}", r.below(10));
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN\u{d1}OPQRSTUVWXYZ";
    let value = |c: char| ALPHABET.chars().position(|a| a == c).unwrap_or_default();
    let sum: usize = n.chars().enumerate().map(|(i, c)| value(c) * (18 - i)).sum();
    format!("{n}{}", (10 - sum % 10) % 10)
}

fn cl_rut(r: &mut Random) -> String {
    let number = r.between(5_000_000, 26_000_000);
    let sum: i64 = number
        .to_string()
        .bytes()
        .rev()
        .zip([2, 3, 4, 5, 6, 7].into_iter().cycle())
        .map(|(b, w)| i64::from(b - b'0') * w)
        .sum();
    let check = match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        n => char::from(b'0' + n as u8),
    };
    format!("{number}{check}")
}

fn tr_kimlik(r: &mut Random) -> String {
    let mut d = vec![r.between(1, 9) as u32];
    d.extend(r.digits(8));
    let odd: u32 = d.iter().step_by(2).sum();
    let even: u32 = d.iter().skip(1).step_by(2).sum();
    d.push((7 * odd + 80 - even) % 10);
    d.push(d.iter().sum::<u32>() % 10);
    joined(&d)
}

/// ISO/IEC 7064 mod 11,10.
fn iso_7064(digits: &[u32]) -> u32 {
    let mut product = 10;
    for digit in digits {
        let sum = (digit + product) % 10;
        product = 2 * if sum == 0 { 10 } else { sum } % 11;
    }
    (11 - product) % 10
}

/// Of the first ten digits one stands twice and one not at all; the first is not zero.
fn de_steuer_id(r: &mut Random) -> String {
    loop {
        let mut digits: Vec<u32> = (0..10).collect();
        for i in (1..10).rev() {
            digits.swap(i, r.below(i + 1));
        }
        let (from, to) = (r.below(10), r.below(10));
        // Not beside each other three times over: only one pair is made.
        digits[to] = digits[from];
        if from != to && digits[0] != 0 {
            digits.push(iso_7064(&digits));
            return joined(&digits);
        }
    }
}

fn ro_cnp(r: &mut Random) -> String {
    let mut digits = vec![r.between(1, 2) as u32];
    digits.extend(birth(r));
    let county = r.between(1, 46) as u32;
    digits.extend([county / 10, county % 10]);
    let serial = r.between(1, 999) as u32;
    digits.extend([serial / 100, serial / 10 % 10, serial % 10]);
    let check = weighted(&digits, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    digits.push(if check == 10 { 1 } else { check });
    joined(&digits)
}

fn bg_egn(r: &mut Random) -> String {
    let mut digits = birth(r);
    digits.extend(r.digits(3));
    digits.push(weighted(&digits, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10);
    joined(&digits)
}

fn hr_oib(r: &mut Random) -> String {
    let mut digits = r.digits(10);
    digits.push(iso_7064(&digits));
    joined(&digits)
}

fn ch_ahv(r: &mut Random) -> String {
    let mut digits = vec![7, 5, 6];
    digits.extend(r.digits(9));
    digits.push((10 - weighted(&digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10);
    joined(&digits)
}

fn pt_nif(r: &mut Random) -> String {
    let mut digits = vec![r.between(1, 3) as u32];
    digits.extend(r.digits(7));
    let check = 11 - weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    digits.push(if check > 9 { 0 } else { check });
    joined(&digits)
}

fn sg_nric(r: &mut Random) -> String {
    let first = *r.pick(b"ST");
    let digits = r.digits(7);
    let sum = weighted(&digits, &[2, 7, 6, 5, 4, 3, 2]) + if first == b'T' { 4 } else { 0 };
    format!("{}{}{}", char::from(first), joined(&digits), char::from(b"JZIHGFEDCBA"[(sum % 11) as usize]))
}

fn th_id(r: &mut Random) -> String {
    let mut digits = vec![r.between(1, 8) as u32];
    digits.extend(r.digits(11));
    let sum = weighted(&digits, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    digits.push((11 - sum % 11) % 10);
    joined(&digits)
}

fn jp_my_number(r: &mut Random) -> String {
    let mut digits = r.digits(11);
    let sum = weighted(&digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    digits.push(if sum <= 1 { 0 } else { 11 - sum });
    joined(&digits)
}

/// A number as a card's that fails its sum: orders, references.
pub(crate) fn order(r: &mut Random) -> String {
    format!("{}{}", r.between(1, 9), r.text(DIGITS, 15))
}

/// A book's or an article's number (EAN-13), with its own right check digit.
pub(crate) fn ean(r: &mut Random) -> String {
    let mut digits = r.pick(&[[9, 7, 8], [4, 0, 0], [5, 0, 1], [7, 6, 1], [3, 0, 1]]).to_vec();
    digits.extend(r.digits(9));
    digits.push((10 - weighted(&digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10);
    joined(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_published_examples_are_right() {
        assert_eq!(luhn_digit(&[4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), 1);
        assert_eq!(iso_7064(&[8, 6, 0, 9, 5, 7, 4, 2, 7, 1]), 9, "the tax office's own example 86095742719");
        let mut r = Random::new(1);
        for _ in 0..200 {
            let id = in_aadhaar(&mut r);
            assert_eq!(id.len(), 12);
            assert!(id.bytes().all(|b| b.is_ascii_digit()));
            assert_eq!(de_steuer_id(&mut r).len(), 11);
        }
    }
}
