//! JavaScript in tokens: as much of the language as it takes to know what is a string.
//!
//! Strings, templates, comments and regular expressions are told apart as a parser would; all else is
//! words and single characters. There is no syntax that stops it, and time is linear in the text.

/// Tokens read of one script at most.
const MAX_TOKENS: usize = 1_000_000;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name or a keyword.
    Word(&'t str),
    /// A character that stands for itself.
    Sign(u8),
    /// A string or template.
    Text(Text<'t>),
    /// A number.
    Number(&'t str),
    /// A regular expression.
    Other,
}

/// A string or template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text<'t> {
    /// What stands between the values that are put in; a string has one part.
    pub parts: Vec<String>,
    /// The values that are put in, as written: one less than there are parts.
    pub values: Vec<&'t str>,
}

impl Text<'_> {
    /// The text of a string, or of a template without values.
    pub(super) fn whole(&self) -> Option<&str> {
        match &self.parts[..] {
            [whole] => Some(whole),
            _ => None,
        }
    }
}

/// The tokens of a script, and the comments in it.
#[derive(Debug, Default)]
pub(super) struct Tokens<'t> {
    pub list: Vec<Token<'t>>,
    pub comments: Vec<&'t str>,
    pub truncated: bool,
}

/// Takes a script apart.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    let mut lexer = Lexer { text, at: 0, found: Tokens::default() };
    lexer.all();
    lexer.found
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    found: Tokens<'t>,
}

impl<'t> Lexer<'t> {
    fn all(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if self.found.list.len() >= MAX_TOKENS {
                self.found.truncated = true;
                return;
            }
            match byte {
                b'"' | b'\'' => {
                    let parts = vec![self.string(byte)];
                    self.found.list.push(Token::Text(Text { parts, values: Vec::new() }));
                }
                b'`' => {
                    let text = self.template();
                    self.found.list.push(Token::Text(text));
                }
                b'/' => self.slash(),
                b'0'..=b'9' => {
                    let start = self.at;
                    self.at = self.while_(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_');
                    self.found.list.push(Token::Number(&self.text[start..self.at]));
                }
                _ if is_word(byte) => {
                    let start = self.at;
                    self.at = self.while_(|b| is_word(b) || b.is_ascii_digit());
                    self.found.list.push(Token::Word(&self.text[start..self.at]));
                }
                _ => {
                    self.at += 1;
                    if !byte.is_ascii_whitespace() && byte >= b' ' {
                        self.found.list.push(Token::Sign(byte));
                    }
                }
            }
        }
    }

