//! Tokens against forged requests: a form that has one is sent with a fresh one each time.
//!
//! A token is good for one session, often for one use only. Where the page of a form is known, it is
//! fetched right before the form is sent, by crawl and checks alike; a token that somebody put there
//! on purpose is left alone.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use url::Url;

use super::form::Form;
use super::link;
use super::page::Page;
use super::point;
use super::room;
use crate::model::Request;
use crate::model::Response;

/// Forms that are remembered.
const MAX_FORMS: usize = 1000;

/// Tokens of one form that are remembered.
const MAX_ISSUED: usize = 64;

/// What is known of forms with tokens, by method and target.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    known: Mutex<AllKnown>,
}

/// A form: its method and where it goes.
type FormKey = (String, String);

#[derive(Debug, Default)]
struct AllKnown {
    forms: BTreeMap<FormKey, Known>,
    /// Which form has issued a token: a payload in the path leads elsewhere than the form does.
    by_token: HashMap<String, FormKey>,
    /// Bytes of both: a token may be as long as a page.
    taken: usize,
}

#[derive(Debug, Clone)]
struct Known {
    field: String,
    /// Where the form stands.
    page: Url,
    issued: HashSet<String>,
    /// Held from the fetch of a token to its use: many sites know only the last one of a session.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// See [`Stale::changes`].
    changes: Arc<AtomicBool>,
}

/// A token that has to be fetched before a request is sent.
#[derive(Debug, Clone)]
pub(crate) struct Stale {
    pub(crate) field: String,
    /// The page with the form.
    pub(crate) page: Url,
    /// Held until it is used.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    changes: Arc<AtomicBool>,
    key: FormKey,
}

impl Stale {
    /// Whether the page has had another token each time. Where a session has one for all its pages,
    /// whatever is asked for between the token and its use makes it void.
    pub(crate) fn changes(&self) -> bool {
        self.changes.load(Ordering::Relaxed)
    }

    /// The request without any token, which is the same each time.
    pub(crate) fn neutral(&self, request: &Request) -> Request {
        point::with_parameter(request, &self.field, "").unwrap_or_else(|| request.clone())
    }

    /// The request with the token that the page has now; as it was where the page has none.
    pub(crate) fn renewed(&self, request: Request, page: &Response) -> Request {
        let forms = Page::parse(&self.page, &page.body_text()).forms;
        let form = forms.iter().find(|form| {
            form.method == self.key.0
                && target(&form.action) == self.key.1
                && form.token.as_ref() == Some(&self.field)
        });
        let token = form.and_then(|form| {
            form.filled.fields.iter().find(|(name, _)| *name == self.field).map(|(_, value)| value)
        });
        let Some(token) = token else { return request };
        if point::parameter(&request, &self.field).as_ref() != Some(token) {
            self.changes.store(true, Ordering::Relaxed);
        }
        point::with_parameter(&request, &self.field, token).unwrap_or(request)
    }
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
            let known = &mut *known;
            if known.forms.len() >= MAX_FORMS && !known.forms.contains_key(&key) {
                continue;
            }
            let weight = 2 * (value.len() + key.1.len() + room::PER_NAME);
            if known.taken + weight > room::TOKENS {
                continue;
            }
            let entry = known.forms.entry(key.clone()).or_insert_with(|| Known {
                field: field.clone(),
                page: page.clone(),
                issued: HashSet::new(),
                turn: Arc::default(),
                changes: Arc::default(),
            });
            if entry.issued.len() < MAX_ISSUED && entry.issued.insert(value.clone()) {
                known.taken += weight;
                known.by_token.entry(value.clone()).or_insert(key);
            }
        }
    }

    /// The token of a request that was issued before, so that it may be used up.
    pub(crate) fn stale(&self, request: &Request) -> Option<Stale> {
        let known = self.known.lock().expect("no holder panics");
        if known.forms.is_empty() {
            return None;
        }
        let method = request.method.as_str();
        let key = (method.to_owned(), target(&link::url_of(request)?));
        if let Some(entry) = known.forms.get(&key)
            && entry.has_issued(request)
        {
            return Some(entry.stale(key));
        }
        let parameters = point::parameters(request);
        let keys = parameters.filter_map(|(_, value)| known.by_token.get(&value));
        let mut forms = keys.filter_map(|key| Some((key, known.forms.get(key)?)));
        let (key, entry) =
            forms.find(|((of, _), entry)| of == method && entry.has_issued(request))?;
        Some(entry.stale(key.clone()))
    }
}

impl Known {
    fn has_issued(&self, request: &Request) -> bool {
        let sent = point::parameter(request, &self.field);
        sent.is_some_and(|sent| self.issued.contains(&sent))
    }

    fn stale(&self, key: FormKey) -> Stale {
        Stale {
            field: self.field.clone(),
            page: self.page.clone(),
            turn: Arc::clone(&self.turn),
            changes: Arc::clone(&self.changes),
            key,
        }
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
        let _same = stale.renewed(request.clone(), &response(page("one")));
        assert!(!stale.changes());
        let renewed = stale.renewed(request.clone(), &response(page("two")));
        assert_eq!(renewed.path_and_query, b"/find?_token=two&q=a");
        assert!(stale.changes() && tokens.stale(&request).is_some_and(|stale| stale.changes()));
        assert_eq!(stale.neutral(&request), stale.neutral(&renewed));
        assert!(tokens.stale(&request).is_some(), "it may be renewed again, however often");
        let elsewhere =
            Request { path_and_query: b"/f%27nd?_token=one&q=a".to_vec(), ..request.clone() };
        assert_eq!(tokens.stale(&elsewhere).map(|stale| stale.page), Some(url.clone()));
        let own = point::with_parameter(&request, "_token", "'\"").expect("it has the field");
        assert!(tokens.stale(&own).is_none());
        let without = stale.renewed(request.clone(), &response("<p>".to_owned()));
        assert_eq!(without, request);
    }
}
