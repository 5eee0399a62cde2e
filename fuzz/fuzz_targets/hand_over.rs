#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir::hand_over::fuzz::fuzz_hand_over(data));
