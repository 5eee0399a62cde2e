#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_ledger::fuzz::fuzz_from_outside(data));
