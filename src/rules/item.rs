//! What `for-each` walks over: the header lines of one name, and the parts of each cookie.

use super::dsl::Value;

/// What [`Item::variable`] knows.
pub(super) const NAMES: [&str; 8] = [
    "item",
    "cookie_name",
    "cookie_value",
    "cookie_domain",
    "cookie_same_site",
    "cookie_secure",
    "cookie_http_only",
    "cookie_expired",
];

/// One header line.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub(super) value: &'a [u8],
    /// Where the value stands in the recorded response.
    pub(super) offset: usize,
    pub(super) cookie: Option<&'a SetCookie>,
}

/// A `Set-Cookie` line, taken apart as browsers do it (RFC 6265 §5.2).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SetCookie {
    pub(super) name: String,
    pub(super) value: String,
    domain: String,
    same_site: String,
    secure: bool,
    http_only: bool,
    expired: bool,
}

impl SetCookie {
    pub(super) fn of(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line);
        let mut parts = line.split(';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            ..Self::default()
        };
        let mut max_age = None;
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "domain" => value.trim_start_matches('.').clone_into(&mut cookie.domain),
                "samesite" => cookie.same_site = value.to_ascii_lowercase(),
                "max-age" => max_age = value.parse::<i64>().ok(),
                "expires" if max_age.is_none() => cookie.expired = is_epoch(value),
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            cookie.expired = seconds <= 0;
        }
        cookie
    }
}

/// Deleting a cookie is written with a date at the epoch; any other past date is not told apart
/// from a future one, for rules know no clock.
fn is_epoch(date: &str) -> bool {
    date.contains("1970")
}

impl Item<'_> {
    /// What the finding is about: the cookie's name, else the line.
    pub(super) fn label(&self) -> String {
        match self.cookie {
            Some(cookie) => cookie.name.clone(),
            None => String::from_utf8_lossy(self.value).into_owned(),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<Value<'_>> {
        if name == "item" {
            return Some(Value::bytes(self.value));
        }
        let cookie = self.cookie?;
        Some(match name {
            "cookie_name" => Value::text(&cookie.name),
            "cookie_value" => Value::text(&cookie.value),
            "cookie_domain" => Value::text(&cookie.domain),
            "cookie_same_site" => Value::text(&cookie.same_site),
            "cookie_secure" => Value::Bool(cookie.secure),
            "cookie_http_only" => Value::Bool(cookie.http_only),
            "cookie_expired" => Value::Bool(cookie.expired),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_names_is_complete() {
        let cookie = SetCookie::of(b"a=b");
        let item = Item { value: b"a=b", offset: 0, cookie: Some(&cookie) };
        assert!(NAMES.iter().all(|name| item.variable(name).is_some()));
        let arms = include_str!("item.rs").matches(concat!("\" =", "> Value::")).count();
        assert_eq!(NAMES.len(), arms + 1, "and `item`");
    }

    #[test]
    fn attributes_are_found_whatever_their_case_and_spacing() {
        let cookie =
            SetCookie::of(b"sid=a=b; path=/;SECURE ; HttpOnly;samesite=None;Domain=.x.example");
        assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("sid", "a=b"));
        assert!(cookie.secure && cookie.http_only && !cookie.expired);
        assert_eq!((cookie.same_site.as_str(), cookie.domain.as_str()), ("none", "x.example"));
    }

    #[test]
    fn a_value_that_says_secure_is_not_the_attribute() {
        assert!(!SetCookie::of(b"theme=secure; Path=/secure").secure);
    }

    #[test]
    fn deletion_is_recognised() {
        assert!(SetCookie::of(b"sid=; Max-Age=0").expired);
        assert!(SetCookie::of(b"sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT").expired);
        assert!(
            !SetCookie::of(b"sid=x; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT").expired
        );
    }
}
