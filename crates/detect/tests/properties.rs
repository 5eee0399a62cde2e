//! Properties: what is valid is found however it is wrapped, what fails its checksum is not likely, nothing panics.

mod wrapped;

use proptest::prelude::*;
use weir_detect::{Engine, PathFacts, fuzz};
use weir_event::{Category, LeafKind, Likelihood};

use wrapped::wrappers;

fn likely(text: &str, category: Category) -> bool {
    let mut found = Vec::new();
    Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
    found.iter().any(|f| f.category == category && f.likelihood >= Likelihood::Likely)
}

fn luhn_digit(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| match (i % 2, u32::from(b - b'0')) {
            (0, d) if d >= 5 => 2 * d - 9,
            (0, d) => 2 * d,
            (_, d) => d,
        })
        .sum();
    (10 - sum % 10) % 10
}

fn iban(country: &str, body: &str) -> String {
    let sum = format!("{body}{country}00").bytes().fold(0_u32, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b - b'A') + 10) % 97,
    });
    format!("{country}{:02}{body}", 98 - sum)
}

fn grouped(text: &str, by: usize, separator: &str) -> String {
    text.as_bytes().chunks(by).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(separator)
}

fn value() -> impl Strategy<Value = (Category, String)> {
    let card = ("(4[0-9]{14}|5[1-5][0-9]{13}|3[47][0-9]{12}|6011[0-9]{11}|222[1-9][0-9]{11})", 0..3)
        .prop_map(|(body, form)| {
            let number = format!("{body}{}", luhn_digit(&body));
            let number = match form {
                0 => number,
                1 => grouped(&number, 4, " "),
                _ => grouped(&number, 4, "-"),
            };
            (Category::CreditCard, number)
        })
        .prop_filter("one digit over and over", |(_, n)| {
            !n.bytes().filter(u8::is_ascii_digit).all(|b| b == n.as_bytes()[0])
        });
    let german = ("[0-9]{18}", any::<bool>()).prop_map(|(body, spaced)| {
        let number = iban("DE", &body);
        (Category::BankAccount, if spaced { grouped(&number, 4, " ") } else { number })
    });
    prop_oneof![
        "[a-z]{1,10}([._+-][a-z0-9]{1,8})?@[a-z]{2,10}\\.(com|org|co\\.uk|de|museum)"
            .prop_map(|v| (Category::ContactEmail, v)),
        card,
        german,
        "[0-5][1-9][0-9]-[0-9][1-9]-[0-9]{3}[1-9]".prop_map(|v| (Category::NationalId, v)),
        "\\+1[2-9][0-9]{2}[2-9][0-9]{6}|\\([2-9][0-9]{2}\\) [2-9][0-9]{2}-[0-9]{4}|\\+49 30 [0-9]{7}"
            .prop_map(|v| (Category::ContactPhone, v)),
        (40_u8..99, any::<u8>(), any::<u8>(), 1_u8..255)
            .prop_map(|(a, b, c, d)| (Category::IpAddress, format!("{a}.{b}.{c}.{d}"))),
        "2001:db8(:[1-9a-f][0-9a-f]{3}){6}".prop_map(|v| (Category::IpAddress, v)),
        "2001:DB8::[1-9A-F][0-9A-F]{3}".prop_map(|v| (Category::IpAddress, v)),
        "([1-9a-e][0-9a-f]:){5}[0-9a-f]{2}|([1-9A-E][0-9A-F]-){5}[0-9A-F]{2}".prop_map(|v| (Category::DeviceId, v)),
        "[1-9a-f][0-9a-f]{7}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
            .prop_map(|v| (Category::UniqueId, v)),
        "[1-9A-F][0-9A-F]{7}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}"
            .prop_map(|v| (Category::UniqueId, v)),
        "(https|postgres|redis)://[a-z]{2,8}:[A-Za-z0-9]{8,16}@db\\.example\\.(com|net)/app"
            .prop_map(|v| (Category::SecretUrl, v)),
        ("[A-Za-z0-9_-]{10,60}", "[A-Za-z0-9_-]{43}").prop_map(|(claims, sum)| {
            // `{"alg":"HS256","typ":"JWT"}`
            (Category::SecretToken, format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{claims}.{sum}"))
        }),
        "([Bb]earer|BEARER) [A-Z][a-z]{5}[0-9][A-Za-z0-9_-]{20,60}".prop_map(|v| (Category::SecretToken, v)),
        "[0-9]{18}".prop_map(|body| (Category::BankAccount, iban("DE", &body).to_lowercase())),
        "AKIA[A-Z2-7]{16}".prop_map(|v| (Category::SecretToken, v)),
        "sk_live_[a-zA-Z]{10}[0-9]{3}[a-zA-Z0-9]{11}".prop_map(|v| (Category::SecretToken, v)),
        "xoxb-[0-9]{12}-[0-9]{12}-[a-zA-Z0-9]{24}".prop_map(|v| (Category::SecretToken, v)),
    ]
    .prop_filter("an address whose last two numbers are 0 is a network", |(c, v)| {
        *c != Category::IpAddress || !v.ends_with(".0.0")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_valid_value_is_found_in_every_wrapper((category, value) in value()) {
        for text in wrappers(&value) {
            prop_assert!(likely(&text, category), "{category:?} in {text}");
        }
    }

    #[test]
    fn a_card_whose_sum_is_wrong_is_never_likely(body in "4[0-9]{14}", off in 1_u32..10) {
        let broken = format!("{body}{}", (luhn_digit(&body) + off) % 10);
        for text in wrappers(&broken).into_iter().chain(wrappers(&grouped(&broken, 4, " "))) {
            prop_assert!(!likely(&text, Category::CreditCard), "{text}");
        }
    }

    #[test]
    fn an_iban_whose_sum_is_wrong_is_never_likely(body in "[0-9]{18}", off in 1_u32..97) {
        let right = iban("DE", &body);
        let check: u32 = right[2..4].parse().expect("two digits");
        // Check digits run from 02 to 98; any other pair is wrong.
        let broken = format!("DE{:02}{body}", (check - 2 + off) % 97 + 2);
        for text in wrappers(&broken) {
            prop_assert!(!likely(&text, Category::BankAccount), "{text}");
        }
    }

    #[test]
    fn any_bytes_are_scanned_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::fuzz_scan(&bytes);
        fuzz::fuzz_reduce(&bytes);
        fuzz::fuzz_country_table(&bytes);
    }

    #[test]
    fn text_that_looks_like_values_is_scanned_without_a_panic(
        text in "([a-z@.:/%=+&\"\\\\{}() -]|[0-9]{1,6}|eyJ|sk-|://|%40|\\\\u0040|Bearer |DE89|é){0,60}"
    ) {
        fuzz::fuzz_scan(text.as_bytes());
        fuzz::fuzz_reduce(text.as_bytes());
        fuzz::fuzz_reduce(format!("https://{text}").as_bytes());
        fuzz::fuzz_reduce(format!("/{text}").as_bytes());
        fuzz::fuzz_country_table(&[b"WCTY\x01\x00\x01\x00", text.as_bytes()].concat());
    }
}

#[test]
fn long_texts_of_one_trick_end() {
    for trick in [
        "1.1.1.", "123-45-", "@", "a@a.", "%25", "eyJ-", "eyJ.", "://", "\"a\":", "=a", "sk-", "::", "0a:", "[{",
        "\\u0040", "a b the ",
    ] {
        let text = trick.repeat(65_536 / trick.len());
        let mut found = Vec::new();
        Engine::new().scan(PathFacts::NONE, LeafKind::String, text.as_bytes(), &mut found);
        assert!(found.len() <= 64, "{trick}");
    }
}
