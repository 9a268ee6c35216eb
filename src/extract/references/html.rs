//! HTML: every element and attribute that can carry an address.

use super::css::css_references;
use super::headers::{header_references, refresh_target};
use super::json::json_within;
use super::map::ImportMap;
use super::script::script_within;
use super::text::{looks_like_path, looks_like_url, text_references};
use super::{Against, Evidence, References};
use crate::extract::append_label;
use crate::extract::{Markup, Piece, Scripting, Tag};

/// Attributes that are addresses, whatever the element: some stand where they mean nothing, and are
/// read by scripts.
const ADDRESSES: [&str; 20] = [
    "href",
    "src",
    "action",
    "formaction",
    "cite",
    "longdesc",
    "background",
    "poster",
    "manifest",
    "data",
    "codebase",
    "classid",
    "archive",
    "usemap",
    "profile",
    "icon",
    "dynsrc",
    "lowsrc",
    "xlink:href",
    "itemid",
];

/// Attributes with several addresses.
const LISTS: [&str; 3] = ["srcset", "imagesrcset", "data-srcset"];

/// Attributes with a script in them, by how their names begin: bindings of the common frameworks.
const BOUND: [&str; 9] = [":", "@", "v-", "x-", "ng-", "[", "(", "*", "data-ng-"];

/// Attributes of elements with names of their own that are for people.
const FOR_PEOPLE: [&str; 9] =
    ["id", "class", "title", "alt", "name", "label", "placeholder", "style", "part"];

/// Candidates of one list.
const MAX_CANDIDATES: usize = 32;

/// Documents within documents: a comment is markup that is switched off, a string in a script may be
/// markup with a script. What lies deeper is text.
pub(super) const MAX_DEPTH: u32 = 4;

/// What a page refers to.
pub(crate) fn html_references(markup: &Markup) -> References {
    let mut found = References::default();
    read(markup, 0, &mut found);
    found.truncated |= markup.truncated;
    found
}

/// What a text refers to that is a piece of a page: likely, because nobody knows whether it is used.
/// It lies `depth` documents deep.
pub(super) fn markup_references(text: &str, depth: u32) -> References {
    let mut found = References::default();
    if depth > MAX_DEPTH {
        return found;
    }
    let markup = Markup::parse(text, Scripting::Off);
    read(&markup, depth, &mut found);
    found.truncated |= markup.truncated;
    found.at_most(Evidence::Likely)
}

fn read(markup: &Markup, depth: u32, found: &mut References) {
    let modules = ImportMap::default();
    let mut reader = Reader { found, anchor: None, script: ScriptKind::Code, modules, depth };
    for piece in &markup.pieces {
        match piece {
            Piece::Open(tag) => reader.open(tag),
            Piece::Close(name) if name == "a" => reader.anchor = None,
            Piece::Close(_) => {}
            Piece::Text { text, raw } => reader.text(text, raw.as_deref()),
            Piece::Comment(text) => reader.comment(text),
        }
    }
    let modules = std::mem::take(&mut reader.modules);
    modules.resolve(found);
    found.imports = modules;
}

/// What a script element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScriptKind {
    Code,
    Json,
    /// Where modules are.
    ImportMap,
    /// A template for a page's parts.
    Markup,
}

struct Reader<'f> {
    found: &'f mut References,
    /// The link whose text is being read.
    anchor: Option<usize>,
    script: ScriptKind,
    modules: ImportMap,
    depth: u32,
}

