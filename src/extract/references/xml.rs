//! XML: feeds, sitemaps, SVG and whatever else has addresses in its texts and attributes.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;

use super::css::css_references;
use super::html::markup_references;
use super::script::script_references;
use super::text::{looks_like_markup, looks_like_path, looks_like_url};
use super::{Against, Evidence, MAX_LENGTH, Reference, References};

/// Elements whose whole text is an address.
const ELEMENTS: [&str; 9] =
    ["loc", "link", "url", "guid", "comments", "docs", "href", "location", "uri"];

/// Bases within each other.
const MAX_BASES: usize = 32;

/// Attributes whose value is one.
const ATTRIBUTES: [&str; 10] = [
    "href",
    "src",
    "url",
    "action",
    "location",
    "schemaLocation",
    "xmlUrl",
    "htmlUrl",
    "template",
    "apiLink",
];

/// What an XML document refers to; what stands before a fault counts.
pub(super) fn xml_references(text: &str) -> References {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut document = Document::default();
    while !document.found.truncated {
        match reader.read_event() {
            Ok(Event::Text(part)) => document.text.push_str(&String::from_utf8_lossy(&part)),
            Ok(Event::CData(part)) => document.text.push_str(&String::from_utf8_lossy(&part)),
            Ok(Event::GeneralRef(name)) => {
                let name = format!("&{};", String::from_utf8_lossy(&name));
                document.text.push_str(&unescape(&name).unwrap_or_default());
            }
            Ok(Event::Start(start)) => document.open(&start),
            Ok(Event::Empty(start)) => {
                document.open(&start);
                document.close();
            }
            Ok(Event::End(_)) => document.close(),
            Ok(Event::Eof) | Err(_) => {
                document.end_text();
                break;
            }
            Ok(Event::PI(instruction)) => {
                let content = String::from_utf8_lossy(&instruction).into_owned();
                if let Some(address) = pseudo_attribute(&content, "href") {
                    document.found.stated(address);
                }
            }
            Ok(Event::Comment(_) | Event::Decl(_) | Event::DocType(_)) => {}
        }
    }
    document.found
}

/// A document that is being read.
#[derive(Default)]
struct Document {
    found: References,
    /// The element whose text is being read.
    element: String,
    text: String,
    depth: usize,
    bases: Bases,
}

impl Document {
    fn open(&mut self, start: &BytesStart<'_>) {
        self.end_text();
        self.depth += 1;
        self.element = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        if let Ok(Some(base)) = start.try_get_attribute("xml:base") {
            self.bases.enter(self.depth, &text_of(&base));
        }
        let from = self.found.list.len();
        for attribute in start.attributes().with_checks(false).flatten() {
            if attribute.key.as_ref() != b"xml:base" {
                add_attribute(attribute.key, &text_of(&attribute), &mut self.found);
            }
        }
        self.bases.apply(&mut self.found.list[from..]);
    }

    fn close(&mut self) {
        self.end_text();
        self.element.clear();
        self.bases.leave(self.depth);
        self.depth = self.depth.saturating_sub(1);
    }

    fn end_text(&mut self) {
        let from = self.found.list.len();
        add_text(&self.element, &mut self.text, &mut self.found);
        self.bases.apply(&mut self.found.list[from..]);
    }
}

fn text_of(attribute: &Attribute<'_>) -> String {
    let value = String::from_utf8_lossy(&attribute.value);
    unescape(&value).unwrap_or(Cow::Borrowed(&value)).into_owned()
}

/// What relative references are relative to where they stand (<https://www.w3.org/TR/xmlbase/>), the
/// innermost last, with the depth of its element. Relative ones are relative to the one around them.
#[derive(Default)]
struct Bases(Vec<(usize, String)>);

impl Bases {
    fn enter(&mut self, depth: usize, base: &str) {
        let base = match self.0.last() {
            Some((_, around)) => joined(around, base),
            None => base.to_owned(),
        };
        if self.0.len() < MAX_BASES && base.len() <= MAX_LENGTH {
            self.0.push((depth, base));
        }
    }

    fn leave(&mut self, depth: usize) {
        if self.0.last().is_some_and(|(own, _)| *own >= depth) {
            self.0.pop();
        }
    }

    fn apply(&self, list: &mut [Reference]) {
        let Some((_, base)) = self.0.last() else { return };
        for reference in list.iter_mut().filter(|one| one.against == Against::File) {
            reference.text = joined(base, &reference.text);
        }
    }
}

/// A reference relative to a base that may be relative itself. `..` is left to whoever resolves it.
fn joined(base: &str, text: &str) -> String {
    // Where its path begins, behind a scheme and a host.
    let has_host = |text: &str| text.starts_with("//") || text.contains("://");
    let path = match base.find("//") {
        Some(host) if has_host(base) => {
            base[host + 2..].find('/').map_or(base.len(), |slash| host + 2 + slash)
        }
        _ => 0,
    };
    let end = base.find(['?', '#']).unwrap_or(base.len());
    let is_whole = text.starts_with("//")
        || text.split_once(':').is_some_and(|(scheme, _)| !scheme.contains(['/', '?', '#', '.']));
    match text.chars().next() {
        _ if is_whole || end < path => text.to_owned(),
        None => base.to_owned(),
        Some('/') => format!("{}{text}", &base[..path]),
        Some('?' | '#') => format!("{}{text}", &base[..end]),
        Some(_) => match base[path..end].rfind('/') {
            Some(slash) => format!("{}{text}", &base[..=path + slash]),
            None if path == 0 => text.to_owned(),
            None => format!("{base}/{text}"),
        },
    }
}

