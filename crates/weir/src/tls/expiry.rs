//! When a certificate ends: the one thing of it that is looked at here. Everything else about it is rustls's.
//!
//! Source: RFC 5280 §4.1 (Certificate, TBSCertificate, Validity), §4.1.2.5 (UTCTime and GeneralizedTime, always with seconds and `Z`;
//! two-digit years from 50 on are of the 1900s).

use weir_event::Millis;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, the version, which a certificate of version 1 does not have.
const VERSION: u8 = 0xa0;

/// `notAfter` of a certificate in DER; `None` where it cannot be read.
pub fn ends(certificate: &[u8]) -> Option<Millis> {
    let (certificate, _) = expect(certificate, SEQUENCE)?;
    let (mut fields, _) = expect(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (validity, _) = expect(fields, SEQUENCE)?;
    let (tag, text, _) = element(element(validity)?.2)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

fn time(tag: u8, text: &str) -> Option<Millis> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = digits.split_at(2);
            let century = if year.parse::<u32>().ok()? >= 50 { "19" } else { "20" };
            (format!("{century}{year}"), rest)
        }
        (GENERALIZED_TIME, 14) => (digits[..4].to_owned(), &digits[4..]),
        _ => return None,
    };
    let part = |at: usize| &rest[at..at + 2];
    Millis::from_rfc3339(&format!("{year}-{}-{}T{}:{}:{}Z", part(0), part(2), part(4), part(6), part(8)))
}

fn expect(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// One element: its tag, its content, what follows. Lengths of up to three bytes: no certificate is longer.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, first, rest @ ..] = bytes else { return None };
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// Replayed on stable and by libFuzzer.
pub mod fuzz {
    /// Any bytes as a certificate.
    pub fn fuzz_certificate(data: &[u8]) {
        let _ = super::ends(data);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read_in_both_forms_of_time() {
        for (year, millis) in [(2027, 1_798_761_600_000), (2049, 2_493_072_000_000), (2060, 2_840_140_800_000)] {
            let mut params = rcgen::CertificateParams::new(vec!["weir.example.com".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            assert_eq!(ends(certificate.der()), Some(Millis(millis)), "{year}");
        }
        assert_eq!(time(UTC_TIME, "700101000000Z"), Some(Millis(0)));
        for bad in ["", "7001010000Z", "700101000000", "701301000000Z", "7001010000éZ"] {
            assert_eq!(time(UTC_TIME, bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..400, to in any::<u8>()) {
            fuzz::fuzz_certificate(&bytes);
            let made = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
            let mut der = made.cert.der().to_vec();
            let place = at % der.len();
            der[place] = to;
            fuzz::fuzz_certificate(&der);
        }
    }
}
