//! See `checks::path`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::path(data));
