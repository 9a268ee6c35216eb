//! One URL on each line; a method may stand before it.

use std::collections::HashMap;

use super::format::Format;
use super::hosts;
use super::operation::{Imported, METHODS, Operation, Order};
use super::options::Options;

/// Reads a list. Empty lines, and those that begin with `#`, are left out.
pub(super) fn import(name: &str, text: &str, options: &Options) -> Imported {
    let mut imported = Imported::new(Format::Urls);
    imported.order = Order::Draw;
    let mut known: HashMap<String, usize> = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(index) = known.get(line) {
            let operation: &mut Operation = &mut imported.operations[*index];
            operation.weight += 1;
            continue;
        }
        match operation(line) {
            Ok(operation) => {
                known.insert(line.to_owned(), imported.operations.len());
                imported.operations.push(operation);
            }
            Err(text) => imported.warn(format!("{name}:{number}"), format!("{text}; left out")),
        }
    }
    hosts::settle(&mut imported, options);
    imported
}

fn operation(line: &str) -> Result<Operation, String> {
    let (method, url) = match line.split_once(char::is_whitespace) {
        Some((method, url)) => (method.to_ascii_uppercase(), url.trim()),
        None => ("GET".to_owned(), line),
    };
    if !METHODS.contains(&method.as_str()) {
        return Err(format!("`{}` is no method of the plan's", crate::model::inert(&method, 40)));
    }
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    Operation::of_url(&method, &url)
}
