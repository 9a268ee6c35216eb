//! What a script sends with a request, where it is written out.

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::read::{closes, opens};
use super::token::Token;
use crate::extract::references::{Body, SAMPLE};

/// Tokens of the options behind an address.
const OPTIONS_WITHIN: usize = 200;

/// Objects within objects.
const MAX_NESTED: u32 = 6;

/// Members of one object.
const MAX_MEMBERS: usize = 100;

/// The body in the arguments that begin at `at`, behind the comma that follows an address.
pub(super) fn body_of(list: &[Token<'_>], at: usize, is_form: bool) -> Option<Body> {
    let mut depth = 0_u32;
    for place in at..list.len().min(at + OPTIONS_WITHIN) {
        let token = &list[place];
        if opens(token) {
            // The second argument of `post` is the body itself.
            if depth == 0
                && place == at + 1
                && matches!(token, Token::Sign(b'{'))
                && !has_options(list, place)
            {
                let (value, _) = value(list, place, 0);
                return written(&value, is_form);
            }
            depth += 1;
        } else if closes(token) {
            if depth == 0 {
                return None;
            }
            depth -= 1;
        }
        match &list[place..] {
            [
                Token::Word("JSON"),
                Token::Sign(b'.'),
                Token::Word("stringify"),
                Token::Sign(b'('),
                ..,
            ] => {
                return written(&value(list, place + 4, 0).0, false);
            }
            [Token::Word("URLSearchParams"), Token::Sign(b'('), ..] => {
                return written(&value(list, place + 2, 0).0, true);
            }
            _ => {}
        }
    }
    None
}

/// Whether an object says how to send, and is not what is sent.
fn has_options(list: &[Token<'_>], open: usize) -> bool {
    const OPTIONS: [&str; 6] = ["method", "headers", "body", "credentials", "params", "data"];
    let mut depth = 0_u32;
    for place in open..list.len().min(open + OPTIONS_WITHIN) {
        if opens(&list[place]) {
            depth += 1;
        } else if closes(&list[place]) {
            depth -= 1;
            if depth == 0 {
                return false;
            }
        }
        let is_option = matches!(&list[place], Token::Word(name) if OPTIONS.contains(name))
            && matches!(list.get(place + 1), Some(Token::Sign(b':')));
        if depth == 1 && is_option {
            return true;
        }
    }
    false
}

fn written(value: &Value, is_form: bool) -> Option<Body> {
    let Value::Object(members) = value else { return None };
    if !is_form {
        return Some(Body { kind: "application/json", text: value.to_string() });
    }
    let pairs = members.iter().map(|(name, value)| {
        (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Some(Body { kind: "application/x-www-form-urlencoded", text })
}

/// The value at `at`, samples for what is not written out, and where the tokens go on.
fn value(list: &[Token<'_>], at: usize, depth: u32) -> (Value, usize) {
    let next = behind_expression(list, at);
    let is_alone = next == at + 1;
    let value = match list.get(at) {
        Some(Token::Text(text)) if is_alone => Value::String(text.parts.join(SAMPLE)),
        Some(Token::Number(number)) if is_alone => {
            number.parse().map_or_else(|_| Value::from(1), Value::Number)
        }
        Some(Token::Word("true")) if is_alone => Value::Bool(true),
        Some(Token::Word("false")) if is_alone => Value::Bool(false),
        Some(Token::Word("null")) if is_alone => Value::Null,
        Some(Token::Sign(b'{')) if depth < MAX_NESTED => object(list, at, depth),
        Some(Token::Sign(b'[')) if depth < MAX_NESTED => {
            let first = value_if_any(list, at + 1, depth);
            Value::Array(first.into_iter().collect())
        }
        _ => Value::String(SAMPLE.to_owned()),
    };
    (value, next)
}

fn value_if_any(list: &[Token<'_>], at: usize, depth: u32) -> Option<Value> {
    let is_empty = list.get(at).is_none_or(closes);
    (!is_empty).then(|| value(list, at, depth + 1).0)
}

fn object(list: &[Token<'_>], open: usize, depth: u32) -> Value {
    let mut members = Map::new();
    let mut at = open + 1;
    while members.len() < MAX_MEMBERS {
        let name = match list.get(at) {
            Some(Token::Word(name) | Token::Number(name)) => (*name).to_owned(),
            Some(Token::Text(text)) => text.parts.join(SAMPLE),
            _ => break,
        };
        let (member, next) = if let Some(Token::Sign(b':')) = list.get(at + 1) {
            value(list, at + 2, depth + 1)
        } else {
            // `{ name }`
            (Value::String(SAMPLE.to_owned()), at + 1)
        };
        at = next;
        members.insert(name, member);
        match list.get(at) {
            Some(Token::Sign(b',')) => at += 1,
            _ => break,
        }
    }
    Value::Object(members)
}

/// The comma or bracket behind the expression that begins at `at`.
fn behind_expression(list: &[Token<'_>], at: usize) -> usize {
    let mut depth = 0_u32;
    let rest = list.get(at..).unwrap_or_default();
    for (offset, token) in rest.iter().take(OPTIONS_WITHIN).enumerate() {
        if opens(token) {
            depth += 1;
        } else if closes(token) {
            if depth == 0 {
                return at + offset;
            }
            depth -= 1;
        } else if depth == 0 && matches!(token, Token::Sign(b',' | b';')) {
            return at + offset;
        }
    }
    at + rest.len().min(OPTIONS_WITHIN)
}
