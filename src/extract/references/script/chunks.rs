//! Lazy chunks of bundlers: `"js/" + ({1: "cart"}[n] || n) + "." + {1: "7be0"}[n] + ".js"`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::bindings::Bindings;
use super::read::behind_bracket;
use super::token::Token;
use crate::extract::references::{Against, Evidence, References};

/// Chunks of one script.
const MAX_CHUNKS: usize = 2000;

/// Tokens of one table.
const TABLE_WITHIN: usize = 8000;

/// Terms of one name.
const MAX_TERMS: usize = 12;

enum Term {
    Text(String),
    /// By the chunk's id; the id itself where it has no name.
    Table(BTreeMap<String, String>),
}

/// Adds the chunks that the script can load.
pub(super) fn chunks(list: &[Token<'_>], bindings: &Bindings<'_>, found: &mut References) {
    let mut at = 0;
    while at < list.len() {
        let Some((terms, next)) = terms(list, at) else {
            at += 1;
            continue;
        };
        at = next;
        let ids: BTreeSet<&String> = terms
            .iter()
            .filter_map(|term| match term {
                Term::Table(table) => Some(table.keys()),
                Term::Text(_) => None,
            })
            .flatten()
            .take(MAX_CHUNKS)
            .collect();
        // In the table of hashes is every chunk; in the one of names only those that have one.
        let hashes = terms.iter().rev().find_map(|term| match term {
            Term::Table(table) => Some(table),
            Term::Text(_) => None,
        });
        for id in ids.into_iter().filter(|id| hashes.is_some_and(|known| known.contains_key(*id))) {
            let name: String = terms
                .iter()
                .map(|term| match term {
                    Term::Text(text) => text.as_str(),
                    Term::Table(table) => table.get(id).map_or(id.as_str(), String::as_str),
                })
                .collect();
            let place = match bindings.public_path.as_deref() {
                Some(path) if !name.starts_with('/') => format!("{path}{name}"),
                _ => name,
            };
            found.add(&place, Evidence::Likely, Against::Page);
        }
    }
}

/// A sum of texts and tables that begins here and ends in a file's extension.
fn terms(list: &[Token<'_>], start: usize) -> Option<(Vec<Term>, usize)> {
    let mut found = Vec::new();
    let mut at = start;
    for _ in 0..MAX_TERMS {
        match list.get(at)? {
            Token::Text(text) => {
                found.push(Term::Text(text.whole()?.to_owned()));
                at += 1;
            }
            Token::Sign(b'(' | b'{') => {
                let (table, next) = table(list, at)?;
                found.push(Term::Table(table));
                at = next;
            }
            // The id itself, in between.
            Token::Word(_) if !found.is_empty() => {
                found.push(Term::Table(BTreeMap::new()));
                at += 1;
            }
            _ => return None,
        }
        if !matches!(list.get(at), Some(Token::Sign(b'+'))) {
            break;
        }
        at += 1;
    }
    let has_table =
        found.iter().any(|term| matches!(term, Term::Table(table) if !table.is_empty()));
    let is_file = matches!(found.last(), Some(Term::Text(end)) if is_script_or_style(end));
    (has_table && is_file).then_some((found, at))
}

pub(super) fn is_script_or_style(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| matches!(extension, "js" | "mjs" | "css"))
}

/// `{1: "a", 2: "b"}[n]`, and `({1: "a"}[n] || n)`.
fn table(list: &[Token<'_>], start: usize) -> Option<(BTreeMap<String, String>, usize)> {
    let is_wrapped = matches!(list.get(start), Some(Token::Sign(b'(')));
    let open = start + usize::from(is_wrapped);
    if !matches!(list.get(open), Some(Token::Sign(b'{'))) {
        return None;
    }
    let mut table = BTreeMap::new();
    let mut at = open + 1;
    while at < open + TABLE_WITHIN {
        let [key, Token::Sign(b':'), Token::Text(value), rest @ ..] = list.get(at..)? else {
            return None;
        };
        let key = match key {
            Token::Number(key) | Token::Word(key) => (*key).to_owned(),
            Token::Text(text) => text.whole()?.to_owned(),
            _ => return None,
        };
        table.insert(key, value.whole()?.to_owned());
        match rest.first()? {
            Token::Sign(b',') => at += 4,
            Token::Sign(b'}') => {
                at += 4;
                break;
            }
            _ => return None,
        }
    }
    if !matches!(list.get(at), Some(Token::Sign(b'['))) {
        return None;
    }
    let next = if is_wrapped {
        behind_bracket(list, start, TABLE_WITHIN)
    } else {
        behind_bracket(list, at, 8)
    };
    Some((table, next))
}
