//! Queries of requests, in the address and of GraphQL.

use serde_json::Value;

use crate::model::Request;

/// The request with one more query parameter.
pub(crate) fn with_query(request: &Request, pair: &str) -> Request {
    let target = request.path_and_query_text();
    let joint = if target.contains('?') { '&' } else { '?' };
    Request { path_and_query: format!("{target}{joint}{pair}").into_bytes(), ..request.clone() }
}

/// The path without the query.
pub(crate) fn path_of(request: &Request) -> String {
    request.path_and_query_text().split('?').next().unwrap_or_default().to_owned()
}

/// The GraphQL document that a request carries.
pub(crate) fn document(request: &Request) -> Option<String> {
    let is_document = |text: &String| text.contains('{') && text.contains('}');
    if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
        return body["query"].as_str().map(str::to_owned).filter(is_document);
    }
    let url = url::Url::parse(&request.url()).ok()?;
    let pair = url.query_pairs().find(|(name, _)| name == "query")?;
    Some(pair.1.into_owned()).filter(is_document)
}
