//! What a page refers to: links and forms.

use url::Url;

use super::form::Form;
use super::form::FormEncoding;
use super::form::fitted;
use super::form::sample_value;
use super::link::resolve;
use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::Scripting;
use crate::extract::Tag;

/// Links and forms taken from one page at most.
const MAX_LINKS: usize = 2000;
const MAX_FORMS: usize = 200;
const MAX_FIELDS: usize = 200;
const MAX_LABEL_BYTES: usize = 200;

/// A reference to another resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Resolved.
    pub url: Url,
    /// The link's text; empty for what has none.
    pub label: String,
}

/// What a page refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    /// In document order, repetitions included.
    pub links: Vec<Link>,
    /// In document order.
    pub forms: Vec<Form>,
    /// Something was left out: the document or one of its lists was too large.
    pub truncated: bool,
}

impl Page {
    /// Reads links and forms from HTML that was served at `url`.
    pub(crate) fn parse(url: &Url, html: &str) -> Self {
        let markup = Markup::parse(html, Scripting::Off);
        let mut reader = Reader {
            base: base_of(&markup, url),
            page: Self { truncated: markup.truncated, ..Self::default() },
            anchor: None,
            form: None,
            select: None,
            textarea: None,
            button: false,
        };
        for piece in &markup.pieces {
            match piece {
                Piece::Open(tag) => reader.open(tag),
                Piece::Close(name) => reader.close(name),
                Piece::Text { text, raw } => reader.text(text, raw.as_deref()),
                Piece::Comment(_) => {}
            }
        }
        reader.end_form();
        reader.page
    }
}

/// The first `base` with a usable `href` counts, as in a browser.
fn base_of(markup: &Markup, url: &Url) -> Url {
    markup
        .tags()
        .filter(|tag| tag.name == "base")
        .find_map(|tag| tag.attribute("href"))
        .and_then(|href| url.join(href).ok())
        .unwrap_or_else(|| url.clone())
}

struct Reader {
    base: Url,
    page: Page,
    /// Index of the link whose text is being read.
    anchor: Option<usize>,
    form: Option<Form>,
    select: Option<Select>,
    /// Name of the open `textarea` and its text so far.
    textarea: Option<(String, String)>,
    button: bool,
}

#[derive(Default)]
struct Select {
    name: String,
    chosen: Option<String>,
    first: Option<String>,
    /// An option without `value` counts with its text.
    pending: bool,
}

