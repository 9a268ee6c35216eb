//! HTML forms as they are sent.

use url::Url;
use url::form_urlencoded;

use super::fill::Filled;
use super::fill::filled;
use super::multipart;
use crate::extract;
use crate::extract::Field;
use crate::extract::FormMethod;
use crate::extract::append_label;
use crate::model::Header;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;

/// Buttons of one form that are pressed, each once.
const MAX_BUTTONS: usize = 4;

/// How a form's fields travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormEncoding {
    /// In the query of a GET.
    Query,
    /// As `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// As `multipart/form-data`.
    Multipart,
    /// As `text/plain`.
    Plain,
}

/// A form of a page, filled in, with one of its buttons pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// `GET` or `POST`.
    pub method: String,
    /// Where it goes.
    pub action: Url,
    /// How.
    pub encoding: FormEncoding,
    /// What it is sent with.
    pub filled: Filled,
    /// Text of the button, or of all of them where none has a meaning of its own.
    pub label: String,
    /// It has a field for a password.
    pub asks_password: bool,
    /// The field with a token against forged requests.
    pub token: Option<String>,
    /// It stands in a comment.
    pub is_switched_off: bool,
}

impl Form {
    /// A form of a page with that base, once for each button that does something else; nothing where
    /// it leads nowhere.
    pub(crate) fn all(form: &extract::Form, base: &Url) -> Vec<Self> {
        let mut forms: Vec<Self> = Vec::new();
        for pressed in buttons(form) {
            let next = Self::pressed(form, base, pressed);
            let is_new = |next: &Self| {
                !forms.iter().any(|known| {
                    (&known.action, &known.method, &known.filled)
                        == (&next.action, &next.method, &next.filled)
                })
            };
            forms.extend(next.filter(is_new));
        }
        forms
    }

    fn pressed(form: &extract::Form, base: &Url, pressed: Option<usize>) -> Option<Self> {
        let sends = pressed.map(|place| form.fields[place].sends.clone()).unwrap_or_default();
        let mut action = match sends.action.as_ref().or(form.action.as_ref()) {
            None => base.clone(),
            Some(action) => super::link::resolve(base, action)?,
        };
        action.set_fragment(None);
        let encoding = sends.encoding.unwrap_or(form.encoding);
        let (method, encoding) = match (sends.method.unwrap_or(form.method), encoding) {
            (FormMethod::Get, _) => ("GET", FormEncoding::Query),
            (FormMethod::Post, extract::FormEncoding::Multipart) => {
                ("POST", FormEncoding::Multipart)
            }
            (FormMethod::Post, extract::FormEncoding::UrlEncoded) => {
                ("POST", FormEncoding::UrlEncoded)
            }
            (FormMethod::Post, extract::FormEncoding::Plain) => ("POST", FormEncoding::Plain),
        };
        Some(Self {
            method: method.to_owned(),
            action,
            encoding,
            filled: filled(&form.fields, pressed),
            label: label(form, pressed),
            asks_password: form.fields.iter().any(|field| field.kind == "password"),
            token: form.named_token().map(|field| field.name.clone()),
            is_switched_off: false,
        })
    }

    /// Names of its fields and files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let files = self.filled.files.iter().map(|(name, _)| name.as_str());
        self.filled.fields.iter().map(|(name, _)| name.as_str()).chain(files)
    }

    /// The URL of a GET form filled in: its fields replace the action's query, as in a browser.
    pub(crate) fn filled_url(&self) -> Url {
        let mut url = self.action.clone();
        url.set_query(Some(&self.encoded_fields()));
        url
    }

    /// What a browser would send; `None` where its target cannot be requested.
    pub(crate) fn request(&self) -> Option<Request> {
        let (kind, body) = match self.encoding {
            FormEncoding::Query => return super::link::get(&self.filled_url()),
            FormEncoding::Multipart => multipart::written(&self.filled),
            FormEncoding::UrlEncoded => {
                ("application/x-www-form-urlencoded".to_owned(), self.encoded_fields().into_bytes())
            }
            FormEncoding::Plain => {
                let lines = self.named_values().map(|(name, value)| format!("{name}={value}\r\n"));
                ("text/plain".to_owned(), lines.collect::<String>().into_bytes())
            }
        };
        let origin = Origin::of(&self.action).ok()?;
        let mut request = Request::get(origin, super::link::path_and_query(&self.action));
        request.method = Method::new(self.method.clone());
        request.headers.push(Header::new("Content-Type", kind));
        request.body = body;
        Some(request)
    }

    /// Fields, and the names of files: what is sent of them where the form is not multipart.
    fn named_values(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.filled.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let files = self.filled.files.iter();
        fields.chain(files.map(|(name, file)| (name.as_str(), file.name.as_str())))
    }

    fn encoded_fields(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.named_values()).finish()
    }
}

/// Places of the buttons that send a form; `None` stands for the Enter key where it has none.
fn buttons(form: &extract::Form) -> Vec<Option<usize>> {
    let sends =
        |field: &Field| matches!(field.kind.as_str(), "submit" | "image") && !field.is_disabled;
    let places = form.fields.iter().enumerate().filter(|(_, field)| sends(field));
    let mut pressed: Vec<_> = places.map(|(place, _)| Some(place)).take(MAX_BUTTONS).collect();
    // A form that no button sends where it says is sent there by a script.
    let goes_home = |place: &Option<usize>| {
        place.is_some_and(|place| form.fields[place].sends.action.is_none())
    };
    if !pressed.iter().any(goes_home) {
        pressed.push(None);
    }
    pressed
}

fn label(form: &extract::Form, pressed: Option<usize>) -> String {
    let mut label = String::new();
    let is_button = |field: &&Field| matches!(field.kind.as_str(), "submit" | "button");
    let buttons: Vec<&Field> = form.fields.iter().filter(is_button).collect();
    match pressed.map(|place| &form.fields[place]).filter(|_| buttons.len() > 1) {
        Some(button) => append_label(&mut label, &button.label),
        None => buttons.iter().for_each(|button| append_label(&mut label, &button.label)),
    }
    label
}
