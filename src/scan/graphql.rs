//! Operations of a GraphQL schema as a scan sends them.

use serde_json::Value;
use url::form_urlencoded;

use super::careful;
use super::unbound::Seeded;
use crate::model::LeftAlone;
use crate::model::Method;
use crate::model::Request;
use crate::model::SkipReason;

/// An operation that a schema names. All have one path, so each gets a name behind it; queries are
/// sent by GET where the endpoint answers that, and are safe as they are.
pub(super) fn operation(mut seeded: Seeded, by_get: bool) -> Seeded {
    let template = &mut seeded.template;
    template.path_template = format!("{}#{}", template.path_template, template.name);
    let Ok(body) = serde_json::from_slice::<Value>(&template.request.body) else { return seeded };
    let document = body["query"].as_str().unwrap_or_default();
    if document.starts_with("mutation") {
        if seeded.left_alone.is_some() {
            let reason = "a mutation may change something; pass --allow-unsafe to send it";
            seeded.left_alone = Some(LeftAlone::new(SkipReason::Unsafe, reason));
        } else {
            let reason = careful::words_reason(&template.name);
            seeded.left_alone = reason.map(|reason| LeftAlone::new(SkipReason::Harmful, reason));
        }
    } else if by_get {
        template.request = read(&template.request, document, &body["variables"]);
        seeded.left_alone = None;
    }
    seeded
}

/// A query in the address (<https://graphql.github.io/graphql-over-http/draft/#sec-GET>).
fn read(request: &Request, document: &str, variables: &Value) -> Request {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("query", document);
    if !variables.is_null() {
        query.append_pair("variables", &variables.to_string());
    }
    let path = request.path_and_query_text();
    let path = path.split('?').next().unwrap_or_default();
    let headers = request.headers.iter().filter(|header| !header.is("content-type"));
    Request {
        method: Method::get(),
        path_and_query: format!("{path}?{}", query.finish()).into_bytes(),
        headers: headers.cloned().collect(),
        body: Vec::new(),
        ..request.clone()
    }
}
