#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::formats::fuzz::fuzz_formats(data));
