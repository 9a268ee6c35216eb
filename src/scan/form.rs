//! HTML forms: their fields, and values for them that a server is likely to accept.

use url::Url;
use url::form_urlencoded;

use crate::extract;
use crate::extract::Field;
use crate::extract::FormMethod;
use crate::extract::append_label;
use crate::model::Header;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;

/// How a form's fields travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormEncoding {
    /// In the query of a GET.
    Query,
    /// As `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// As `multipart/form-data`: recorded, never submitted.
    Multipart,
}

/// A form of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// `GET` or `POST`.
    pub method: String,
    /// Where it goes.
    pub action: Url,
    /// How.
    pub encoding: FormEncoding,
    /// In document order: name and the value it is submitted with.
    pub fields: Vec<(String, String)>,
    /// Text of its buttons.
    pub label: String,
    /// It has a field for a password.
    pub asks_password: bool,
}

impl Form {
    /// A form of a page with that base, filled in; `None` where it leads nowhere.
    pub(crate) fn filled(form: &extract::Form, base: &Url) -> Option<Self> {
        let mut action = match &form.action {
            None => base.clone(),
            Some(action) => super::link::resolve(base, action)?,
        };
        action.set_fragment(None);
        let (method, encoding) = match (form.method, form.encoding) {
            (FormMethod::Get, _) => ("GET", FormEncoding::Query),
            (FormMethod::Post, extract::FormEncoding::Multipart) => {
                ("POST", FormEncoding::Multipart)
            }
            (
                FormMethod::Post,
                extract::FormEncoding::UrlEncoded | extract::FormEncoding::Plain,
            ) => ("POST", FormEncoding::UrlEncoded),
        };
        let mut label = String::new();
        let is_button = |field: &&Field| matches!(field.kind.as_str(), "submit" | "button");
        for button in form.fields.iter().filter(is_button) {
            append_label(&mut label, &button.label);
        }
        Some(Self {
            method: method.to_owned(),
            action,
            encoding,
            fields: filled(&form.fields),
            label,
            asks_password: form.fields.iter().any(|field| field.kind == "password"),
        })
    }

    /// The URL of a GET form filled in: its fields replace the action's query, as in a browser.
    pub(crate) fn filled_url(&self) -> Url {
        let mut url = self.action.clone();
        url.set_query(Some(&self.encoded_fields()));
        url
    }

    /// What a browser would send; `None` for multipart.
    pub(crate) fn request(&self) -> Option<Request> {
        match self.encoding {
            FormEncoding::Query => super::link::get(&self.filled_url()),
            FormEncoding::Multipart => None,
            FormEncoding::UrlEncoded => {
                let mut request = Request::get(
                    Origin::of(&self.action).ok()?,
                    super::link::path_and_query(&self.action),
                );
                request.method = Method::new(self.method.clone());
                request
                    .headers
                    .push(Header::new("Content-Type", "application/x-www-form-urlencoded"));
                request.body = self.encoded_fields().into_bytes();
                Some(request)
            }
        }
    }

    fn encoded_fields(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

fn filled(fields: &[Field]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for field in fields.iter().filter(|field| !field.name.is_empty()) {
        if field.kind == "radio"
            && let Some((_, value)) = pairs.iter_mut().find(|(name, _)| *name == field.name)
        {
            // One button of a group is sent: the checked one, else the first.
            if field.is_sent {
                value.clone_from(&field.value);
            }
            continue;
        }
        pairs.extend(filling(field).map(|value| (field.name.clone(), value)));
    }
    pairs
}

/// What a field is sent with; `None` if it is not sent.
fn filling(field: &Field) -> Option<String> {
    let value = &field.value;
    match field.kind.as_str() {
        "submit" => field.has_value.then(|| value.clone()),
        "button" | "reset" | "image" => None,
        // A file's name is what a browser sends where the form is not multipart.
        "file" => Some("sample.txt".to_owned()),
        "radio" | "hidden" => Some(value.clone()),
        "select" => {
            // An empty option is a prompt ("please choose").
            let offered = field.options.iter().map(|option| &option.value);
            let mut chosen = std::iter::once(value).chain(offered);
            Some(chosen.find(|value| !value.is_empty()).cloned().unwrap_or_default())
        }
        "textarea" if value.trim().is_empty() => Some(sample_value("text", &field.name).to_owned()),
        kind if value.is_empty() => {
            Some(fitted(sample_value(kind, &field.name), field.max_length.as_deref()))
        }
        _ => Some(value.clone()),
    }
}

/// A value that a field of this type and name is likely to accept.
///
/// Search fields get a single frequent letter, because a search that finds something shows more.
fn sample_value(kind: &str, name: &str) -> &'static str {
    let by_type = match kind {
        "email" => Some("user@example.com"),
        "number" | "range" => Some("1"),
        "tel" => Some("5550100"),
        "url" => Some("https://example.com/"),
        "date" => Some("2026-01-15"),
        "datetime-local" => Some("2026-01-15T10:00"),
        "month" => Some("2026-01"),
        "week" => Some("2026-W03"),
        "time" => Some("10:00"),
        "color" => Some("#336699"),
        "search" => Some("a"),
        "password" => Some("Sample-Pass-1"),
        "checkbox" => Some("on"),
        _ => None,
    };
    by_type.unwrap_or_else(|| by_name(&name.to_ascii_lowercase()))
}

fn by_name(name: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match name {
        "q" | "s" | "k" | "term" | "query" => "a",
        _ if has(&["mail"]) => "user@example.com",
        _ if has(&["pass", "pwd"]) => "Sample-Pass-1",
        _ if has(&["search", "keyword", "find", "filter"]) => "a",
        _ if has(&["phone", "tel", "mobile"]) => "5550100",
        _ if has(&["zip", "postal", "postcode"]) => "10001",
        _ if has(&["url", "link", "website"]) => "https://example.com/",
        _ if has(&["date", "day"]) => "2026-01-15",
        _ if has(&["year"]) => "2026",
        _ if has(&[
            "qty", "quantity", "amount", "count", "num", "age", "page", "size", "limit",
        ]) =>
        {
            "1"
        }
        _ if name == "id" || name.ends_with("id") => "1",
        _ => "sample",
    }
}

/// Cut to the length that the field allows.
fn fitted(value: &str, max_length: Option<&str>) -> String {
    match max_length.and_then(|text| text.trim().parse::<usize>().ok()) {
        Some(max) => value.chars().take(max).collect(),
        None => value.to_owned(),
    }
}