impl Reader<'_> {
    fn open(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            "a" => self.anchor = None,
            "script" => self.script = script_kind(tag),
            "meta" => self.meta(tag),
            // What a base is does not have to be fetched.
            "base" => return,
            _ => {}
        }
        for (name, value) in &tag.attributes {
            self.attribute(tag, name, value);
        }
    }

    fn attribute(&mut self, tag: &Tag, name: &str, value: &str) {
        if matches!(name, "action" | "formaction") && self.depth == 0 {
            // A form is sent with its fields.
            return;
        }
        if let Some(script) = of_script(value) {
            self.found.extend(script_within(&script, self.depth));
        } else if ADDRESSES.contains(&name) {
            let is_list = matches!(name, "archive");
            let place = if is_list {
                value.split([',', ' ']).filter_map(|one| self.found.stated(one)).last()
            } else {
                self.found.stated(value)
            };
            let Some(place) = place else { return };
            if tag.name == "a" && name == "href" {
                self.anchor = Some(place);
            }
        } else if LISTS.contains(&name) {
            candidates(value, self.found);
        } else if name == "ping" {
            value.split_ascii_whitespace().for_each(|one| self.posted(one));
        } else if name == "style" || value.contains("url(") {
            self.found.extend(css_references(value));
        } else if name == "srcdoc" && self.depth < MAX_DEPTH {
            let mut inner = References::default();
            read(&Markup::parse(value, Scripting::Off), self.depth + 1, &mut inner);
            self.found.extend(inner);
        } else if name.starts_with("on") && name.len() > 4 {
            self.found.extend(script_within(value, self.depth));
        } else if BOUND.iter().any(|start| name.starts_with(start)) {
            self.found.extend(script_within(value, self.depth));
            self.value(name, value);
        } else if may_be_address(&tag.name, name) {
            self.value(name, value);
        }
    }

    /// A value that is an address by its look, or by its name: `data-url`, `hx-get`.
    fn value(&mut self, name: &str, value: &str) {
        const ENDINGS: [&str; 24] = [
            "url",
            "href",
            "src",
            "uri",
            "link",
            "action",
            "endpoint",
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "background",
            "bg",
            "image",
            "icon",
            "poster",
            "remote",
            "target",
            "path",
            "api",
            "ajax",
            "source",
            "load",
        ];
        let last = name.rsplit('-').next().unwrap_or_default();
        let is_named = name.contains('-')
            && ENDINGS.contains(&last)
            && !value.contains(char::is_whitespace)
            && value.contains(['/', '.', '?']);
        if is_named || looks_like_url(value) || looks_like_path(value) {
            let place = self.found.add(value, Evidence::Likely, Against::File);
            let method = ["POST", "PUT", "PATCH", "DELETE"]
                .into_iter()
                .find(|method| name.contains('-') && last.eq_ignore_ascii_case(method));
            if let (Some(place), Some(method)) = (place, method) {
                self.found.list[place].method = Some(method);
            }
        } else if value.starts_with(['{', '[']) {
            self.found.extend(json_within(value, self.depth));
        }
    }

    fn posted(&mut self, address: &str) {
        if let Some(place) = self.found.stated(address) {
            self.found.list[place].method = Some("POST");
        }
    }

    fn meta(&mut self, tag: &Tag) {
        let names_policy = tag
            .attribute("http-equiv")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("content-security-policy"));
        if names_policy && let Some(policy) = tag.attribute("content") {
            self.found.extend(header_references("content-security-policy", policy));
        }
        let is_refresh =
            tag.attribute("http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh"));
        if is_refresh && let Some(target) = tag.attribute("content").and_then(refresh_target) {
            self.found.stated(target);
        }
    }

    fn text(&mut self, text: &str, raw: Option<&str>) {
        match raw {
            Some("script") => {
                let references = match self.script {
                    ScriptKind::Code => script_within(text, self.depth),
                    ScriptKind::Json => json_within(text, self.depth),
                    ScriptKind::ImportMap => return self.modules.read(text, self.found),
                    ScriptKind::Markup => return self.markup(text),
                };
                self.found.extend(references);
            }
            Some("style") => self.found.extend(css_references(text)),
            Some("iframe" | "noembed" | "noframes" | "xmp") => self.markup(text),
            Some(_) => {}
            None => match self.anchor {
                Some(anchor) => append_label(&mut self.found.list[anchor].label, text),
                None if text.contains("://") => self.found.extend(text_references(text)),
                None => {}
            },
        }
    }

    /// What is switched off may be there all the same; conditional comments are for old browsers.
    fn comment(&mut self, text: &str) {
        if text.contains('<') {
            self.markup(text);
        } else {
            self.found.extend(text_references(text));
        }
    }

    fn markup(&mut self, text: &str) {
        self.found.extend(markup_references(text, self.depth + 1));
    }
}

