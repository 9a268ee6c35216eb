//! Text with `{{…}}` in it, filled in from variables.
//!
//! What is found in the text as it was written is filled in; values are data and never looked at
//! again. In this order, as in Nuclei:
//!
//! 1. `{{interactsh-url}}`, with up to three numbers behind it (`_1_2_3`) and also in percent-encoded
//!    braces, is looked up by that name once for each time that it stands there.
//! 2. `{{name}}` and `§name§` are the value of a variable of exactly that name.
//! 3. Any other `{{…}}` is an expression if it parses and names a function or a variable that is
//!    there: `{{2+2}}` and `{{unknown}}` stay. In an expression, markers are filled in within strings
//!    only.
//!
//! An expression that has no value makes the whole text an error. What is left over is told by
//! [`mod@super::unresolved`].

use std::ops::Range;

use super::environment::Environment;
use super::eval::{EvalError, Expression, Lookup};
#[cfg(test)]
use super::functions::Function;
use super::functions::{bounded, is_any_name_in};
use super::lexer::{ParseError, expression_length};
use super::unresolved;
use super::value::Value;

/// So many openings are looked at; what stands behind is no expression.
const MAX_OPENINGS: usize = 251;

/// The name under which hosts for callbacks are looked up.
const CALLBACK: &str = "interactsh-url";

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const SECTION: char = '§';

/// Why a text could not be filled in.
#[derive(Debug, thiserror::Error)]
#[error("`{{{{{expression}}}}}`: {error}")]
pub struct RenderError {
    /// The expression without a value, as it was written.
    pub expression: String,
    /// What is wrong with it.
    #[source]
    pub error: EvalError,
}

/// A text with markers, read once and filled in any number of times.
#[derive(Debug)]
pub struct Text {
    source: String,
    has_markers: bool,
    candidates: Vec<Candidate>,
}

/// A `{{…}}` that is an expression if no variable has its name.
#[derive(Debug)]
struct Candidate {
    /// With its braces.
    range: Range<usize>,
    expression: Expression,
}

impl Text {
    /// Reads a text. Every text is one; see [`Self::problems`].
    pub fn compile(source: &str) -> Self {
        Self { candidates: candidates(source), ..Self::names_only(source) }
    }

    /// A text in which only names are filled in, no expressions.
    pub(super) fn names_only(source: &str) -> Self {
        let has_markers = source.contains(OPEN)
            || source.contains(SECTION)
            || source.match_indices('%').any(|(at, _)| callback_at(source, at).is_some());
        Self { source: source.to_owned(), has_markers, candidates: Vec::new() }
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether there is nothing to fill in.
    pub fn is_plain(&self) -> bool {
        !self.has_markers
    }

    /// What is written as a call but cannot be called: rendering will be an error, whatever the
    /// variables are.
    pub fn problems(&self) -> impl Iterator<Item = &ParseError> {
        self.expressions().filter_map(Expression::misuse)
    }

    /// The names that may be looked up, each as often as it stands there. Among them may be some
    /// that are no variables (`2+2`).
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let inner = self.expressions().flat_map(Expression::variables);
        names(&self.source).into_iter().chain(inner)
    }

    /// The functions that may be called.
    pub fn functions(&self) -> impl Iterator<Item = &'static str> {
        self.expressions().flat_map(Expression::functions)
    }

    /// Whether the same variables always give the same text. Callback hosts are variables.
    pub fn is_deterministic(&self) -> bool {
        self.expressions().all(Expression::is_deterministic)
    }

    /// Where braces are followed by the call of a function, but no expression could be read.
    #[cfg(test)]
    pub(super) fn unparsed_calls(&self) -> impl Iterator<Item = usize> {
        let openings = self.source.match_indices(OPEN).map(|(at, _)| at);
        openings.filter(|at| {
            let inner = &self.source[at + OPEN.len()..];
            let name = inner.split('(').next().unwrap_or_default();
            let known = inner.len() > name.len() && Function::named(name).is_some();
            known && !self.candidates.iter().any(|candidate| candidate.range.contains(at))
        })
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.candidates.iter().map(|candidate| &candidate.expression)
    }

    /// The text with its markers filled in. `lookup` may be asked more than once for a name, but
    /// exactly once for each callback host (`interactsh-url`).
    ///
    /// # Errors
    /// [`RenderError`] if an expression has no value.
    pub fn render(
        &self,
        lookup: &Lookup<'_, '_>,
        environment: &mut Environment<'_>,
    ) -> Result<Vec<u8>, RenderError> {
        // Values may live longer or shorter than the text; here is where they meet.
        self.filled(&|name| lookup(name), environment)
    }

    fn filled<'v>(
        &'v self,
        lookup: &Lookup<'_, 'v>,
        environment: &mut Environment<'_>,
    ) -> Result<Vec<u8>, RenderError> {
        let mut out = Vec::with_capacity(self.source.len());
        let mut from = 0;
        for candidate in &self.candidates {
            let inner = self.inner(candidate);
            if candidate.range.start < from || !candidate.is_expression(inner, lookup) {
                continue;
            }
            let wrong = |error| RenderError { expression: inner.to_owned(), error };
            fill(&self.source[from..candidate.range.start], lookup, &mut out).map_err(wrong)?;
            let value = candidate.value(lookup, environment).map_err(wrong)?;
            out.extend_from_slice(&value);
            bounded(Some(out.len())).map_err(wrong)?;
            from = candidate.range.end;
        }
        let wrong = |error| RenderError { expression: "…".to_owned(), error };
        fill(&self.source[from..], lookup, &mut out).map_err(wrong)?;
        Ok(out)
    }

    fn inner(&self, candidate: &Candidate) -> &str {
        &self.source[candidate.range.start + OPEN.len()..candidate.range.end - CLOSE.len()]
    }
}

