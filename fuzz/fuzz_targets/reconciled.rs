#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_answers::fuzz::fuzz_reconciled(data));
