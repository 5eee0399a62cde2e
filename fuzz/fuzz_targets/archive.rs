#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_protocol::fuzz::fuzz_archive(data));
