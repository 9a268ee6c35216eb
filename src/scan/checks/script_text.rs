//! Whether a word in JavaScript source is code, or merely inside a string, comment or pattern.

/// Where in the source a character stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    Quoted(char),
    Template,
    LineComment,
    BlockComment,
    Pattern { class: bool },
}

/// Whether `word` stands in `source` as code. Lexical only (ECMA-262 §12): enough to tell whether a
/// quote that was sent has ended the string it stood in.
pub(super) fn is_code(source: &str, word: &str) -> bool {
    let mut lexer = Lexer { state: State::Code, substitutions: Vec::new(), last: None };
    let mut characters = source.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if lexer.state == State::Code && source[at..].starts_with(word) {
            return true;
        }
        let next = characters.peek().map(|(_, next)| *next);
        if lexer.step(character, next) == Width::Two {
            characters.next();
        }
    }
    false
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    One,
    /// The next character belongs to this one (an escape, the second half of `/*`).
    Two,
}

struct Lexer {
    state: State,
    /// Open braces inside each open `${`.
    substitutions: Vec<u32>,
    /// The last character of code that is not white space: tells a pattern from a division.
    last: Option<char>,
}

impl Lexer {
    fn step(&mut self, character: char, next: Option<char>) -> Width {
        match (self.state, character) {
            (State::Code, _) => return self.code(character, next),
            (State::Quoted(_) | State::Template | State::Pattern { .. }, '\\') => {
                return Width::Two;
            }
            // A line break ends a broken string or pattern: the rest is read as code again.
            (State::Quoted(_) | State::LineComment | State::Pattern { .. }, '\n') => {
                self.state = State::Code;
            }
            (State::Quoted(quote), _) if character == quote => self.back_to_code(),
            (State::Template, '$') if next == Some('{') => {
                self.substitutions.push(0);
                self.state = State::Code;
                self.last = None;
                return Width::Two;
            }
            (State::BlockComment, '*') if next == Some('/') => {
                self.state = State::Code;
                return Width::Two;
            }
            (State::Pattern { class: false }, '[') => self.state = State::Pattern { class: true },
            (State::Pattern { class: true }, ']') => self.state = State::Pattern { class: false },
            (State::Template, '`') | (State::Pattern { class: false }, '/') => self.back_to_code(),
            _ => {}
        }
        Width::One
    }

    fn code(&mut self, character: char, next: Option<char>) -> Width {
        match (character, next) {
            ('\'' | '"', _) => self.state = State::Quoted(character),
            ('`', _) => self.state = State::Template,
            ('/', Some('/')) => self.state = State::LineComment,
            ('/', Some('*')) => {
                self.state = State::BlockComment;
                return Width::Two;
            }
            ('/', _) if self.expects_operand() => self.state = State::Pattern { class: false },
            ('{', _) => {
                if let Some(open) = self.substitutions.last_mut() {
                    *open += 1;
                }
            }
            ('}', _) => match self.substitutions.last_mut() {
                Some(0) => {
                    self.substitutions.pop();
                    self.state = State::Template;
                }
                Some(open) => *open -= 1,
                None => {}
            },
            _ => {}
        }
        if !character.is_whitespace() {
            self.last = Some(character);
        }
        Width::One
    }

    fn back_to_code(&mut self) {
        self.state = State::Code;
        self.last = Some(')');
    }

    fn expects_operand(&self) -> bool {
        self.last.is_none_or(|last| "(,=:[!&|?{};+-*%<>~^".contains(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_code() {
        for source in ["w", "x='a'-w-'b'", "`${w}`", "a/2;w", "x=/'/;w", "'\\\\'-w", "`${{a:1}}`;w"]
        {
            assert!(is_code(source, "w"), "{source}");
        }
        for source in ["'w'", "\"\\\"w\"", "`w`", "// w", "/* w */", "x='a\\'-w-'", "x=/[/']w/", ""]
        {
            assert!(!is_code(source, "w"), "{source}");
        }
    }

    #[test]
    fn broken_source_is_read_to_its_end() {
        assert!(!is_code("'unclosed w", "w"));
        assert!(is_code("'unclosed\nw", "w"));
        assert!(!is_code("/* unclosed w", "w"));
    }
}
