//! Where whoever makes a link, or opens a page, can put a value.

use percent_encoding::AsciiSet;
use percent_encoding::CONTROLS;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

use crate::model::Request;
use crate::scan::probe::Scene;

/// What a value in an address has to have escaped to stay one value, and what browsers escape in a query
/// anyway. Nothing more: scripts that take the address as it is undo it with `decodeURI`, which leaves
/// escaped what separates parts of an address, so that an escaped `=` or `/` never becomes markup.
const VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'\\');

/// As `encodeURIComponent` does.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// All of it.
    Fragment,
    /// A parameter in the fragment.
    InFragment(String),
    /// A parameter of the query.
    Parameter(String),
    /// The window's name, which whoever opens it gives.
    WindowName,
    /// The address of the page that led here.
    Referrer,
}

impl Place {
    /// For people.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Fragment => "in the fragment".to_owned(),
            Self::InFragment(name) => format!("as `{name}` in the fragment"),
            Self::Parameter(name) => format!("in the parameter `{name}`"),
            Self::WindowName => "as the window's name".to_owned(),
            Self::Referrer => "in the address of the page before".to_owned(),
        }
    }

    /// Whether the page's address shows it.
    pub(super) fn is_in_address(&self) -> bool {
        matches!(self, Self::Fragment | Self::InFragment(_) | Self::Parameter(_))
    }

    /// Whether a flaw is the same one: in the fragment with and without a name.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let is_fragment = |place: &Self| matches!(place, Self::Fragment | Self::InFragment(_));
        self == other || is_fragment(self) && is_fragment(other)
    }
}

/// A page's own request, opened with values at places.
pub(super) fn scene(base: &Request, values: &[(&Place, String)], words: Vec<String>) -> Scene {
    let url = base.url();
    let (start, query) = url.split_once('?').unwrap_or((&url, ""));
    let mut pairs: Vec<String> =
        query.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned).collect();
    let (mut fragment, mut inside) = (None, Vec::new());
    let mut scene = Scene { words, ..Scene::default() };
    for (place, value) in values {
        match place {
            Place::Fragment => fragment = Some(value.clone()),
            Place::InFragment(name) => inside.push(format!("{name}={}", as_value(value))),
            Place::Parameter(name) => {
                let own = format!("{}=", encoded(name));
                pairs.retain(|pair| !pair.starts_with(&own));
                pairs.push(format!("{own}{}", as_value(value)));
            }
            Place::WindowName => scene.window_name = Some(value.clone()),
            Place::Referrer => {
                scene.referrer = Some(format!("http://elsewhere.invalid/?q={value}"));
            }
        }
    }
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    // As it is: what browsers escape in a fragment, they escape for everybody.
    let fragment = fragment.into_iter().chain(inside).collect::<Vec<_>>().join("&");
    let fragment = if fragment.is_empty() { fragment } else { format!("#{fragment}") };
    scene.url = format!("{start}{query}{fragment}");
    scene
}

fn as_value(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    #[test]
    fn what_a_script_undoes_with_decode_uri_is_not_escaped() {
        assert_eq!(as_value("</b><i x=y:>&'#"), "%3C/b%3E%3Ci%20x=y:%3E%26%27%23");
    }

    #[test]
    fn each_place_has_its_part_of_the_address() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let base = Request::get(origin, "/p?a=1&b=2");
        let value = || "<v>".to_owned();
        let parameter = |name: &str| Place::Parameter(name.to_owned());
        let (fragment, a, c) = (Place::Fragment, parameter("a"), parameter("c"));
        let values = [(&fragment, value()), (&a, value()), (&c, value())];
        let shown = scene(&base, &values, Vec::new());
        assert_eq!(shown.url, "http://127.0.0.1:1/p?b=2&a=%3Cv%3E&c=%3Cv%3E#<v>");
        let named = Place::InFragment("n".to_owned());
        let shown = scene(&base, &[(&named, value()), (&Place::WindowName, value())], Vec::new());
        assert_eq!(shown.url, "http://127.0.0.1:1/p?a=1&b=2#n=%3Cv%3E");
        assert_eq!(shown.window_name.as_deref(), Some("<v>"));
    }
}
