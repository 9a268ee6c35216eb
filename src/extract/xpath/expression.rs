//! What an expression is, once it is parsed.

use super::super::pattern::Pattern;

/// An expression; each has a type that is known before any document.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    /// Operands of the same precedence, from left to right: as a list, so that a long chain is no
    /// deep tree.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
    Negated(Box<Expression>),
    Call(Function, Vec<Expression>),
    Path(Path),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
    Union,
}

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Nodes,
    Text,
    Number,
    Boolean,
}

#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Debug, Clone)]
pub(super) enum Start {
    Root,
    Here,
    Filtered(Box<Expression>, Vec<Expression>),
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: NodeTest,
    pub(super) predicates: Vec<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Own,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeTest {
    Any,
    Comment,
    Text,
    Instruction(Option<String>),
    Star,
    /// `prefix:*`, with the colon.
    Prefix(String),
    Name(String),
}

#[derive(Debug, Clone)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    EndsWith,
    False,
    Floor,
    Id,
    Lang,
    Last,
    LocalName,
    LowerCase,
    /// The pattern is a part of the function: it must be a literal, so that it is compiled once.
    Matches(Pattern),
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
    UpperCase,
}

impl Operator {
    /// Those of a higher level bind more tightly. The level between [`Operator::Times`] and
    /// [`Operator::Union`] is the negation's.
    pub(super) fn level(self) -> u8 {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::Equal | Self::NotEqual => 2,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 3,
            Self::Plus | Self::Minus => 4,
            Self::Times | Self::Divide | Self::Modulo => 5,
            Self::Union => 7,
        }
    }
}

impl Axis {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ancestor" => Self::Ancestor,
            "ancestor-or-self" => Self::AncestorOrSelf,
            "attribute" => Self::Attribute,
            "child" => Self::Child,
            "descendant" => Self::Descendant,
            "descendant-or-self" => Self::DescendantOrSelf,
            "following" => Self::Following,
            "following-sibling" => Self::FollowingSibling,
            "namespace" => Self::Namespace,
            "parent" => Self::Parent,
            "preceding" => Self::Preceding,
            "preceding-sibling" => Self::PrecedingSibling,
            "self" => Self::Own,
            _ => return None,
        })
    }
}

impl Function {
    /// A function with the least and the greatest number of its arguments; `matches` is none of
    /// them, as it is made of its argument.
    pub(super) fn named(name: &str) -> Option<(Self, usize, usize)> {
        Some(match name {
            "boolean" => (Self::Boolean, 1, 1),
            "ceiling" => (Self::Ceiling, 1, 1),
            "concat" => (Self::Concat, 2, usize::MAX),
            "contains" => (Self::Contains, 2, 2),
            "count" => (Self::Count, 1, 1),
            "ends-with" => (Self::EndsWith, 2, 2),
            "false" => (Self::False, 0, 0),
            "floor" => (Self::Floor, 1, 1),
            "id" => (Self::Id, 1, 1),
            "lang" => (Self::Lang, 1, 1),
            "last" => (Self::Last, 0, 0),
            "local-name" => (Self::LocalName, 0, 1),
            "lower-case" => (Self::LowerCase, 1, 1),
            "name" => (Self::Name, 0, 1),
            "namespace-uri" => (Self::NamespaceUri, 0, 1),
            "normalize-space" => (Self::NormalizeSpace, 0, 1),
            "not" => (Self::Not, 1, 1),
            "number" => (Self::Number, 0, 1),
            "position" => (Self::Position, 0, 0),
            "round" => (Self::Round, 1, 1),
            "starts-with" => (Self::StartsWith, 2, 2),
            "string" => (Self::String, 0, 1),
            "string-length" => (Self::StringLength, 0, 1),
            "substring" => (Self::Substring, 2, 3),
            "substring-after" => (Self::SubstringAfter, 2, 2),
            "substring-before" => (Self::SubstringBefore, 2, 2),
            "sum" => (Self::Sum, 1, 1),
            "translate" => (Self::Translate, 3, 3),
            "true" => (Self::True, 0, 0),
            "upper-case" => (Self::UpperCase, 1, 1),
            _ => return None,
        })
    }

    /// Whether its argument, if there is one, must be nodes.
    pub(super) fn wants_nodes(&self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Name | Self::LocalName | Self::NamespaceUri)
    }

    fn gives(&self) -> Type {
        match self {
            Self::Id => Type::Nodes,
            Self::Boolean
            | Self::Contains
            | Self::EndsWith
            | Self::False
            | Self::Lang
            | Self::Matches(_)
            | Self::Not
            | Self::StartsWith
            | Self::True => Type::Boolean,
            Self::Ceiling
            | Self::Count
            | Self::Floor
            | Self::Last
            | Self::Number
            | Self::Position
            | Self::Round
            | Self::StringLength
            | Self::Sum => Type::Number,
            Self::Concat
            | Self::LocalName
            | Self::LowerCase
            | Self::Name
            | Self::NamespaceUri
            | Self::NormalizeSpace
            | Self::String
            | Self::Substring
            | Self::SubstringAfter
            | Self::SubstringBefore
            | Self::Translate
            | Self::UpperCase => Type::Text,
        }
    }
}

impl Expression {
    pub(super) fn gives(&self) -> Type {
        match self {
            Self::Number(_) | Self::Negated(_) => Type::Number,
            Self::Text(_) => Type::Text,
            Self::Call(function, _) => function.gives(),
            Self::Path(_) => Type::Nodes,
            Self::Chain(_, rest) => match rest.first().map(|(operator, _)| operator.level()) {
                Some(4 | 5) => Type::Number,
                Some(7) => Type::Nodes,
                _ => Type::Boolean,
            },
        }
    }
}
