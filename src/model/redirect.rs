//! The request that a redirect asks for.

use url::Url;

use super::address::Origin;
use super::redact::Redactor;
use super::request::{Header, Method, Request};
use super::text::inert;

/// A longer destination is none.
const MAX_LOCATION: usize = 8 * 1024;

/// The request that a redirect asks for (RFC 9110 §15.4). 303 makes a GET of everything but HEAD,
/// 301 and 302 of POST, as browsers do it; a body that is not sent any more takes its headers along.
/// Another origin gets no credentials and no `Host` of the user's.
///
/// # Errors
/// Why `location` is no URL.
pub fn redirected(from: &Request, status: u16, location: &[u8]) -> Result<Request, String> {
    let text = String::from_utf8_lossy(&location[..location.len().min(MAX_LOCATION)]);
    let nowhere =
        |why: String| format!("redirected to `{}`, which is no URL: {why}", inert(&text, 200));
    if location.len() > MAX_LOCATION {
        return Err(nowhere(format!("it is longer than {MAX_LOCATION} bytes")));
    }
    let base = Url::parse(&from.url()).map_err(|error| nowhere(error.to_string()))?;
    let url = base.join(&text).map_err(|error| nowhere(error.to_string()))?;
    let origin = Origin::of(&url).map_err(|error| nowhere(error.to_string()))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let method = from.method.as_str();
    let becomes_get = match status {
        303 => method != "HEAD",
        301 | 302 => method == "POST",
        _ => false,
    };
    let mut headers = from.headers.clone();
    if becomes_get {
        headers.retain(|header| !describes_body(header));
    }
    if origin != from.origin {
        headers.retain(|header| !Redactor::is_secret_header(&header.name) && !header.is("host"));
    }
    Ok(Request {
        origin,
        method: if becomes_get { Method::get() } else { from.method.clone() },
        path_and_query: format!("{}{query}", url.path()).into_bytes(),
        headers,
        body: if becomes_get { Vec::new() } else { from.body.clone() },
    })
}

fn describes_body(header: &Header) -> bool {
    header.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"))
        || header.is("transfer-encoding")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn request(method: &str) -> Request {
        let target = Target::parse("http://127.0.0.1:8080/a/b?c").expect("valid");
        let headers =
            [("Content-Type", "text/plain"), ("Authorization", "x"), ("X-A", "1"), ("Host", "h")];
        Request {
            origin: target.origin,
            method: Method::new(method),
            path_and_query: target.path_and_query.into_bytes(),
            headers: headers.map(|(name, value)| Header::new(name, value)).to_vec(),
            body: b"body".to_vec(),
        }
    }

    #[test]
    fn the_method_changes_as_browsers_change_it() {
        let cases = [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "HEAD", "HEAD"),
            (301, "PUT", "PUT"),
            (302, "DELETE", "DELETE"),
            (307, "POST", "POST"),
            (308, "POST", "POST"),
            (302, "GET", "GET"),
        ];
        for (status, before, after) in cases {
            let next = redirected(&request(before), status, b"/x").expect("a path");
            assert_eq!(next.method.as_str(), after, "{status} {before}");
            let keeps = before == after;
            assert_eq!(
                (next.body.is_empty(), next.header("content-type").is_some()),
                (!keeps, keeps)
            );
            assert!(next.header("authorization").is_some(), "the origin is the same");
        }
    }

    #[test]
    fn destinations_are_resolved_against_the_request() {
        let cases = [
            ("x?y#z", "http://127.0.0.1:8080/a/x?y"),
            ("/x", "http://127.0.0.1:8080/x"),
            ("?q", "http://127.0.0.1:8080/a/b?q"),
            ("//other:81/", "http://other:81/"),
            ("https://Other/\u{e4}", "https://other/%C3%A4"),
        ];
        for (location, url) in cases {
            let next = redirected(&request("GET"), 302, location.as_bytes()).expect(location);
            assert_eq!(next.url(), url);
        }
        for location in
            ["ftp://127.0.0.1/", "http://[", "mailto:a@b", &"x".repeat(MAX_LOCATION + 1)]
        {
            assert!(redirected(&request("GET"), 302, location.as_bytes()).is_err());
        }
    }

    #[test]
    fn another_origin_gets_no_credentials() {
        for location in
            ["http://127.0.0.1:8081/", "https://127.0.0.1:8080/", "http://localhost:8080/"]
        {
            let next = redirected(&request("GET"), 307, location.as_bytes()).expect(location);
            let names: Vec<_> = next.headers.iter().map(|header| header.name.as_str()).collect();
            assert_eq!(names, ["Content-Type", "X-A"], "{location}");
        }
    }
}
