//! Addresses that are put together: `API + "/items/" + id`, `` `${API}/items` ``, `"/a".concat(b)`.

use super::bindings::Bindings;
use super::read::behind_bracket;
use super::token::{Text, Token};
use crate::extract::references::SAMPLE;

/// Parts that an address may be put together from.
const MAX_PARTS: usize = 16;

/// Tokens of one value.
const VALUE_WITHIN: usize = 60;

/// Names whose value is this host.
const HERE: [&str; 5] = ["origin", "host", "hostname", "location", "baseURI"];

/// What a text is put together to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Joined {
    pub text: String,
    /// Where the tokens go on.
    pub next: usize,
    /// It begins with a value that nobody knows.
    pub is_suffix: bool,
    /// There is a value in it that nobody knows.
    pub has_samples: bool,
    /// Letters or digits that the script has written.
    pub has_words: bool,
}

/// The text that begins at `at`; `None` if none does.
pub(super) fn join(list: &[Token<'_>], at: usize, bindings: &Bindings<'_>) -> Option<Joined> {
    let begins = match list.get(at)? {
        Token::Text(_) => true,
        // A name alone is no text, one that is added to is.
        Token::Word(name) => {
            let is_added = matches!(list.get(at + 1), Some(Token::Sign(b'+')))
                && !matches!(list.get(at + 2), Some(Token::Sign(b'+' | b'=')));
            let is_member =
                at.checked_sub(1).is_some_and(|at| matches!(list[at], Token::Sign(b'.')));
            is_added && !is_member && bindings.value(name).is_some()
        }
        _ => false,
    };
    if !begins {
        return None;
    }
    let mut joined = Joined { next: at, ..Joined::default() };
    joined.is_suffix = follows_unknown(list, at);
    joined.add_all(list, bindings);
    Some(joined)
}

/// Whether something is added to before: `base + "/x"`, unless that is this host.
fn follows_unknown(list: &[Token<'_>], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| list.get(at));
    if !matches!(before(1), Some(Token::Sign(b'+'))) {
        return false;
    }
    match before(2) {
        Some(Token::Word(name)) => !HERE.contains(name),
        // `+ "text"` alone makes a number of it.
        Some(Token::Sign(b')' | b']') | Token::Number(_) | Token::Text(_)) => true,
        _ => false,
    }
}

impl Joined {
    fn add_all(&mut self, list: &[Token<'_>], bindings: &Bindings<'_>) {
        for _ in 0..MAX_PARTS {
            if !self.add_one(list, bindings) {
                return;
            }
            match list.get(self.next) {
                Some(Token::Sign(b'+'))
                    if !matches!(list.get(self.next + 1), Some(Token::Sign(b'+' | b'='))) =>
                {
                    self.next += 1;
                }
                Some(Token::Sign(b'.')) if self.is_concat(list) => {
                    self.next += 3;
                    self.add_arguments(list, bindings);
                    return;
                }
                _ => return,
            }
        }
    }

    fn is_concat(&self, list: &[Token<'_>]) -> bool {
        matches!(list.get(self.next + 1), Some(Token::Word("concat")))
            && matches!(list.get(self.next + 2), Some(Token::Sign(b'(')))
    }

    fn add_arguments(&mut self, list: &[Token<'_>], bindings: &Bindings<'_>) {
        for _ in 0..MAX_PARTS {
            if !self.add_one(list, bindings) {
                break;
            }
            match list.get(self.next) {
                Some(Token::Sign(b',')) => self.next += 1,
                _ => break,
            }
        }
        if let Some(Token::Sign(b')')) = list.get(self.next) {
            self.next += 1;
        }
    }

    /// Adds the value that stands next; whether there was one.
    fn add_one(&mut self, list: &[Token<'_>], bindings: &Bindings<'_>) -> bool {
        let at = self.next;
        match list.get(at) {
            Some(Token::Text(text)) => {
                self.add_text(text, bindings);
                self.next += 1;
            }
            Some(Token::Word(name)) => {
                self.next = behind_value(list, at);
                let is_alone = self.next == at + 1;
                match bindings.value(name).filter(|_| is_alone) {
                    Some(value) => self.literal(value),
                    None => self.unknown(&words(&list[at..self.next])),
                }
            }
            Some(Token::Number(_) | Token::Other) => {
                self.next += 1;
                self.unknown(&[]);
            }
            Some(Token::Sign(b'(')) => {
                self.next = behind_bracket(list, at, VALUE_WITHIN);
                self.unknown(&[]);
            }
            _ => return false,
        }
        true
    }

    fn add_text(&mut self, text: &Text<'_>, bindings: &Bindings<'_>) {
        for (index, part) in text.parts.iter().enumerate() {
            self.literal(part);
            let Some(value) = text.values.get(index) else { continue };
            match bindings.value(value) {
                Some(known) => self.literal(known),
                None => {
                    self.unknown(&value.split(['.', '(', ')', '[', ']', ' ']).collect::<Vec<_>>());
                }
            }
        }
    }

    fn literal(&mut self, text: &str) {
        self.has_words |= text.contains(|c: char| c.is_ascii_alphanumeric());
        self.text.push_str(text);
    }

    /// Adds a value that is not known, but for the names in it.
    fn unknown(&mut self, names: &[&str]) {
        let is_here = names.iter().any(|name| HERE.contains(name));
        if is_here && (self.text.is_empty() || self.text.ends_with("//")) {
            // What follows is a path of this host.
            self.text.clear();
            self.is_suffix = false;
            self.has_words = false;
        } else if self.text.is_empty() || self.text.ends_with("//") {
            self.text.clear();
            self.is_suffix = true;
        } else {
            self.text.push_str(SAMPLE);
            self.has_samples = true;
        }
    }
}

fn words<'t>(list: &[Token<'t>]) -> Vec<&'t str> {
    let names = list.iter().filter_map(|token| match token {
        Token::Word(name) => Some(*name),
        _ => None,
    });
    names.collect()
}

/// Behind `a.b`, `a.b(c)` or `a[b]`.
fn behind_value(list: &[Token<'_>], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match list.get(at) {
            Some(Token::Sign(b'.')) if matches!(list.get(at + 1), Some(Token::Word(_))) => at += 2,
            Some(Token::Sign(b'(' | b'[')) => at = behind_bracket(list, at, VALUE_WITHIN),
            _ => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn joined(script: &str) -> Vec<(String, bool)> {
        let tokens = tokens(script);
        let bindings = Bindings::of(&tokens.list);
        let mut at = 0;
        let mut found = Vec::new();
        while at < tokens.list.len() {
            match join(&tokens.list, at, &bindings) {
                Some(joined) => {
                    at = joined.next.max(at + 1);
                    found.push((joined.text, joined.is_suffix));
                }
                None => at += 1,
            }
        }
        found
    }

    #[test]
    fn names_with_one_value_are_followed() {
        let script = "const API = '/api', VER = API + '/v2'; f(VER + '/a'); g(`${VER}/b/${id}`); h('/c'.concat('/', x, '/d'));";
        let expected = ["/api", "/api/v2", "/api/v2/a", "/api/v2/b/1", "/c/1/d"];
        let texts: Vec<_> = joined(script).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn what_begins_with_an_unknown_value_is_the_end_of_an_address() {
        assert_eq!(joined("f(base + '/a')"), [("/a".to_owned(), true)]);
        assert_eq!(joined("f(`${root()}/a/${b}`)"), [("/a/1".to_owned(), true)]);
        assert_eq!(joined("f(location.origin + '/a')"), [("/a".to_owned(), false)]);
        assert_eq!(joined("f('ws://' + location.host + '/a')"), [("/a".to_owned(), false)]);
        assert_eq!(joined("f(`https://${window.location.host}/a`)"), [("/a".to_owned(), false)]);
        assert_eq!(joined("f(`https://${cdn}/a`)"), [("/a".to_owned(), true)]);
        assert_eq!(joined("let ab = '/x'; ab = '/y'; f(ab + '/z')")[2], ("/z".to_owned(), true));
    }
}
