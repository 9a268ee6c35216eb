//! Command lines as a shell reads them: words, each with its line.
//!
//! By hand, because browsers write `$'…'`, because `$NAME` is to become a reference, and because
//! messages need lines; crates that split words have none of it.

use crate::import::text::Text;

/// One command: its words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Command {
    /// Where it begins, from 1.
    pub(super) line: usize,
    pub(super) words: Vec<Text>,
}

/// Why a text is no command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// Where it was opened.
    pub(super) line: usize,
    pub(super) quote: char,
}

/// Every command of a text: they end with their line, with `;`, `|`, `&`, `&&` and `||`.
pub(super) fn commands(text: &str) -> Result<Vec<Command>, Unclosed> {
    let mut reader = Reader { chars: text.chars().peekable(), line: 1 };
    let mut commands = vec![Command { line: 1, words: Vec::new() }];
    let mut word: Option<Text> = None;
    while let Some(c) = reader.next() {
        match c {
            ' ' | '\t' | '\r' => end_word(&mut word, &mut commands),
            '\n' | ';' | '|' | '&' | '(' | ')' => {
                end_word(&mut word, &mut commands);
                commands.push(Command { line: reader.line, words: Vec::new() });
            }
            // A line that goes on begins no word.
            '\\' if word.is_none() && reader.goes_on() => {}
            '#' if word.is_none() => reader.skip_line(),
            // Redirections say where the output goes.
            '>' | '<' => {
                let number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
                if word.as_ref().and_then(Text::as_literal).is_some_and(number) {
                    word = None;
                }
                end_word(&mut word, &mut commands);
                while reader.chars.next_if(|c| matches!(c, '>' | '<' | '&')).is_some() {}
                commands.last_mut().expect("never empty").words.push(Text::literal(">"));
            }
            _ => reader.part(c, word.get_or_insert_default())?,
        }
    }
    end_word(&mut word, &mut commands);
    commands.retain(|command| !command.words.is_empty());
    Ok(commands)
}

fn end_word(word: &mut Option<Text>, commands: &mut [Command]) {
    if let Some(word) = word.take() {
        commands.last_mut().expect("never empty").words.push(word);
    }
}

struct Reader<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn skip_line(&mut self) {
        while self.chars.peek().is_some_and(|c| *c != '\n') {
            self.chars.next();
        }
    }

    /// Whether a line ends here, behind a `\`; skips its end.
    fn goes_on(&mut self) -> bool {
        let mut ahead = self.chars.clone();
        let ends = match ahead.next() {
            Some('\n') => true,
            Some('\r') => ahead.next() == Some('\n'),
            _ => false,
        };
        if ends {
            self.line += 1;
            self.chars = ahead;
        }
        ends
    }

    /// What begins with `c` within a word.
    fn part(&mut self, c: char, word: &mut Text) -> Result<(), Unclosed> {
        let opened = |line, quote| Unclosed { line, quote };
        let line = self.line;
        match c {
            '\\' => match self.next() {
                // A line that goes on.
                Some('\n') | None => {}
                Some('\r') if self.chars.peek() == Some(&'\n') => drop(self.next()),
                Some(other) => word.push(other.encode_utf8(&mut [0; 4])),
            },
            '\'' => loop {
                match self.next().ok_or(opened(line, '\''))? {
                    '\'' => break,
                    other => word.push(other.encode_utf8(&mut [0; 4])),
                }
            },
            '"' => loop {
                match self.next().ok_or(opened(line, '"'))? {
                    '"' => break,
                    '\\' => match self.next().ok_or(opened(line, '"'))? {
                        '\n' => {}
                        escaped @ ('"' | '\\' | '$' | '`') => {
                            word.push(escaped.encode_utf8(&mut [0; 4]));
                        }
                        other => word.push(&format!("\\{other}")),
                    },
                    '$' => self.variable(word),
                    other => word.push(other.encode_utf8(&mut [0; 4])),
                }
            },
            '$' if self.chars.peek() == Some(&'\'') => {
                self.next();
                self.ansi(word).ok_or(opened(line, '\''))?;
            }
            '$' => self.variable(word),
            other => word.push(other.encode_utf8(&mut [0; 4])),
        }
        Ok(())
    }

    /// `$NAME`, `${NAME}`; anything else is a dollar.
    fn variable(&mut self, word: &mut Text) {
        let mut ahead = self.chars.clone();
        let braced = ahead.peek() == Some(&'{');
        if braced {
            ahead.next();
        }
        let mut name = String::new();
        while let Some(c) = ahead.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        let closes = !braced || ahead.next() == Some('}');
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !closes {
            word.push("$");
            return;
        }
        self.chars = ahead;
        word.append(&Text::environment(&name));
    }

    /// The inside of `$'…'`, C's escapes among it.
    fn ansi(&mut self, word: &mut Text) -> Option<()> {
        loop {
            let c = match self.next()? {
                '\'' => return Some(()),
                '\\' => match self.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'e' | 'E' => '\u{1b}',
                    'f' => '\u{c}',
                    'v' => '\u{b}',
                    'x' => self.code(16, 2),
                    'u' => self.code(16, 4),
                    'U' => self.code(16, 8),
                    digit @ '0'..='7' => {
                        let first = digit.to_digit(8).unwrap_or(0);
                        let rest = u32::from(self.code(8, 2));
                        char::from_u32(first * 64 + rest).unwrap_or('\u{fffd}')
                    }
                    other => other,
                },
                other => other,
            };
            word.push(c.encode_utf8(&mut [0; 4]));
        }
    }

    fn code(&mut self, radix: u32, digits: usize) -> char {
        let mut code = 0_u32;
        for _ in 0..digits {
            let Some(c) = self.chars.next_if(|c| c.is_digit(radix)) else { break };
            code = code.wrapping_mul(radix).wrapping_add(c.to_digit(radix).unwrap_or(0));
        }
        char::from_u32(code).unwrap_or('\u{fffd}')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        let commands = commands(text).expect("closed");
        let written = |command: Command| command.words.iter().map(Text::written).collect();
        commands.into_iter().map(written).collect()
    }

    #[test]
    fn quotes_escapes_and_lines_are_a_shells() {
        assert_eq!(words("a 'b c'\"d\\\"\"e\\ f \\\n g"), [["a", "b cd\"e f", "g"]]);
        assert_eq!(words("a # no\nb; c | d && e"), [["a"], ["b"], ["c"], ["d"], ["e"]]);
        assert_eq!(words("a#b $'x\\n\\x41\\u00e9\\'y' ''"), [["a#b", "x\nAé'y", ""]]);
        assert_eq!(words("\"$A-${B_2}\" '$A' $ $1"), [["${env.A}-${env.B_2}", "$A", "$", "$1"]]);
        assert_eq!(words("a\\\r\n b"), [["a", "b"]]);
        assert_eq!(words("a >x 2>&1 b2>>y"), [["a", ">", "x", ">", "1", "b2", ">", "y"]]);
    }

    #[test]
    fn an_open_quote_is_told_with_its_line() {
        assert_eq!(commands("a\nb 'c\n"), Err(Unclosed { line: 2, quote: '\'' }));
        assert_eq!(commands("\"x"), Err(Unclosed { line: 1, quote: '"' }));
        assert_eq!(commands("$'x\\"), Err(Unclosed { line: 1, quote: '\'' }));
    }
}
