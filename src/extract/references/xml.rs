//! XML: feeds, sitemaps, SVG and whatever else has addresses in its texts and attributes.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use quick_xml::name::QName;

use super::css::css_references;
use super::html::markup_references;
use super::script::script_references;
use super::text::{looks_like_markup, looks_like_path, looks_like_url};
use super::{Against, Evidence, References};

/// Elements whose whole text is an address.
const ELEMENTS: [&str; 9] =
    ["loc", "link", "url", "guid", "comments", "docs", "href", "location", "uri"];

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

/// Depth at which a base is that of the whole document.
const OF_DOCUMENT: usize = 1;

/// What an XML document refers to; what stands before a fault counts.
pub(super) fn xml_references(text: &str) -> References {
    let mut found = References::default();
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let (mut element, mut text) = (String::new(), String::new());
    let mut depth = 0_usize;
    while !found.truncated {
        match reader.read_event() {
            Ok(Event::Text(part)) => text.push_str(&String::from_utf8_lossy(&part)),
            Ok(Event::CData(part)) => text.push_str(&String::from_utf8_lossy(&part)),
            Ok(Event::GeneralRef(name)) => {
                let name = format!("&{};", String::from_utf8_lossy(&name));
                text.push_str(&unescape(&name).unwrap_or_default());
            }
            Ok(event @ (Event::Start(_) | Event::Empty(_))) => {
                let is_open = matches!(event, Event::Start(_));
                let (Event::Start(start) | Event::Empty(start)) = event else { continue };
                depth += usize::from(is_open);
                add_text(&element, &mut text, &mut found);
                element = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                for attribute in start.attributes().with_checks(false).flatten() {
                    let value = String::from_utf8_lossy(&attribute.value);
                    let value = unescape(&value).unwrap_or(Cow::Borrowed(&value));
                    if attribute.key.as_ref() == b"xml:base" {
                        // Of a part, it is left alone: few documents have one.
                        if depth == OF_DOCUMENT {
                            found.base = Some(value.into_owned());
                        }
                        continue;
                    }
                    add_attribute(attribute.key, &value, &mut found);
                }
            }
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                add_text(&element, &mut text, &mut found);
                element.clear();
            }
            Ok(Event::Eof) | Err(_) => {
                add_text(&element, &mut text, &mut found);
                break;
            }
            Ok(Event::PI(instruction)) => {
                let content = String::from_utf8_lossy(&instruction).into_owned();
                if let Some(address) = pseudo_attribute(&content, "href") {
                    found.stated(address);
                }
            }
            Ok(Event::Comment(_) | Event::Decl(_) | Event::DocType(_)) => {}
        }
    }
    found
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
        assert_eq!(texts(feed), ["x", "/i", "/j"]);
        assert_eq!(xml_references(feed).base.as_deref(), Some("/b/"));
    }

    #[test]
    fn what_stands_before_a_fault_is_found() {
        assert_eq!(texts("<a><loc>/x</loc><b></c><loc>/y"), ["/x", "/y"]);
        assert_eq!(texts("<loc>/x</loc><loc"), ["/x"]);
    }
}
