#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_console::socket::fuzz::fuzz_command(data));
