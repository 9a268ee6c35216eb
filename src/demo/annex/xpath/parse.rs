//! Reads an expression.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Union(Box<Expression>, Box<Expression>),
    Compare(&'static str, Box<Expression>, Box<Expression>),
    Add(bool, Box<Expression>, Box<Expression>),
    Text(String),
    Number(f64),
    Call(String, Vec<Expression>),
    Path(bool, Vec<Step>),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    /// After `//`: at any depth.
    pub(super) deep: bool,
    pub(super) test: Test,
    pub(super) predicates: Vec<Expression>,
}

/// What a step looks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Name(String),
    Any,
    Attribute(String),
    Text,
    Node,
    Itself,
    Parent,
}

const DEPTH: usize = 24;

type Parsed<T> = Result<T, String>;

/// The expression that a text is.
pub(super) fn parse(text: &str) -> Parsed<Expression> {
    let mut parser = Parser { rest: text };
    let expression = parser.or(0)?;
    match parser.rest.trim() {
        "" => Ok(expression),
        rest => Err(format!("extra illegal tokens: '{rest}'")),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some(after) = rest.strip_prefix(token) else { return false };
        // A word must end where the token ends.
        let is_word = token.bytes().all(|b| b.is_ascii_alphabetic());
        if is_word && after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-') {
            return false;
        }
        self.rest = after;
        true
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.take(token) { Ok(()) } else { Err(format!("expected token '{token}'")) }
    }

    fn or(&mut self, depth: usize) -> Parsed<Expression> {
        if depth > DEPTH {
            return Err("expression is nested too deeply".to_owned());
        }
        let mut left = self.and(depth)?;
        while self.take("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and(depth)?));
        }
        Ok(left)
    }

    fn and(&mut self, depth: usize) -> Parsed<Expression> {
        let mut left = self.comparison(depth)?;
        while self.take("and") {
            left = Expression::And(Box::new(left), Box::new(self.comparison(depth)?));
        }
        Ok(left)
    }

    fn comparison(&mut self, depth: usize) -> Parsed<Expression> {
        let mut left = self.sum(depth)?;
        while let Some(sign) = ["!=", "<=", ">=", "=", "<", ">"].into_iter().find(|s| self.take(s))
        {
            left = Expression::Compare(sign, Box::new(left), Box::new(self.sum(depth)?));
        }
        Ok(left)
    }

    fn sum(&mut self, depth: usize) -> Parsed<Expression> {
        let mut left = self.union(depth)?;
        while let Some(sign) = ["+", "-"].into_iter().find(|sign| self.take(sign)) {
            left = Expression::Add(sign == "+", Box::new(left), Box::new(self.union(depth)?));
        }
        Ok(left)
    }

    fn union(&mut self, depth: usize) -> Parsed<Expression> {
        let mut left = self.primary(depth)?;
        while self.take("|") {
            left = Expression::Union(Box::new(left), Box::new(self.primary(depth)?));
        }
        Ok(left)
    }

    fn primary(&mut self, depth: usize) -> Parsed<Expression> {
        self.rest = self.rest.trim_start();
        let rest = self.rest;
        if self.take("(") {
            let inner = self.or(depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (text, after) = rest[1..].split_once(quote).ok_or("unterminated string literal")?;
            self.rest = after;
            return Ok(Expression::Text(text.to_owned()));
        }
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            self.rest = &rest[digits..];
            let number = rest[..digits].parse();
            return number.map(Expression::Number).map_err(|_| "bad number".to_owned());
        }
        let name = name_of(rest);
        let is_call = rest[name.len()..].starts_with('(');
        if !name.is_empty() && is_call && !matches!(name, "text" | "node") {
            self.rest = &rest[name.len() + 1..];
            return self.arguments(name, depth);
        }
        self.path(depth)
    }

    fn arguments(&mut self, name: &str, depth: usize) -> Parsed<Expression> {
        let mut arguments = Vec::new();
        if !self.take(")") {
            loop {
                arguments.push(self.or(depth + 1)?);
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        Ok(Expression::Call(name.to_owned(), arguments))
    }

    fn path(&mut self, depth: usize) -> Parsed<Expression> {
        let mut steps = Vec::new();
        let mut deep = self.take("//");
        let absolute = deep || self.take("/");
        if absolute && !deep && self.rest.trim().is_empty() {
            return Ok(Expression::Path(true, steps));
        }
        loop {
            let test = self.test()?;
            let mut predicates = Vec::new();
            while self.take("[") {
                predicates.push(self.or(depth + 1)?);
                self.expect("]")?;
            }
            steps.push(Step { deep, test, predicates });
            deep = self.take("//");
            if !deep && !self.take("/") {
                return Ok(Expression::Path(absolute, steps));
            }
        }
    }

    fn test(&mut self) -> Parsed<Test> {
        for axis in ["child::", "self::node()", "parent::node()"] {
            if self.take(axis) && !axis.starts_with("child") {
                return Ok(if axis.starts_with('s') { Test::Itself } else { Test::Parent });
            }
        }
        for (token, test) in [
            ("..", Test::Parent),
            (".", Test::Itself),
            ("*", Test::Any),
            ("text()", Test::Text),
            ("node()", Test::Node),
        ] {
            if self.take(token) {
                return Ok(test);
            }
        }
        let is_attribute = self.take("@") || self.take("attribute::");
        self.rest = self.rest.trim_start();
        let name = if self.take("*") { "*" } else { name_of(self.rest) };
        if name.is_empty() {
            let token: String = self.rest.chars().take(12).collect();
            return Err(format!("expected a node test at '{token}'"));
        }
        self.rest = self.rest.strip_prefix(name).unwrap_or(self.rest);
        let name = name.to_owned();
        Ok(if is_attribute { Test::Attribute(name) } else { Test::Name(name) })
    }
}

fn name_of(text: &str) -> &str {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return "";
    }
    &text[..text.find(|c| !is_name(c)).unwrap_or(text.len())]
}
