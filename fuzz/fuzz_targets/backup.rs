#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::backup::manifest::fuzz::fuzz_manifest(data));
