#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_catalog::fuzz::fuzz_catalog(data));
