//! YAML to the shape of a rule file; the parser's errors in our words.

use serde_saphyr::Error;

use crate::model::did_you_mean;

use super::error::Fault;
use super::error::Place;
use super::schema::RuleFile;

/// Keys of Nuclei's templates that rules cannot have yet, and why.
const NOT_YET: &[(&str, &str)] = &[
    ("http", "rules that send requests"),
    ("requests", "rules that send requests"),
    ("flow", "rules that send requests"),
    ("variables", "rules that send requests"),
    ("constants", "rules that send requests"),
    ("self-contained", "rules that send requests"),
    ("stop-at-first-match", "rules that send requests"),
    ("dns", "other protocols than HTTP"),
    ("tcp", "other protocols than HTTP"),
    ("network", "other protocols than HTTP"),
    ("ssl", "other protocols than HTTP"),
    ("websocket", "other protocols than HTTP"),
    ("whois", "other protocols than HTTP"),
    ("headless", "rules that drive a browser"),
    ("code", "rules that run programs on this machine"),
    ("javascript", "rules that run programs on this machine"),
    ("file", "rules over local files"),
    ("workflows", "workflows"),
    ("signature", "signed rules"),
];

/// Parses one file.
pub(super) fn rule_file(file: &str, text: &str) -> Result<RuleFile, Box<Fault>> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(Place::of).unwrap_or_default();
        let (message, help) = explain(&error);
        Box::new(Fault::new(file, text, place, message).with_help(help))
    })
}

/// The parser's error in our words, and what to write instead.
pub(super) fn explain(error: &Error) -> (String, Option<String>) {
    match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => unknown_field(field, expected),
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let near = did_you_mean(variant, expected.iter().copied());
            let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            (format!("unknown value `{variant}`{hint}"), Some(one_of(expected)))
        }
        Error::SerdeMissingField { field, .. } => (format!("missing field `{field}`"), None),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("the key `{key}` stands here a second time"), None)
        }
        Error::InvalidScalar { ty, .. } => {
            let wanted = match *ty {
                "f32" | "f64" => "a number",
                "bool" => "true or false",
                _ => "a whole number",
            };
            (format!("{wanted} is needed here"), None)
        }
        other => (without_place(&other.to_string()), None),
    }
}

/// The parser repeats the place at the end of its messages.
fn without_place(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text).to_owned()
}

fn unknown_field(field: &str, expected: &[&str]) -> (String, Option<String>) {
    let at_top = expected.contains(&"passive");
    if let Some((_, what)) = NOT_YET.iter().find(|(name, _)| at_top && *name == field) {
        let message = format!("`{field}` is not supported yet: {what} cannot be run");
        let help = "rules on existing traffic (`passive`) and native checks (`native`) can";
        return (message, Some(help.to_owned()));
    }
    let near = did_you_mean(field, expected.iter().copied());
    let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
    (format!("unknown field `{field}`{hint}"), Some(one_of(expected)))
}

fn one_of(expected: &[&str]) -> String {
    format!("one of: {}", expected.join(", "))
}
