//! Text to tokens.

use super::layout::date_literal;

/// A token and the byte it starts at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Text(String),
    /// A text that is a date, as seconds since 1970.
    Date(f64),
    /// An identifier, or anything between square brackets.
    Name {
        name: String,
        bracketed: bool,
    },
    /// A name with dots in it.
    Field(String),
    Symbol(String),
    Comma,
    Open,
    Close,
}

/// Why a text is no expression, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// The byte it is about.
    pub at: usize,
    /// The grammar holds, but a function is called as it cannot be called: with the wrong number of
    /// arguments, with a pattern that does not compile, or although it is refused.
    pub is_misuse: bool,
    /// It is right, and asks for what is not done here.
    pub is_refusal: bool,
}

impl ParseError {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at, is_misuse: false, is_refusal: false }
    }

    pub(super) fn refusal(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at, is_misuse: true, is_refusal: true }
    }

    pub(super) fn misuse(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at, is_misuse: true, is_refusal: false }
    }
}

/// The tokens of `text`. Symbols are read greedily: `==!x` is one unknown symbol, as in Nuclei.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = match first {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '"' | '\'' => quoted(rest, first, at)?,
            '[' => bracketed(rest, at)?,
            '(' => (TokenKind::Open, 1),
            ')' => (TokenKind::Close, 1),
            ',' => (TokenKind::Comma, 1),
            c if c.is_ascii_digit() || c == '.' => number(rest, at)?,
            c if c.is_alphabetic() => name(rest, at)?,
            _ => symbol(rest, at)?,
        };
        tokens.push(Token { kind, at });
        at += length;
    }
    Ok(tokens)
}

/// An identifier; a backslash makes the next character a part of it.
fn name(text: &str, at: usize) -> Result<(TokenKind, usize), ParseError> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    let length = loop {
        match characters.next() {
            Some((_, '\\')) => name.extend(characters.next().map(|(_, escaped)| escaped)),
            Some((_, c)) if c.is_alphanumeric() || matches!(c, '_' | '.') => name.push(c),
            Some((index, _)) => break index,
            None => break text.len(),
        }
    };
    if !text[..length].contains('.') {
        return Ok((TokenKind::Name { name, bracketed: false }, length));
    }
    let lower = |field: &str| field.starts_with(char::is_lowercase) || field.is_empty();
    match name.split('.').skip(1).find(|field| lower(field)) {
        Some(field) => {
            let text = format!("`{name}`: a field's name starts upper-case, not `.{field}`");
            Err(ParseError::new(at, text))
        }
        None => Ok((TokenKind::Field(name), length)),
    }
}

fn word(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !belongs(c)).unwrap_or(text.len())]
}

/// A backslash stands for the next character itself, whatever it is.
fn quoted(text: &str, quote: char, at: usize) -> Result<(TokenKind, usize), ParseError> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((index, character)) = characters.next() {
        match character {
            c if c == quote => {
                let date = date_literal(&value).map(|seconds| TokenKind::Date(seconds as f64));
                return Ok((date.unwrap_or(TokenKind::Text(value)), index + 1));
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    Err(ParseError::new(at, format!("the text is not closed with {quote}")))
}

fn bracketed(text: &str, at: usize) -> Result<(TokenKind, usize), ParseError> {
    let mut name = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((index, character)) = characters.next() {
        match character {
            ']' => return Ok((TokenKind::Name { name, bracketed: true }, index + 1)),
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            c => name.push(c),
        }
    }
    Err(ParseError::new(at, "`[` is not closed with `]`"))
}

fn number(text: &str, at: usize) -> Result<(TokenKind, usize), ParseError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    if let Some(digits) = digits {
        let digits = word(digits, |c| c.is_ascii_hexdigit());
        let value = u64::from_str_radix(digits, 16)
            .map_err(|_| ParseError::new(at, "`0x` needs one to sixteen hexadecimal digits"))?;
        return Ok((TokenKind::Number(value as f64), digits.len() + 2));
    }
    let digits = word(text, |c| c.is_ascii_digit() || c == '.');
    let value =
        digits.parse().map_err(|_| ParseError::new(at, format!("`{digits}` is not a number")))?;
    Ok((TokenKind::Number(value), digits.len()))
}

fn symbol(text: &str, at: usize) -> Result<(TokenKind, usize), ParseError> {
    const SYMBOLS: [&str; 26] = [
        "?", ":", "??", "||", "&&", "==", "!=", "<", "<=", ">", ">=", "=~", "!~", "&", "|", "^",
        "<<", ">>", "+", "-", "*", "/", "%", "**", "!", "~",
    ];
    let found = word(text, |c| {
        !c.is_whitespace()
            && !c.is_alphanumeric()
            && !matches!(c, '(' | ')' | '[' | ']' | '"' | '\'')
    });
    if SYMBOLS.contains(&found) {
        return Ok((TokenKind::Symbol(found.to_owned()), found.len()));
    }
    let found: String = text.chars().take(found.chars().count().max(1)).collect();
    Err(ParseError::new(
        at,
        format!("`{found}` is not an operator; separate operators with spaces"),
    ))
}

/// How many bytes of `text`, which stands behind `{{`, come before the `}}` that ends an expression:
/// the first that is in no string and in no brackets. Any other would be inside a token.
pub(super) fn expression_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut closing = None;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, closing) {
            (b'\\', None | Some(b'"' | b'\'' | b']')) => at += 1,
            (byte, Some(end)) if *byte == end => closing = None,
            (b'"' | b'\'', None) => closing = Some(*byte),
            (b'[', None) => closing = Some(b']'),
            (b'}', None) if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}
