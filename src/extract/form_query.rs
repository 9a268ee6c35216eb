//! What a form of a page is sent with: all of its fields, one of them, or its token.

use url::form_urlencoded;

use super::css::CssSelector;
use super::form::Form;
use super::form::FormEncoding;
use super::form::FormMethod;
use super::form::Forms;
use super::page::Page;
use super::tree::Tree;

/// Stands before the fields of a form that is to be sent in parts: no field's name has a `?`.
pub const MULTIPART_FORM: &[u8] = b"multipart/form-data?";

/// A form, and what of it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormQuery {
    /// Which form; `None` is the first that has what is wanted.
    pub selector: Option<CssSelector>,
    /// What of it.
    pub part: FormPart,
}

/// What of a form is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormPart {
    /// What a browser sends if nothing is filled in, as `application/x-www-form-urlencoded`; behind
    /// [`MULTIPART_FORM`] where it would send it in parts.
    All,
    /// The value of its hidden field against forged requests.
    Token,
    /// The value of the field of that name.
    Field(String),
}

impl FormQuery {
    /// Appends what is wanted of the forms in `body` to `out`; false if there is none.
    pub fn take(&self, page: &Page, body: &[u8], out: &mut Vec<u8>) -> bool {
        let forms = page.forms(body);
        match &self.selector {
            None => forms.list.iter().any(|form| self.part.take(form, out)),
            Some(selector) => {
                let form = page.tree(body).and_then(|tree| selected(tree, selector, forms));
                form.is_some_and(|form| self.part.take(form, out))
            }
        }
    }
}

impl FormPart {
    fn take(&self, form: &Form, out: &mut Vec<u8>) -> bool {
        let field = match self {
            Self::All => {
                if form.encoding == FormEncoding::Multipart && form.method == FormMethod::Post {
                    out.extend_from_slice(MULTIPART_FORM);
                }
                let mut encoded = form_urlencoded::Serializer::new(String::new());
                out.extend_from_slice(encoded.extend_pairs(form.pairs()).finish().as_bytes());
                return true;
            }
            Self::Token => form.token(),
            Self::Field(name) => form.fields.iter().find(|field| field.name == *name),
        };
        field.is_some_and(|field| {
            out.extend_from_slice(field.value.as_bytes());
            true
        })
    }
}

/// The first form that the selector selects. Forms are read from the markup, where one that stands
/// wrongly keeps its fields, and selected in the tree, where it may lose them; what both have of its
/// start tag tells which is which.
fn selected<'f>(tree: &Tree, selector: &CssSelector, forms: &'f Forms) -> Option<&'f Form> {
    let selector = selector.compiled();
    let element = tree.html.select(&selector).find(|element| element.value().name() == "form")?;
    let is_it = |form: &&Form| {
        let same = |name: &str, value: &str| element.attr(name).unwrap_or_default() == value;
        let action = element.attr("action").map_or("", str::trim);
        same("id", &form.id)
            && same("name", &form.name)
            && same("class", &form.class)
            && action == form.action.as_deref().unwrap_or_default()
    };
    let every = CssSelector { text: "form".to_owned() }.compiled();
    let before = tree.html.select(&every).take_while(|form| *form != element);
    let twins = before
        .filter(|form| {
            ["id", "name", "class", "action"]
                .iter()
                .all(|name| form.attr(name) == element.attr(name))
        })
        .count();
    forms.list.iter().filter(is_it).nth(twins)
}

impl std::fmt::Display for FormQuery {
    /// `form #login token`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("form")?;
        if let Some(selector) = &self.selector {
            write!(f, " {}", selector.as_str())?;
        }
        match &self.part {
            FormPart::All => Ok(()),
            FormPart::Token => f.write_str(" token"),
            FormPart::Field(name) => write!(f, " field {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "<form action=/find><input name=q></form>\
        <form action=/buy><input type=hidden name=id value=1><input type=hidden name=csrf value=aa></form>\
        <form action=/buy><input type=hidden name=id value=2><input type=hidden name=csrf value='b&b'>\
        <input name=count value=1><input type=checkbox name=gift><button name=go value=1>Buy</button></form>\
        <table><tr><form id=loose><td><input name=in value=table></td></form></tr></table>\
        <form id=up method=POST enctype=multipart/form-data action=/up><input name=t value=1>\
        <input type=file name=f></form>";

    fn taken(selector: Option<&str>, part: FormPart) -> Option<String> {
        let selector = selector.map(|text| CssSelector::new(text).expect("a selector"));
        let mut out = Vec::new();
        let query = FormQuery { selector, part };
        let is_there = query.take(&Page::default(), SHOP.as_bytes(), &mut out);
        is_there.then(|| String::from_utf8(out).expect("text"))
    }

    #[test]
    fn a_form_gives_all_that_a_browser_sends_of_it() {
        assert_eq!(taken(None, FormPart::All).as_deref(), Some("q="));
        let second = "form[action='/buy']:nth-of-type(3)";
        assert_eq!(taken(Some(second), FormPart::All).as_deref(), Some("id=2&csrf=b%26b&count=1"));
        assert_eq!(taken(Some("#loose"), FormPart::All).as_deref(), Some("in=table"));
        assert_eq!(taken(Some("#up"), FormPart::All).as_deref(), Some("multipart/form-data?t=1"));
        assert_eq!(taken(Some("#nowhere"), FormPart::All), None);
        assert_eq!(taken(Some("input"), FormPart::All), None, "no form is selected");
    }

    #[test]
    fn without_a_selector_it_is_the_first_form_that_has_it() {
        assert_eq!(taken(None, FormPart::Token).as_deref(), Some("aa"));
        assert_eq!(taken(None, FormPart::Field("count".to_owned())).as_deref(), Some("1"));
        assert_eq!(taken(None, FormPart::Field("none".to_owned())), None);
        assert_eq!(taken(Some("form"), FormPart::Token), None, "the first one is for searching");
    }
}
