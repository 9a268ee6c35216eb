//! The forms of an HTML page, as its markup says them.
//!
//! What is done with one (filled in by a crawler, logged in with, sent back in a load) is the
//! caller's affair; all of them begin with [`Form::pairs`], which is what a browser sends.

use url::Url;

use super::field::Field;
use super::form_reader::Reader;
use super::markup::Markup;
use super::markup::Piece;

/// Bytes of text for people.
const MAX_LABEL_BYTES: usize = 200;

/// What the names of fields against forged requests contain, the clearest first.
const TOKEN_WORDS: [&str; 8] =
    ["csrf", "xsrf", "requestverification", "authenticity", "token", "nonce", "formkey", "sesskey"];

/// The forms of one page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Forms {
    /// In document order.
    pub list: Vec<Form>,
    /// A field for a password stands outside of every form: scripts send it.
    pub has_loose_password: bool,
    /// There was more than is read.
    pub truncated: bool,
}

/// A form with everything it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Form {
    /// Where it goes, as written; `None` where that is the page itself.
    pub action: Option<String>,
    /// How it goes there.
    pub method: FormMethod,
    /// How its fields travel in a body.
    pub encoding: FormEncoding,
    /// In document order, buttons among them.
    pub fields: Vec<Field>,
    /// Its `id`, which may be empty.
    pub id: String,
    /// Its `name`, which may be empty.
    pub name: String,
    /// Its `class`, which may be empty.
    pub class: String,
}

/// How a form is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FormMethod {
    /// Its fields are the query.
    #[default]
    Get,
    /// Its fields are the body.
    Post,
}

/// How a form's fields travel in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FormEncoding {
    /// `application/x-www-form-urlencoded`
    #[default]
    UrlEncoded,
    /// `multipart/form-data`
    Multipart,
    /// `text/plain`
    Plain,
}

impl FormMethod {
    /// As it is written; what is no method is GET. A dialog is closed and not sent, so nothing is
    /// lost with that either.
    pub(super) fn of(written: &str) -> Self {
        if written.eq_ignore_ascii_case("post") { Self::Post } else { Self::Get }
    }
}

impl FormEncoding {
    /// As it is written.
    pub(super) fn of(written: &str) -> Self {
        if written.eq_ignore_ascii_case("multipart/form-data") {
            Self::Multipart
        } else if written.eq_ignore_ascii_case("text/plain") {
            Self::Plain
        } else {
            Self::UrlEncoded
        }
    }
}

impl Forms {
    /// Reads them. Never fails, as HTML has no syntax errors.
    pub(crate) fn read(markup: &Markup) -> Self {
        let mut reader = Reader::default();
        for piece in &markup.pieces {
            match piece {
                Piece::Open(tag) => reader.open(tag),
                Piece::Close(name) => reader.close(name),
                Piece::Text { text, raw } => reader.text(text, raw.as_deref()),
                Piece::Comment(_) => {}
            }
        }
        reader.end()
    }
}

/// What references of a page are relative to: the first `base` with a usable `href`, as in a
/// browser, else where the page was.
pub(crate) fn base_of(markup: &Markup, url: &Url) -> Url {
    let bases = markup.tags().filter(|tag| tag.name == "base");
    let base = bases.filter_map(|tag| tag.attribute("href")).find_map(|href| url.join(href).ok());
    base.unwrap_or_else(|| url.clone())
}

impl Form {
    /// Where it goes; `None` if that is no address, or not one of HTTP.
    pub(crate) fn target(&self, base: &Url) -> Option<Url> {
        let target = match &self.action {
            Some(action) => base.join(action).ok(),
            None => Some(base.clone()),
        };
        let mut target = target.filter(|url| matches!(url.scheme(), "http" | "https"))?;
        target.set_fragment(None);
        Some(target)
    }

