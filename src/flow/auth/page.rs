//! What a login needs to know of a page: its forms as a browser would submit them, its title, and
//! what it says went wrong.

use url::Url;

use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::Scripting;
use crate::extract::Tag;
use crate::model::inert;

/// Looked at of one page at most.
const MAX_FORMS: usize = 50;
const MAX_FIELDS: usize = 200;
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

/// A form with everything it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) action: Url,
    pub(super) post: bool,
    pub(super) encoding: Encoding,
    /// In document order.
    pub(super) fields: Vec<Field>,
    /// `id`, `name`, `class` and `action` as written, for the words in them.
    pub(super) words: String,
}

/// How a form's fields travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    UrlEncoded,
    Multipart,
    Plain,
}

/// One control of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// `text`, `password`, `hidden`, `submit`, …; `select` and `textarea` too.
    pub(super) kind: String,
    /// Empty where it is not sent.
    pub(super) name: String,
    pub(super) value: String,
    /// Whether it is sent as it stands: an unchecked box is not.
    pub(super) is_sent: bool,
    /// `autocomplete`, `id` and `placeholder`, for the words in them.
    pub(super) hints: String,
    /// A button's text.
    pub(super) label: String,
}

impl Page {
    /// Reads HTML that was served at `url`.
    pub(super) fn parse(url: &Url, html: &str) -> Self {
        let markup = Markup::parse(html, Scripting::Off);
        let base = markup.tags().filter(|tag| tag.name == "base");
        let base =
            base.filter_map(|tag| tag.attribute("href")).find_map(|href| url.join(href).ok());
        let mut reader = Reader {
            base: base.unwrap_or_else(|| url.clone()),
            page: Self::default(),
            ids: Vec::new(),
            open: None,
            option: None,
            is_button: false,
            complaint: None,
        };
        for piece in &markup.pieces {
            match piece {
                Piece::Open(tag) => reader.open(tag),
                Piece::Close(name) => reader.close(name),
                Piece::Text { text, raw } => reader.text(text, raw.as_deref()),
                Piece::Comment(_) => {}
            }
        }
        reader.page
    }
}

struct Reader {
    base: Url,
    page: Page,
    /// By form: its `id`.
    ids: Vec<String>,
    /// The form that is being read.
    open: Option<usize>,
    /// An `option` without a value of its own: its text is one.
    option: Option<bool>,
    is_button: bool,
    /// The element that complains.
    complaint: Option<String>,
}

impl Reader {
    fn open(&mut self, tag: &Tag) {
        let marks = [tag.attribute("class"), tag.attribute("id"), tag.attribute("role")];
        let complains = |mark: &&str| {
            let mark = mark.to_ascii_lowercase();
            COMPLAINTS.iter().any(|word| mark.contains(word))
        };
        if self.page.complaint.is_none()
            && !matches!(tag.name.as_str(), "input" | "body" | "html" | "form" | "script" | "link")
            && marks.iter().flatten().any(complains)
        {
            self.complaint = Some(tag.name.clone());
        }
        match tag.name.as_str() {
            "form" => self.begin(tag),
            "input" => self.input(tag),
            "button" => {
                let kind = tag.attribute("type").unwrap_or("submit").to_ascii_lowercase();
                self.is_button =
                    self.add(tag, &kind, tag.attribute("value").unwrap_or_default(), false);
            }
            "select" => {
                self.add(tag, "select", "", false);
            }
            "textarea" => {
                self.add(tag, "textarea", "", true);
            }
            "option" => self.option(tag),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "form" => self.open = None,
            "button" => self.is_button = false,
            "option" | "select" => self.option = None,
            _ => {}
        }
        if self.complaint.as_deref() == Some(name) {
            self.complaint = None;
        }
    }

    fn text(&mut self, text: &str, raw: Option<&str>) {
        match raw {
            Some("title") if self.page.title.is_empty() => self.page.title = shown(text),
            Some("textarea") => {
                if let Some(field) = self.last("textarea") {
                    field.value.push_str(text);
                }
            }
            Some(_) => {}
            None => {
                if self.is_button
                    && let Some(field) = self.last_button()
                {
                    field.label.push_str(text);
                }
                if let Some(chosen) = self.option.take()
                    && let Some(field) = self.last("select")
                    && (chosen || !field.is_sent)
                {
                    (field.value, field.is_sent) = (text.trim().to_owned(), true);
                }
                if self.complaint.is_some() && self.page.complaint.is_none() {
                    self.page.complaint = Some(shown(text)).filter(|text| !text.is_empty());
                }
            }
        }
    }

