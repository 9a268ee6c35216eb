//! What a function is, which there are, and what they have in common.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::super::environment::Environment;
use super::super::eval::EvalError;
use super::super::value::Value;
use super::java;
use super::{
    ciphers, clock, compression, digests, encodings, lists, network, numbers, random, refused,
};

/// A function never makes a longer text than this.
pub(super) const MAX_TEXT: usize = 16 << 20;

/// A function never makes a list of more entries than this.
const MAX_ENTRIES: usize = 1 << 18;

/// The upper end of an open arity.
pub(super) const MANY: usize = 1000;

pub(super) type Text<'v> = Cow<'v, [u8]>;

/// One function.
#[derive(Debug)]
pub(in crate::rules::dsl) struct Function {
    name: &'static str,
    arity: RangeInclusive<usize>,
    body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    /// A test of texts.
    Test(fn(&[Text<'_>]) -> bool),
    /// A text from texts, never much longer than its arguments together.
    Map(fn(&[Text<'_>]) -> Vec<u8>),
    /// A text from texts, or a reason why there is none.
    Try(fn(&[Text<'_>]) -> Result<Vec<u8>, EvalError>),
    /// A number from texts, or a reason why there is none.
    Count(fn(&[Text<'_>]) -> Result<f64, EvalError>),
    /// Anything that looks at the arguments' kinds.
    Any(for<'v> fn(Vec<Value<'v>>) -> Result<Value<'v>, EvalError>),
    /// Anything that looks at the environment; with a number of arguments out of `looks` it does
    /// not.
    With {
        run: for<'v> fn(Vec<Value<'v>>, &mut Environment<'_>) -> Result<Value<'v>, EvalError>,
        looks: RangeInclusive<usize>,
    },
    /// Never called, for this reason.
    Refused(&'static str),
}

pub(super) const fn function(
    name: &'static str,
    arity: RangeInclusive<usize>,
    body: Body,
) -> Function {
    Function { name, arity, body }
}

/// Looks at the environment whatever its arguments are.
pub(super) const fn with(
    run: for<'v> fn(Vec<Value<'v>>, &mut Environment<'_>) -> Result<Value<'v>, EvalError>,
) -> Body {
    Body::With { run, looks: 0..=MANY }
}

/// All functions.
fn all() -> impl Iterator<Item = &'static Function> {
    let tables = [
        super::texts::TABLE,
        lists::TABLE,
        encodings::TABLE,
        digests::TABLE,
        ciphers::TABLE,
        compression::TABLE,
        numbers::TABLE,
        clock::TABLE,
        random::TABLE,
        network::TABLE,
        refused::TABLE,
    ];
    tables.into_iter().flatten()
}

fn without_underscores(name: &str) -> String {
    name.replace('_', "")
}

static NAMES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let names =
        all().flat_map(|function| [function.name.to_owned(), without_underscores(function.name)]);
    AhoCorasick::new(names).expect("a few short names")
});

/// Whether the name of any function stands in `text`, be it within another word.
pub(in crate::rules::dsl) fn is_any_name_in(text: &str) -> bool {
    NAMES.is_match(text)
}

impl Function {
    /// The function of that name, with or without underscores.
    pub(in crate::rules::dsl) fn named(name: &str) -> Option<&'static Self> {
        all().find(|function| {
            function.name == name
                || function.name.bytes().filter(|byte| *byte != b'_').eq(name.bytes())
        })
    }

    /// Every name.
    pub(in crate::rules::dsl) fn names() -> impl Iterator<Item = &'static str> {
        all().map(|function| function.name)
    }

    pub(in crate::rules::dsl) fn name(&self) -> &'static str {
        self.name
    }

    /// Why it is not called here: ever, or with this text as its first argument.
    pub(in crate::rules::dsl) fn refusal(&self, first: Option<&[u8]>) -> Option<String> {
        let reason = match self.body {
            Body::Refused(reason) => reason,
            _ if self.name == "generate_java_gadget" => {
                first.filter(|name| java::runs_commands(name)).map(|_| java::RUNS_COMMANDS)?
            }
            _ => return None,
        };
        Some(format!("`{}` is refused: {reason}", self.name))
    }

    /// Whether it can be called with `count` arguments.
    pub(in crate::rules::dsl) fn check_call(&self, count: usize) -> Result<(), String> {
        let (low, high) = (*self.arity.start(), *self.arity.end());
        if self.arity.contains(&count) {
            return Ok(());
        }
        let takes = match (low, high) {
            (1, 1) => "1 argument".to_owned(),
            (low, high) if low == high => format!("{low} arguments"),
            (low, MANY) => format!("{low} or more arguments"),
            (low, high) => format!("{low} to {high} arguments"),
        };
        Err(format!("`{}` takes {takes}, not {count}", self.name))
    }

    /// Whether a call with so many arguments gives the same value every time.
    pub(in crate::rules::dsl) fn is_pure(&self, count: usize) -> bool {
        match &self.body {
            Body::With { looks, .. } => !looks.contains(&count),
            Body::Test(_)
            | Body::Map(_)
            | Body::Try(_)
            | Body::Count(_)
            | Body::Any(_)
            | Body::Refused(_) => true,
        }
    }

    /// For functions whose first argument is a pattern: whether all texts must match, or any.
    pub(in crate::rules::dsl) fn matches_all(&self) -> Option<bool> {
        match self.name {
            "regex" | "regex_all" => Some(true),
            "regex_any" => Some(false),
            _ => None,
        }
    }

    /// Calls it; the arity has been checked.
    pub(in crate::rules::dsl) fn call<'v>(
        &self,
        arguments: Vec<Value<'v>>,
        environment: &mut Environment<'_>,
    ) -> Result<Value<'v>, EvalError> {
        let result = match self.body {
            Body::Test(test) => Ok(Value::Bool(test(&texts(arguments)))),
            Body::Map(map) => Ok(Value::owned(map(&texts(arguments)))),
            Body::Try(map) => map(&texts(arguments)).map(Value::owned),
            Body::Count(count) => count(&texts(arguments)).map(Value::Number),
            Body::Any(body) => body(arguments),
            Body::With { run, .. } => run(arguments, environment),
            Body::Refused(reason) => Err(unfit(reason)),
        };
        result.map_err(|error| match error {
            EvalError::Argument { function: "", problem } => {
                EvalError::Argument { function: self.name, problem }
            }
            other => other,
        })
    }
}

/// An argument is not what the function needs; [`Function::call`] says which function.
pub(super) fn unfit(problem: &'static str) -> EvalError {
    EvalError::Argument { function: "", problem }
}

pub(super) fn texts(arguments: Vec<Value<'_>>) -> Vec<Text<'_>> {
    arguments.into_iter().map(Value::into_text).collect()
}

pub(super) fn utf8(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// Refuses a text that would grow too long, or whose length overflows.
pub(in crate::rules::dsl) fn bounded(length: Option<usize>) -> Result<(), EvalError> {
    match length {
        Some(length) if length <= MAX_TEXT => Ok(()),
        _ => Err(EvalError::TooLong),
    }
}

/// A list of texts.
pub(super) fn list<'v, T: Into<Vec<u8>>>(
    texts: impl Iterator<Item = T>,
) -> Result<Value<'v>, EvalError> {
    let items: Vec<Value<'v>> =
        texts.take(MAX_ENTRIES + 1).map(|text| Value::owned(text.into())).collect();
    if items.len() > MAX_ENTRIES {
        return Err(EvalError::TooLong);
    }
    Ok(Value::List(items))
}

/// A whole number: of a number what stands before the point, of a text what it says.
#[expect(clippy::cast_possible_truncation, reason = "out of range is refused before")]
pub(super) fn integer(value: &Value<'_>) -> Result<i64, EvalError> {
    let number = match value {
        Value::Number(number) => *number,
        Value::Text(text) => {
            let text = utf8(text);
            match text.trim().parse::<i64>() {
                Ok(number) => return Ok(number),
                Err(_) => text.trim().parse().map_err(|_| unfit("a number is needed"))?,
            }
        }
        Value::Null | Value::Bool(_) | Value::List(_) => {
            return Err(unfit("a number is needed"));
        }
    };
    if (-9.2e18..9.2e18).contains(&number) {
        return Ok(number as i64);
    }
    Err(unfit("the number is too large"))
}

/// A whole number that is written as one.
pub(super) fn written(text: &[u8]) -> Result<i64, EvalError> {
    utf8(text).parse().map_err(|_| unfit("a whole number is needed"))
}

/// A length or count that is written as a number.
pub(super) fn length(text: &[u8]) -> Result<usize, EvalError> {
    usize::try_from(written(text)?).map_err(|_| unfit("the number is negative"))
}
