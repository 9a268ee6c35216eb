//! Collects the controls of a page, and gives each to its form.

use super::field::Choice;
use super::field::Field;
use super::field::field;
use super::form::Form;
use super::form::FormEncoding;
use super::form::FormMethod;
use super::form::Forms;
use super::form::append_label;
use super::markup::Tag;

/// Read of one page at most; a form's `action` and `value`s are bounded by the page.
const MAX_FORMS: usize = 200;
const MAX_CONTROLS: usize = 5000;
pub(super) const MAX_FIELDS: usize = 200;
const MAX_OPTIONS: usize = 2000;
const MAX_FIELDSETS: usize = 100;
const MAX_LISTS: usize = 50;
const MAX_SUGGESTIONS: usize = 20;

/// Which form a control belongs to.
#[derive(Debug)]
enum Owner {
    /// The one it stands in.
    Around(usize),
    /// The one of this `id`, wherever that is.
    Named(String),
    Nobody,
}

/// A page whose controls are being collected.
#[derive(Default)]
pub(super) struct Reader {
    found: Forms,
    controls: Vec<(Owner, Field)>,
    /// The form that is being read.
    open: Option<usize>,
    /// What text belongs to.
    within: Within,
    /// Whether the `fieldset`s that are open are disabled.
    fieldsets: Vec<bool>,
    /// Options of each `datalist`, by its id.
    lists: Vec<(String, Vec<String>)>,
    is_in_list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Within {
    #[default]
    Nothing,
    Button,
    TextArea,
    Select,
    /// An option without a value of its own: its text is one.
    Option,
}

impl Reader {
    pub(super) fn open(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            "form" => self.begin(tag),
            "input" => self.input(tag),
            "button" => {
                let kind =
                    attribute(tag, "type").map_or("submit".to_owned(), str::to_ascii_lowercase);
                let value = tag.attribute("value");
                self.add(tag, Field { kind, is_sent: false, ..field(tag, value) });
                self.within = Within::Button;
            }
            "select" => {
                let (kind, is_multiple) =
                    ("select".to_owned(), tag.attribute("multiple").is_some());
                self.add(tag, Field { kind, is_multiple, ..field(tag, None) });
                self.within = Within::Select;
            }
            "option" => self.option(tag),
            "fieldset" if self.fieldsets.len() < MAX_FIELDSETS => {
                self.fieldsets.push(tag.attribute("disabled").is_some());
            }
            "datalist" if self.lists.len() < MAX_LISTS => {
                self.lists.push((tag.attribute("id").unwrap_or_default().to_owned(), Vec::new()));
                self.is_in_list = true;
            }
            "textarea" => {
                let kind = "textarea".to_owned();
                self.add(tag, Field { kind, is_sent: true, ..field(tag, None) });
                self.within = Within::TextArea;
            }
            _ => {}
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        match (name, self.within) {
            ("form", _) => self.open = None,
            ("datalist", _) => self.is_in_list = false,
            ("fieldset", _) => _ = self.fieldsets.pop(),
            ("option", Within::Option) => self.within = Within::Select,
            ("select", Within::Option | Within::Select)
            | ("button", Within::Button)
            | ("textarea", Within::TextArea) => self.within = Within::Nothing,
            _ => {}
        }
    }

