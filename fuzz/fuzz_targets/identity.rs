#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_identity::fuzz::fuzz_identity(data));
