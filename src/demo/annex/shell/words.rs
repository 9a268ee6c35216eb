//! Cuts a script into words and operators.

/// One token of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Vec<Piece>),
    /// `;`, `&` or a line's end.
    End,
    And,
    Or,
    Pipe,
    /// A redirection; its target has been read with it.
    Redirection,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Inside quotes: the result is not split at spaces.
    pub(super) quoted: bool,
}

/// What a part of a word is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PieceKind {
    Text(String),
    Variable(String),
    Substitution(String),
    Arithmetic(String),
}

/// What a shell says of a script it cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) &'static str);

/// The tokens of a script.
pub(super) fn tokens(script: &str) -> Result<Vec<Token>, Unreadable> {
    let mut reader = Reader { rest: script.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    while let Some(next) = reader.peek() {
        let (token, length) = match (next, reader.peek_after()) {
            (' ' | '\t' | '\r', _) => (None, 1),
            ('&', Some('&')) => (Some(Token::And), 2),
            ('>' | '<', _) | ('&' | '0'..='2', Some('>')) => (Some(reader.redirection()?), 0),
            ('\n' | ';' | '&', _) => (Some(Token::End), 1),
            ('|', Some('|')) => (Some(Token::Or), 2),
            ('|', _) => (Some(Token::Pipe), 1),
            ('#', _) => (None, reader.until_line_end()),
            ('(' | ')', _) => return Err(Unreadable("Syntax error: \"(\" unexpected")),
            _ => (Some(Token::Word(reader.word()?)), 0),
        };
        reader.at += length;
        tokens.extend(token);
    }
    Ok(tokens)
}

struct Reader {
    rest: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn peek_after(&self) -> Option<char> {
        self.rest.get(self.at + 1).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn until_line_end(&self) -> usize {
        self.rest[self.at..].iter().take_while(|c| **c != '\n').count()
    }

    /// `> file`, `2>&1`, `&> file`, `< file`.
    fn redirection(&mut self) -> Result<Token, Unreadable> {
        while self.peek().is_some_and(|c| matches!(c, '0'..='2' | '>' | '<' | '&' | ' ')) {
            self.at += 1;
        }
        if self.peek().is_some_and(|c| !matches!(c, ';' | '|' | '\n' | ')' | '(')) {
            self.word()?;
        }
        Ok(Token::Redirection)
    }

    fn word(&mut self) -> Result<Vec<Piece>, Unreadable> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => {
                    self.at += 1;
                    flush(&mut pieces, &mut text, false);
                    pieces.push(Piece { kind: PieceKind::Text(self.until('\'')?), quoted: true });
                }
                '"' => {
                    self.at += 1;
                    flush(&mut pieces, &mut text, false);
                    self.double_quoted(&mut pieces)?;
                }
                '\\' => {
                    self.at += 1;
                    text.extend(self.next());
                }
                '$' | '`' => {
                    flush(&mut pieces, &mut text, false);
                    let kind = self.expansion()?;
                    pieces.push(Piece { kind, quoted: false });
                }
                other => {
                    self.at += 1;
                    text.push(other);
                }
            }
        }
        flush(&mut pieces, &mut text, false);
        Ok(pieces)
    }

    fn double_quoted(&mut self, pieces: &mut Vec<Piece>) -> Result<(), Unreadable> {
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(Unreadable("Syntax error: Unterminated quoted string")),
                Some('"') => break,
                Some('\\') => {
                    self.at += 1;
                    let next = self.next();
                    if !next.is_some_and(|c| matches!(c, '"' | '\\' | '$' | '`')) {
                        text.push('\\');
                    }
                    text.extend(next);
                }
                Some('$' | '`') => {
                    flush(pieces, &mut text, true);
                    let kind = self.expansion()?;
                    pieces.push(Piece { kind, quoted: true });
                }
                Some(other) => {
                    self.at += 1;
                    text.push(other);
                }
            }
        }
        self.at += 1;
        // Also when empty: `""` is a word.
        pieces.push(Piece { kind: PieceKind::Text(text), quoted: true });
        Ok(())
    }

    /// What stands after `$`, or between backticks.
    fn expansion(&mut self) -> Result<PieceKind, Unreadable> {
        if self.next() == Some('`') {
            return Ok(PieceKind::Substitution(self.until('`')?.replace("\\`", "`")));
        }
        match (self.peek(), self.peek_after()) {
            (Some('('), Some('(')) => {
                self.at += 2;
                let inner = self.balanced()?;
                if self.next() != Some(')') {
                    return Err(Unreadable("Syntax error: Missing '))'"));
                }
                Ok(PieceKind::Arithmetic(inner))
            }
            (Some('('), _) => {
                self.at += 1;
                Ok(PieceKind::Substitution(self.balanced()?))
            }
            (Some('{'), _) => {
                self.at += 1;
                Ok(PieceKind::Variable(self.until('}')?))
            }
            (Some('?' | '$' | '0' | '@' | '*' | '#'), _) => {
                Ok(PieceKind::Variable(self.next().map(String::from).unwrap_or_default()))
            }
            (Some(first), _) if first.is_ascii_alphabetic() || first == '_' => {
                let name = |c: &&char| c.is_ascii_alphanumeric() || **c == '_';
                let name: String = self.rest[self.at..].iter().take_while(name).collect();
                self.at += name.len();
                Ok(PieceKind::Variable(name))
            }
            _ => Ok(PieceKind::Text("$".to_owned())),
        }
    }

    fn until(&mut self, end: char) -> Result<String, Unreadable> {
        let mut text = String::new();
        while let Some(next) = self.next() {
            if next == end {
                return Ok(text);
            }
            text.push(next);
        }
        Err(Unreadable("Syntax error: Unterminated quoted string"))
    }

    /// Up to the bracket that closes this one; its own brackets may nest.
    fn balanced(&mut self) -> Result<String, Unreadable> {
        let (mut text, mut depth) = (String::new(), 1);
        while let Some(next) = self.next() {
            match next {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(text);
            }
            text.push(next);
        }
        Err(Unreadable("Syntax error: end of file unexpected (expecting \")\")"))
    }
}

fn flush(pieces: &mut Vec<Piece>, text: &mut String, quoted: bool) {
    if !text.is_empty() {
        pieces.push(Piece { kind: PieceKind::Text(std::mem::take(text)), quoted });
    }
}
