//! Tokens against forged requests: a form that has one is sent with a fresh one each time.
//!
//! A token is good for one session, often for one use only. Where the page of a form is known, it is
//! fetched right before the form is sent, by crawl and checks alike; a token that somebody put there
//! on purpose is left alone.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Mutex;

use url::Url;

use super::form::Form;
use super::link;
use super::page::Page;
use super::point;
use crate::model::Request;
use crate::model::Response;

/// Forms that are remembered.
const MAX_FORMS: usize = 1000;

/// Tokens of one form that are remembered.
const MAX_ISSUED: usize = 64;

/// What is known of forms with tokens, by method and target.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    known: Mutex<BTreeMap<(String, String), Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    field: String,
    /// Where the form stands.
    page: Url,
    issued: HashSet<String>,
}

/// A token that has to be fetched before a request is sent.
#[derive(Debug, Clone)]
pub(crate) struct Stale {
    pub(crate) field: String,
    /// The page with the form.
    pub(crate) page: Url,
    key: (String, String),
}

impl Tokens {
    /// Remembers where the forms of a page with tokens stand.
    pub(crate) fn learn(&self, page: &Url, forms: &[Form]) {
        for form in forms {
            let Some(field) = &form.token else { continue };
            let value = form.filled.fields.iter().find(|(name, _)| name == field);
            let Some((_, value)) = value else { continue };
            let key = (form.method.clone(), target(&form.action));
            let mut known = self.known.lock().expect("no holder panics");
            if known.len() >= MAX_FORMS && !known.contains_key(&key) {
                continue;
            }
            let entry = known.entry(key).or_insert_with(|| Known {
                field: field.clone(),
                page: page.clone(),
                issued: HashSet::new(),
            });
            if entry.issued.len() < MAX_ISSUED {
                entry.issued.insert(value.clone());
            }
        }
    }

    /// The token of a request that was issued before, so that it may be used up.
    pub(crate) fn stale(&self, request: &Request) -> Option<Stale> {
        let url = link::url_of(request)?;
        let key = (request.method.as_str().to_owned(), target(&url));
        let known = self.known.lock().expect("no holder panics");
        let entry = known.get(&key)?;
        let sent = point::parameter(request, &entry.field)?;
        let is_ours = entry.issued.contains(&sent);
        is_ours.then(|| Stale { field: entry.field.clone(), page: entry.page.clone(), key })
    }

    /// The request with the token that the page has now; as it was where the page has none.
    pub(crate) fn renewed(&self, request: Request, stale: &Stale, page: &Response) -> Request {
        let forms = Page::parse(&stale.page, &page.body_text()).forms;
        let form = forms.iter().find(|form| {
            form.method == stale.key.0
                && target(&form.action) == stale.key.1
                && form.token.as_ref() == Some(&stale.field)
        });
        let token = form.and_then(|form| {
            form.filled.fields.iter().find(|(name, _)| *name == stale.field).map(|(_, value)| value)
        });
        let Some(token) = token else { return request };
        let mut known = self.known.lock().expect("no holder panics");
        if let Some(entry) = known.get_mut(&stale.key) {
            if entry.issued.len() >= MAX_ISSUED {
                entry.issued.clear();
            }
            entry.issued.insert(token.clone());
        }
        point::with_parameter(&request, &stale.field, token).unwrap_or(request)
    }
}

/// Where a form goes, whatever is in its query.
fn target(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;

    fn page(token: &str) -> String {
        format!(
            "<form action=/find><input type=hidden name=_token value={token}><input name=q></form>"
        )
    }

    fn response(body: String) -> Response {
        Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: Vec::new(),
            body: body.into_bytes(),
            wire_len: 0,
            truncated: false,
        }
    }

    #[test]
    fn a_token_that_was_issued_is_renewed_and_one_of_somebodys_own_is_not() {
        let url = Url::parse("http://127.0.0.1:1/page").expect("a URL");
        let forms = Page::parse(&url, &page("one")).forms;
        let tokens = Tokens::default();
        tokens.learn(&url, &forms);
        let request = forms[0].request().expect("a GET");
        let stale = tokens.stale(&request).expect("it may be used up");
        assert_eq!(stale.page, url);
        let renewed = tokens.renewed(request.clone(), &stale, &response(page("two")));
        assert_eq!(renewed.path_and_query, b"/find?_token=two&q=a");
        assert!(tokens.stale(&renewed).is_some(), "it is one of ours as well");
        let own = point::with_parameter(&request, "_token", "'\"").expect("it has the field");
        assert!(tokens.stale(&own).is_none());
        let without = tokens.renewed(request.clone(), &stale, &response("<p>".to_owned()));
        assert_eq!(without, request);
    }
}
