//! Tokens to a tree: operators by precedence, left-associative.

use crate::extract::Pattern;
use crate::model::did_you_mean;

use super::ast::{Binary, Node, Prefix};
use super::functions::Function;
use super::lexer::{ParseError, Token, TokenKind, tokens};
use super::render::Text;

/// Longer expressions are refused: trees are walked recursively, so this bounds the stack too.
const MAX_TOKENS: usize = 1000;

/// Parentheses and calls may be nested this deep.
const MAX_DEPTH: usize = 50;

/// What `{{…}}` in a string may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markers {
    /// The name of a variable: the expression stands in a text that is rendered.
    Names,
    /// An expression: the string is rendered as a text of its own.
    Expressions,
}

/// The tree of `text`. Misuse of functions is no error but a node without a value.
pub(super) fn parse(text: &str, markers: Markers) -> Result<Node, ParseError> {
    let tokens = tokens(text)?;
    if let Some(token) = tokens.get(MAX_TOKENS) {
        let message = format!("the expression has more than {MAX_TOKENS} tokens");
        return Err(ParseError::new(token.at, message));
    }
    let mut parser = Parser { tokens: &tokens, next: 0, depth: 0, end: text.len(), markers };
    let node = parser.expression(0)?;
    match parser.peek() {
        None => Ok(node),
        Some(token) => Err(ParseError::new(token.at, "an operator is missing before this")),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    next: usize,
    depth: usize,
    end: usize,
    markers: Markers,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.next)
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    fn take(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(found);
        found
    }

    fn binary_ahead(&self) -> Option<Binary> {
        match &self.peek()?.kind {
            TokenKind::Symbol(symbol) => Binary::of(symbol),
            TokenKind::Name { name, bracketed: false } if name == "in" || name == "IN" => {
                Some(Binary::In)
            }
            TokenKind::Name { .. }
            | TokenKind::Field(_)
            | TokenKind::Number(_)
            | TokenKind::Date(_)
            | TokenKind::Text(_)
            | TokenKind::Comma
            | TokenKind::Open
            | TokenKind::Close => None,
        }
    }

    /// Operators that bind at least as tightly as `lowest`.
    fn expression(&mut self, lowest: u8) -> Result<Node, ParseError> {
        let mut left = self.operand()?;
        while let Some(operator) = self.binary_ahead().filter(|op| op.precedence() >= lowest) {
            let at = self.at();
            self.next += 1;
            let right = self.expression(operator.precedence() + 1)?;
            left = binary(operator, left, right, at)?;
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Node, ParseError> {
        let at = self.at();
        let Some(token) = self.peek() else {
            return Err(ParseError::new(at, "a value is missing at the end"));
        };
        self.next += 1;
        match &token.kind {
            TokenKind::Number(value) | TokenKind::Date(value) => Ok(Node::Number(*value)),
            TokenKind::Text(text) => Ok(self.text(text)),
            TokenKind::Open => self.group(at),
            TokenKind::Name { name, bracketed: true } => Ok(Node::Variable(name.clone())),
            TokenKind::Name { name, .. } => self.name(name, at),
            TokenKind::Field(name) => self.field(name, at),
            TokenKind::Symbol(symbol) => self.prefixed(symbol, at),
            TokenKind::Comma | TokenKind::Close => {
                Err(ParseError::new(at, "a value is missing here"))
            }
        }
    }

    fn name(&mut self, name: &str, at: usize) -> Result<Node, ParseError> {
        match name {
            "true" => return Ok(Node::Bool(true)),
            "false" => return Ok(Node::Bool(false)),
            "in" | "IN" => return Err(ParseError::new(at, "a value is missing here")),
            _ => {}
        }
        let function = Function::named(name);
        if !self.take(&TokenKind::Open) {
            if function.is_some() {
                let text = format!("`{name}` is a function; a variable of that name is `[{name}]`");
                return Err(ParseError::new(at, text));
            }
            return Ok(Node::Variable(name.to_owned()));
        }
        let Some(function) = function else {
            let near = did_you_mean(name, Function::names());
            let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            return Err(ParseError::new(at, format!("unknown function `{name}`{hint}")));
        };
        let mut arguments = self.arguments(at)?;
        // A list in the first place is spread, as it is in Nuclei: `f((a, b), c)` is `f(a, b, c)`.
        if let Some(Node::List(_)) = arguments.first()
            && let Node::List(mut spread) = arguments.remove(0)
        {
            spread.append(&mut arguments);
            arguments = spread;
        }
        if let Some(text) = refusal(function, &arguments) {
            return Ok(Node::Misuse(Box::new(ParseError::refusal(at, text))));
        }
        if let Err(text) = function.check_call(arguments.len()) {
            return Ok(misuse(at, text));
        }
        if let (Some(all), Some(Node::Text(pattern))) = (function.matches_all(), arguments.first())
        {
            return Ok(match compile(pattern) {
                Ok(pattern) => {
                    let (function, texts) = (function.name(), arguments.split_off(1));
                    Node::Regex { function, pattern, texts, all }
                }
                Err(text) => misuse(at, text),
            });
        }
        Ok(Node::Call(function, arguments))
    }

    fn text(&self, text: &str) -> Node {
        let filled = match self.markers {
            Markers::Names => Text::names_only(text),
            Markers::Expressions => Text::compile(text),
        };
        if filled.is_plain() {
            return Node::Text(text.as_bytes().to_vec());
        }
        Node::Filled(Box::new(filled))
    }

    /// No value has fields or methods; what names one is parsed and then has no value.
    fn field(&mut self, name: &str, at: usize) -> Result<Node, ParseError> {
        if self.take(&TokenKind::Open) {
            self.arguments(at)?;
        }
        Ok(Node::Field(name.to_owned()))
    }

    fn prefixed(&mut self, symbol: &str, at: usize) -> Result<Node, ParseError> {
        let prefix = match symbol {
            "!" => Prefix::Not,
            "-" => Prefix::Negate,
            "~" => Prefix::Complement,
            _ => return Err(ParseError::new(at, format!("a value is missing before `{symbol}`"))),
        };
        match self.peek().map(|token| &token.kind) {
            Some(TokenKind::Text(_) | TokenKind::Date(_) | TokenKind::Symbol(_)) => {
                let text = format!("`{symbol}` stands before a text or another operator");
                Err(ParseError::new(at, text))
            }
            _ => Ok(Node::Prefix(prefix, Box::new(self.operand()?))),
        }
    }

    /// After `(`: one expression, or a list for `in`.
    fn group(&mut self, at: usize) -> Result<Node, ParseError> {
        let mut items = self.arguments(at)?;
        match items.len() {
            0 => Err(ParseError::new(at, "these parentheses are empty")),
            1 => Ok(items.remove(0)),
            _ => Ok(Node::List(items)),
        }
    }

    /// Comma-separated expressions up to the closing parenthesis.
    fn arguments(&mut self, at: usize) -> Result<Vec<Node>, ParseError> {
        if self.depth == MAX_DEPTH {
            let text = format!("parentheses are nested more than {MAX_DEPTH} deep");
            return Err(ParseError::new(at, text));
        }
        let mut items = Vec::new();
        if self.take(&TokenKind::Close) {
            return Ok(items);
        }
        self.depth += 1;
        loop {
            items.push(self.expression(0)?);
            if self.take(&TokenKind::Close) {
                self.depth -= 1;
                return Ok(items);
            }
            if !self.take(&TokenKind::Comma) {
                let text = match self.peek() {
                    None => "this parenthesis is not closed",
                    Some(_) => "a comma or an operator is missing within these parentheses",
                };
                return Err(ParseError::new(at, text));
            }
        }
    }
}

fn binary(operator: Binary, left: Node, right: Node, at: usize) -> Result<Node, ParseError> {
    if let (Binary::Matches | Binary::MatchesNot, Node::Text(pattern)) = (operator, &right) {
        let pattern = compile(pattern).map_err(|text| ParseError::new(at, text))?;
        let matches = Node::Matches(Box::new(left), pattern);
        return Ok(match operator {
            Binary::MatchesNot => Node::Prefix(Prefix::Not, Box::new(matches)),
            _ => matches,
        });
    }
    Ok(Node::Binary(operator, Box::new(left), Box::new(right)))
}

/// Why a call is not made here, whatever the other values are.
fn refusal(function: &Function, arguments: &[Node]) -> Option<String> {
    let first = match arguments.first() {
        Some(Node::Text(text)) => Some(text.as_slice()),
        _ => None,
    };
    function.refusal(first)
}

fn misuse(at: usize, text: String) -> Node {
    Node::Misuse(Box::new(ParseError::misuse(at, text)))
}

fn compile(pattern: &[u8]) -> Result<Pattern, String> {
    Pattern::deferred(&String::from_utf8_lossy(pattern)).map_err(|error| error.to_string())
}
