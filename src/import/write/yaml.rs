//! Values as YAML that every reader takes for the same.

use std::fmt::Write as _;

use crate::import::operation::Sample;
use crate::import::text::Text;

/// Characters of a line, as far as its values can be broken.
const WIDTH: usize = 96;

/// Words that YAML, in one of its versions, does not take for texts.
const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];

/// A text, in quotes unless it needs none.
pub(super) fn scalar(text: &str) -> String {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_'));
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.' | '+' | '=' | ';');
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    if starts_well && text.chars().all(is_plain) && !is_word {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_shown(c) => out.push(c),
            c => {
                let _ = match u32::from(c) {
                    code @ 0..=0xff => write!(out, "\\x{code:02x}"),
                    code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// Whether a character may stand in a file that people look at.
fn is_shown(c: char) -> bool {
    let is_mark = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{a0}' | '\u{ad}');
    !c.is_control() && !is_mark
}

/// A text of the plan.
pub(super) fn text(text: &Text) -> String {
    scalar(&text.written())
}

/// A mapping of names to one value or several, in one line.
pub(super) fn pairs(pairs: &[(String, Text)]) -> String {
    let mut merged: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, value) in pairs {
        match merged.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(text(value)),
            None => merged.push((name, vec![text(value)])),
        }
    }
    let shown = merged.into_iter().map(|(name, values)| {
        let value = match values.as_slice() {
            [one] => one.clone(),
            _ => format!("[ {} ]", values.join(", ")),
        };
        format!("{}: {value}", scalar(name))
    });
    format!("{{ {} }}", shown.collect::<Vec<_>>().join(", "))
}

/// A value in one line.
pub(super) fn inline(sample: &Sample) -> String {
    match sample {
        Sample::Null => "null".to_owned(),
        Sample::Bool(value) => value.to_string(),
        Sample::Number(number) => number.to_string(),
        // In quotes always: what is substituted into it stays a text.
        Sample::Text(value) if value.as_literal().is_none() => quoted(&text(value)),
        Sample::Text(value) => text(value),
        Sample::List(items) if items.is_empty() => "[]".to_owned(),
        Sample::List(items) => {
            format!("[ {} ]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Sample::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Sample::Map(entries) => {
            let shown =
                entries.iter().map(|(key, value)| format!("{}: {}", scalar(key), inline(value)));
            format!("{{ {} }}", shown.collect::<Vec<_>>().join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    if text.starts_with('"') { text.to_owned() } else { format!("\"{text}\"") }
}

/// `key: value` at that depth, in one line if it fits.
pub(super) fn entry(key: &str, value: &Sample, indent: usize, out: &mut String) {
    let line = format!("{:indent$}{key}: {}", "", inline(value));
    match value {
        Sample::Map(entries) if line.len() > WIDTH => {
            let _ = writeln!(out, "{:indent$}{key}:", "");
            for (key, value) in entries {
                entry(&scalar(key), value, indent + 2, out);
            }
        }
        Sample::List(items) if line.len() > WIDTH => {
            let _ = writeln!(out, "{:indent$}{key}:", "");
            for item in items {
                list_item(item, indent + 2, out);
            }
        }
        _ => {
            out.push_str(&line);
            out.push('\n');
        }
    }
}

fn list_item(item: &Sample, indent: usize, out: &mut String) {
    match item {
        Sample::Map(entries) if inline(item).len() + indent > WIDTH => {
            let mut block = String::new();
            for (key, value) in entries {
                entry(&scalar(key), value, indent + 2, &mut block);
            }
            let _ = write!(out, "{:indent$}- {}", "", block.trim_start_matches(' '));
        }
        _ => {
            let _ = writeln!(out, "{:indent$}- {}", "", inline(item));
        }
    }
}

/// A line of comment, made harmless and cut.
pub(super) fn comment(text: &str, indent: usize, out: &mut String) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = crate::model::inert(&words.join(" "), 200);
    let _ = writeln!(out, "{:indent$}# {line}", "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        let cases = [
            ("/a/b", "/a/b"),
            ("10", "\"10\""),
            ("true", "\"true\""),
            ("a b", "\"a b\""),
            ("a: b", "\"a: b\""),
            ("", "\"\""),
            ("say \"x\"\n\u{7f}\u{202e}", "\"say \\\"x\\\"\\n\\x7f\\u202e\""),
        ];
        for (value, shown) in cases {
            assert_eq!(scalar(value), shown);
        }
    }
}
