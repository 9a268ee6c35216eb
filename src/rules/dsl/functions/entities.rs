//! HTML's character references, by the parser's own table.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use html5ever::data::C1_REPLACEMENTS;
use html5ever::data::NAMED_ENTITIES;

/// No name is longer.
const LONGEST: usize = 33;

/// The shortest name of each character or pair that has one, with its semicolon; of names of one
/// length one in lower case.
static NAMES: LazyLock<HashMap<(u32, u32), &'static str>> = LazyLock::new(|| {
    let mut names: HashMap<(u32, u32), &'static str> = HashMap::new();
    let rank = |name: &str| (name.len(), !name.starts_with(|c: char| c.is_ascii_lowercase()));
    for (name, characters) in NAMED_ENTITIES.entries() {
        if characters.0 == 0 || !name.ends_with(';') {
            continue;
        }
        let known = names.entry(*characters).or_insert(name);
        // The last part decides between equals, for the table has no order.
        if (rank(name), *name) < (rank(known), *known) {
            *known = name;
        }
    }
    names
});

/// Every character that has a name, by its name.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let second = characters.peek().map_or(0, |next| u32::from(*next));
        if second != 0
            && let Some(name) = NAMES.get(&(c.into(), second))
        {
            out.push('&');
            out.push_str(name);
            characters.next();
        } else if let Some(name) = NAMES.get(&(c.into(), 0)) {
            out.push('&');
            out.push_str(name);
        } else {
            out.push(c);
        }
    }
    out
}

/// Every byte that is no part of a reference, by its number.
pub(super) fn number_the_rest(escaped: &str) -> String {
    let mut out = String::new();
    let mut rest = escaped;
    while let Some(first) = rest.bytes().next() {
        if let (b'&', Some(end)) = (first, rest.find(';')) {
            out.push_str(&rest[..=end]);
            rest = &rest[end + 1..];
            continue;
        }
        let length = rest.chars().next().map_or(1, char::len_utf8);
        for byte in rest[..length].bytes() {
            write!(out, "&#{byte};").expect("a string takes everything");
        }
        rest = &rest[length..];
    }
    out
}

/// The characters that references stand for.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let length = match behind.strip_prefix('#') {
            Some(number) => numbered(number, &mut out).map(|length| length + 1),
            None => named(behind, &mut out),
        };
        if let Some(length) = length {
            rest = &behind[length..];
        } else {
            out.push('&');
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

/// `123;` or `x7b;`, with or without the semicolon; how many bytes it takes.
fn numbered(text: &str, out: &mut String) -> Option<usize> {
    let (digits, radix, before) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 1),
        None => (text, 10, 0),
    };
    let count = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    if count == 0 {
        return None;
    }
    let value = u32::from_str_radix(&digits[..count], radix).unwrap_or(u32::MAX);
    out.push(character(value));
    Some(before + count + usize::from(digits[count..].starts_with(';')))
}

/// The numbers of Windows' characters are understood; what is no character is replaced.
fn character(value: u32) -> char {
    let c1 = value.checked_sub(0x80).and_then(|index| usize::try_from(index).ok());
    let replaced = c1.and_then(|index| C1_REPLACEMENTS.get(index).copied().flatten());
    let known = replaced.or_else(|| char::from_u32(value).filter(|c| *c != '\0'));
    known.unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The longest name that `text` starts with; how many bytes it takes.
fn named(text: &str, out: &mut String) -> Option<usize> {
    let most = text.bytes().take(LONGEST).take_while(u8::is_ascii_alphanumeric).count();
    let with_semicolon = most + usize::from(text[most..].starts_with(';'));
    let lengths = (1..=with_semicolon).rev();
    for length in lengths {
        let Some(characters) = NAMED_ENTITIES.get(&text[..length]).filter(|found| found.0 != 0)
        else {
            continue;
        };
        out.extend(char::from_u32(characters.0));
        out.extend(char::from_u32(characters.1).filter(|c| *c != '\0'));
        return Some(length);
    }
    None
}
