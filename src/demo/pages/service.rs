//! Newsletter, parcel tracking, link preview, redirects and languages.

use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use minijinja::context;
use url::Url;

use crate::demo::refusal::Refusal;
use crate::demo::visit::Visit;

const LANGUAGES: &[&str] = &["en", "de", "fr"];
const PARTNERS: &[&str] = &["https://partner.example/garden", "https://museum.example/design"];
/// Headers one injected value may add; enough to show it, too few to be a burden.
const INJECTED_HEADERS: usize = 8;

pub(in crate::demo) async fn newsletter(visit: Visit) -> Result<Response, Refusal> {
    let email = visit.query.value("email");
    visit.page("newsletter.html", context! { email }).await
}

pub(in crate::demo) async fn track(visit: Visit) -> Result<Response, Refusal> {
    let code = visit.query.value("code");
    visit.page("track.html", context! { code }).await
}

pub(in crate::demo) async fn about(visit: Visit) -> Result<Response, Refusal> {
    visit.page("about.html", context! {}).await
}

pub(in crate::demo) async fn contact(visit: Visit) -> Result<Response, Refusal> {
    visit.page("contact.html", context! {}).await
}

/// Says what a preview would fetch; nothing is fetched.
pub(in crate::demo) async fn preview(visit: Visit) -> Result<Response, Refusal> {
    let asked = visit.query.value("url");
    let parsed = Url::parse(asked).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let host = parsed.as_ref().and_then(Url::host_str);
    let path = parsed.as_ref().map(Url::path);
    visit.page("preview.html", context! { url => asked, host, path }).await
}

pub(in crate::demo) async fn go(visit: Visit) -> Result<Response, Refusal> {
    let to = visit.query.value("to");
    let known = PARTNERS.contains(&to) || is_own_path(to);
    if to.is_empty() || !(known || visit.has("open-redirect-go")) {
        return Err(Refusal::BadRequest("We only link to partners."));
    }
    let location =
        HeaderValue::from_str(to).map_err(|_| Refusal::BadRequest("An address is expected."))?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

/// A path of this shop: `//host` and `/\host` are other hosts to a browser, and browsers drop
/// tabs and line breaks before they look.
fn is_own_path(to: &str) -> bool {
    to.starts_with('/')
        && !to[1..].starts_with(['/', '\\'])
        && to.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Stores the language in a cookie. hyper refuses CR and LF in header values, so the flawed shop
/// does what a server without that check would do: lines after the first become headers.
pub(in crate::demo) async fn lang(visit: Visit) -> Result<Response, Refusal> {
    let code = visit.query.value("code");
    if !LANGUAGES.contains(&code) && !visit.has("crlf-lang") {
        return Err(Refusal::BadRequest("We speak en, de and fr."));
    }
    let mut lines = code.split(['\r', '\n']);
    // The cookie comes back with every request, and many clients fail on one beyond ASCII.
    let first: String = lines.next().unwrap_or("").chars().filter(char::is_ascii).collect();
    let cookie = HeaderValue::from_str(&format!("lang={first}; Path=/{}", visit.flags()))
        .map_err(|_| Refusal::BadRequest("We speak en, de and fr."))?;
    let mut response = (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, HeaderValue::from_static("/"))],
        [(header::SET_COOKIE, cookie)],
    )
        .into_response();
    let injected = lines.filter_map(header_line).take(INJECTED_HEADERS);
    response.headers_mut().extend(injected.map(|(name, value)| (Some(name), value)));
    Ok(response)
}

fn header_line(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name: HeaderName = name.trim().parse().ok()?;
    // These would break the message itself, not inject into it.
    if [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(&name) {
        return None;
    }
    Some((name, HeaderValue::from_str(value.trim()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn only_paths_of_this_host_are_own() {
        for own in ["/", "/product?id=3", "/a//b"] {
            assert!(is_own_path(own), "{own}");
        }
        for other in ["//x.example", "/\\x.example", "/\t/x.example", "x", "https://x.example", ""]
        {
            assert!(!is_own_path(other), "{other}");
        }
    }
}
