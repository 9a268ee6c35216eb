//! What a page refers to: links and forms.

use url::Url;

use super::crawl::Doubt;
use super::form::Form;
use super::link::resolve;
use super::structure::Structure;
use crate::extract::Against;
use crate::extract::Body;
use crate::extract::Evidence;
use crate::extract::Forms;
use crate::extract::ImportMap;
use crate::extract::Markup;
use crate::extract::Piece;
use crate::extract::References;
use crate::extract::Scripting;
use crate::extract::base_of;
use crate::extract::html_references;
use crate::model::Header;
use crate::model::Request;

/// Links taken from one page at most.
const MAX_LINKS: usize = 2000;

/// Comments with forms that are read.
const MAX_COMMENTS: usize = 50;

/// A reference to another resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Resolved.
    pub url: Url,
    /// The link's text; empty for what has none.
    pub label: String,
    /// In capitals.
    pub method: &'static str,
    /// It only looks like an address.
    pub doubt: Option<Doubt>,
    /// What is sent with it, where a script says so.
    pub body: Option<Body>,
    /// It is a script that runs by itself: what it asks for is relative to it.
    pub is_worker: bool,
}

impl Link {
    /// The request with what is sent along.
    pub(crate) fn fill(&self, mut request: Request) -> Request {
        if let Some(body) = &self.body {
            request.headers.push(Header::new("Content-Type", body.kind));
            request.body = body.text.clone().into_bytes();
        }
        request
    }
}

/// What a page refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Page {
    /// In document order, repetitions included.
    pub links: Vec<Link>,
    /// In document order.
    pub forms: Vec<Form>,
    /// How it is built.
    pub structure: Option<Structure>,
    /// What describes an interface, as it came.
    pub description: Option<Vec<u8>>,
    /// Where it says that its content stands.
    pub canonical: Option<Url>,
    /// Where modules are that it or its scripts name; addresses are resolved.
    pub imports: ImportMap,
    /// Something was left out: the document or one of its lists was too large.
    pub truncated: bool,
}

impl Page {
    /// Reads links and forms from HTML that was served at `url`.
    pub(crate) fn parse(url: &Url, html: &str) -> Self {
        let markup = Markup::parse(html, Scripting::Off);
        Self::read(&base_of(&markup, url), &markup)
    }

    /// The same for HTML that is taken apart already, and whose references are relative to `base`.
    pub(crate) fn read(base: &Url, markup: &Markup) -> Self {
        let found = Forms::read(markup);
        let mut page = Self {
            links: Vec::new(),
            structure: Some(Structure::of_markup(markup)),
            canonical: canonical(markup, base),
            forms: found.list.iter().flat_map(|form| Form::all(form, base)).collect(),
            truncated: found.truncated,
            description: None,
            imports: ImportMap::default(),
        };
        page.add_switched_off(markup, base);
        page.add(html_references(markup), base, base);
        page
    }

    /// Forms that are switched off may be there all the same.
    fn add_switched_off(&mut self, markup: &Markup, base: &Url) {
        let comments = markup.pieces.iter().filter_map(|piece| match piece {
            Piece::Comment(text) if text.contains("<form") => Some(text),
            _ => None,
        });
        for comment in comments.take(MAX_COMMENTS) {
            let found = Forms::read(&Markup::parse(comment, Scripting::Off));
            let forms = found.list.iter().flat_map(|form| Form::all(form, base));
            self.forms.extend(forms.map(|form| Form { is_switched_off: true, ..form }));
        }
    }

    /// Adds what a file at `file` refers to, that the page at `page` has loaded.
    pub(crate) fn add(&mut self, references: References, file: &Url, page: &Url) {
        self.truncated |= references.truncated;
        if !references.imports.is_empty() {
            self.imports =
                references.imports.readdressed(|text| resolve(page, text).map(Into::into));
        }
        for reference in references.list {
            if self.links.len() >= MAX_LINKS {
                self.truncated = true;
                return;
            }
            let base = match reference.against {
                Against::File => file,
                Against::Page => page,
            };
            let text = over_http(&reference.text);
            let Some(url) = resolve(base, text.as_deref().unwrap_or(&reference.text)) else {
                continue;
            };
            self.links.push(Link {
                url,
                label: reference.label,
                method: reference.method.unwrap_or("GET"),
                doubt: match reference.evidence {
                    Evidence::Stated => None,
                    Evidence::Called => Some(Doubt::Called),
                    Evidence::Likely => Some(Doubt::Likely),
                    Evidence::Weak => Some(Doubt::Weak),
                },
                body: reference.body,
                is_worker: reference.is_worker,
            });
        }
    }
}

/// `<link rel=canonical>`.
fn canonical(markup: &Markup, base: &Url) -> Option<Url> {
    let mut links = markup.tags().filter(|tag| tag.name == "link");
    let link = links.find(|tag| {
        tag.attribute("rel").is_some_and(|rel| rel.trim().eq_ignore_ascii_case("canonical"))
    })?;
    resolve(base, link.attribute("href")?)
}

/// A WebSocket's address as the HTTP address at which it begins.
pub(crate) fn over_http(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "ws" => Some(format!("http://{rest}")),
        "wss" => Some(format!("https://{rest}")),
        _ => None,
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
        let request = page(multipart).forms[0].request().expect("multipart");
        assert!(
            request.header("content-type").is_some_and(|kind| kind.text().contains("boundary="))
        );
    }

    #[test]
    fn each_button_that_does_something_else_is_pressed() {
        let html = "<form action=/a><input name=x value=1><button name=do value=show>Show</button>\
            <button formaction=/b>Other</button><input type=submit formmethod=post>\
            <input type=image name=at><button>Show again</button></form>\
            <!-- <form action=/off><input name=c value=7></form> -->";
        let forms = page(html).forms;
        let seen: Vec<_> = forms
            .iter()
            .map(|form| {
                let request = form.request().expect("http");
                format!("{} {}", form.method, String::from_utf8_lossy(&request.path_and_query))
            })
            .collect();
        let expected = [
            "GET /a?x=1&do=show",
            "GET /b?x=1",
            "POST /a",
            "GET /a?x=1&at.x=1&at.y=1",
            "GET /off?c=7",
        ];
        assert_eq!(seen, expected);
        assert_eq!(forms[1].label, "Other");
        assert!(forms[4].is_switched_off && !forms[0].is_switched_off);
    }

    #[test]
    fn an_unclosed_form_still_counts() {
        assert_eq!(
            page("<form action=/x><input name=a><select name=b><option value=1>").forms[0]
                .filled
                .fields
                .len(),
            2
        );
    }
}
