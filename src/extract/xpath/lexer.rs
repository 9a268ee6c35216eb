//! An expression as tokens.
//!
//! `*` and the words `and`, `or`, `div` and `mod` are operators or names by what stands before them,
//! a name is a function or an axis by what stands behind it (`XPath` 1.0, §3.7).

use super::expression::Operator;

/// Longer expressions, and those of more tokens, are refused.
const MAX_BYTES: usize = 8 << 10;
const MAX_TOKENS: usize = 1000;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Operator(Operator),
    /// `*` where a name may stand.
    Star,
    /// A name, with its prefix if it has one.
    Name(String),
    /// `prefix:*`, without the star.
    Prefix(String),
    /// A name with a parenthesis behind it.
    Function(String),
    /// A name with two colons behind it, which belong to it.
    Axis(String),
    Slash,
    DoubleSlash,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Dot,
    DoubleDot,
    At,
    Comma,
}

/// A token and the byte at which it begins.
pub(super) type Placed = (usize, Token);

/// Why a text is no expression, and the byte at which it stops to be one.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) what: String,
}

pub(super) fn fault<T>(at: usize, what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { at, what: what.into() })
}

/// All tokens of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Fault> {
    if text.len() > MAX_BYTES {
        return fault(0, format!("it is longer than {MAX_BYTES} bytes"));
    }
    let mut tokens: Vec<Placed> = Vec::new();
    let mut at = 0;
    loop {
        at += white_space(&text[at..]);
        if at == text.len() {
            return Ok(tokens);
        }
        if tokens.len() == MAX_TOKENS {
            return fault(at, format!("it has more than {MAX_TOKENS} tokens"));
        }
        let (token, len) = next(text, at, tokens.last().map(|(_, token)| token))?;
        tokens.push((at, token));
        at += len;
    }
}

/// Whether an operand ends with `before`, so that an operator follows.
fn ends_operand(before: Option<&Token>) -> bool {
    match before {
        None
        | Some(
            Token::At
            | Token::Axis(_)
            | Token::Open
            | Token::OpenBracket
            | Token::Comma
            | Token::Operator(_)
            | Token::Slash
            | Token::DoubleSlash,
        ) => false,
        Some(_) => true,
    }
}

fn next(text: &str, at: usize, before: Option<&Token>) -> Result<(Token, usize), Fault> {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    let second = bytes.get(1).copied().unwrap_or_default();
    Ok(match (bytes[0], second) {
        (b'/', b'/') => (Token::DoubleSlash, 2),
        (b'/', _) => (Token::Slash, 1),
        (b'!', b'=') => (Token::Operator(Operator::NotEqual), 2),
        (b'<', b'=') => (Token::Operator(Operator::LessOrEqual), 2),
        (b'>', b'=') => (Token::Operator(Operator::GreaterOrEqual), 2),
        (b'<', _) => (Token::Operator(Operator::Less), 1),
        (b'>', _) => (Token::Operator(Operator::Greater), 1),
        (b'=', _) => (Token::Operator(Operator::Equal), 1),
        (b'|', _) => (Token::Operator(Operator::Union), 1),
        (b'+', _) => (Token::Operator(Operator::Plus), 1),
        (b'-', _) => (Token::Operator(Operator::Minus), 1),
        (b'*', _) if ends_operand(before) => (Token::Operator(Operator::Times), 1),
        (b'*', _) => (Token::Star, 1),
        (b'(', _) => (Token::Open, 1),
        (b')', _) => (Token::Close, 1),
        (b'[', _) => (Token::OpenBracket, 1),
        (b']', _) => (Token::CloseBracket, 1),
        (b'@', _) => (Token::At, 1),
        (b',', _) => (Token::Comma, 1),
        (b'.', b'.') => (Token::DoubleDot, 2),
        (b'.', b'0'..=b'9') | (b'0'..=b'9', _) => number(rest),
        (b'.', _) => (Token::Dot, 1),
        (quote @ (b'"' | b'\''), _) => {
            let Some(len) = memchr::memchr(quote, &bytes[1..]) else {
                return fault(at, "a string without an end");
            };
            (Token::Text(rest[1..=len].to_owned()), len + 2)
        }
        (b'$', _) => return fault(at, "there are no variables"),
        _ => return word(text, at, before),
    })
}

fn number(rest: &str) -> (Token, usize) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(rest);
    if rest[len..].starts_with('.') {
        len += 1 + digits(&rest[len + 1..]);
    }
    let value = rest[..len].parse().unwrap_or(f64::NAN);
    (Token::Number(value), len)
}

fn word(text: &str, at: usize, before: Option<&Token>) -> Result<(Token, usize), Fault> {
    let rest = &text[at..];
    let mut len = name_len(rest);
    if len == 0 {
        let first = rest.chars().next().unwrap_or_default();
        return fault(at, format!("nothing begins with `{}`", first.escape_debug()));
    }
    if ends_operand(before) {
        let operator = match &rest[..len] {
            "and" => Operator::And,
            "or" => Operator::Or,
            "div" => Operator::Divide,
            "mod" => Operator::Modulo,
            other => return fault(at, format!("`{other}` stands where an operator is expected")),
        };
        return Ok((Token::Operator(operator), len));
    }
    if let Some(local) = rest[len..].strip_prefix(':').filter(|local| !local.starts_with(':')) {
        match name_len(local) {
            0 if local.starts_with('*') => {
                return Ok((Token::Prefix(rest[..=len].to_owned()), len + 2));
            }
            0 => return fault(at + len, "a colon without a name behind it"),
            more => len += 1 + more,
        }
    }
    let name = rest[..len].to_owned();
    let space = white_space(&rest[len..]);
    let behind = &rest[len + space..];
    Ok(match behind {
        _ if behind.starts_with("::") => (Token::Axis(name), len + space + 2),
        _ if behind.starts_with('(') => (Token::Function(name), len),
        _ => (Token::Name(name), len),
    })
}

/// XML's white space at the beginning of `text`, in bytes.
fn white_space(text: &str) -> usize {
    text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// The name at the beginning of `text`, in bytes; every character beyond ASCII may be in one.
fn name_len(text: &str) -> usize {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let goes_on = |c: char| starts(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    if !text.starts_with(starts) {
        return 0;
    }
    text.find(|c| !goes_on(c)).unwrap_or(text.len())
}
