//! GraphQL endpoints on the way: what they offer is asked of themselves, once.
//!
//! An introspection query reads, so it is sent whatever the run may send: by GET, and by POST where
//! that may be sent and GET was no use. What it names is where the crawl goes on; an endpoint that
//! refuses is listed with an operation that nobody knows.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;
use url::Url;

use super::crawler::Crawler;
use super::crawler::Seen;
use super::fetch::Fetched;
use super::item::Candidate;
use super::item::Item;
use crate::model::Event;
use crate::model::Header;
use crate::model::Method;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::OperationSource;
use crate::model::Request;
use crate::model::inert;
use crate::scan::link;
use crate::scan::site::Found;

/// Endpoints that are asked.
const MAX_ENDPOINTS: usize = 10;

/// Last segments of an endpoint's path.
const NAMES: [&str; 2] = ["graphql", "gql"];

/// What tells the operation that asks for the schema from those that the schema names.
const INTROSPECTION: &str = "#introspection";

/// Types, what their fields take and give, and where operations begin
/// (<https://spec.graphql.org/October2021/#sec-Schema-Introspection>): as much as an operation is
/// made of.
const QUERY: &str = "query{__schema{queryType{name}mutationType{name}subscriptionType{name}\
types{kind name fields{name description args{...input}type{...of}}inputFields{...input}\
enumValues{name}}}}fragment input on __InputValue{name type{...of}defaultValue}\
fragment of on __Type{kind name ofType{kind name ofType{kind name ofType{kind name \
ofType{kind name ofType{kind name}}}}}}";

/// Endpoints that were asked.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    asked: BTreeSet<String>,
}

impl Crawler {
    /// Asks for the schema where a request goes to an endpoint.
    pub(super) fn note_endpoint(&mut self, candidate: &Candidate) {
        if is_endpoint(&candidate.url) || is_operation(&candidate.request.body) {
            let Candidate { url, depth, found, .. } = candidate;
            self.ask_schema(url, *depth, found);
        }
    }

    /// The same where an answer tells that there is one.
    pub(super) fn note_answer(&mut self, item: &Item, fetched: &Fetched) {
        let exchange = fetched.exchange.as_ref().ok();
        let Some(response) = exchange.and_then(|exchange| exchange.response()) else { return };
        if fetched.missing || matches!(response.status, 404 | 410) {
            return;
        }
        if is_endpoint(&item.url)
            || is_operation(&item.request.body)
            || asks_for_query(&response.body)
        {
            self.ask_schema(&item.url, item.depth, &item.found);
        }
    }