impl Reader {
    fn open(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            "a" => self.anchor = tag.attribute("href").and_then(|href| self.link(href)),
            "area" | "link" => self.linked(tag, "href"),
            "script" | "iframe" | "frame" | "embed" | "source" | "video" | "audio" => {
                self.linked(tag, "src");
            }
            "img" => self.image(tag),
            "meta" => self.meta(tag),
            "form" => self.begin_form(tag),
            "input" => self.input(tag),
            "select" => {
                let name = tag.attribute("name").unwrap_or_default().to_owned();
                self.select = Some(Select { name, ..Select::default() });
            }
            "option" => self.option(tag),
            "textarea" => {
                let name = tag.attribute("name").unwrap_or_default().to_owned();
                self.textarea = Some((name, String::new()));
            }
            "button" => {
                self.button = true;
                if let (Some(name), Some(value)) = (tag.attribute("name"), tag.attribute("value")) {
                    self.field(name, value);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "a" => self.anchor = None,
            "form" => self.end_form(),
            "button" => self.button = false,
            "select" => self.end_select(),
            "textarea" => self.end_textarea(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, raw: Option<&str>) {
        if let Some((_, value)) = &mut self.textarea {
            if raw == Some("textarea") {
                value.push_str(text);
            }
            return;
        }
        if let Some(select) = &mut self.select {
            if std::mem::take(&mut select.pending) {
                select.first.get_or_insert_with(|| text.trim().to_owned());
            }
            return;
        }
        if let Some(link) = self.anchor.and_then(|index| self.page.links.get_mut(index)) {
            append_label(&mut link.label, text);
        }
        if let (true, Some(form)) = (self.button, &mut self.form) {
            append_label(&mut form.label, text);
        }
    }

    /// Records a link and gives its index.
    fn link(&mut self, reference: &str) -> Option<usize> {
        let url = resolve(&self.base, reference)?;
        if self.page.links.len() >= MAX_LINKS {
            self.page.truncated = true;
            return None;
        }
        self.page.links.push(Link { url, label: String::new() });
        Some(self.page.links.len() - 1)
    }

    fn linked(&mut self, tag: &Tag, attribute: &str) {
        if let Some(reference) = tag.attribute(attribute) {
            self.link(reference);
        }
    }

    fn image(&mut self, tag: &Tag) {
        self.linked(tag, "src");
        let candidates = tag.attribute("srcset").unwrap_or_default();
        for candidate in candidates.split(", ").take(16) {
            if let Some(reference) = candidate.split_whitespace().next() {
                self.link(reference);
            }
        }
    }

    fn meta(&mut self, tag: &Tag) {
        let is_refresh =
            tag.attribute("http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh"));
        let target = tag.attribute("content").and_then(refresh_target);
        if let (true, Some(target)) = (is_refresh, target) {
            self.link(target);
        }
    }

    fn begin_form(&mut self, tag: &Tag) {
        // A form inside a form is ignored, as a browser does.
        if self.form.is_some() {
            return;
        }
        let action = match tag.attribute("action").map(str::trim) {
            None | Some("") => Some(self.base.clone()),
            Some(action) => resolve(&self.base, action),
        };
        let Some(mut action) = action else { return };
        action.set_fragment(None);
        let post = tag.attribute("method").is_some_and(|m| m.trim().eq_ignore_ascii_case("post"));
        let multipart = tag
            .attribute("enctype")
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"));
        let encoding = match (post, multipart) {
            (false, _) => FormEncoding::Query,
            (true, false) => FormEncoding::UrlEncoded,
            (true, true) => FormEncoding::Multipart,
        };
        let method = if post { "POST" } else { "GET" }.to_owned();
        self.form = Some(Form {
            method,
            action,
            encoding,
            fields: Vec::new(),
            label: String::new(),
            asks_password: false,
        });
    }

    fn end_form(&mut self) {
        self.end_select();
        self.end_textarea();
        let Some(form) = self.form.take() else { return };
        if self.page.forms.len() < MAX_FORMS {
            self.page.forms.push(form);
        } else {
            self.page.truncated = true;
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        let Some(form) = &mut self.form else { return };
        if name.is_empty() {
            return;
        }
        if form.fields.len() < MAX_FIELDS {
            form.fields.push((name.to_owned(), value.to_owned()));
        } else {
            self.page.truncated = true;
        }
    }

    fn input(&mut self, tag: &Tag) {
        let name = tag.attribute("name").unwrap_or_default();
        let value = tag.attribute("value").unwrap_or_default();
        let kind = tag.attribute("type").unwrap_or("text").trim().to_ascii_lowercase();
        if let (true, Some(form)) = (kind == "password", &mut self.form) {
            form.asks_password = true;
        }
        match kind.as_str() {
            "submit" | "button" => {
                if let Some(form) = &mut self.form {
                    append_label(&mut form.label, value);
                }
                if kind == "submit" && tag.attribute("value").is_some() {
                    self.field(name, value);
                }
            }
            "reset" | "image" => {}
            // A file's name is what a browser sends where the form is not multipart.
            "file" => self.field(name, "sample.txt"),
            "radio" => self.radio(tag, name, value),
            "hidden" => self.field(name, value),
            _ if value.is_empty() => {
                let sample = fitted(sample_value(&kind, name), tag.attribute("maxlength"));
                self.field(name, &sample);
            }
            _ => self.field(name, value),
        }
    }

    /// One radio button of a group is sent: the checked one, else the first.
    fn radio(&mut self, tag: &Tag, name: &str, value: &str) {
        let value = if tag.attribute("value").is_some() { value } else { "on" };
        let known = self.form.as_mut().and_then(|form| {
            form.fields.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
        });
        match known {
            Some(known) if tag.attribute("checked").is_some() => value.clone_into(known),
            Some(_) => {}
            None => self.field(name, value),
        }
    }

    fn option(&mut self, tag: &Tag) {
        let Some(select) = &mut self.select else { return };
        let Some(value) = tag.attribute("value") else {
            select.pending = true;
            return;
        };
        if tag.attribute("selected").is_some() {
            select.chosen.get_or_insert_with(|| value.to_owned());
        }
        // An empty first option is a prompt ("please choose").
        if !value.is_empty() {
            select.first.get_or_insert_with(|| value.to_owned());
        }
    }

    fn end_select(&mut self) {
        let Some(select) = self.select.take() else { return };
        let value = select.chosen.or(select.first).unwrap_or_default();
        self.field(&select.name, &value);
    }

    fn end_textarea(&mut self) {
        let Some((name, value)) = self.textarea.take() else { return };
        let value = if value.trim().is_empty() { sample_value("text", &name) } else { &value };
        self.field(&name, value);
    }
}

/// The URL in `5; url=/next`, quotes optional.
pub(crate) fn refresh_target(content: &str) -> Option<&str> {
    let after = content.split_once([';', ',']).map(|(_, rest)| rest.trim())?;
    let target = match after.get(..3) {
        Some(key) if key.eq_ignore_ascii_case("url") => {
            after[3..].trim_start().strip_prefix('=').map_or(after, str::trim_start)
        }
        _ => after,
    };
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target[1..].split(quote).next().unwrap_or_default(),
        _ => target,
    };
    (!target.is_empty()).then_some(target)
}

fn append_label(label: &mut String, text: &str) {
    if label.len() < MAX_LABEL_BYTES {
        let room = MAX_LABEL_BYTES - label.len();
        if !label.is_empty() {
            label.push(' ');
        }
        label
            .push_str(text.trim().get(..text.trim().floor_char_boundary(room)).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(html: &str) -> Page {
        Page::parse(&Url::parse("http://h/dir/page").expect("a URL"), html)
    }

    fn links(html: &str) -> Vec<String> {
        page(html).links.iter().map(|link| super::super::link::path_and_query(&link.url)).collect()
    }

    #[test]
    fn every_kind_of_reference_is_a_link() {
        let html = r#"<a href=x>go <b>there</b></a><area href=/m><link href=/s.css>
            <script src=/s.js></script><img src=i.png srcset="/a.png 1x, /b.png 2x">
            <iframe src=/f></iframe><meta http-equiv=Refresh content="0; URL='/next?a=1'">"#;
        let expected = [
            "/dir/x",
            "/m",
            "/s.css",
            "/s.js",
            "/dir/i.png",
            "/a.png",
            "/b.png",
            "/f",
            "/next?a=1",
        ];
        assert_eq!(links(html), expected);
        assert_eq!(page(html).links[0].label, "go there");
    }

    #[test]
    fn base_changes_where_references_go() {
        assert_eq!(links("<base href='/other/'><a href=x>"), ["/other/x"]);
    }

    #[test]
    fn forms_are_filled_with_what_a_server_is_likely_to_accept() {
        let html = r#"<form action=/find><input name=q><input type=hidden name=t value=7>
            <select name=sort><option value="">choose<option value=up selected><option value=dn></select>
            <select name=size><option>small</option></select>
            <textarea name=note></textarea><input type=email name=m><input type=number name=n>
            <input type=radio name=r value=1><input type=radio name=r value=2 checked>
            <input name=code maxlength=3><input type=submit value=Go></form>"#;
        let form = &page(html).forms[0];
        assert_eq!(
            form.filled_url().query(),
            Some("q=a&t=7&sort=up&size=small&note=sample&m=user%40example.com&n=1&r=2&code=sam")
        );
        assert_eq!(form.label, "Go");
    }

    #[test]
    fn post_forms_become_requests_with_a_body() {
        let html = "<form method=POST><input name=a value='x y&'></form>";
        let request = page(html).forms[0].request().expect("urlencoded");
        assert_eq!(request.method.as_str(), "POST");
        assert_eq!(request.path_and_query, b"/dir/page");
        assert_eq!(request.body, b"a=x+y%26");
        let multipart = "<form method=post enctype=multipart/form-data action=/up></form>";
        assert_eq!(page(multipart).forms[0].request(), None);
    }

    #[test]
    fn an_unclosed_form_still_counts() {
        assert_eq!(
            page("<form action=/x><input name=a><select name=b><option value=1>").forms[0]
                .fields
                .len(),
            2
        );
    }

    #[test]
    fn refresh_targets_are_read_in_every_spelling() {
        assert_eq!(refresh_target("0;url=/a"), Some("/a"));
        assert_eq!(refresh_target("5 ; URL = \"/a b\" x"), Some("/a b"));
        assert_eq!(refresh_target("3; /bare"), Some("/bare"));
        assert_eq!(refresh_target("30"), None);
        assert_eq!(refresh_target("1;urlé"), Some("urlé"));
    }
}
