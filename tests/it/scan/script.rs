//! Just enough of three script languages to be injected into: expressions of strings and numbers.

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    JavaScript,
    Php,
}

/// What an expression gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Number(i64),
    Text(String),
    Truth(bool),
}

impl Value {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

/// Evaluates a whole text.
pub(super) fn evaluate(language: Language, text: &str) -> Result<Value, String> {
    let mut reader = Reader { language, tokens: tokens(text)?, at: 0 };
    let tree = reader.expression()?;
    match reader.next() {
        None => run(language, &tree),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Number(i64),
    Text(String),
    Name(String),
    Sign(&'static str),
}

const SIGNS: [&str; 13] = ["==", "!=", "<", ">", "(", ")", "+", "*", ".", "?", ":", ";", ","];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let (mut rest, mut found) = (text, Vec::new());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' => 1,
            '\'' | '"' => {
                let end = rest[1..].find(first).ok_or("a string without an end")?;
                found.push(Token::Text(rest[1..=end].to_owned()));
                end + 2
            }
            '0'..='9' => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                found.push(Token::Number(rest[..end].parse().map_err(|_| "a large number")?));
                end
            }
            _ if first.is_alphabetic() => {
                let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
                found.push(Token::Name(rest[..end].to_owned()));
                end
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| format!("odd character {first}"))?;
                found.push(Token::Sign(sign));
                sign.len()
            }
        };
        rest = &rest[length..];
    }
    Ok(found)
}

enum Tree {
    Value(Value),
    Name(String),
    Call(String, Box<Tree>),
    Pair(&'static str, Box<Tree>, Box<Tree>),
    /// Condition, then, else.
    Choice(Box<Tree>, Box<Tree>, Box<Tree>),
}

struct Reader {
    language: Language,
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    fn sign(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        signs.iter().copied().find(|sign| self.takes(&Token::Sign(sign)))
    }

    fn expression(&mut self) -> Result<Tree, String> {
        let first = self.comparison()?;
        let is_python = self.language == Language::Python;
        if is_python && self.takes(&Token::Name("if".to_owned())) {
            let condition = self.comparison()?;
            if !self.takes(&Token::Name("else".to_owned())) {
                return Err("if without else".to_owned());
            }
            let other = self.expression()?;
            return Ok(Tree::Choice(Box::new(condition), Box::new(first), Box::new(other)));
        }
        if !is_python && self.sign(&["?"]).is_some() {
            let then = self.expression()?;
            self.sign(&[":"]).ok_or("? without :")?;
            let other = self.expression()?;
            return Ok(Tree::Choice(Box::new(first), Box::new(then), Box::new(other)));
        }
        Ok(first)
    }

    fn comparison(&mut self) -> Result<Tree, String> {
        let left = self.sum()?;
        match self.sign(&["==", "!=", "<", ">"]) {
            Some(sign) => Ok(Tree::Pair(sign, Box::new(left), Box::new(self.sum()?))),
            None => Ok(left),
        }
    }

    fn sum(&mut self) -> Result<Tree, String> {
        let glue: &[&str] = if self.language == Language::Php { &["+", "."] } else { &["+"] };
        let mut left = self.product()?;
        while let Some(sign) = self.sign(glue) {
            left = Tree::Pair(sign, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Tree, String> {
        let mut left = self.single()?;
        while let Some(sign) = self.sign(&["*"]) {
            left = Tree::Pair(sign, Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Tree, String> {
        match self.next().ok_or("the end")? {
            Token::Number(number) => Ok(Tree::Value(Value::Number(number))),
            Token::Text(text) => Ok(Tree::Value(Value::Text(text))),
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.sign(&[")"]).ok_or("( without )")?;
                Ok(inner)
            }
            Token::Name(name) if self.sign(&["("]).is_some() => {
                let inner = self.expression()?;
                self.sign(&[")"]).ok_or("( without )")?;
                Ok(Tree::Call(name, Box::new(inner)))
            }
            Token::Name(name) => {
                // `a.b` of something that is not there either.
                while self.language == Language::JavaScript && self.sign(&["."]).is_some() {
                    self.next();
                }
                Ok(Tree::Name(name))
            }
            Token::Sign(sign) => Err(format!("unexpected {sign}")),
        }
    }
}

fn run(language: Language, tree: &Tree) -> Result<Value, String> {
    match tree {
        Tree::Value(value) => Ok(value.clone()),
        Tree::Name(name) => Err(format!("{name} is not defined")),
        Tree::Call(name, inner) if name == "str" && language == Language::Python => {
            Ok(Value::Text(run(language, inner)?.text()))
        }
        Tree::Call(name, _) => Err(format!("{name} is no function")),
        Tree::Choice(condition, then, other) => match run(language, condition)? {
            Value::Truth(true) => run(language, then),
            _ => run(language, other),
        },
        Tree::Pair(sign, left, right) => {
            pair(language, sign, run(language, left)?, run(language, right)?)
        }
    }
}

fn pair(language: Language, sign: &str, left: Value, right: Value) -> Result<Value, String> {
    match (sign, left, right) {
        ("==", left, right) => Ok(Value::Truth(left == right)),
        ("!=", left, right) => Ok(Value::Truth(left != right)),
        (".", left, right) => Ok(Value::Text(left.text() + &right.text())),
        ("<", Value::Number(left), Value::Number(right)) => Ok(Value::Truth(left < right)),
        (">", Value::Number(left), Value::Number(right)) => Ok(Value::Truth(left > right)),
        ("*", Value::Number(left), Value::Number(right)) => Ok(Value::Number(left * right)),
        ("+", Value::Number(left), Value::Number(right)) => Ok(Value::Number(left + right)),
        ("+", Value::Text(left), Value::Text(right)) if language != Language::Php => {
            Ok(Value::Text(left + &right))
        }
        ("+", left, right) if language == Language::JavaScript => {
            Ok(Value::Text(left.text() + &right.text()))
        }
        (sign, ..) => Err(format!("{sign} does not go with this")),
    }
}

#[test]
fn languages_differ_where_they_do() {
    let text = |language, code| evaluate(language, code).map(|value| value.text());
    assert_eq!(text(Language::Python, "'a'+str(2*3)+'b'").as_deref(), Ok("a6b"));
    assert_eq!(text(Language::Python, "('x' if 1==1 else y)").as_deref(), Ok("x"));
    assert_eq!(text(Language::JavaScript, "'a'+(2*3)+\"b\"").as_deref(), Ok("a6b"));
    assert_eq!(text(Language::JavaScript, "(1<2?'x':y.y)").as_deref(), Ok("x"));
    assert_eq!(text(Language::Php, "'a'.(2*3).'b'").as_deref(), Ok("a6b"));
    for (language, code) in [
        (Language::Python, "'a'+(2*3)"),
        (Language::Python, "'a"),
        (Language::JavaScript, "(1>2?'x':y.y)"),
        (Language::Php, "'a'+'b'"),
        (Language::Php, "7'\")("),
    ] {
        assert!(text(language, code).is_err(), "{language:?} {code}");
    }
}