/// `<?xml-stylesheet href="…"?>`
fn pseudo_attribute<'t>(content: &'t str, name: &str) -> Option<&'t str> {
    let (_, after) = content.split_once(&format!("{name}="))?;
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    after[1..].split(quote).next()
}

fn add_attribute(key: QName<'_>, value: &str, found: &mut References) {
    let name = String::from_utf8_lossy(key.local_name().as_ref()).into_owned();
    // Namespaces look like addresses and are none.
    let is_namespace = key.as_ref().starts_with(b"xmlns");
    if ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        value.split_ascii_whitespace().for_each(|one| _ = found.stated(one));
    } else if value.contains("url(") {
        found.extend(css_references(value));
    } else if !is_namespace && (looks_like_url(value) || looks_like_path(value)) {
        found.add(value, Evidence::Likely, Against::File);
    }
}

/// Adds the text of an element, which is over.
fn add_text(element: &str, text: &mut String, found: &mut References) {
    let whole = std::mem::take(text);
    let whole = whole.trim();
    match element {
        "style" => return found.extend(css_references(whole)),
        "script" => return found.extend(script_references(whole)),
        _ if looks_like_markup(whole) => return found.extend(markup_references(whole, 1)),
        _ => {}
    }
    let is_named = ELEMENTS.iter().any(|known| element.eq_ignore_ascii_case(known));
    if is_named && !whole.contains(char::is_whitespace) {
        found.stated(whole);
    } else if looks_like_url(whole) || looks_like_path(whole) {
        found.add(whole, Evidence::Likely, Against::File);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(xml: &str) -> Vec<String> {
        xml_references(xml).list.into_iter().map(|reference| reference.text).collect()
    }

    #[test]
    fn sitemaps_feeds_and_drawings() {
        let sitemap = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>\
            <url><loc> http://h/a?x=1&amp;y=2 </loc></url><url><loc>/b</loc></url></urlset>";
        assert_eq!(texts(sitemap), ["http://h/a?x=1&y=2", "/b"]);
        let feed = "<rss><channel><link>http://h/</link><item><title>No / path</title>\
            <link><![CDATA[/item?id=1]]></link><enclosure url='/a.mp3'/></item></channel></rss>";
        assert_eq!(texts(feed), ["http://h/", "/item?id=1", "/a.mp3"]);
        let atom = "<feed><link href='/entry/1' rel='alternate'/><id>urn:x</id></feed>";
        assert_eq!(texts(atom), ["/entry/1"]);
        let svg = "<svg xmlns:xlink='http://www.w3.org/1999/xlink'><a xlink:href='/in-svg'/></svg>";
        assert_eq!(texts(svg), ["/in-svg"]);
        let parts = "<?xml-stylesheet href='/look.css'?><svg><style>a{fill:url(/p)}</style>\
            <script>fetch('/d')</script><rect fill='url(/q)'/></svg>";
        assert_eq!(texts(parts), ["/look.css", "/p", "/d", "/q"]);
        let feed = "<feed xml:base='/b/'><link href='x'/><summary>&lt;img src='/i'></summary>\
            <c><![CDATA[<a href=\"/j\">]]></c></feed>";
        assert_eq!(texts(feed), ["/b/x", "/i", "/j"]);
    }

    #[test]
    fn bases_are_those_of_the_elements_around() {
        let feed = "<feed xml:base='http://h/a/'><link href='1'/><entry xml:base='b/'><link href='2'/>\
            <content xml:base='../c/d?q'>&lt;img src='3'&gt;<link href='?4'/></content><link href='/5'/>\
            </entry><link xml:base='e/' href='6'/><link href='7'/><url>8</url></feed>";
        let expected = [
            "http://h/a/1",
            "http://h/a/b/2",
            "http://h/a/b/../c/3",
            "http://h/a/b/../c/d?4",
            "http://h/5",
            "http://h/a/e/6",
            "http://h/a/7",
            "http://h/a/8",
        ];
        assert_eq!(texts(feed), expected);
        for (base, text, expected) in [
            ("x", "y", "y"),
            ("x/", "y", "x/y"),
            ("../x/z", "y", "../x/y"),
            ("http://h", "y", "http://h/y"),
            ("http://h", "/y", "http://h/y"),
            ("//h/x/", "y", "//h/x/y"),
            ("http://h/x?a=//b/", "y", "http://h/y"),
            ("http://h?/x", "y", "y"),
            ("/x/", "https://g/y", "https://g/y"),
            ("/x/", "//g/y", "//g/y"),
        ] {
            assert_eq!(joined(base, text), expected, "{base} {text}");
        }
    }

    #[test]
    fn bases_within_bases_are_bounded() {
        let deep = "<a xml:base='x/'>".repeat(5000) + "<link href='y'/>";
        assert_eq!(texts(&deep), [format!("{}y", "x/".repeat(MAX_BASES))]);
    }

    #[test]
    fn what_stands_before_a_fault_is_found() {
        assert_eq!(texts("<a><loc>/x</loc><b></c><loc>/y"), ["/x", "/y"]);
        assert_eq!(texts("<loc>/x</loc><loc"), ["/x"]);
    }
}
