//! What a page refers to: links and forms.

use url::Url;

use super::form::Form;
use super::link::resolve;
use crate::extract::Forms;
use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::Scripting;
use crate::extract::Tag;
use crate::extract::append_label;
use crate::extract::base_of;

/// Links taken from one page at most.
const MAX_LINKS: usize = 2000;

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
        let base = base_of(&markup, url);
        let found = Forms::read(&markup);
        let forms = found.list.iter().filter_map(|form| Form::filled(form, &base)).collect();
        let truncated = markup.truncated || found.truncated;
        let page = Self { links: Vec::new(), forms, truncated };
        let mut reader = Reader { base, page, anchor: None };
        for piece in &markup.pieces {
            match piece {
                Piece::Open(tag) => reader.open(tag),
                Piece::Close(name) if name == "a" => reader.anchor = None,
                Piece::Text { text, raw } if raw.as_deref() != Some("textarea") => {
                    reader.text(text);
                }
                Piece::Close(_) | Piece::Text { .. } | Piece::Comment(_) => {}
            }
        }
        reader.page
    }
}

struct Reader {
    base: Url,
    page: Page,
    /// Index of the link whose text is being read.
    anchor: Option<usize>,
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
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(link) = self.anchor.and_then(|index| self.page.links.get_mut(index)) {
            append_label(&mut link.label, text);
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
