#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::cli::audit::fuzz::fuzz_audit(data));
