//! Plan files: any text is a plan or a list of mistakes that can be shown.

#![no_main]

use jiff::civil::date;
use libfuzzer_sys::fuzz_target;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::from_text;

fuzz_target!(|text: &str| {
    let overrides = Overrides::new(Seed(1), date(2026, 11, 1));
    let env = |name: &str| (name == "SET").then(|| "8080".to_owned());
    if let Err(errors) = from_text("fuzzed.yml", text, &env, &overrides) {
        assert!(!errors.to_string().is_empty());
        let _ = errors.exit_code();
    }
});
