//! Rule files with their DSL: any text is a rule or a list of faults that can be shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shakedown::rules::Registry;

fuzz_target!(|text: &str| {
    let sources = [("fuzzed.yaml".to_owned(), text.to_owned())];
    if let Err(errors) = Registry::of_sources(&sources) {
        assert!(!errors.to_string().is_empty());
    }
});
