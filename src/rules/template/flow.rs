//! `flow`: which blocks run, as an expression over their outcomes. Scripts are not run.

/// More calls than any template has.
const MAX_CALLS: usize = 100;

/// Parentheses and negations may be nested this deep.
const MAX_DEPTH: usize = 30;

/// An expression over blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// Run these blocks (from 0), all of them where none is named; true if each one matched.
    Run(Vec<usize>),
    /// Not.
    Not(Box<Flow>),
    /// The second only where the first is true.
    And(Box<Flow>, Box<Flow>),
    /// The second only where the first is false.
    Or(Box<Flow>, Box<Flow>),
    /// A block of this name is not there: never true.
    Missing(String),
}

/// Why a text is no such expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FlowFault {
    /// It is more than an expression: a program.
    Script,
}

impl Flow {
    /// The first block that is named and not there.
    pub(super) fn missing(&self) -> Option<&str> {
        match self {
            Self::Run(_) => None,
            Self::Not(inner) => inner.missing(),
            Self::And(first, second) | Self::Or(first, second) => {
                first.missing().or_else(|| second.missing())
            }
            Self::Missing(name) => Some(name),
        }
    }
}

/// Reads `text`; `ids` are the blocks' names.
pub(super) fn parse(text: &str, ids: &[Option<String>]) -> Result<Flow, FlowFault> {
    let mut parser = Parser { rest: text.trim_start(), ids, calls: 0 };
    let flow = parser.either(0)?;
    parser.take(";");
    if parser.rest.is_empty() { Ok(flow) } else { Err(FlowFault::Script) }
}

struct Parser<'t> {
    rest: &'t str,
    ids: &'t [Option<String>],
    calls: usize,
}

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn either(&mut self, depth: usize) -> Result<Flow, FlowFault> {
        let mut left = self.both(depth)?;
        while self.take("||") {
            left = Flow::Or(Box::new(left), Box::new(self.both(depth)?));
        }
        Ok(left)
    }

    fn both(&mut self, depth: usize) -> Result<Flow, FlowFault> {
        let mut left = self.one(depth)?;
        while self.take("&&") {
            left = Flow::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Flow, FlowFault> {
        if depth == MAX_DEPTH {
            return Err(FlowFault::Script);
        }
        if self.take("!") {
            return Ok(Flow::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.either(depth + 1)?;
            return if self.take(")") { Ok(inner) } else { Err(FlowFault::Script) };
        }
        if self.take("http") && self.take("(") {
            return self.call();
        }
        Err(FlowFault::Script)
    }

    /// After `http(`: numbers from 1, or names.
    fn call(&mut self) -> Result<Flow, FlowFault> {
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return Err(FlowFault::Script);
        }
        let mut blocks = Vec::new();
        let mut missing = None;
        while !self.take(")") {
            match self.block()? {
                Ok(block) => blocks.push(block),
                Err(name) => missing = missing.or(Some(name)),
            }
            if !self.take(",") && !self.rest.starts_with(')') {
                return Err(FlowFault::Script);
            }
        }
        Ok(missing.map_or(Flow::Run(blocks), Flow::Missing))
    }

    /// A block's index, or the name of one that is not there.
    fn block(&mut self) -> Result<Result<usize, String>, FlowFault> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let name = if let Some(quote) = quote {
            let inner = &self.rest[1..];
            let end = inner.find(quote).ok_or(FlowFault::Script)?;
            self.rest = inner[end + 1..].trim_start();
            &inner[..end]
        } else {
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let number = &self.rest[..digits];
            self.rest = self.rest[digits..].trim_start();
            number
        };
        if name.is_empty() {
            return Err(FlowFault::Script);
        }
        let by_id = self.ids.iter().position(|id| id.as_deref() == Some(name));
        let by_number = || name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let found = by_id.or_else(by_number).filter(|index| *index < self.ids.len());
        Ok(found.ok_or_else(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(block: usize) -> Flow {
        Flow::Run(vec![block])
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let ids = [None, Some("login".to_owned()), None];
        let flow = parse("http(1) || http('login') && !http(3)\n", &ids).unwrap();
        let not = Flow::Not(Box::new(run(2)));
        let and = Flow::And(Box::new(run(1)), Box::new(not));
        assert_eq!(flow, Flow::Or(Box::new(run(0)), Box::new(and)));
        assert_eq!(parse("( http() );", &ids), Ok(Flow::Run(Vec::new())));
    }

    #[test]
    fn programs_and_missing_blocks_are_told_apart() {
        let ids = [None];
        for script in ["http(1); for (;;) {}", "let a = 1", "", "http(1) &&", "http(1", "http(a)"] {
            assert_eq!(parse(script, &ids), Err(FlowFault::Script), "{script}");
        }
        assert_eq!(parse("http(2)", &ids), Ok(Flow::Missing("2".to_owned())));
        let flow = parse("http(1) || http(0)", &ids).expect("a flow");
        assert_eq!(flow.missing(), Some("0"));
        assert_eq!(parse(&"(".repeat(5000), &ids), Err(FlowFault::Script));
        assert_eq!(parse(&"!".repeat(5000), &ids), Err(FlowFault::Script));
    }
}
