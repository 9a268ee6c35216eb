//! Tokens as an expression, with its types checked.

use super::super::pattern::Pattern;
use super::expression::{Axis, Expression, Function, NodeTest, Operator, Path, Start, Step, Type};
use super::lexer::{Fault, Placed, Token, fault, tokens};

/// Parentheses, predicates and arguments may be nested this deep.
const MAX_DEPTH: u32 = 32;

/// Of each name and operator, the level of the tightest one.
const TIGHTEST: u8 = 7;
const NEGATION: u8 = 6;

pub(super) fn parse(text: &str) -> Result<Expression, Fault> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), end: text.len(), depth: 0 };
    let expression = parser.expression()?;
    match parser.tokens.next() {
        None => Ok(expression),
        Some((at, _)) => fault(at, "the expression should end here"),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Placed>>,
    /// Where the text ends, for what is missing there.
    end: usize,
    depth: u32,
}

impl Parser {
    fn peek(&mut self) -> Option<&Token> {
        self.tokens.peek().map(|(_, token)| token)
    }

    fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |(at, _)| *at)
    }

    fn takes(&mut self, token: &Token) -> bool {
        self.tokens.next_if(|(_, next)| next == token).is_some()
    }

    fn expect(&mut self, token: &Token, written: &str) -> Result<(), Fault> {
        let at = self.at();
        if self.takes(token) { Ok(()) } else { fault(at, format!("`{written}` is missing")) }
    }

    fn expression(&mut self) -> Result<Expression, Fault> {
        let at = self.at();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return fault(at, format!("nested more than {MAX_DEPTH} deep"));
        }
        let expression = self.chain(0)?;
        self.depth -= 1;
        Ok(expression)
    }

    /// Operands of operators of `level`, or whatever binds more tightly.
    fn chain(&mut self, level: u8) -> Result<Expression, Fault> {
        if level > TIGHTEST {
            return self.path();
        }
        if level == NEGATION {
            return self.negation();
        }
        let at = self.at();
        let first = self.chain(level + 1)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator(level) {
            let at = self.at();
            let operand = self.chain(level + 1)?;
            if operator == Operator::Union {
                must_be_nodes(&operand, at)?;
            }
            rest.push((operator, operand));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        if level == Operator::Union.level() {
            must_be_nodes(&first, at)?;
        }
        Ok(Expression::Chain(Box::new(first), rest))
    }

    fn operator(&mut self, level: u8) -> Option<Operator> {
        match self.peek() {
            Some(Token::Operator(operator)) if operator.level() == level => {
                let operator = *operator;
                self.tokens.next();
                Some(operator)
            }
            _ => None,
        }
    }

    fn negation(&mut self) -> Result<Expression, Fault> {
        let mut count = 0;
        while self.takes(&Token::Operator(Operator::Minus)) {
            count += 1;
        }
        let operand = self.chain(NEGATION + 1)?;
        Ok(match (count, count % 2) {
            (0, _) => operand,
            (_, 1) => Expression::Negated(Box::new(operand)),
            _ => Expression::Negated(Box::new(Expression::Negated(Box::new(operand)))),
        })
    }

    fn path(&mut self) -> Result<Expression, Fault> {
        let at = self.at();
        let mut steps = Vec::new();
        let start = match self.peek() {
            Some(Token::Slash) => {
                self.tokens.next();
                if self.starts_step() {
                    self.steps(&mut steps)?;
                }
                Start::Root
            }
            Some(Token::DoubleSlash) => {
                self.tokens.next();
                steps.push(descendants());
                self.steps(&mut steps)?;
                Start::Root
            }
            _ => {
                if !self.starts_step() {
                    return self.filtered(at);
                }
                self.steps(&mut steps)?;
                Start::Here
            }
        };
        Ok(Expression::Path(Path { start, steps }))
    }

    /// A string, a number, a call or a parenthesis, with what follows it.
    fn filtered(&mut self, at: usize) -> Result<Expression, Fault> {
        let primary = self.primary()?;
        let predicates = self.predicates()?;
        let mut steps = Vec::new();
        if self.takes(&Token::DoubleSlash) {
            steps.push(descendants());
            self.steps(&mut steps)?;
        } else if self.takes(&Token::Slash) {
            self.steps(&mut steps)?;
        }
        if predicates.is_empty() && steps.is_empty() {
            return Ok(primary);
        }
        must_be_nodes(&primary, at)?;
        Ok(Expression::Path(Path { start: Start::Filtered(Box::new(primary), predicates), steps }))
    }

    fn primary(&mut self) -> Result<Expression, Fault> {
        let at = self.at();
        match self.tokens.next().map(|(_, token)| token) {
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::Text(text)) => Ok(Expression::Text(text)),
            Some(Token::Open) => {
                let inner = self.expression()?;
                self.expect(&Token::Close, ")")?;
                Ok(inner)
            }
            Some(Token::Function(name)) => self.call(&name, at),
            Some(_) => fault(at, "an expression is expected here"),
            None => fault(at, "the expression is not complete"),
        }
    }

    fn call(&mut self, name: &str, at: usize) -> Result<Expression, Fault> {
        self.expect(&Token::Open, "(")?;
        let mut arguments = Vec::new();
        if !self.takes(&Token::Close) {
            arguments.push(self.expression()?);
            while self.takes(&Token::Comma) {
                arguments.push(self.expression()?);
            }
            self.expect(&Token::Close, ")")?;
        }
        if name == "matches" {
            return matches(arguments, at);
        }
        let Some((function, least, most)) = Function::named(name) else {
            return fault(at, format!("there is no function `{name}`"));
        };
        if !(least..=most).contains(&arguments.len()) {
            let count = arguments.len();
            return fault(at, format!("`{name}` does not take {count} arguments"));
        }
        if function.wants_nodes() {
            arguments.iter().try_for_each(|argument| must_be_nodes(argument, at))?;
        }
        Ok(Expression::Call(function, arguments))
    }

    fn starts_step(&mut self) -> bool {
        match self.peek() {
            Some(Token::Function(name)) => is_node_type(name),
            Some(
                Token::Dot
                | Token::DoubleDot
                | Token::At
                | Token::Star
                | Token::Name(_)
                | Token::Prefix(_)
                | Token::Axis(_),
            ) => true,
            _ => false,
        }
    }

    fn steps(&mut self, steps: &mut Vec<Step>) -> Result<(), Fault> {
        loop {
            steps.push(self.step()?);
            if self.takes(&Token::DoubleSlash) {
                steps.push(descendants());
            } else if !self.takes(&Token::Slash) {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Result<Step, Fault> {
        let at = self.at();
        let (axis, test) = if self.takes(&Token::Dot) {
            (Axis::Own, NodeTest::Any)
        } else if self.takes(&Token::DoubleDot) {
            (Axis::Parent, NodeTest::Any)
        } else {
            let axis = self.axis(at)?;
            (axis, self.node_test()?)
        };
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&mut self, at: usize) -> Result<Axis, Fault> {
        if self.takes(&Token::At) {
            return Ok(Axis::Attribute);
        }
        let named = self.tokens.next_if(|(_, token)| matches!(token, Token::Axis(_)));
        let Some((_, Token::Axis(name))) = named else { return Ok(Axis::Child) };
        match Axis::named(&name) {
            Some(axis) => Ok(axis),
            None => fault(at, format!("there is no axis `{name}`")),
        }
    }

    fn node_test(&mut self) -> Result<NodeTest, Fault> {
        let at = self.at();
        match self.tokens.next().map(|(_, token)| token) {
            Some(Token::Star) => Ok(NodeTest::Star),
            Some(Token::Name(name)) => Ok(NodeTest::Name(name)),
            Some(Token::Prefix(prefix)) => Ok(NodeTest::Prefix(prefix)),
            Some(Token::Function(name)) if is_node_type(&name) => self.node_type(&name),
            _ => fault(at, "a step is expected here"),
        }
    }

    fn node_type(&mut self, name: &str) -> Result<NodeTest, Fault> {
        self.expect(&Token::Open, "(")?;
        let target = self.tokens.next_if(|(_, token)| {
            name == "processing-instruction" && matches!(token, Token::Text(_))
        });
        self.expect(&Token::Close, ")")?;
        Ok(match (name, target) {
            ("comment", _) => NodeTest::Comment,
            ("text", _) => NodeTest::Text,
            ("node", _) => NodeTest::Any,
            (_, Some((_, Token::Text(target)))) => NodeTest::Instruction(Some(target)),
            _ => NodeTest::Instruction(None),
        })
    }

    fn predicates(&mut self) -> Result<Vec<Expression>, Fault> {
        let mut predicates = Vec::new();
        while self.takes(&Token::OpenBracket) {
            predicates.push(self.expression()?);
            self.expect(&Token::CloseBracket, "]")?;
        }
        Ok(predicates)
    }
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "comment" | "text" | "node" | "processing-instruction")
}

/// What `//` stands for.
fn descendants() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: NodeTest::Any, predicates: Vec::new() }
}

