//! What a request of the plan has beside its fixed bytes.

use std::sync::Arc;

use super::call::Call;
use super::check::Check;
use super::extraction::Extraction;
use super::template::Context;
use super::template::RenderError;
use super::template::Template;
use super::values::Variable;
use crate::model::Request;

/// The parts of a request that differ from one sending to the next (a part without slots is the
/// request's own), what its response must be, and the messages of a gRPC call.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Path and query.
    pub path: Option<Template>,
    /// Values of headers.
    pub headers: Vec<HeaderTemplate>,
    /// The body.
    pub body: Option<Template>,
    /// What is asserted of its response.
    pub checks: Vec<Check>,
    /// Whether errors that GraphQL tells in a body are a failure; see [`super::graphql_error`].
    pub fails_on_errors: bool,
    /// What is said, where the request is a gRPC call.
    pub call: Option<Arc<Call>>,
    /// Of the session that it opens: one for each message that is sent or expected, in the order
    /// in which they are written; none where nothing varies and nothing is taken.
    pub messages: Vec<MessageScript>,
    /// Values for what nothing else gives, where it is sent outside of its flow.
    pub examples: Vec<(Variable, Vec<u8>)>,
}

/// What a message of a session has beside the fixed bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageScript {
    /// What is sent instead of the payload.
    pub payload: Option<Template>,
    /// What is taken out of the message that was expected.
    pub extract: Vec<Extraction>,
}

/// A header's value with slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTemplate {
    /// The header's name.
    pub name: String,
    /// What the request has as its value instead: by it the header is found.
    pub written: Vec<u8>,
    /// The value.
    pub value: Template,
}

impl Script {
    /// Whether every sending of the request is the same, whatever its messages are.
    pub fn is_fixed(&self) -> bool {
        self.path.is_none() && self.headers.is_empty() && self.body.is_none()
    }

    /// `request` with the parts that `make` makes of their templates.
    ///
    /// # Errors
    /// Whatever `make` fails with.
    pub fn fill<E>(
        &self,
        request: &Request,
        mut make: impl FnMut(&Template) -> Result<Vec<u8>, E>,
    ) -> Result<Request, E> {
        let mut filled = request.clone();
        if let Some(path) = &self.path {
            filled.path_and_query = make(path)?;
        }
        for HeaderTemplate { name, written, value } in &self.headers {
            // A flag of the command line may have put another one in its place.
            let its =
                |header: &&mut crate::model::Header| header.is(name) && header.value == *written;
            if let Some(header) = filled.headers.iter_mut().find(its) {
                header.value = make(value)?;
            }
        }
        if let Some(body) = &self.body {
            filled.body = make(body)?;
        }
        Ok(filled)
    }

    /// `request` as it is sent in `context`.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn rendered(
        &self,
        request: &Request,
        context: &Context<'_>,
    ) -> Result<Request, RenderError> {
        self.fill(request, |template| {
            let mut out = Vec::new();
            template.render(context, &mut out)?;
            Ok(out)
        })
    }
}
