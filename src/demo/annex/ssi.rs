//! Server-side includes: `<!--#echo …-->`, `#include`, `#exec`, `#printenv`, `#set` and `#config`.

use std::collections::BTreeMap;

use super::shell::Shell;
use crate::demo::files::Files;

const ERROR: &str = "[an error occurred while processing this directive]";

/// A page with its directives carried out.
pub(super) async fn included(files: &Files, shell: &Shell<'_>, page: &str) -> String {
    let mut result = String::new();
    let mut variables = BTreeMap::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("<!--#") {
        result.push_str(before);
        let Some((directive, after)) = after.split_once("-->") else {
            rest = after;
            break;
        };
        result.push_str(&carried_out(files, shell, &mut variables, directive.trim()).await);
        rest = after;
    }
    result + rest
}

async fn carried_out(
    files: &Files,
    shell: &Shell<'_>,
    variables: &mut BTreeMap<String, String>,
    directive: &str,
) -> String {
    if let Some((name, value)) = assignment(directive) {
        variables.insert(name.to_owned(), value.to_owned());
        return String::new();
    }
    let (name, rest) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
    let argument = rest
        .split_once('=')
        .map(|(key, value)| (key.trim(), value.trim().trim_matches(['"', '\''])));
    match (name, argument) {
        ("echo", Some(("var", variable))) => {
            variables.get(variable).cloned().unwrap_or_else(|| echo(variable).to_owned())
        }
        ("exec", Some(("cmd", command))) => shell.run(command).await.text,
        ("include", Some(("file" | "virtual", path))) => {
            files.read(path).unwrap_or_else(|_| ERROR.to_owned())
        }
        ("printenv", None) => {
            let (name, server) = (echo("DOCUMENT_NAME"), echo("SERVER_SOFTWARE"));
            format!("DOCUMENT_NAME={name}\nSERVER_SOFTWARE={server}\n")
        }
        ("config", Some(_)) => String::new(),
        _ => ERROR.to_owned(),
    }
}

/// `set var="name" value="text"`
fn assignment(directive: &str) -> Option<(&str, &str)> {
    let rest = directive.strip_prefix("set ")?.trim_start().strip_prefix("var=\"")?;
    let (name, rest) = rest.split_once('"')?;
    let value = rest.trim_start().strip_prefix("value=\"")?;
    Some((name, value.split_once('"')?.0))
}

fn echo(variable: &str) -> &'static str {
    match variable {
        "DOCUMENT_NAME" => "guestbook.shtml",
        "DOCUMENT_URI" => "/community/guestbook.shtml",
        "DOCUMENT_ROOT" => "/srv/shop",
        "SERVER_SOFTWARE" => "FernShop/1.4.2",
        "DATE_LOCAL" | "DATE_GMT" => "Saturday, 01-Jun-2024 09:30:00 UTC",
        _ => "(none)",
    }
}
