#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_outbound::fuzz::fuzz_outbound(data));
