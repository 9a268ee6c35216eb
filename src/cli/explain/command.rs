//! `explain`: what is meant, and how it is told.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::outputs::write_stdout;
use crate::cli::report::read;
use crate::cli::terminal::Terminal;
use crate::model::ExitCode;
use crate::model::inert;
use crate::report::Style;
use crate::report::explanation;

use super::args::ExplainArgs;
use super::entry::Entry;
use super::known;
use super::verdict;

/// Characters of a word that is told back.
const WORD: usize = 80;

/// Explains it.
pub(in crate::cli) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let style = terminal.style(terminal.stdout);
    let text = if args.what.is_empty() {
        contents(args.json, style)
    } else {
        let word = args.what.join(" ");
        let meanings = known::meanings(&word);
        if !meanings.is_empty() {
            told(&meanings, args.json, style)
        } else if verdict::is_run(&word) {
            let report = read(Path::new(&word))?;
            if args.json {
                format!("{:#}\n", verdict::json(&report))
            } else {
                explanation(&report, style)
            }
        } else {
            return Err(unknown(&word));
        }
    };
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::Passed)
}

fn told(meanings: &[Entry], as_json: bool, style: Style) -> String {
    if as_json {
        let meanings: Vec<Value> = meanings.iter().map(Entry::json).collect();
        return format!("{:#}\n", Value::Array(meanings));
    }
    meanings.iter().map(|entry| entry.text(style)).collect::<Vec<_>>().join("\n")
}

fn contents(as_json: bool, style: Style) -> String {
    let contents = known::contents();
    if as_json {
        let contents: serde_json::Map<String, Value> =
            contents.into_iter().map(|(kind, words)| (kind.to_owned(), json!(words))).collect();
        return format!("{:#}\n", Value::Object(contents));
    }
    let lines = contents.iter().map(|(kind, words)| {
        // A space within a word is none between two; either way it is understood.
        let words: Vec<String> = words.iter().map(|word| word.replace(' ', "-")).collect();
        style.hang(&format!("{kind:<11} "), &words.join(" "))
    });
    let lines: String = lines.collect();
    style.finish(lines)
}

fn unknown(word: &str) -> CliError {
    let near = known::near(word);
    let hint = if near.is_empty() {
        "`shakedown explain` alone lists what can be explained".to_owned()
    } else {
        let near: Vec<String> = near.iter().map(|word| format!("`{word}`")).collect();
        format!("did you mean {}?", near.join(", "))
    };
    CliError::Usage(format!("nobody knows `{}`; {hint}", inert(word, WORD)))
}
