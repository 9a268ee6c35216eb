//! curl command lines, as a shell, a browser or a manual has them.

mod finish;
mod flags;
mod request;
mod url;
mod words;

use super::error::{Fault, ImportError};
use super::format::Format;
use super::hosts;
use super::operation::Imported;
use super::options::Options;
use super::steps;
use request::Reading;
use words::Command;

/// Whether a line begins with a curl command.
pub(super) fn is_command(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.find(|word| !is_before(word)).is_some_and(is_curl)
}

/// `curl`, wherever it is.
fn is_curl(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
    name == "curl" || name.eq_ignore_ascii_case("curl.exe")
}

/// Reads every curl command of a text.
pub(super) fn import(name: &str, text: &str, options: &Options) -> Result<Imported, ImportError> {
    if text.lines().any(|line| line.trim_end().ends_with('^')) {
        return Err(Fault::new(
            name,
            "the command is written for cmd.exe, with `^` at its lines' ends",
        )
        .cure("copy it as cURL (bash)")
        .into());
    }
    let commands = words::commands(text).map_err(|unclosed| {
        Fault::new(name, format!("`{}` is not closed", unclosed.quote)).at(unclosed.line, 1)
    })?;
    let mut imported = Imported::new(Format::Curl);
    for command in &commands {
        read(name, command, &mut imported);
    }
    hosts::settle(&mut imported, options);
    steps::fold(&mut imported);
    Ok(imported)
}

fn read(name: &str, command: &Command, imported: &mut Imported) {
    let at = format!("{name}:{}", command.line);
    let mut words = command.words.iter().peekable();
    while words.next_if(|word| is_before(&word.template())).is_some() {}
    let Some(first) = words.next() else { return };
    if !first.as_literal().is_some_and(is_curl) {
        let shown = first.template();
        imported.warn(at, format!("`{shown}` is no curl command, left out"));
        return;
    }
    let mut reading = Reading::new(&at);
    while let Some(word) = words.next() {
        if word.as_literal().is_some_and(|word| word == ">") {
            words.next();
            continue;
        }
        reading.word(word, &mut words, imported);
    }
    reading.finish(imported);
}

/// A prompt, or a variable for the command alone.
fn is_before(word: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    word == "$" || word.split_once('=').is_some_and(|(name, _)| is_name(name))
}
