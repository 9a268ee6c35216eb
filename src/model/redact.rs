//! Takes secrets out of what is about to become evidence. The only place that does.

use super::request::Header;

/// What stands where a secret stood.
const MASK: &str = "[redacted]";

/// Header names whose values are never shown.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Words in header names whose values are never shown either: `X-Api-Key`, `X-Auth-Token`, ….
const SECRET_WORDS: [&str; 6] = ["token", "secret", "api-key", "apikey", "access-key", "password"];

/// Masks credentials in headers and the plan's secrets anywhere.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Masks the given secrets too; ones shorter than four bytes are ignored, they match anything.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> =
            secrets.into_iter().filter(|secret| secret.len() >= 4).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    /// Whether the value of the header named `name` is never shown.
    pub fn is_secret_header(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        SECRET_HEADERS.contains(&name.as_str())
            || SECRET_WORDS.iter().any(|word| name.contains(word))
    }

    /// The header's value as it may be shown. Cookies keep their names and attributes.
    pub fn header_value(&self, header: &Header) -> Vec<u8> {
        if header.is("cookie") {
            return mask_pairs(&header.text(), usize::MAX).into_bytes();
        }
        if header.is("set-cookie") {
            return mask_pairs(&header.text(), 1).into_bytes();
        }
        if header.is("authorization") || header.is("proxy-authorization") {
            let text = header.text();
            let scheme = text.split(' ').next().unwrap_or_default();
            return format!("{scheme} {MASK}").into_bytes();
        }
        if Self::is_secret_header(&header.name) {
            return MASK.as_bytes().to_vec();
        }
        self.bytes(&header.value)
    }

    /// `data` with every secret of the plan masked.
    pub fn bytes(&self, data: &[u8]) -> Vec<u8> {
        let mut out = data.to_vec();
        for secret in &self.secrets {
            if memchr::memmem::find(&out, secret.as_bytes()).is_some() {
                out = replace_all(&out, secret.as_bytes());
            }
        }
        out
    }

    /// Text with every secret of the plan masked.
    pub fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }
}

fn replace_all(data: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(data, secret) {
        out.extend_from_slice(&data[from..at]);
        out.extend_from_slice(MASK.as_bytes());
        from = at + secret.len();
    }
    out.extend_from_slice(&data[from..]);
    out
}

/// Masks the values of the first `count` `name=value` pairs of a cookie header.
fn mask_pairs(text: &str, count: usize) -> String {
    text.split(';')
        .enumerate()
        .map(|(index, pair)| match pair.split_once('=') {
            Some((name, _)) if index < count => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_values_go_and_attributes_stay() {
        let redactor = Redactor::default();
        let set = Header::new("Set-Cookie", "sid=abc123; Path=/; HttpOnly");
        assert_eq!(redactor.header_value(&set), b"sid=[redacted]; Path=/; HttpOnly");
        let cookie = Header::new("Cookie", "sid=abc; theme=dark");
        assert_eq!(redactor.header_value(&cookie), b"sid=[redacted]; theme=[redacted]");
        let auth = Header::new("authorization", "Bearer eyJ");
        assert_eq!(redactor.header_value(&auth), b"Bearer [redacted]");
        let key = Header::new("X-Service-Api-Key", "k-12345");
        assert_eq!(redactor.header_value(&key), b"[redacted]");
        let plain = Header::new("Authentication-Info", "nextnonce");
        assert_eq!(redactor.header_value(&plain), b"nextnonce");
    }

    #[test]
    fn secrets_of_the_plan_go_wherever_they_stand() {
        let redactor = Redactor::new(["hunter22".to_owned(), "x".to_owned()]);
        assert_eq!(redactor.bytes(b"a=hunter22&x"), b"a=[redacted]&x");
    }
}
