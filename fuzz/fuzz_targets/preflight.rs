#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::cli::preflight::fuzz::fuzz_preflight(data));
