//! See `checks::patch`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::patch(data));
