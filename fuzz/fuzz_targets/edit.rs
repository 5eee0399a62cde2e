#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::config::fuzz::fuzz_edit(data));
