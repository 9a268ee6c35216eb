//! Whether two responses are the same page, given how much the page changes by itself.
//!
//! A page is taken apart into segments (text between tags, tags, lines, JSON members). Several
//! fetches of the same request give the *stable* segments and the amount of noise. Another response
//! is the same page if it has every stable segment and no more new ones than noise explains.
//! Everything is judged by presence, never by length or time.

use std::collections::BTreeMap;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

use crate::model::Response;

/// Bytes of a body that are compared.
const MAX_COMPARED: usize = 512 * 1024;

/// Share of the distinct segments that must be stable for a page to be compared at all.
const MIN_STABLE: f64 = 0.5;

/// A response reduced to what is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    status: u16,
    location: String,
    /// Hash of a segment to its number of occurrences.
    segments: BTreeMap<u64, u32>,
}

impl Shape {
    /// The shape of a response in which every spelling of `sent` is read as `instead`: a page that
    /// repeats what it was asked for is still the same page.
    pub(crate) fn of(response: &Response, sent: &str, instead: &str) -> Self {
        let end = response.body.len().min(MAX_COMPARED);
        let text = String::from_utf8_lossy(&response.body[..end]);
        let location = response.header("location").map(|header| header.text().into_owned());
        let mut segments = BTreeMap::new();
        for segment in neutral(&text, sent, instead).split(['<', '>', '\n', ',', '{', '}']) {
            let segment = segment.trim();
            if !segment.is_empty() {
                *segments.entry(hash(segment)).or_insert(0) += 1;
            }
        }
        Self {
            status: response.status,
            location: neutral(&location.unwrap_or_default(), sent, instead),
            segments,
        }
    }

    fn count(&self) -> u32 {
        self.segments.values().sum()
    }
}

/// A page as several fetches of the same request showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Likeness {
    status: u16,
    location: Option<String>,
    stable: BTreeMap<u64, u32>,
    /// Segments beyond the stable ones that a fetch had at most.
    noise: u32,
}

impl Likeness {
    /// What the shapes have in common; `None` when the page changes too much by itself to be
    /// compared, or there are fewer than two.
    pub(crate) fn of(shapes: &[Shape]) -> Option<Self> {
        let (first, rest) = shapes.split_first()?;
        if rest.is_empty() || rest.iter().any(|shape| shape.status != first.status) {
            return None;
        }
        let mut stable = first.segments.clone();
        for shape in rest {
            stable.retain(|segment, count| {
                *count = (*count).min(shape.segments.get(segment).copied().unwrap_or(0));
                *count > 0
            });
        }
        // Distinct ones: a hundred rows of the same tags say nothing about stability.
        let distinct = shapes.iter().map(|shape| shape.segments.len()).max().unwrap_or(0);
        if (stable.len() as f64) < distinct as f64 * MIN_STABLE {
            return None;
        }
        let common: u32 = stable.values().sum();
        let most = shapes.iter().map(Shape::count).max().unwrap_or(0);
        let same_location = rest.iter().all(|shape| shape.location == first.location);
        Some(Self {
            status: first.status,
            location: same_location.then(|| first.location.clone()),
            stable,
            noise: most - common,
        })
    }

    /// Whether a response is this page.
    pub(crate) fn is(&self, shape: &Shape) -> bool {
        if shape.status != self.status
            || self.location.as_ref().is_some_and(|location| *location != shape.location)
        {
            return false;
        }
        let kept: u32 = self
            .stable
            .iter()
            .map(|(segment, count)| (*count).min(shape.segments.get(segment).copied().unwrap_or(0)))
            .sum();
        let stable: u32 = self.stable.values().sum();
        // Noise may be a little larger than a few fetches showed.
        kept == stable && shape.count() - kept <= self.noise + self.noise / 2
    }
}

