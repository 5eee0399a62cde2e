#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::rollout::file::fuzz_rollout(data));
