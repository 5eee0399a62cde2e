#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_rows::fuzz::fuzz_row_files(data));