/// Whether an attribute may hold an address by its look.
fn may_be_address(element: &str, name: &str) -> bool {
    matches!((element, name), ("option" | "input" | "param", "value") | (_, "content"))
        || name.contains('-')
        || element.contains('-') && !FOR_PEOPLE.contains(&name)
}

fn script_kind(tag: &Tag) -> ScriptKind {
    let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "importmap" => ScriptKind::ImportMap,
        "speculationrules" => ScriptKind::Json,
        kind if kind.ends_with("json") => ScriptKind::Json,
        "" | "module" | "text/jsx" | "text/babel" => ScriptKind::Code,
        kind if kind.contains("script") && !kind.contains("template") => ScriptKind::Code,
        // Templates of all kinds of engines.
        _ => ScriptKind::Markup,
    }
}

/// The script of a `javascript:` address.
fn of_script(value: &str) -> Option<String> {
    let (scheme, script) = value.trim_start().split_once(':')?;
    let script = percent_encoding::percent_decode_str(script).decode_utf8_lossy();
    scheme.eq_ignore_ascii_case("javascript").then(|| script.into_owned())
}

/// `/a.png 1x,/b.png 2x`: addresses may have commas within, but not at their ends
/// (<https://html.spec.whatwg.org/#parse-a-srcset-attribute>).
fn candidates(value: &str, found: &mut References) {
    let mut rest = value;
    for _ in 0..MAX_CANDIDATES {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            return;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let address = &rest[..end];
        found.stated(address.trim_end_matches(','));
        rest = &rest[end..];
        if !address.ends_with(',') {
            // Descriptors go to the next comma; those with brackets have none within.
            rest = rest.find(',').map_or("", |comma| &rest[comma..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(html: &str) -> References {
        html_references(&Markup::parse(html, Scripting::Off))
    }

    fn texts(html: &str) -> Vec<String> {
        references(html).list.into_iter().map(|reference| reference.text).collect()
    }

    #[test]
    fn every_element_that_carries_an_address() {
        for (html, expected) in [
            ("<a href=x>go <b>there</b></a>", "x"),
            ("<area href=/m>", "/m"),
            ("<link href=/s.css>", "/s.css"),
            ("<script src=/s.js></script>", "/s.js"),
            ("<img src=i.png>", "i.png"),
            ("<img srcset='/a.png 1x, /b.png 2x'>", "/a.png,/b.png"),
            ("<img srcset='/a?x=1,2 1x,/b 2x'>", "/a?x=1,2,/b"),
            ("<a href=\"javascript:go('/js')\">", "/js"),
            ("<option value=/opt>", "/opt"),
            ("<x-map tiles=/tiles title=/no>", "/tiles"),
            ("<a :href=\"'/bound'\">", "/bound"),
            ("<div x-init=\"fetch('/init')\">", "/init"),
            ("<rect fill='url(/paint#x)'>", "/paint#x"),
            ("<div data-background=bg?id=5>", "bg?id=5"),
            ("<meta http-equiv=Content-Security-Policy content='report-uri /csp'>", "/csp"),
            (
                "<script type=speculationrules>{\"prefetch\":[{\"urls\":[\"next-page\"]}]}</script>",
                "next-page",
            ),
            (
                "<script type=importmap>{\"imports\":{\"u/\":\"/u/\"}}</script><script>import('u/x.js')</script>",
                "/u/x.js",
            ),
            ("<script type=text/x-jquery-tmpl><a href=/tmpl/{{id}}></script>", "/tmpl/1"),
            ("<a href={{url}}>", ""),
            ("<iframe src=/f></iframe>", "/f"),
            ("<frame src=/f>", "/f"),
            ("<embed src=/e>", "/e"),
            ("<object data=/o></object>", "/o"),
            ("<applet archive='a.jar, b.jar' codebase=/c></applet>", "a.jar,b.jar,/c"),
            ("<param name=movie value=/m.swf>", "/m.swf"),
            ("<video src=v.mp4 poster=p.png></video>", "v.mp4,p.png"),
            ("<source src=s.mp3>", "s.mp3"),
            ("<track src=t.vtt>", "t.vtt"),
            ("<input type=image src=in.png formaction=/fa>", "in.png"),
            ("<button formaction=/b>x</button>", ""),
            ("<form action=/form></form>", ""),
            ("<!-- <form action=/form></form> -->", "/form"),
            ("<body background=bg.png>", "bg.png"),
            ("<html manifest=app.cache>", "app.cache"),
            ("<blockquote cite=/q>", "/q"),
            ("<img longdesc=/ld>", "/ld"),
            ("<meta http-equiv=Refresh content=\"0; URL='/next?a=1'\">", "/next?a=1"),
            ("<meta property=og:image content=https://h/og.png>", "https://h/og.png"),
            ("<svg><a xlink:href=/svg /><image href=/si /></svg>", "/svg,/si"),
            ("<div style=\"background:url(/st.png)\">", "/st.png"),
            ("<style>@import '/im.css'</style>", "/im.css"),
            ("<button onclick=\"location='/oc'\">", "/oc"),
            ("<div data-url=/du data-page='x'>", "/du"),
            ("<div data-config='{\"a\":\"/dc\"}'>", "/dc"),
            ("<script>fetch('/sc')</script>", "/sc"),
            ("<script type=application/ld+json>{\"url\":\"/ld\"}</script>", "/ld"),
            ("<script type=importmap>{\"imports\":{\"x\":\"/imp.js\"}}</script>", "/imp.js"),
            ("<script type=text/template><a href=/tp></a></script>", "/tp"),
            ("<iframe srcdoc='<a href=/sd>'></iframe>", "/sd"),
            ("<template><a href=/tm></a></template>", "/tm"),
            ("<noscript><a href=/ns></a></noscript>", "/ns"),
            ("<!-- <a href=/cm> -->", "/cm"),
            ("<!-- TODO: remove /old/admin -->", "/old/admin"),
            ("<!--[if IE]><link href=/ie.css><![endif]-->", "/ie.css"),
            ("<p>see https://h/plain for more</p>", "https://h/plain"),
        ] {
            assert_eq!(texts(html).join(","), expected, "{html}");
        }
    }

    #[test]
    fn labels_methods_and_evidence_are_told() {
        let html = "<a href=/x>go <b>there</b></a><div hx-post=/save></div>\
            <a href=/y ping=/p>z</a><!-- <a href=/off> -->";
        let list = references(html).list;
        let seen: Vec<_> = list
            .iter()
            .map(|it| (it.text.as_str(), it.label.as_str(), it.method, it.evidence))
            .collect();
        let expected = [
            ("/x", "go there", None, Evidence::Stated),
            ("/save", "", Some("POST"), Evidence::Likely),
            ("/y", "z", None, Evidence::Stated),
            ("/p", "", Some("POST"), Evidence::Stated),
            ("/off", "", None, Evidence::Likely),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn other_schemes_and_fragments_are_left_out() {
        let html = "<a href=#top><a href=javascript:void(0)><a href=mailto:a@b.example>\
            <a href=tel:1><img src=data:image/png;base64,AA><a href='  '><a href=HTTP://h/x>";
        assert_eq!(texts(html), ["HTTP://h/x"]);
    }

    #[test]
    fn comments_within_comments_end() {
        let deep = "<!-- <iframe srcdoc='".repeat(50);
        let _ = references(&deep);
    }
}
