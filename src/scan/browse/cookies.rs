//! Which cookies of the browser a script has set: those go along with everything that is sent.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::http::cookies::Cookie;
use crate::model::Origin;
use crate::model::Response;

/// Cookies remembered at most.
const MAX_TOLD: usize = 1000;

/// What the browser was told of cookies, by host and name.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<(String, String), String>);

impl Told {
    /// Of the cookies that the browser has for a host, those that nobody told it.
    pub(super) fn by_script(
        &mut self,
        host: &str,
        cookies: &[(String, String)],
    ) -> Vec<(String, String)> {
        let mut new = Vec::new();
        for (name, value) in cookies {
            let known = self.0.get(&(host.to_owned(), name.clone()));
            if known.is_none_or(|known| known != value) {
                self.note(host, name, value);
                new.push((name.clone(), value.clone()));
            }
        }
        new
    }

    /// A response set cookies, in the browser too.
    pub(super) fn hear(&mut self, host: &str, response: &Response) {
        for header in response.headers_named("set-cookie") {
            let line = header.text();
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.note(host, name.trim(), value.trim());
            }
        }
    }

    /// Something is told.
    pub(super) fn note(&mut self, host: &str, name: &str, value: &str) {
        let key = (host.to_owned(), name.to_owned());
        if self.0.len() < MAX_TOLD || self.0.contains_key(&key) {
            self.0.insert(key, value.to_owned());
        }
    }
}

/// A stored cookie as `Storage.setCookies` takes it. Whether scripts may read it is not known any
/// more; that they may is what shows more.
pub(super) fn shown(cookie: &Cookie) -> Value {
    let scheme = if cookie.secure { "https" } else { "http" };
    let host = if cookie.domain.contains(':') {
        format!("[{}]", cookie.domain)
    } else {
        cookie.domain.clone()
    };
    let mut shown = json!({
        "name": cookie.name,
        "value": String::from_utf8_lossy(&cookie.value),
        "url": format!("{scheme}://{host}/"),
        "path": cookie.path,
        "secure": cookie.secure,
    });
    if !cookie.host_only {
        shown["domain"] = cookie.domain.clone().into();
    }
    if let Some(expires) = cookie.expires {
        shown["expires"] = expires.into();
    }
    shown
}

/// The same for a cookie of the user's own.
pub(super) fn own(origin: &Origin, name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value, "url": format!("{origin}/") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    #[test]
    fn only_what_a_script_has_changed_is_new() {
        let mut told = Told::default();
        let response = Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: vec![Header::new("Set-Cookie", "sid=1; HttpOnly")],
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        };
        told.hear("h", &response);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(told.by_script("h", &[pair("sid", "1"), pair("js", "x")]), [pair("js", "x")]);
        assert_eq!(told.by_script("h", &[pair("sid", "1"), pair("js", "x")]), []);
        assert_eq!(told.by_script("h", &[pair("sid", "2")]), [pair("sid", "2")]);
        assert_eq!(told.by_script("other", &[pair("sid", "2")]).len(), 1);
    }
}