    pub(super) fn text(&mut self, text: &str, raw: Option<&str>) {
        let Some((_, field)) = self.controls.last_mut() else { return };
        match (self.within, raw) {
            (Within::TextArea, Some("textarea")) => field.value.push_str(text),
            (Within::Button, None) => append_label(&mut field.label, text),
            (Within::Option, None) => {
                if let Some(option) = field.options.last_mut() {
                    append_words(&mut option.value, text);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, tag: &Tag) {
        // A form inside a form is ignored, as a browser does.
        if self.open.is_some() {
            return;
        }
        if self.found.list.len() == MAX_FORMS {
            self.found.truncated = true;
            return;
        }
        let encoding = attribute(tag, "enctype").map(FormEncoding::of).unwrap_or_default();
        let text = |name: &str| tag.attribute(name).unwrap_or_default().to_owned();
        self.found.list.push(Form {
            action: attribute(tag, "action").filter(|to| !to.is_empty()).map(str::to_owned),
            method: attribute(tag, "method").map(FormMethod::of).unwrap_or_default(),
            encoding,
            fields: Vec::new(),
            id: text("id"),
            name: text("name"),
            class: text("class"),
        });
        self.open = Some(self.found.list.len() - 1);
    }

    fn input(&mut self, tag: &Tag) {
        let kind = attribute(tag, "type").map_or("text".to_owned(), str::to_ascii_lowercase);
        let is_sent = match kind.as_str() {
            "checkbox" | "radio" => tag.attribute("checked").is_some(),
            "submit" | "button" | "reset" | "image" | "file" => false,
            _ => true,
        };
        let mut field = Field { is_sent, ..field(tag, tag.attribute("value")) };
        match kind.as_str() {
            "checkbox" | "radio" if !field.has_value => "on".clone_into(&mut field.value),
            "submit" | "button" => append_label(&mut field.label, &field.value),
            _ => {}
        }
        self.add(tag, Field { kind, ..field });
    }

    /// Keeps a control for the form it belongs to.
    fn add(&mut self, tag: &Tag, mut field: Field) {
        field.is_disabled |= self.fieldsets.contains(&true);
        if let Some(list) = tag.attribute("list") {
            // Resolved at the end, for it may stand behind.
            field.suggestions.push(list.to_owned());
        }
        if self.controls.len() == MAX_CONTROLS {
            self.found.truncated = true;
            return;
        }
        let owner = match (tag.attribute("form"), self.open) {
            (Some(id), _) => Owner::Named(id.to_owned()),
            (None, Some(form)) => Owner::Around(form),
            (None, None) => Owner::Nobody,
        };
        self.controls.push((owner, field));
    }

    fn option(&mut self, tag: &Tag) {
        if self.is_in_list {
            if let (Some((_, list)), Some(value)) = (self.lists.last_mut(), tag.attribute("value"))
                && list.len() < MAX_SUGGESTIONS
            {
                list.push(value.to_owned());
            }
            return;
        }
        if !matches!(self.within, Within::Select | Within::Option) {
            return;
        }
        let Some((_, field)) = self.controls.last_mut() else { return };
        self.within = Within::Select;
        if tag.attribute("disabled").is_some() || field.options.len() == MAX_OPTIONS {
            return;
        }
        let value = tag.attribute("value");
        field.options.push(Choice {
            value: value.unwrap_or_default().to_owned(),
            is_selected: tag.attribute("selected").is_some(),
        });
        if value.is_none() {
            self.within = Within::Option;
        }
    }

    /// Gives every control to its form.
    pub(super) fn end(self) -> Forms {
        let mut found = self.found;
        for (owner, mut field) in self.controls {
            let form = match owner {
                Owner::Around(form) => Some(form),
                Owner::Named(id) => found.list.iter().position(|form| form.id == id),
                Owner::Nobody => None,
            };
            let Some(form) = form else {
                found.has_loose_password |= field.kind == "password";
                continue;
            };
            field.choose();
            if let Some(id) = field.suggestions.pop() {
                let list = self.lists.iter().find(|(known, _)| *known == id);
                field.suggestions = list.map(|(_, values)| values.clone()).unwrap_or_default();
            }
            let fields = &mut found.list[form].fields;
            if fields.len() < MAX_FIELDS {
                fields.push(field);
            } else {
                found.truncated = true;
            }
        }
        found
    }
}

fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attribute(name).map(str::trim)
}

/// Appends text with its white space as a browser shows it.
fn append_words(out: &mut String, text: &str) {
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}
