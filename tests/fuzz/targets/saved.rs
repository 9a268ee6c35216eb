#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| shakedown_fuzz::saved::any(data));