    /// The first place from here on where `holds` does not.
    fn while_(&self, holds: impl Fn(u8) -> bool) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        self.at + rest.iter().position(|byte| !holds(*byte)).unwrap_or(rest.len())
    }

    fn slash(&mut self) {
        let rest = &self.text[self.at..];
        let (from, end, next) = if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            (2, length, length)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let length = comment.find("*/").map_or(rest.len(), |end| end + 2);
            (2, length, (length + 2).min(rest.len()))
        } else {
            if self.may_be_expression() && self.regular_expression() {
                self.found.list.push(Token::Other);
            } else {
                self.at += 1;
                self.found.list.push(Token::Sign(b'/'));
            }
            return;
        };
        self.found.comments.push(&rest[from..end]);
        self.at += next;
    }

    /// Whether a slash here begins a regular expression and is no division.
    fn may_be_expression(&self) -> bool {
        const BEFORE: [&str; 8] =
            ["return", "typeof", "case", "in", "of", "delete", "void", "throw"];
        match self.found.list.last() {
            None => true,
            Some(Token::Word(word)) => BEFORE.contains(word),
            Some(Token::Sign(sign)) => !matches!(sign, b')' | b']' | b'}'),
            Some(Token::Text(_) | Token::Number(_) | Token::Other) => false,
        }
    }

    /// Goes behind the regular expression that begins here; stays where none ends on this line.
    fn regular_expression(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let (mut at, mut in_class) = (self.at + 1, false);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\n' => return false,
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.at = at + 1;
                    self.at = self.while_(|b| b.is_ascii_alphabetic());
                    return true;
                }
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// The string that begins here.
    fn string(&mut self, quote: u8) -> String {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            self.at = self.while_(|b| b != quote && b != b'\\' && b != b'\n');
            out.push_str(&self.text[start..self.at]);
            match self.text.as_bytes().get(self.at) {
                Some(b'\\') => self.escape(&mut out),
                Some(byte) if *byte == quote => {
                    self.at += 1;
                    return out;
                }
                // One that is not closed ends with its line.
                _ => return out,
            }
        }
    }

    /// The template that begins here; values are not looked into.
    fn template(&mut self) -> Text<'t> {
        self.at += 1;
        let mut text = Text { parts: vec![String::new()], values: Vec::new() };
        loop {
            let start = self.at;
            self.at = self.while_(|b| b != b'`' && b != b'\\' && b != b'$');
            let part = text.parts.last_mut().expect("never empty");
            part.push_str(&self.text[start..self.at]);
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [] => return text,
                [b'`', ..] => {
                    self.at += 1;
                    return text;
                }
                [b'\\', ..] => self.escape(part),
                [b'$', b'{', ..] => {
                    self.at += 2;
                    let start = self.at;
                    self.skip_value();
                    let value = &self.text[start..self.at.min(self.text.len())];
                    text.values.push(value.strip_suffix('}').unwrap_or(value).trim());
                    text.parts.push(String::new());
                }
                _ => {
                    part.push('$');
                    self.at += 1;
                }
            }
        }
    }

    /// Goes behind the bracket that closes a template's value. Strings in it may have brackets.
    fn skip_value(&mut self) {
        let bytes = self.text.as_bytes();
        let (mut depth, mut quote) = (1_u32, None);
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            match (quote, byte) {
                (_, b'\\') => self.at = self.text.ceil_char_boundary(self.at + 1),
                (Some(open), byte) if byte == open => quote = None,
                (None, b'"' | b'\'' | b'`') => quote = Some(byte),
                (None, b'{') => depth += 1,
                (None, b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                (Some(_) | None, _) => {}
            }
        }
    }

    /// Reads the escape that begins here.
    fn escape(&mut self, out: &mut String) {
        let rest = &self.text[self.at + 1..];
        let hex = |from: usize, to: usize| {
            let code = rest.get(from..to).and_then(|digits| u32::from_str_radix(digits, 16).ok());
            code.and_then(char::from_u32)
        };
        let braced = || rest.strip_prefix("u{").and_then(|rest| rest.find('}'));
        let (char, length) = match rest.as_bytes() {
            [b'x', ..] if hex(1, 3).is_some() => (hex(1, 3), 3),
            [b'u', b'{', ..] if braced().is_some() => {
                let end = braced().unwrap_or_default() + 2;
                (hex(2, end), end + 1)
            }
            [b'u', ..] if hex(1, 5).is_some() => (hex(1, 5), 5),
            [b'n', ..] => (Some('\n'), 1),
            [b't', ..] => (Some('\t'), 1),
            [b'\n', ..] => (None, 1),
            _ => {
                let next = rest.chars().next();
                (next, next.map_or(0, char::len_utf8))
            }
        };
        out.extend(char);
        self.at += 1 + length;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(script: &str) -> Vec<Vec<String>> {
        let list = tokens(script).list.into_iter();
        list.filter_map(|token| match token {
            Token::Text(text) => Some(text.parts),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn strings_are_told_from_everything_else() {
        let script = r#"var a = "x\"y" + 'it\'s'; // "not this"
            /* 'nor this' */ b = /["'`]/g.test(c) ? a / 2 / "z".length : `p${q ? "}" : '{'}r`;
            return /"/; x = "\u002Fp\x2fq\/r\u{2f}s""#;
        let expected: Vec<Vec<&str>> =
            vec![vec!["x\"y"], vec!["it's"], vec!["z"], vec!["p", "r"], vec!["/p/q/r/s"]];
        assert_eq!(texts(script), expected);
        assert_eq!(tokens(script).comments, [" \"not this\"", " 'nor this' "]);
    }

    #[test]
    fn what_is_not_closed_ends_with_its_line_or_the_script() {
        assert_eq!(texts("a = 'b\nc = 'd'"), [["b"], ["d"]]);
        assert_eq!(texts("a = `b${c"), [["b", ""]]);
        assert_eq!(texts("'\\"), [[""]]);
        assert_eq!(tokens("/* a").comments, [" a"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in any::<String>()) {
            let _ = tokens(&text);
        }

        #[test]
        fn any_script_like_text_is_read_to_its_end(text in r#"["'`\\/*$\{\}\nué x(]{0,60}"#) {
            let _ = tokens(&text);
        }
    }
}
