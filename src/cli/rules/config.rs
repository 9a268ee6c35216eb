//! `-config FILE`: flags as keys of a YAML file, as Nuclei's configuration and its profiles have them. What
//! stands on the command line itself counts alone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Arg;
use clap::ArgAction;
use clap::Command;
use serde_json::Value;

use super::foreign::instead_of;
use crate::cli::error::CliError;
use crate::cli::outputs::write_stderr;
use crate::model::did_you_mean;

/// A larger file is none.
const MAX_FILE: u64 = 1 << 20;

/// Names of the flag that names a file.
const NAMES: [&str; 3] = ["config", "profile", "tp"];

/// Arguments with those of the files that they name; `program` is the whole command line's definition.
///
/// # Errors
/// A file that cannot be read, or says what there is not.
pub(in crate::cli) fn with_config(
    mut arguments: Vec<OsString>,
    program: &Command,
) -> Result<Vec<OsString>, CliError> {
    let words: Vec<String> =
        arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let Some(start) = words.windows(2).position(|pair| pair == ["rules", "run"]) else {
        return Ok(arguments);
    };
    let run = program.find_subcommand("rules").and_then(|rules| rules.find_subcommand("run"));
    let Some(run) = run else { return Ok(arguments) };
    let at = start + 2;
    let words = &words[at..];
    for file in files(words) {
        let text = read(&file)?;
        let failed = |why: String| CliError::Usage(format!("{}: {why}", file.display()));
        let keys: Option<BTreeMap<String, Value>> =
            serde_saphyr::from_str(&text).map_err(|error| failed(error.to_string()))?;
        for (key, value) in keys.unwrap_or_default() {
            let found = run.get_arguments().find(|argument| is_called(argument, &key));
            let Some(argument) = found else {
                unknown(run, &key, &value).map_err(failed)?;
                continue;
            };
            if !words.iter().any(|word| names(argument, word)) {
                let more = flags(argument, &key, &value).map_err(failed)?;
                arguments.splice(at..at, more.into_iter().map(OsString::from));
            }
        }
    }
    Ok(arguments)
}

/// The files that the command line names.
fn files(words: &[String]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut words = words.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix("--") else { continue };
        match name.split_once('=') {
            Some((name, file)) if NAMES.contains(&name) => found.push(file.into()),
            None if NAMES.contains(&name) => found.extend(words.next().map(PathBuf::from)),
            _ => {}
        }
    }
    found
}

fn read(file: &PathBuf) -> Result<String, CliError> {
    let failed = |source| CliError::Unreadable { path: file.clone(), source };
    let length = std::fs::metadata(file).map_err(failed)?.len();
    if length > MAX_FILE {
        let text = format!("{}: larger than {MAX_FILE} bytes", file.display());
        return Err(CliError::Usage(text));
    }
    std::fs::read_to_string(file).map_err(failed)
}

/// Whether a key is this flag.
fn is_called(argument: &Arg, key: &str) -> bool {
    let aliases = argument.get_all_aliases().unwrap_or_default();
    argument.get_long() == Some(key)
        || aliases.contains(&key)
        || shorts(argument).any(|short| key.chars().eq([short]))
}

fn shorts(argument: &Arg) -> impl Iterator<Item = char> {
    let aliases = argument.get_all_short_aliases().unwrap_or_default();
    argument.get_short().into_iter().chain(aliases)
}

/// Whether a word of the command line is this flag, with or without its value.
fn names(argument: &Arg, word: &str) -> bool {
    if let Some(long) = word.strip_prefix("--") {
        return is_called(argument, long.split('=').next().unwrap_or_default());
    }
    let short = word.strip_prefix('-').and_then(|rest| rest.chars().next());
    short.is_some_and(|short| shorts(argument).any(|known| known == short))
}

/// A key that is no flag: one of Nuclei's that is not taken is told, all else is an error.
fn unknown(run: &Command, key: &str, value: &Value) -> Result<(), String> {
    if let Some(instead) = instead_of(key) {
        if *value != Value::Bool(false) {
            write_stderr(format!("warning: {instead}\n").as_bytes());
        }
        return Ok(());
    }
    let known = run.get_arguments().filter_map(Arg::get_long);
    let mut text = format!("there is no flag `{key}`");
    if let Some(nearest) = did_you_mean(key, known) {
        let _ = write!(text, ", did you mean `{nearest}`?");
    }
    Err(text)
}

fn flags(argument: &Arg, key: &str, value: &Value) -> Result<Vec<String>, String> {
    let name = argument.get_long().unwrap_or(key);
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return match value {
            Value::Bool(true) => Ok(vec![format!("--{name}")]),
            Value::Bool(false) | Value::Null => Ok(Vec::new()),
            _ => Err(format!("`{key}` is true or false")),
        };
    }
    let one = |value: &Value| match value {
        Value::String(text) => Ok(format!("--{name}={text}")),
        Value::Number(number) => Ok(format!("--{name}={number}")),
        Value::Bool(truth) => Ok(format!("--{name}={truth}")),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(format!("`{key}` is a text, a number or a list of such"))
        }
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(one).collect(),
        // `var` as a mapping.
        Value::Object(pairs) => pairs
            .iter()
            .map(|(inner, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Ok(format!("--{name}={inner}={text}"))
            })
            .collect(),
        single => one(single).map(|flag| vec![flag]),
    }
}
