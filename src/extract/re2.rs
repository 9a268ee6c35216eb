//! Rewrites RE2 syntax into the syntax of the `regex` crate where the two differ.
//!
//! Differences covered: a stray `{` is a literal, octal escapes, `\Q…\E`, `[`, `&` and `~` inside
//! classes are literals, `\<` and `\>` are literals, and `\d \w \s \b` are ASCII even in patterns
//! that contain other characters (RE2's `\s` has no vertical tab). Simple case folding stays ASCII
//! in byte mode, where RE2 folds a few non-ASCII letters as well.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// Whether the pattern says anything about characters outside ASCII.
pub(super) fn needs_unicode(pattern: &str) -> bool {
    !pattern.is_ascii() || ["\\p", "\\P", "\\x{"].iter().any(|escape| pattern.contains(escape))
}

/// `pattern`, saying the same to the `regex` crate.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(character) = rest.next() {
        match character {
            '(' if !in_class && rest.clone().take(2).eq(['?', ')']) => {
                // An empty group of flags.
                rest.next();
                out.push_str("(?:");
            }
            '\\' => escape(&mut rest, &mut out, in_class),
            '[' if in_class => class_bracket(&mut rest, &mut out),
            '[' => {
                in_class = true;
                open_class(&mut rest, &mut out);
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '{' if !in_class && !is_repetition(rest.clone()) => out.push_str("\\{"),
            '&' | '~' if in_class => out.extend(['\\', character]),
            '-' if in_class && rest.peek() == Some(&'-') => {
                rest.next();
                out.push_str("-\\-");
            }
            other => out.push(other),
        }
    }
    out
}

/// After `[`: the negation, and a `]` that is a member because it stands first.
fn open_class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
}

/// A `[` inside a class: `[:alpha:]` stays, anything else is a member.
fn class_bracket(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let ahead: String = rest.clone().take(16).collect();
    let inside = ahead.strip_prefix(':').and_then(|ahead| ahead.split_once(":]"));
    let is_named = inside.is_some_and(|(name, _)| {
        let name = name.strip_prefix('^').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    if !is_named {
        out.push_str("\\[");
        return;
    }
    out.push('[');
    for character in rest.by_ref() {
        out.push(character);
        if character == ']' {
            return;
        }
    }
}

/// After a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) {
    let Some(character) = rest.next() else {
        out.push('\\');
        return;
    };
    match character {
        'Q' if !in_class => quoted(rest, out),
        '0' => octal(0, 2, rest, out),
        '1'..='7' if rest.peek().is_some_and(|next| next.is_digit(8)) => {
            octal(character.to_digit(8).unwrap_or(0), 2, rest, out);
        }
        's' if in_class => out.push_str("\\t\\n\\f\\r "),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'd' if in_class => out.push_str("0-9"),
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' if in_class => out.push_str("0-9A-Za-z_"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        'b' if !in_class => out.push_str("(?-u:\\b)"),
        'B' if !in_class => out.push_str("(?-u:\\B)"),
        '<' | '>' => out.push(character),
        'p' | 'P' | 'x' if rest.peek() == Some(&'{') => braced(character, rest, out),
        other => out.extend(['\\', other]),
    }
}

/// `\p{…}` or `\x{…}`, whose brace is no repetition.
fn braced(letter: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.extend(['\\', letter]);
    for character in rest.by_ref() {
        out.push(character);
        if character == '}' {
            return;
        }
    }
}

/// After `\Q`: everything up to `\E` is literal.
fn quoted(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut literal = String::new();
    while let Some(character) = rest.next() {
        if character == '\\' && rest.next_if_eq(&'E').is_some() {
            break;
        }
        literal.push(character);
    }
    out.push_str(&regex::escape(&literal));
}

/// Up to `more` further octal digits after one of value `first`.
fn octal(first: u32, more: usize, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut value = first;
    for _ in 0..more {
        let Some(digit) = rest.peek().and_then(|next| next.to_digit(8)) else { break };
        value = value * 8 + digit;
        rest.next();
    }
    write!(out, "\\x{{{value:x}}}").expect("writing to a string cannot fail");
}

/// Whether what follows a `{` makes it a repetition: `n}`, `n,}` or `n,m}`.
fn is_repetition(rest: Peekable<Chars<'_>>) -> bool {
    let ahead: String = rest.take(12).collect();
    let Some((inside, _)) = ahead.split_once('}') else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use crate::extract::Pattern;

    fn finds(pattern: &str, text: &[u8]) -> bool {
        Pattern::new(pattern).unwrap_or_else(|error| panic!("{error}")).is_match(text)
    }

    #[test]
    fn stray_braces_are_literals_and_repetitions_stay() {
        assert!(finds(r#"{"a":\{1}"#, br#"{"a":{1}"#));
        assert!(finds("^x{2}$", b"xx"));
        assert!(finds("^x{2,}$", b"xxx"));
        assert!(finds("a{,3}", b"a{,3}"));
        assert!(finds("a{", b"a{"));
        assert!(finds("a{3", b"a{3"));
        assert!(finds(r"^\p{Lu}\x{41}$", "ÉA".as_bytes()));
    }

    #[test]
    fn octal_and_quoted_text() {
        assert!(finds(r"^a\13b$", b"a\x0bb"));
        assert!(finds(r"^\Qa.b*[\E+$", b"a.b*[[["));
        assert!(!finds(r"^\Qa.b\E$", b"axb"));
        assert!(Pattern::new(r"(a)\1").is_err(), "a back-reference is no RE2");
    }

    #[test]
    fn class_members_that_other_engines_read_as_operators() {
        assert!(finds("^[[a]$", b"["));
        assert!(finds("^[a&&b]+$", b"a&b"));
        assert!(finds("^[]a]+$", b"]a"));
        assert!(finds("^[^]a]+$", b"xyz"));
        assert!(finds("^[[:alpha:]_]+$", b"ab_"));
        assert!(finds("^[a~~b]+$", b"~"));
        assert!(finds("^[[:]$", b":"));
        assert!(finds("^[[::]+$", b"[:"));
    }

    #[test]
    fn perl_classes_are_ascii_even_beside_other_letters() {
        assert!(!finds(r"^é\d$", "é٣".as_bytes()));
        assert!(finds(r"^é\d$", "é3".as_bytes()));
        assert!(!finds(r"^\s$", b"\x0b"));
        assert!(finds(r"^[\s\d]+$", b" 1\t"));
        assert!(finds(r"\bé", b"a\xc3\xa9"), "a letter outside ASCII is no word character");
    }

    #[test]
    fn what_would_grow_too_large_is_refused() {
        assert!(Pattern::new("((a{100}){100}){100}").is_err());
        assert!(Pattern::new(&"(".repeat(5000)).is_err());
        assert!(Pattern::new("(?=a)").is_err());
    }
}
