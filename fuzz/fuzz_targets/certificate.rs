#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::tls::expiry::fuzz::fuzz_certificate(data));
