//! Text with slots, and what is put into them: `/items/${item}?q=${rand.word}`.
//!
//! A plan's text is compiled once to a [`Template`]; every place that sends something made of
//! one calls [`Template::render`]. What a slot becomes follows from the [`Context`] alone, so the
//! same request can be rendered again (for a retry, for a sample) and is the same.

use super::encode::write_value;
use super::found_form::FoundForm;
use super::found_form::FoundType;
use super::random::Random;
use super::values::Values;
use super::values::Variable;
use crate::model::Canaries;

/// Bytes with slots between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Stands there as it is.
    Literal(Vec<u8>),
    /// Is filled in.
    Slot(Slot),
}

/// What is filled in, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Where its value comes from.
    pub source: Source,
    /// What it has to fit into.
    pub place: Place,
}

/// Where a slot's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Taken out of a response earlier in the iteration.
    Extracted(Variable),
    /// A form that was taken out of a page.
    Form(Box<FoundForm>),
    /// The `Content-Type` of that.
    FormType(Box<FoundType>),
    /// Drawn from the plan's seed. Slots of different numbers draw independently.
    Random(Random, u32),
    /// The user's number, from 1.
    User,
    /// How many iterations the user has begun before this one.
    Iteration,
    /// The user's own mark among all users of the run.
    Canary,
}

/// What a value has to fit into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A path segment or a query written out: everything but RFC 3986's unreserved characters is
    /// percent-encoded.
    Url,
    /// A form or a query made of pairs: the same, and `+` for a space.
    Form,
    /// A header's value: control characters are refused.
    Header,
    /// Inside the quotes of a JSON string.
    JsonString,
    /// A JSON value of its own: numbers, booleans and null stand as they are, anything else
    /// becomes a string.
    JsonValue,
    /// As it is.
    Raw,
}

/// What rendering depends on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What the iteration has taken out of responses; `None` is nothing.
    pub values: Option<&'a Values>,
    /// See [`Source::User`].
    pub user: u64,
    /// See [`Source::Iteration`].
    pub iteration: u64,
    /// The step of the flow: a request that is sent twice in an iteration draws twice.
    pub step: u32,
    /// Of the messages of a session, how many were sent before this one: each draws anew.
    pub message: u32,
    /// The plan's, for random values.
    pub seed: u64,
}

/// Why nothing can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderError {
    /// No response of the iteration had this value.
    Missing(Variable),
    /// The value would break out of its header.
    Control(Variable),
}

impl Template {
    /// Appends bytes that stand as they are.
    pub fn push_literal(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Literal(last)) => last.extend_from_slice(bytes),
            _ => self.pieces.push(Piece::Literal(bytes.to_vec())),
        }
    }

    /// Appends a slot.
    pub fn push_slot(&mut self, source: Source, place: Place) {
        self.pieces.push(Piece::Slot(Slot { source, place }));
    }

    /// Appends all of another template.
    pub fn append(&mut self, other: &Self) {
        for piece in &other.pieces {
            match piece {
                Piece::Literal(bytes) => self.push_literal(bytes),
                Piece::Slot(slot) => self.pieces.push(Piece::Slot(slot.clone())),
            }
        }
    }

    /// In order; literals are never empty and never side by side.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether anything is filled in.
    pub fn has_slots(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Slot(_)))
    }

    /// Appends the text with its slots filled in to `out`.
    ///
    /// # Errors
    /// Where a value is missing or does not fit; `out` may have grown.
    #[inline]
    pub fn render(&self, context: &Context<'_>, out: &mut Vec<u8>) -> Result<(), RenderError> {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(bytes) => out.extend_from_slice(bytes),
                Piece::Slot(slot) => slot.fill(context, out)?,
            }
        }
        Ok(())
    }
}

impl Slot {
    fn fill(&self, context: &Context<'_>, out: &mut Vec<u8>) -> Result<(), RenderError> {
        match &self.source {
            Source::Extracted(variable) => {
                if !write_value(value_of(*variable, context)?, self.place, out) {
                    return Err(RenderError::Control(*variable));
                }
            }
            Source::Form(found) => found.write(value_of(found.form, context)?, context, out)?,
            Source::FormType(found) => found.write(value_of(found.form, context)?, out),
            // Letters, digits and hyphens fit everywhere; a JSON value of its own is no string
            // only where they are a number.
            Source::Random(random, number) => {
                let mut drawn = [0; Random::MAX_LEN];
                let drawn = random.draw(context, *number, &mut drawn);
                write_value(drawn, self.place, out);
            }
            Source::User => write_number(context.user, out),
            Source::Iteration => write_number(context.iteration, out),
            Source::Canary => {
                let mark = Canaries::of(context.seed).mark(context.user);
                write_value(&mark, self.place, out);
            }
        }
        Ok(())
    }
}