/// `text` with every spelling of `sent` (plain, in HTML, in a URL, in JSON) replaced.
fn neutral(text: &str, sent: &str, instead: &str) -> String {
    if sent.is_empty() || sent == instead {
        return text.to_owned();
    }
    let pairs = spellings(sent).into_iter().zip(spellings(instead));
    let mut out = text.to_owned();
    let mut done = Vec::new();
    for (sent, instead) in pairs {
        if !done.contains(&sent) && out.contains(&sent) {
            out = out.replace(&sent, &instead);
        }
        done.push(sent);
    }
    out
}

/// How a value may be repeated, the longest escapes first.
fn spellings(value: &str) -> Vec<String> {
    let html = |apostrophe: &str, quote: &str| {
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', quote)
            .replace('\'', apostrophe)
    };
    let url = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    // `-`, `.`, `_`, `~` are unreserved; a query may have a plus for a space.
    let unreserved =
        url.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~");
    let form = unreserved.replace("%20", "+");
    let kept_apostrophe = unreserved.replace("%27", "'");
    let form_kept = form.replace("%27", "'");
    let json = serde_json::Value::String(value.to_owned()).to_string();
    vec![
        value.to_owned(),
        html("&#39;", "&#34;"),
        html("&#39;", "&quot;"),
        html("&#x27;", "&quot;"),
        html("&#039;", "&quot;"),
        html("&apos;", "&quot;"),
        html("'", "&quot;"),
        html("'", "\""),
        json[1..json.len() - 1].to_owned(),
        url.clone(),
        unreserved.to_ascii_lowercase(),
        unreserved,
        form,
        kept_apostrophe,
        form_kept,
        value.replace('\'', "''"),
        value.replace('\'', "\\'"),
        value.trim().to_owned(),
    ]
}

fn hash(segment: &str) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    segment.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    fn response(status: u16, body: &str) -> Response {
        Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: vec![Header::new("Content-Type", "text/html")],
            body: body.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        }
    }

    fn shape(body: &str) -> Shape {
        Shape::of(&response(200, body), "", "")
    }

    #[test]
    fn changing_parts_do_not_make_another_page() {
        let page = |clock: &str| shape(&format!("<h1>Items</h1><p>one</p><i>{clock}</i>"));
        let known = Likeness::of(&[page("1"), page("2"), page("3")]).expect("stable enough");
        assert!(known.is(&page("4")));
        assert!(!known.is(&shape("<h1>Items</h1><i>4</i>")));
        assert!(!known.is(&shape("<h1>Items</h1><p>one</p><p>two</p><p>three</p><i>4</i>")));
    }

    #[test]
    fn a_page_that_is_mostly_noise_is_not_compared() {
        let page = |n: u32| {
            shape(&(0..20).map(|i| format!("<p>{}</p>", i * 1000 + n)).collect::<Vec<_>>().concat())
        };
        assert_eq!(Likeness::of(&[page(1), page(2)]), None);
        assert_eq!(Likeness::of(&[page(1)]), None);
    }

    #[test]
    fn another_status_or_destination_is_another_page() {
        let body = "<p>x</p>";
        let known = Likeness::of(&[shape(body), shape(body)]).expect("stable");
        assert!(!known.is(&Shape::of(&response(500, body), "", "")));
        let mut moved = response(200, body);
        moved.headers.push(Header::new("Location", "/elsewhere"));
        assert!(!known.is(&Shape::of(&moved, "", "")));
    }

    #[test]
    fn what_was_sent_does_not_count_however_it_is_repeated() {
        let known =
            Likeness::of(&[shape("<b>you asked for 7</b>"), shape("<b>you asked for 7</b>")])
                .expect("stable");
        let sent = "7' AND 'a'='a";
        for spelled in [
            "7' AND 'a'='a",
            "7&#39; AND &#39;a&#39;=&#39;a",
            "7&#x27; AND &#x27;a&#x27;=&#x27;a",
            "7%27%20AND%20%27a%27%3D%27a",
            "7%27+AND+%27a%27%3D%27a",
        ] {
            let body = format!("<b>you asked for {spelled}</b>");
            assert!(known.is(&Shape::of(&response(200, &body), sent, "7")), "{spelled}");
        }
    }
}
