//! Text to tokens.

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
    /// An identifier, or anything between square brackets.
    Name {
        name: String,
        bracketed: bool,
    },
    Symbol(String),
    Comma,
    Open,
    Close,
}

/// Why a text is no expression, and at which byte.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(in crate::rules) struct ParseError {
    pub(in crate::rules) message: String,
    pub(in crate::rules) at: usize,
}

impl ParseError {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), at }
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
            c if c.is_alphabetic() => {
                let name = word(rest, |c| c.is_alphanumeric() || matches!(c, '_' | '.'));
                (TokenKind::Name { name: name.to_owned(), bracketed: false }, name.len())
            }
            _ => symbol(rest, at)?,
        };
        tokens.push(Token { kind, at });
        at += length;
    }
    Ok(tokens)
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
            c if c == quote => return Ok((TokenKind::Text(value), index + 1)),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    Err(ParseError::new(at, format!("the text is not closed with {quote}")))
}

fn bracketed(text: &str, at: usize) -> Result<(TokenKind, usize), ParseError> {
    let end = text.find(']').ok_or_else(|| ParseError::new(at, "`[` is not closed with `]`"))?;
    let name = text[1..end].to_owned();
    Ok((TokenKind::Name { name, bracketed: true }, end + 1))
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
