//! What users write: any text is what it should be, or a list of mistakes that can be shown.

use jiff::civil::date;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::from_text;
use shakedown::rules::Registry;

/// Plan files.
pub fn plan(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let overrides = Overrides::new(Seed(1), date(2026, 11, 1));
    let env = |name: &str| (name == "SET").then(|| "8080".to_owned());
    if let Err(errors) = from_text("fuzzed.yml", text, &env, &overrides) {
        assert!(!errors.to_string().is_empty());
        let _ = errors.exit_code();
    }
}

/// Rule files with their DSL.
pub fn rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sources = [("fuzzed.yaml".to_owned(), text.to_owned())];
    if let Err(errors) = Registry::of_sources(&sources) {
        assert!(!errors.to_string().is_empty());
    }
}
