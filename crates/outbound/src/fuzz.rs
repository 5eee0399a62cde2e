//! Readers of text from outside as plain functions, replayed on stable and run by libFuzzer. None may panic on any input.

use crate::{Cidr, Endpoint, retry_after};

/// Base URLs, address ranges, HTTP dates.
pub fn fuzz_outbound(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(endpoint) = Endpoint::parse(text) {
        assert!(!endpoint.to_string().contains('@'));
    }
    let _ = text.parse::<Cidr>();
    let _ = retry_after::http_date(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}|https?://[\\[\\]:a-z0-9./@-]{0,30}|[A-Z][a-z]{2}, [0-9 ]{2} [A-Z][a-z]{2} [0-9: ]{13} GMT|[0-9a-f.:]{0,20}/[0-9]{0,4}") {
            super::fuzz_outbound(text.as_bytes());
        }
    }
}
