#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_policy::fuzz::fuzz_consent(data));
