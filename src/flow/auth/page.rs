//! What a login needs to know of a page: its forms as a browser would submit them, its title, and
//! what it says went wrong.

use url::Url;

use crate::extract;
use crate::extract::Field;
use crate::extract::FormEncoding;
use crate::extract::FormMethod;
use crate::extract::Forms;
use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::Scripting;
use crate::extract::Tag;
use crate::extract::base_of;
use crate::model::inert;

/// Text that is shown of one page at most.
const MAX_TEXT: usize = 160;

/// Words in a class or an id that mark what went wrong.
const COMPLAINTS: [&str; 8] =
    ["error", "alert", "invalid", "problem", "warning", "danger", "flash", "message"];

/// A page, as far as logins look at it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) forms: Vec<Form>,
    /// A field for a password stands outside of every form: scripts send it.
    pub(super) has_loose_password: bool,
    /// What stands where pages complain.
    pub(super) complaint: Option<String>,
}

/// A form, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) action: Url,
    pub(super) method: FormMethod,
    pub(super) encoding: FormEncoding,
    /// Those that can be filled in or sent, in document order.
    pub(super) fields: Vec<Field>,
    /// `id`, `name`, `class` and `action` as written, for the words in them.
    pub(super) words: String,
}

impl Page {
    /// Reads HTML that was served at `url`.
    pub(super) fn parse(url: &Url, html: &str) -> Self {
        let markup = Markup::parse(html, Scripting::Off);
        let base = base_of(&markup, url);
        let forms = Forms::read(&markup);
        let mut page = Self {
            forms: forms.list.into_iter().filter_map(|form| Form::of(form, &base)).collect(),
            has_loose_password: forms.has_loose_password,
            ..Self::default()
        };
        let mut complaining: Option<&str> = None;
        for piece in &markup.pieces {
            match piece {
                Piece::Open(tag) if page.complaint.is_none() && complains(tag) => {
                    complaining = Some(&tag.name);
                }
                Piece::Close(name) if complaining == Some(name) => complaining = None,
                Piece::Text { text, raw: Some(raw) } if raw == "title" && page.title.is_empty() => {
                    page.title = shown(text);
                }
                Piece::Text { text, raw: None } if complaining.is_some() => {
                    page.complaint = page
                        .complaint
                        .or_else(|| Some(shown(text)).filter(|text| !text.is_empty()));
                }
                Piece::Open(_) | Piece::Close(_) | Piece::Text { .. } | Piece::Comment(_) => {}
            }
        }
        page
    }
}

impl Form {
    fn of(form: extract::Form, base: &Url) -> Option<Self> {
        let action = form.target(base)?;
        let written = form.action.as_deref().unwrap_or_default();
        let words = [&form.id, &form.name, &form.class, written].join(" ").to_ascii_lowercase();
        let (method, encoding) = (form.method, form.encoding);
        let fields = form.fields.into_iter().filter(|field| !field.is_disabled).collect();
        Some(Self { action, method, encoding, fields, words })
    }
}

/// Whether the element is one in which pages complain.
fn complains(tag: &Tag) -> bool {
    let marks = [tag.attribute("class"), tag.attribute("id"), tag.attribute("role")];
    let complains = |mark: &&str| {
        let mark = mark.to_ascii_lowercase();
        COMPLAINTS.iter().any(|word| mark.contains(word))
    };
    !matches!(tag.name.as_str(), "input" | "body" | "html" | "form" | "script" | "link")
        && marks.iter().flatten().any(complains)
}

/// Text for people, on one line.
fn shown(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(40).collect();
    inert(&words.join(" "), MAX_TEXT)
}