    /// Names and values that a browser sends if nothing is filled in and no button pressed.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let sent = self
            .fields
            .iter()
            .filter(|field| field.is_sent && !field.is_disabled && !field.name.is_empty());
        sent.flat_map(|field| field.values().map(|value| (field.name.as_str(), value)))
    }

    /// The hidden field that looks like a token against forged requests: by its name, else by a
    /// value that nobody would write.
    pub(crate) fn token(&self) -> Option<&Field> {
        let hidden = || {
            let of_kind = |field: &&Field| field.kind == "hidden" && !field.value.is_empty();
            self.fields.iter().filter(of_kind)
        };
        let named = hidden().filter_map(|field| Some((token_rank(&field.name)?, field)));
        // The first of several that are as clear.
        let named = named.min_by_key(|(rank, _)| *rank).map(|(_, field)| field);
        named.or_else(|| hidden().find(|field| looks_drawn(&field.value)))
    }

    /// The hidden field whose name says that it is such a token.
    pub(crate) fn named_token(&self) -> Option<&Field> {
        self.token().filter(|field| token_rank(&field.name).is_some())
    }
}

fn token_rank(name: &str) -> Option<usize> {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    TOKEN_WORDS.iter().position(|word| letters.contains(word))
}

/// Long, of the letters of base64 or hexadecimal alone, and with digits among them.
fn looks_drawn(value: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_.".contains(&byte);
    value.len() >= 20
        && value.bytes().all(is_letter)
        && value.bytes().filter(u8::is_ascii_digit).count() >= 3
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Appends text for people, as far as there is room for it.
pub(crate) fn append_label(label: &mut String, text: &str) {
    if label.len() < MAX_LABEL_BYTES {
        let room = MAX_LABEL_BYTES - label.len();
        let text = text.trim();
        if !label.is_empty() {
            label.push(' ');
        }
        label.push_str(&text[..text.floor_char_boundary(room)]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::form_reader::MAX_FIELDS;
    use super::super::markup::Scripting;
    use super::*;

    fn read(html: &str) -> Forms {
        Forms::read(&Markup::parse(html, Scripting::Off))
    }

    fn pairs(html: &str) -> Vec<String> {
        let forms = read(html).list;
        forms[0].pairs().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn a_form_is_sent_as_a_browser_sends_it() {
        let html = "<form><input name=a value='1 &amp; 2'><input type=CHECKBOX name=b>\
            <input type=checkbox name=c checked><input type=radio name=r value=1>\
            <input type=radio name=r value=2 checked><input name=off disabled value=x><input value=unnamed>\
            <select name=s><option value=1>a<option value=2 selected>b</select>\
            <select name=o><option>first  of\n all</option><option>second</select>\
            <select name=m multiple><option selected>x<option>y<option selected>z</select>\
            <select name=none multiple><option>x</select><select name=empty></select>\
            <select name=d><option disabled value=''>choose<option value=4></select>\
            <textarea name=t>a<b></textarea><input type=submit name=go value=Go><input type=file name=f></form>";
        let expected =
            ["a=1 & 2", "c=on", "r=2", "s=2", "o=first of all", "m=x", "m=z", "d=4", "t=a<b>"];
        assert_eq!(pairs(html), expected);
    }

    #[test]
    fn limits_buttons_and_suggestions_are_read() {
        let html = "<form><input type=number name=n min=1 max=' 9 ' step=2><input name=t pattern='[a-z]+' \
            minlength=2 maxlength=5 list=l autocomplete=POSTAL-CODE placeholder=12345>\
            <fieldset disabled><input name=off value=1></fieldset><input type=file name=f accept='image/*'>\
            <button name=b value=1 formaction=/other formmethod=post formenctype=text/plain>x</button>\
            <datalist id=l><option value=red><option value=green></datalist></form>";
        let form = &read(html).list[0];
        let field = |name: &str| form.fields.iter().find(|one| one.name == name).expect(name);
        let number = &field("n").limits;
        assert_eq!(
            (number.min.as_deref(), number.max.as_deref(), number.step.as_deref()),
            (Some("1"), Some("9"), Some("2"))
        );
        assert_eq!(field("t").suggestions, ["red", "green"]);
        assert_eq!(field("t").limits.autocomplete, "postal-code");
        assert!(field("off").is_disabled && !field("n").is_disabled);
        let sends = &field("b").sends;
        assert_eq!(sends.action.as_deref(), Some("/other"));
        assert_eq!(
            (sends.method, sends.encoding),
            (Some(FormMethod::Post), Some(FormEncoding::Plain))
        );
        assert_eq!(form.named_token(), None);
    }

    #[test]
    fn controls_belong_to_the_form_that_they_name_wherever_it_stands() {
        let html = "<input form=f name=before value=1><form id=g><input form=f name=in value=2>\
            <input name=own value=3></form><form id=f></form><select form=f name=s><option>4</select>\
            <input form=nowhere type=password><input type=password name=p>";
        let forms = read(html);
        let of = |form: usize| forms.list[form].pairs().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!((of(0), of(1)), (vec!["own"], vec!["before", "in", "s"]));
        assert!(forms.has_loose_password);
        assert!(!read("<form><input type=password></form>").has_loose_password);
    }

    #[test]
    fn where_and_how_it_goes_is_read() {
        let html = "<form action=' /to?x#f ' method=POST enctype='multipart/form-data'><button name=b value=1>Send\n it</button>\
            <button type=reset>No</button></form><form action='javascript:x()' enctype=text/plain><form action=''>";
        let forms = read(html).list;
        assert_eq!(forms.len(), 2, "a form inside a form is none");
        let base = Url::parse("http://h/dir/page?q").expect("a URL");
        assert_eq!(forms[0].target(&base).as_ref().map(Url::as_str), Some("http://h/to?x"));
        assert_eq!(
            (forms[0].method, forms[0].encoding),
            (FormMethod::Post, FormEncoding::Multipart)
        );
        assert_eq!(
            forms[0].fields.iter().map(|button| button.label.as_str()).collect::<Vec<_>>(),
            ["Send\n it", "No"]
        );
        assert_eq!((forms[1].target(&base), forms[1].encoding), (None, FormEncoding::Plain));
        let page = read("<form action=''>").list;
        assert_eq!(page[0].target(&base).as_ref(), Some(&base));
        let markup =
            Markup::parse("<base target=x><base href='/other/'><base href=/no>", Scripting::Off);
        assert_eq!(base_of(&markup, &base).as_str(), "http://h/other/");
    }

    #[test]
    fn the_token_is_found_by_its_name_or_by_what_it_looks_like() {
        let token = |fields: &str| {
            let forms = read(&format!("<form>{fields}</form>")).list;
            forms[0].token().map(|field| field.name.clone())
        };
        let hidden =
            |name: &str, value: &str| format!("<input type=hidden name={name} value={value}>");
        let of = |fields: &[(&str, &str)]| {
            token(&fields.iter().map(|(name, value)| hidden(name, value)).collect::<String>())
        };
        assert_eq!(
            of(&[("next", "/x"), ("_token", "a"), ("csrf_x", "b")]).as_deref(),
            Some("csrf_x")
        );
        assert_eq!(
            of(&[("__RequestVerificationToken", "a")]).as_deref(),
            Some("__RequestVerificationToken")
        );
        assert_eq!(of(&[("form_key", "a"), ("x", "b")]).as_deref(), Some("form_key"));
        assert_eq!(of(&[("id", "17"), ("k", "73a9e6f1c02b44d8a1b2")]).as_deref(), Some("k"));
        assert_eq!(
            of(&[("id", "17"), ("back", "https://example.com/a/b/c1/2/3"), ("csrf", "")]),
            None
        );
        assert_eq!(token("<input name=token value=shown>"), None, "a person types it");
    }

    #[test]
    fn a_page_of_controls_without_end_is_cut() {
        let many = "<form><input name=a><input name=b><select><option>x".repeat(3000);
        let forms = read(&many);
        assert!(forms.truncated);
        assert!(forms.list.iter().map(|form| form.fields.len()).sum::<usize>() <= MAX_FIELDS);
        assert!(read(&"<form></form>".repeat(300)).truncated);
    }

    proptest! {
        #[test]
        fn no_page_stops_the_reader(
            html in "(<form[ >]|</form>|<input name=|type=password|<option|<select |multiple|<button>|</button>|<textarea>|form=f|[ >='\"a-zé]){0,60}",
        ) {
            for form in read(&html).list {
                let _ = (form.pairs().count(), form.token());
            }
        }
    }
}
