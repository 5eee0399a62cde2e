#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_trail::fuzz::fuzz_people(data));
