//! One control of a form, as its markup says it.

use super::form::FormEncoding;
use super::form::FormMethod;
use super::markup::Tag;

/// One control of a form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of the element")]
pub(crate) struct Field {
    /// `text`, `password`, `hidden`, `submit`, …; `select` and `textarea` too. Lower-case.
    pub kind: String,
    /// Empty where it is not sent.
    pub name: String,
    /// What it is sent with if nothing is filled in: of a `select`, what is chosen.
    pub value: String,
    /// Whether `value` was written there.
    pub has_value: bool,
    /// Whether it is sent as it stands: an unchecked box is not, nor a button that nobody presses.
    pub is_sent: bool,
    /// It cannot be filled in, and no browser sends it.
    pub is_disabled: bool,
    /// Several of a `select`'s options may be chosen.
    pub is_multiple: bool,
    /// What a `select` offers.
    pub options: Vec<Choice>,
    /// What its value must be.
    pub limits: Limits,
    /// What it suggests: the options of its `datalist`.
    pub suggestions: Vec<String>,
    /// Of a button: where and how it sends the form, if not as the form says.
    pub sends: Sends,
    /// `autocomplete`, `id`, `placeholder` and `aria-label` in lower case, for the words in them.
    pub hints: String,
    /// A button's text.
    pub label: String,
}

/// One of the values that a `select` offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    /// What is sent.
    pub value: String,
    /// It is chosen unless somebody chooses another one.
    pub is_selected: bool,
}

/// What a field's value must be, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Limits {
    pub min: Option<String>,
    pub max: Option<String>,
    pub step: Option<String>,
    pub pattern: Option<String>,
    pub min_length: Option<String>,
    pub max_length: Option<String>,
    /// Of a file: types and extensions.
    pub accept: Option<String>,
    /// In lower case.
    pub autocomplete: String,
    /// What a person reads where nothing is filled in.
    pub placeholder: String,
}

/// What a button changes of its form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sends {
    pub action: Option<String>,
    pub method: Option<FormMethod>,
    pub encoding: Option<FormEncoding>,
}

impl Field {
    /// What it is sent with: one value, but for a `select` of which several are chosen.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        let chosen = self.options.iter().filter(|option| option.is_selected);
        let all = self.is_multiple.then(|| chosen.map(|one| one.value.as_str()));
        let one = all.is_none().then_some(self.value.as_str());
        one.into_iter().chain(all.into_iter().flatten())
    }

    /// What a `select` is sent with: the last that is marked, else the first; of several, all that
    /// are marked.
    pub(super) fn choose(&mut self) {
        if self.kind != "select" {
            return;
        }
        let marked = self.options.iter().rev().find(|option| option.is_selected);
        let first = self.options.first().filter(|_| !self.is_multiple);
        let chosen = marked.or(first);
        self.is_sent = chosen.is_some();
        self.value = chosen.map_or_else(String::new, |option| option.value.clone());
    }
}

/// A control's name and all that is the same for every kind.
pub(super) fn field(tag: &Tag, value: Option<&str>) -> Field {
    let hints = ["autocomplete", "id", "placeholder", "aria-label"];
    let hints = hints.map(|name| tag.attribute(name).unwrap_or_default());
    Field {
        name: tag.attribute("name").unwrap_or_default().to_owned(),
        value: value.unwrap_or_default().to_owned(),
        has_value: value.is_some(),
        is_disabled: tag.attribute("disabled").is_some(),
        limits: limits(tag),
        sends: sends(tag),
        hints: hints.join(" ").to_ascii_lowercase(),
        ..Field::default()
    }
}

fn limits(tag: &Tag) -> Limits {
    let text = |name: &str| tag.attribute(name).map(|value| value.trim().to_owned());
    Limits {
        min: text("min"),
        max: text("max"),
        step: text("step"),
        pattern: tag.attribute("pattern").map(str::to_owned),
        min_length: text("minlength"),
        max_length: text("maxlength"),
        accept: text("accept"),
        autocomplete: text("autocomplete").unwrap_or_default().to_ascii_lowercase(),
        placeholder: text("placeholder").unwrap_or_default(),
    }
}

fn sends(tag: &Tag) -> Sends {
    let text = |name: &str| tag.attribute(name).map(str::trim);
    Sends {
        action: text("formaction").filter(|to| !to.is_empty()).map(str::to_owned),
        method: text("formmethod").map(FormMethod::of),
        encoding: text("formenctype").map(FormEncoding::of),
    }
}