fn value_of<'a>(variable: Variable, context: &Context<'a>) -> Result<&'a [u8], RenderError> {
    let value = context.values.and_then(|values| values.get(variable));
    value.ok_or(RenderError::Missing(variable))
}

fn write_number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(values: &Values) -> Context<'_> {
        Context { values: Some(values), user: 7, iteration: 3, step: 1, message: 0, seed: 9 }
    }

    fn rendered(template: &Template, context: &Context<'_>) -> Result<String, RenderError> {
        let mut out = Vec::new();
        template.render(context, &mut out)?;
        Ok(String::from_utf8(out).expect("the test's text"))
    }

    fn template(slots: &[(Source, Place)]) -> Template {
        let mut template = Template::default();
        for (source, place) in slots {
            template.push_literal(b"[");
            template.push_slot(source.clone(), *place);
            template.push_literal(b"]");
        }
        template
    }

    #[test]
    fn slots_are_filled_as_their_place_needs_it() {
        let mut values = Values::default();
        values.set(Variable(1), |out| {
            out.extend_from_slice("a /\"é\n".as_bytes());
            true
        });
        let value = Source::Extracted(Variable(1));
        let places = [Place::Url, Place::Form, Place::JsonString, Place::JsonValue, Place::Raw];
        let template = template(&places.map(|place| (value.clone(), place)));
        assert_eq!(
            rendered(&template, &context(&values)).as_deref(),
            Ok("[a%20%2F%22%C3%A9%0A][a+%2F%22%C3%A9%0A][a /\\\"é\\n][\"a /\\\"é\\n\"][a /\"é\n]")
        );
    }

    #[test]
    fn a_value_that_is_missing_or_breaks_a_header_is_an_error() {
        let mut values = Values::default();
        values.set(Variable(0), |out| {
            out.extend_from_slice(b"x\r\nInjected: 1");
            true
        });
        let control = template(&[(Source::Extracted(Variable(0)), Place::Header)]);
        assert_eq!(rendered(&control, &context(&values)), Err(RenderError::Control(Variable(0))));
        let missing = template(&[(Source::Extracted(Variable(4)), Place::Raw)]);
        assert_eq!(rendered(&missing, &context(&values)), Err(RenderError::Missing(Variable(4))));
        let none = Context { values: None, ..context(&values) };
        assert_eq!(rendered(&missing, &none), Err(RenderError::Missing(Variable(4))));
    }

    #[test]
    fn a_value_that_is_too_long_or_refused_is_none_and_takes_an_older_one_away() {
        let mut values = Values::default();
        values.set(Variable(0), |out| {
            out.push(b'a');
            true
        });
        values.set(Variable(1), |out| {
            out.resize(out.len() + super::super::values::MAX_VALUE, b'x');
            true
        });
        assert_eq!(values.get(Variable(1)).map(<[u8]>::len), Some(64 * 1024));
        values.set(Variable(1), |out| {
            out.resize(out.len() + super::super::values::MAX_VALUE + 1, b'x');
            true
        });
        assert_eq!(values.get(Variable(1)), None);
        values.set(Variable(0), |_| false);
        assert_eq!(values.get(Variable(0)), None);
    }

    #[test]
    fn the_same_context_renders_the_same_and_any_other_draws_anew() {
        let values = Values::default();
        let word = |number| (Source::Random(Random::Hex(16), number), Place::Url);
        let template = template(&[
            word(0),
            word(1),
            (Source::User, Place::Raw),
            (Source::Iteration, Place::Raw),
        ]);
        let at = context(&values);
        let first = rendered(&template, &at).expect("nothing is missing");
        assert_eq!(rendered(&template, &at).as_deref(), Ok(first.as_str()));
        assert!(first.ends_with("[7][3]"), "{first}");
        assert_ne!(first[1..17], first[19..35], "slots draw on their own");
        for other in [
            Context { user: 8, ..at },
            Context { iteration: 4, ..at },
            Context { step: 2, ..at },
            Context { message: 1, ..at },
            Context { seed: 10, ..at },
        ] {
            assert_ne!(rendered(&template, &other).expect("the same")[1..17], first[1..17]);
        }
    }
}
