//! The tree that the parser builds and the evaluator walks.

use crate::extract::Pattern;

use super::functions::Function;
use super::lexer::ParseError;
use super::render::Text;

#[derive(Debug)]
pub(super) enum Node {
    Bool(bool),
    Number(f64),
    Text(Vec<u8>),
    /// A text with markers in it, filled in at evaluation.
    Filled(Box<Text>),
    Variable(String),
    /// `name.Field`, which no value has.
    Field(String),
    /// A call that has no value whatever the variables are.
    Misuse(Box<ParseError>),
    Prefix(Prefix, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    /// A match against a pattern known when the expression was parsed.
    Matches(Box<Node>, Pattern),
    /// A call of `regex` and its kin with a literal pattern: texts must all (or any) match.
    Regex {
        function: &'static str,
        pattern: Pattern,
        texts: Vec<Node>,
        all: bool,
    },
    Call(&'static Function, Vec<Node>),
    List(Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Not,
    Negate,
    Complement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Then,
    Else,
    Coalesce,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Matches,
    MatchesNot,
    In,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

impl Binary {
    /// The operator written as `symbol`.
    pub(super) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "?" => Self::Then,
            ":" => Self::Else,
            "??" => Self::Coalesce,
            "||" => Self::Or,
            "&&" => Self::And,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterEqual,
            "=~" => Self::Matches,
            "!~" => Self::MatchesNot,
            "&" => Self::BitAnd,
            "|" => Self::BitOr,
            "^" => Self::BitXor,
            "<<" => Self::ShiftLeft,
            ">>" => Self::ShiftRight,
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Modulo,
            "**" => Self::Power,
            _ => return None,
        })
    }

    /// How tightly it binds; all operators are left-associative.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Self::Then | Self::Else | Self::Coalesce => 1,
            Self::Or => 2,
            Self::And => 3,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::Matches
            | Self::MatchesNot
            | Self::In => 4,
            Self::BitAnd | Self::BitOr | Self::BitXor => 5,
            Self::ShiftLeft | Self::ShiftRight => 6,
            Self::Add | Self::Subtract => 7,
            Self::Multiply | Self::Divide | Self::Modulo => 8,
            Self::Power => 9,
        }
    }
}

impl Node {
    /// The nodes directly below.
    pub(super) fn children(&self) -> Vec<&Node> {
        match self {
            Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Filled(_)
            | Self::Variable(_)
            | Self::Field(_)
            | Self::Misuse(_) => Vec::new(),
            Self::Prefix(_, node) | Self::Matches(node, _) => vec![node],
            Self::Binary(_, left, right) => vec![left, right],
            Self::Regex { texts: nodes, .. } | Self::Call(_, nodes) | Self::List(nodes) => {
                nodes.iter().collect()
            }
        }
    }
}