    /// Whether it was asked for a schema and gave none. Then it is listed so.
    pub(super) fn is_schema_refused(&mut self, item: &Item, fetched: &Fetched) -> bool {
        if !is_introspection(item) || fetched.page.description.is_some() {
            return false;
        }
        let Ok(exchange) = &fetched.exchange else { return true };
        if item.request.method.is_safe() && self.job.allow_unsafe {
            let (depth, found) = (item.depth, item.found.clone());
            self.offer_introspection(&endpoint(&item.url), depth, &found, Way::Post);
            return true;
        }
        let why = match exchange.response() {
            Some(response) => format!("answered {}", response.status),
            None => "gave no answer".to_owned(),
        };
        let url = inert(endpoint(&item.url).as_str(), 200);
        let text = format!(
            "crawl: {url} does not tell its GraphQL schema ({why}), so its operations are not \
             known; name the schema in crawl.import"
        );
        self.events.push(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
        let reason = format!(
            "introspection is refused ({why}): its operations are not known, unless crawl.import \
             names the schema"
        );
        self.see(item, Seen::skipped(reason));
        true
    }

    fn ask_schema(&mut self, url: &Url, depth: u32, found: &Found) {
        let endpoint = endpoint(url);
        let asked = &mut self.endpoints.asked;
        if asked.len() < MAX_ENDPOINTS && asked.insert(endpoint.to_string()) {
            self.offer_introspection(&endpoint, depth, found, Way::Get);
        }
    }

    fn offer_introspection(&mut self, endpoint: &Url, depth: u32, found: &Found, way: Way) {
        let Some(request) = introspection(endpoint, way) else { return };
        let origin = request.origin.to_string();
        let source = OperationSource::Crawl;
        let Some(candidate) = Candidate::of(request, depth, source, found.clone()) else { return };
        if !self.in_scope(&candidate.url) {
            return;
        }
        let template = format!("{}{INTROSPECTION}", endpoint.path());
        let path = self.templates.place_template(&origin, &template);
        let (item, key) = self.item(candidate);
        self.offer(Item { path, path_template: Some(template), ..item }, key);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Get,
    Post,
}

/// Whether an item asks for a schema.
pub(super) fn is_introspection(item: &Item) -> bool {
    item.path_template.as_deref().is_some_and(|template| template.ends_with(INTROSPECTION))
}

/// Whether a GraphQL answer has nothing but errors, whatever its status.
pub(super) fn has_failed(item: &Item, body: &[u8]) -> bool {
    let is_graphql = item.path_template.as_deref().is_some_and(|it| it.contains('#'));
    is_graphql
        && serde_json::from_slice::<Value>(body).is_ok_and(|answer| {
            answer["data"].is_null() && answer["errors"].as_array().is_some_and(|it| !it.is_empty())
        })
}

/// The address without its query.
fn endpoint(url: &Url) -> Url {
    let mut endpoint = url.clone();
    endpoint.set_query(None);
    endpoint
}

fn introspection(endpoint: &Url, way: Way) -> Option<Request> {
    let mut url = endpoint.clone();
    if way == Way::Get {
        url.query_pairs_mut().append_pair("query", QUERY);
    }
    let mut request = link::get(&url)?;
    if way == Way::Post {
        request.method = Method::new("POST");
        request.headers.push(Header::new("Content-Type", "application/json"));
        request.body = json!({ "query": QUERY }).to_string().into_bytes();
    }
    Some(request)
}

fn is_endpoint(url: &Url) -> bool {
    let last = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    NAMES.iter().any(|name| last.eq_ignore_ascii_case(name))
}

/// `{"query": "… { … }"}`: what a script sends.
fn is_operation(body: &[u8]) -> bool {
    body.starts_with(b"{")
        && serde_json::from_slice::<Value>(body)
            .is_ok_and(|body| body["query"].as_str().is_some_and(|query| query.contains('{')))
}

/// An error that asks for a query, to a request that had none.
fn asks_for_query(body: &[u8]) -> bool {
    const MAX: usize = 2000;
    if body.len() > MAX || !body.starts_with(b"{") {
        return false;
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return false };
    let message = answer["errors"][0]["message"].as_str().unwrap_or_default().to_ascii_lowercase();
    ["query string", "query missing", "no query", "graphql"].iter().any(|it| message.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_told_by_name_by_what_is_sent_and_by_what_they_answer() {
        let is = |url: &str| is_endpoint(&Url::parse(url).expect("a URL"));
        assert!(is("http://h/api/graphql?x=1") && is("http://h/GQL/"));
        assert!(!is("http://h/graphql-guide.html") && !is("http://h/"));
        assert!(is_operation(br#"{"query":"{ a }"}"#));
        assert!(!is_operation(br#"{"query":"kettle"}"#) && !is_operation(b"query=1"));
        assert!(asks_for_query(br#"{"errors":[{"message":"Must provide query string."}]}"#));
        for other in [br#"{"errors":[{"message":"no such page"}]}"#.as_slice(), b"{}", b"[1]", b"{"]
        {
            assert!(!asks_for_query(other));
        }
    }

    #[test]
    fn the_question_is_a_document_that_can_be_read() {
        let parsed = apollo_parser::Parser::new(QUERY).parse();
        assert_eq!(parsed.errors().count(), 0);
        let url = Url::parse("http://h/graphql").expect("a URL");
        let request = introspection(&url, Way::Get).expect("http");
        assert!(request.path_and_query.len() < 1000, "{}", request.path_and_query.len());
    }
}
