#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::disk::fuzz::fuzz_version(data));
