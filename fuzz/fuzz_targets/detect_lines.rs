#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::cli::detect::fuzz::fuzz_detect(data));
