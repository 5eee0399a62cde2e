#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_detect::fuzz::fuzz_scan(data));
