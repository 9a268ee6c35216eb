//! Names that have one value in a script, and what is known of those who ask.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::joined::join;
use super::token::Token;

/// Names kept of one script.
const MAX_NAMES: usize = 5000;

/// Tokens of a configuration that are looked at.
const OPTIONS_WITHIN: usize = 60;

/// GraphQL documents kept of one script.
const MAX_QUERIES: usize = 8;

/// What a script says about names.
#[derive(Debug, Default)]
pub(super) struct Bindings<'t> {
    /// `None` for what has several values, or one that is not known.
    values: BTreeMap<&'t str, Option<String>>,
    /// Clients that put something before each address: `axios.create({ baseURL: "/api" })`.
    clients: BTreeMap<&'t str, String>,
    /// Where a bundler's chunks are.
    pub public_path: Option<String>,
    /// Values that are the beginning of others.
    prefixes: BTreeSet<String>,
    /// GraphQL queries; no mutations.
    pub queries: Vec<String>,
}

impl<'t> Bindings<'t> {
    /// Reads what is assigned.
    pub(super) fn of(list: &[Token<'t>]) -> Self {
        let mut bindings = Self::default();
        for at in 0..list.len() {
            match &list[at] {
                Token::Word(name) if bindings.values.len() < MAX_NAMES => {
                    bindings.assignment(list, at, name);
                }
                Token::Text(text) => {
                    let query = text.parts.join("1");
                    if bindings.queries.len() < MAX_QUERIES && is_query(&query) {
                        bindings.queries.push(query);
                    }
                }
                _ => {}
            }
        }
        bindings
    }

    /// The value of a name that has one.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_deref()
    }

    /// What a client puts before each address.
    pub(super) fn base_of(&self, client: &str) -> Option<&str> {
        self.clients.get(client).map(String::as_str)
    }

    /// Whether this is the value of a name that others begin with.
    pub(super) fn is_prefix(&self, text: &str) -> bool {
        self.prefixes.contains(text)
    }

    fn assignment(&mut self, list: &[Token<'t>], at: usize, name: &'t str) {
        if name == "create" {
            self.client(list, at);
            return;
        }
        if matches!(list.get(at + 1), Some(Token::Sign(b'+')))
            && matches!(list.get(at + 2), Some(Token::Text(_)))
            && let Some(Some(value)) = self.values.get(name)
        {
            self.prefixes.insert(value.clone());
        }
        let is_assigned = matches!(list.get(at + 1), Some(Token::Sign(b'=')))
            && !matches!(list.get(at + 2), Some(Token::Sign(b'=' | b'>')));
        if !is_assigned {
            return;
        }
        let value = join(list, at + 2, self).filter(|value| !value.has_samples && !value.is_suffix);
        let value = value.map(|value| value.text);
        let is_member = at.checked_sub(1).is_some_and(|at| matches!(list[at], Token::Sign(b'.')));
        if is_member {
            // `n.p = "/static/"`: the public path of webpack's bundles.
            if name == "p" && self.public_path.is_none() {
                self.public_path = value;
            }
            return;
        }
        // Names of one letter are used for everything in minified scripts.
        if name.len() < 2 {
            return;
        }
        self.values
            .entry(name)
            .and_modify(|known| {
                if *known != value {
                    *known = None;
                }
            })
            .or_insert(value);
    }

    /// `api = axios.create({ baseURL: "/api" })`
    fn client(&mut self, list: &[Token<'t>], at: usize) {
        let named = at.checked_sub(4).map(|start| &list[start..at]);
        let Some([Token::Word(name), Token::Sign(b'='), Token::Word(_), Token::Sign(b'.')]) = named
        else {
            return;
        };
        let options = at + 1..list.len().min(at + OPTIONS_WITHIN);
        for option in options {
            let is_base = matches!(&list[option], Token::Word("baseURL" | "baseUrl" | "prefixUrl"))
                && matches!(list.get(option + 1), Some(Token::Sign(b':')));
            if is_base && let Some(base) = join(list, option + 2, self) {
                self.prefixes.insert(base.text.clone());
                self.clients.insert(name, base.text);
                return;
            }
        }
    }
}

/// Whether a text is a GraphQL query, and not a mutation.
fn is_query(text: &str) -> bool {
    let text = text.trim();
    let begins = text
        .strip_prefix("query")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || c == '{' || c == '('));
    begins && text.ends_with('}') && !text.contains("mutation")
}