impl Candidate {
    fn is_expression<'v>(&'v self, inner: &str, lookup: &Lookup<'_, 'v>) -> bool {
        if lookup(inner).is_some() {
            return false;
        }
        let expression = &self.expression;
        expression.functions().next().is_some()
            || is_any_name_in(inner)
            || expression.variables().any(|name| !is_callback(name) && lookup(name).is_some())
    }

    fn value<'v>(
        &'v self,
        lookup: &Lookup<'_, 'v>,
        environment: &mut Environment<'_>,
    ) -> Result<Vec<u8>, EvalError> {
        let expression = &self.expression;
        let value = expression.evaluate(lookup, environment)?.into_text().into_owned();
        if expression.functions().next().is_none() || !unresolved::names(&value).is_empty() {
            return Ok(value);
        }
        // A function must not hide that one of its arguments is still to be filled in.
        let mut hidden = Vec::new();
        for name in expression.bare_variables().filter(|name| !is_callback(name)) {
            if let Some(Value::Text(text)) = lookup(name) {
                hidden.extend(unresolved::names(&text));
            }
        }
        if hidden.is_empty() {
            return Ok(value);
        }
        let markers: Vec<String> =
            hidden.into_iter().map(|name| [OPEN, &name, CLOSE].concat()).collect();
        Ok(markers.concat().into_bytes())
    }
}

fn candidates(source: &str) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices(OPEN).take(MAX_OPENINGS) {
        let start = at + OPEN.len();
        let Some(length) = expression_length(&source[start..]) else { continue };
        if callback_at(source, at).is_some() {
            continue;
        }
        let Ok(expression) = Expression::in_text(&source[start..start + length]) else { continue };
        found.push(Candidate { range: at..start + length + CLOSE.len(), expression });
    }
    found
}

/// Writes `text` with its names filled in.
fn fill(text: &str, lookup: &Lookup<'_, '_>, out: &mut Vec<u8>) -> Result<(), EvalError> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = text[from..].find(['{', '%', SECTION]).map(|at| from + at) {
        out.extend_from_slice(&bytes[from..at]);
        let (marker, length) = marker_at(text, at);
        from = at + length;
        let value = match marker {
            Marker::None => None,
            Marker::Callback => lookup(CALLBACK),
            Marker::Name(name) => lookup(name),
            Marker::Opening => {
                out.extend_from_slice(OPEN.as_bytes());
                fill(&text[at + OPEN.len()..from], lookup, out)?;
                continue;
            }
        };
        match (value, marker) {
            (Some(value), _) => out.extend_from_slice(&value.into_text()),
            // What is between sections may be a marker of another kind.
            (None, Marker::Name(_)) if text[at..].starts_with(SECTION) => {
                from = at + SECTION.len_utf8();
                out.extend_from_slice(&bytes[at..from]);
            }
            (None, _) => out.extend_from_slice(&bytes[at..from]),
        }
        bounded(Some(out.len()))?;
    }
    out.extend_from_slice(&bytes[from..]);
    Ok(())
}

/// What starts at a byte.
#[derive(Debug, Clone, Copy)]
enum Marker<'t> {
    None,
    Callback,
    Name(&'t str),
    /// Braces whose closing braces belong to the last opening that comes before them.
    Opening,
}

/// The marker at that byte and its length, or that of what is no marker.
fn marker_at(text: &str, at: usize) -> (Marker<'_>, usize) {
    if let Some(end) = callback_at(text, at) {
        return (Marker::Callback, end - at);
    }
    let rest = &text[at..];
    if let Some((name, _)) = rest.strip_prefix(SECTION).and_then(|inner| inner.split_once(SECTION))
    {
        return (Marker::Name(name), name.len() + 2 * SECTION.len_utf8());
    }
    let none = (Marker::None, rest.chars().next().map_or(1, char::len_utf8));
    let Some(inner) = rest.strip_prefix(OPEN) else { return none };
    let Some(length) = inner.find(CLOSE) else { return (Marker::None, OPEN.len()) };
    match inner[..length].rfind(OPEN) {
        Some(last) => (Marker::Opening, OPEN.len() + last),
        None => (Marker::Name(&inner[..length]), length + OPEN.len() + CLOSE.len()),
    }
}

/// The names of all markers but those that hold a call or a string.
fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices(['{', '%', SECTION]) {
        match marker_at(text, at).0 {
            Marker::Callback => names.push(CALLBACK),
            Marker::Name(name) if !name.contains(['(', '"', '\'']) && !is_callback(name) => {
                names.push(name);
            }
            Marker::Name(_) | Marker::Opening | Marker::None => {}
        }
    }
    names
}

fn is_callback(name: &str) -> bool {
    numbered(name) == Some(name.len())
}

/// How long the callback name at the start of `text` is.
fn numbered(text: &str) -> Option<usize> {
    let mut length = text.starts_with(CALLBACK).then_some(CALLBACK.len())?;
    for _ in 0..3 {
        let Some(rest) = text[length..].strip_prefix('_') else { break };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        length += 1 + digits;
    }
    Some(length)
}

/// Where a callback marker that starts at that byte ends.
fn callback_at(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let encoded = |text: &str, braces: &str| {
        text.get(..braces.len()).is_some_and(|head| head.eq_ignore_ascii_case(braces))
    };
    let (open, close) = if rest.starts_with(OPEN) {
        (OPEN.len(), CLOSE)
    } else if encoded(rest, "%7B%7B") {
        (6, "%7D%7D")
    } else {
        return None;
    };
    let end = open + numbered(&rest[open..])?;
    encoded(&rest[end..], close).then_some(at + end + close.len())
}
