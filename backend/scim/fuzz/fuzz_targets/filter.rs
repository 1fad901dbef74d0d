//! See `checks::filter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::filter(data));