fn must_be_nodes(expression: &Expression, at: usize) -> Result<(), Fault> {
    match expression.gives() {
        Type::Nodes => Ok(()),
        Type::Text => fault(at, "this should select nodes and is a string"),
        Type::Number => fault(at, "this should select nodes and is a number"),
        Type::Boolean => fault(at, "this should select nodes and is a boolean"),
    }
}

/// `matches(text, "pattern", "flags")`, with RE2's patterns and flags.
fn matches(mut arguments: Vec<Expression>, at: usize) -> Result<Expression, Fault> {
    let flags = if arguments.len() == 3 { arguments.pop() } else { None };
    let literal = |argument: Option<Expression>| match argument {
        Some(Expression::Text(text)) => Ok(text),
        _ => fault(at, "`matches` takes a text and a pattern, which is written as a string"),
    };
    let flags = flags.map(|flags| literal(Some(flags))).transpose()?.unwrap_or_default();
    let pattern = literal(arguments.pop())?;
    if arguments.len() != 1 {
        return fault(at, "`matches` takes a text and a pattern");
    }
    if !flags.bytes().all(|flag| matches!(flag, b'i' | b'm' | b's')) {
        return fault(at, "the flags of `matches` are `i`, `m` and `s`");
    }
    let pattern = if flags.is_empty() { pattern } else { format!("(?{flags}){pattern}") };
    match Pattern::new(&pattern) {
        Ok(pattern) => Ok(Expression::Call(Function::Matches(pattern), arguments)),
        Err(error) => fault(at, error.to_string()),
    }
}