    fn begin(&mut self, tag: &Tag) {
        // A form inside a form is ignored, as a browser does.
        if self.open.is_some() || self.page.forms.len() == MAX_FORMS {
            return;
        }
        let action = tag.attribute("action").map(str::trim).filter(|action| !action.is_empty());
        let action = action.map_or_else(|| Some(self.base.clone()), |to| self.base.join(to).ok());
        let Some(mut action) = action.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return;
        };
        action.set_fragment(None);
        let is = |name: &str, value: &str| {
            tag.attribute(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(value))
        };
        let encoding = if is("enctype", "multipart/form-data") {
            Encoding::Multipart
        } else if is("enctype", "text/plain") {
            Encoding::Plain
        } else {
            Encoding::UrlEncoded
        };
        let words =
            ["id", "name", "class", "action"].map(|name| tag.attribute(name).unwrap_or_default());
        self.page.forms.push(Form {
            action,
            post: is("method", "post"),
            encoding,
            fields: Vec::new(),
            words: words.join(" ").to_ascii_lowercase(),
        });
        self.ids.push(tag.attribute("id").unwrap_or_default().to_owned());
        self.open = Some(self.page.forms.len() - 1);
    }

    fn input(&mut self, tag: &Tag) {
        let kind = tag.attribute("type").unwrap_or("text").trim().to_ascii_lowercase();
        let value = tag.attribute("value");
        let is_sent = match kind.as_str() {
            "checkbox" | "radio" => tag.attribute("checked").is_some(),
            "submit" | "button" | "reset" | "image" | "file" => false,
            _ => true,
        };
        let value = match kind.as_str() {
            "checkbox" | "radio" => value.unwrap_or("on"),
            _ => value.unwrap_or_default(),
        };
        let in_form = self.add(tag, &kind, value, is_sent);
        if let (true, Some(field)) = (in_form && kind == "submit", self.last_button()) {
            value.clone_into(&mut field.label);
        }
        if kind == "password" && !in_form {
            self.page.has_loose_password = true;
        }
    }

    /// Adds a control to the form it belongs to, if there is one.
    fn add(&mut self, tag: &Tag, kind: &str, value: &str, is_sent: bool) -> bool {
        let named = tag.attribute("form").map(|id| self.ids.iter().position(|known| known == id));
        let Some(form) = named.unwrap_or(self.open) else { return false };
        let fields = &mut self.page.forms[form].fields;
        if tag.attribute("disabled").is_some() || fields.len() == MAX_FIELDS {
            return true;
        }
        let hints = ["autocomplete", "id", "placeholder", "aria-label"];
        let hints = hints.map(|name| tag.attribute(name).unwrap_or_default());
        fields.push(Field {
            kind: kind.to_owned(),
            name: tag.attribute("name").unwrap_or_default().to_owned(),
            value: value.to_owned(),
            is_sent,
            hints: hints.join(" ").to_ascii_lowercase(),
            label: String::new(),
        });
        true
    }

    fn option(&mut self, tag: &Tag) {
        let is_chosen = tag.attribute("selected").is_some();
        match (tag.attribute("value"), self.last("select")) {
            (Some(value), Some(field)) if is_chosen || !field.is_sent => {
                (field.value, field.is_sent) = (value.to_owned(), true);
                self.option = None;
            }
            (None, Some(_)) => self.option = Some(is_chosen),
            _ => self.option = None,
        }
    }

    fn last(&mut self, kind: &str) -> Option<&mut Field> {
        let form = self.open?;
        self.page.forms[form].fields.last_mut().filter(|field| field.kind == kind)
    }

    fn last_button(&mut self) -> Option<&mut Field> {
        let form = self.open?;
        self.page.forms[form].fields.last_mut()
    }
}

/// Text for people, on one line.
fn shown(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(40).collect();
    inert(&words.join(" "), MAX_TEXT)
}
