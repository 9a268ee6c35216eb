//! A request as a `curl` command line that a POSIX shell takes as it stands.

use crate::model::Header;
use crate::model::Redactor;
use crate::model::Request;

/// What [`Redactor`] writes in place of a secret.
const MASK: &str = "[redacted]";

/// Headers that curl writes itself.
const CURLS_OWN: [&str; 3] = ["host", "content-length", "connection"];

/// The command line; secrets are shell variables (`$AUTHORIZATION`, `$COOKIE_SID`, `$SECRET`) that
/// the reader sets.
pub(crate) fn curl(request: &Request, redactor: &Redactor) -> String {
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    let method = request.method.as_str();
    if method == "HEAD" {
        words.push("-I".to_owned());
    } else if method != "GET" || !request.body.is_empty() {
        words.push("-X".to_owned());
        words.push(quoted(method));
    }
    let target = request.path_and_query_text();
    if target.contains("/../") || target.contains("/./") {
        words.push("--path-as-is".to_owned());
    }
    if target.contains(['[', ']', '{', '}']) {
        words.push("-g".to_owned());
    }
    words.push(with_variable(&redactor.text(&request.url()), "SECRET"));
    for header in &request.headers {
        if !CURLS_OWN.iter().any(|own| header.is(own)) {
            words.push("-H".to_owned());
            words.push(header_word(header, redactor));
        }
    }
    if !request.body.is_empty() {
        words.push("--data-binary".to_owned());
        words.push(body_word(&redactor.bytes(&request.body)));
    }
    words.join(" ")
}

fn header_word(header: &Header, redactor: &Redactor) -> String {
    let shown = String::from_utf8_lossy(&redactor.header_value(header)).into_owned();
    if !header.is("cookie") {
        let variable = variable(&header.name);
        let name = if Redactor::is_secret_header(&header.name) { &variable } else { "SECRET" };
        return with_variable(&format!("{}: {shown}", header.name), name);
    }
    // One variable per cookie.
    let mut word = quoted(&format!("{}: ", header.name));
    for (index, pair) in shown.split(';').enumerate() {
        let name = pair.split('=').next().unwrap_or_default().trim();
        let separator = if index == 0 { "" } else { ";" };
        let variable = format!("COOKIE_{}", variable(name));
        word.push_str(&with_variable(&format!("{separator}{pair}"), &variable));
    }
    word
}

/// Upper case, anything but letters and digits as `_`.
fn variable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// Quoted, with every masked secret as a reference to the variable.
fn with_variable(text: &str, name: &str) -> String {
    text.split(MASK)
        .map(|part| if part.is_empty() { String::new() } else { quoted(part) })
        .collect::<Vec<_>>()
        .join(&format!("\"${name}\""))
}

fn body_word(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) if !text.contains('\0') => with_variable(text, "SECRET"),
        _ => format!("$'{}'", body.escape_ascii()),
    }
}

/// In single quotes, as POSIX shells have them (XCU §2.2.2); bare where nothing needs quoting.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=%@+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::model::Method;
    use crate::model::Target;
    use proptest::prelude::*;

    fn get(target: &str) -> Request {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        Request::get(origin, target)
    }

    #[test]
    fn secrets_become_variables() {
        let mut request = get("/a?k=hunter22&x=1");
        request.headers.push(Header::new("Authorization", "Bearer abc"));
        request.headers.push(Header::new("Cookie", "sid=1; lang=en"));
        let line = curl(&request, &Redactor::new(["hunter22".to_owned()]));
        assert_eq!(
            line,
            r#"curl -i 'http://127.0.0.1:1/a?k='"$SECRET"'&x=1' -H 'Authorization: Bearer '"$AUTHORIZATION" -H 'Cookie: 'sid="$COOKIE_SID"'; lang='"$COOKIE_LANG""#
        );
    }

    #[test]
    fn method_body_and_odd_paths_are_kept() {
        let mut request = get("/a/../b[1]");
        request.method = Method::new("POST");
        request.body = b"q=it's".to_vec();
        assert_eq!(
            curl(&request, &Redactor::default()),
            r"curl -i -X POST --path-as-is -g 'http://127.0.0.1:1/a/../b[1]' --data-binary 'q=it'\''s'"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_shell_reads_back_what_was_quoted(text in "[^\0]{0,40}") {
            let output = Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(&text))])
                .output()
                .expect("a POSIX shell");
            prop_assert_eq!(output.stdout, text.as_bytes());
        }
    }
}
