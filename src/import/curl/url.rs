//! Where a command goes, and the credentials that stand in its URL.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::import::address;
use crate::import::text::Text;

/// `user:password` as a header; a reference in it can only be encoded by whoever sets it.
pub(super) fn basic(user: &Text) -> Text {
    let Some(literal) = user.as_literal() else {
        let mut header = Text::literal("Basic ");
        header.append(&Text::secret("CREDENTIALS"));
        return header;
    };
    let pair = if literal.contains(':') { literal.to_owned() } else { format!("{literal}:") };
    Text::literal(format!("Basic {}", BASE64_STANDARD.encode(pair)))
}

pub(super) type Place = (String, Text, Vec<(String, Text)>);

/// Origin, path and the credentials in the URL. References may stand behind the host only.
pub(super) fn place(url: &Text) -> Result<Place, String> {
    let shown = url.template();
    let with_scheme = |text: &str| {
        if text.contains("://") { text.to_owned() } else { format!("http://{text}") }
    };
    let Some(literal) = url.as_literal() else {
        return slotted(url, &shown);
    };
    let (text, credentials) = without_credentials(&with_scheme(literal));
    let (origin, path) = address::split(&text)?;
    Ok((origin, Text::literal(path), credentials))
}

/// `http://host/a/$ID`: the host is in the first piece, or nobody knows where it goes.
fn slotted(url: &Text, shown: &str) -> Result<Place, String> {
    let mut first = None;
    let mut credentials = Vec::new();
    let path = url.map(|text| {
        if first.is_some() {
            return address::encoded(text);
        }
        let with_scheme =
            if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let (text, found) = without_credentials(&with_scheme);
        credentials = found;
        match address::split(&text) {
            Ok((origin, path)) => {
                first = Some(Ok(origin));
                path
            }
            Err(error) => {
                first = Some(Err(error));
                String::new()
            }
        }
    });
    let is_known = path.written().starts_with('/') && !shown.starts_with('{');
    match first {
        Some(Ok(origin)) if is_known => Ok((origin, path, credentials)),
        Some(Err(error)) => Err(error),
        _ => Err(format!("where `{shown}` leads is not known before it is sent")),
    }
}

fn without_credentials(url: &str) -> (String, Vec<(String, Text)>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), Vec::new()) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some((user, host)) = rest[..end].rsplit_once('@') else {
        return (url.to_owned(), Vec::new());
    };
    let user = percent_encoding::percent_decode_str(user).decode_utf8_lossy().into_owned();
    let header = ("Authorization".to_owned(), basic(&Text::literal(user)));
    (format!("{scheme}://{host}{}", &rest[end..]), vec![header])
}
