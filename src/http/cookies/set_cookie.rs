//! One `Set-Cookie` line (RFC 6265 §5.2).

use super::date;

/// Longer names and values together are refused (RFC 6265 §6.1 asks for at least this much).
const MAX_PAIR_LEN: usize = 4096;

/// Whether a cookie goes along with what other sites have a browser send (RFC 6265bis §5.6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SameSite {
    /// Always, or nothing is said.
    None,
    /// With visits only.
    Lax,
    /// Never.
    Strict,
}

/// What the line says, before it is judged by where it came from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SetCookie {
    pub(super) name: String,
    pub(super) value: Vec<u8>,
    /// Lower-case, without a leading dot; `None` for none.
    pub(super) domain: Option<String>,
    /// Begins with `/`; `None` for the request's.
    pub(super) path: Option<String>,
    /// Seconds since 1970; `None` for the session's end.
    pub(super) expires: Option<i64>,
    pub(super) secure: bool,
    pub(super) same_site: SameSite,
}

/// Reads a header value received at `now` (seconds since 1970); `None` for what is to be ignored.
pub(super) fn parse(value: &[u8], now: i64) -> Option<SetCookie> {
    let mut parts = value.split(|byte| *byte == b';');
    let (name, value) = pair(parts.next()?)?;
    let name = String::from_utf8(name.to_vec()).ok()?;
    let is_too_long = name.len() + value.len() > MAX_PAIR_LEN;
    // Both go into a header of ours.
    if name.is_empty() || is_too_long || has_control(name.as_bytes()) || has_control(value) {
        return None;
    }
    let mut cookie = SetCookie {
        name,
        value: value.to_vec(),
        domain: None,
        path: None,
        expires: None,
        secure: false,
        same_site: SameSite::None,
    };
    let mut max_age = None;
    for part in parts {
        let (attribute, value) = pair(part).unwrap_or((part.trim_ascii(), b""));
        let value = String::from_utf8_lossy(value);
        match attribute.to_ascii_lowercase().as_slice() {
            b"domain" if !value.is_empty() => {
                let domain = value.strip_prefix('.').unwrap_or(&value);
                cookie.domain = Some(domain.to_ascii_lowercase());
            }
            b"path" => cookie.path = Some(value.into_owned()).filter(|path| path.starts_with('/')),
            b"secure" => cookie.secure = true,
            b"samesite" => {
                cookie.same_site = match value.to_ascii_lowercase().as_str() {
                    "lax" => SameSite::Lax,
                    "strict" => SameSite::Strict,
                    _ => SameSite::None,
                };
            }
            b"expires" => cookie.expires = date::unix_seconds(&value).or(cookie.expires),
            b"max-age" => max_age = lifetime(&value).or(max_age),
            _ => {}
        }
    }
    if let Some(seconds) = max_age {
        cookie.expires = Some(now.saturating_add(seconds));
    }
    Some(cookie)
}

fn pair(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = part.iter().position(|byte| *byte == b'=')?;
    Some((part[..equals].trim_ascii(), part[equals + 1..].trim_ascii()))
}

fn has_control(value: &[u8]) -> bool {
    value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

/// Seconds to live; zero and less is "now". More digits than fit are as good as for ever.
fn lifetime(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = text.parse().unwrap_or(if text == digits { i64::MAX } else { i64::MIN });
    Some(if seconds <= 0 { i64::MIN } else { seconds })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn hostile_lines_never_panic(
            noise in proptest::collection::vec(any::<u8>(), 0..60),
            date in "(é|[0-9a-zA-Z:, -]){0,30}", age in "-?[0-9]{0,25}",
        ) {
            let line = [&b"a=b; expires="[..], date.as_bytes(), b"; max-age=", age.as_bytes(), b";",
                &noise].concat();
            prop_assert!(parse(&line, i64::MAX).is_some());
            parse(&noise, 0);
        }
    }

    #[test]
    fn attributes_are_read_whatever_their_case() {
        let line = b" sid = a=b ; DOMAIN=.Example.COM; path=/shop ;SECURE; HttpOnly; max-age=10";
        let cookie = parse(line, 1000).expect("a cookie");
        assert_eq!((cookie.name.as_str(), cookie.value.as_slice()), ("sid", &b"a=b"[..]));
        assert_eq!(cookie.domain.as_deref(), Some("example.com"));
        assert_eq!(cookie.path.as_deref(), Some("/shop"));
        assert_eq!((cookie.expires, cookie.secure), (Some(1010), true));
    }

    #[test]
    fn max_age_beats_expires_and_zero_is_now() {
        let both = b"a=b; Max-Age=5; Expires=Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(parse(both, 0).expect("a cookie").expires, Some(5));
        for now in ["0", "-1", "-99999999999999999999"] {
            let line = format!("a=b; max-age={now}");
            let expires = parse(line.as_bytes(), 1000).expect("a cookie").expires;
            assert!(expires.is_some_and(|expires| expires < 1000), "{now}");
        }
        let forever = parse(b"a=b; max-age=99999999999999999999", 1000).expect("a cookie");
        assert_eq!(forever.expires, Some(i64::MAX));
        assert_eq!(parse(b"a=b; max-age=1x; expires=soon", 0).expect("a cookie").expires, None);
    }

    #[test]
    fn what_is_no_cookie_is_ignored() {
        let long = format!("a={}", "x".repeat(4096));
        for line in [&b""[..], b"novalue", b"=x", b"a=\x01", b"a\rb=1", b"\xff=1", long.as_bytes()]
        {
            assert_eq!(parse(line, 0), None);
        }
        assert_eq!(parse(b"a=; path=relative", 0).expect("a cookie").path, None);
    }
}
