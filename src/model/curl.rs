//! A request as a `curl` command line that a POSIX shell takes as it stands.

use crate::model::Disguise;
use crate::model::Header;
use crate::model::Piece;
use crate::model::Redactor;
use crate::model::Request;

/// Headers that curl writes itself.
const CURLS_OWN: [&str; 3] = ["host", "content-length", "connection"];

/// The command line; secrets are shell variables that the reader sets: the plan's have their names
/// (`$PASSWORD`, and `$PASSWORD_ENCODED` where it stands encoded), others those of their headers
/// (`$AUTHORIZATION`, `$COOKIE_SID`).
pub fn curl(request: &Request, redactor: &Redactor) -> String {
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
    words.push(with_secrets(request.url().as_bytes(), redactor));
    for header in &request.headers {
        if !CURLS_OWN.iter().any(|own| header.is(own)) {
            words.push("-H".to_owned());
            words.push(header_word(header, redactor));
        }
    }
    if !request.body.is_empty() {
        words.push("--data-binary".to_owned());
        words.push(with_secrets(&request.body, redactor));
    }
    words.join(" ")
}

fn header_word(header: &Header, redactor: &Redactor) -> String {
    let start = quoted(&format!("{}: ", header.name));
    if header.is("cookie") {
        // One variable per cookie.
        let text = header.text();
        let cookies = text.split(';').enumerate().map(|(index, pair)| {
            let separator = if index == 0 { "" } else { ";" };
            match pair.split_once('=') {
                Some((name, value)) => {
                    let own = format!("COOKIE_{}", variable(name.trim()));
                    let name = quoted(&format!("{separator}{name}="));
                    name + &credential(value, &own, redactor)
                }
                None => quoted(&format!("{separator}{pair}")),
            }
        });
        return start + &cookies.collect::<String>();
    }
    if !Redactor::is_secret_header(&header.name) {
        let line = [header.name.as_bytes(), b": ", &header.value].concat();
        return with_secrets(&line, redactor);
    }
    let text = header.text();
    let has_scheme = header.is("authorization") || header.is("proxy-authorization");
    match text.split_once(' ').filter(|_| has_scheme) {
        Some((scheme, value)) => {
            let start = quoted(&format!("{}: {scheme} ", header.name));
            start + &credential(value, &variable(&header.name), redactor)
        }
        None => start + &credential(&text, &variable(&header.name), redactor),
    }
}

/// Upper case, anything but letters and digits as `_`.
fn variable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// A value that is never shown: the plan's secret if it is one, else a variable of its own.
fn credential(value: &str, own: &str, redactor: &Redactor) -> String {
    match redactor.pieces(value.as_bytes()).as_slice() {
        [Piece::Hidden { name, disguise }] if *disguise != Disguise::Base64 => {
            reference(name, *disguise)
        }
        _ => format!("\"${own}\""),
    }
}

fn reference(name: &str, disguise: Disguise) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let ending = match disguise {
        Disguise::Plain => "",
        Disguise::Encoded => "_ENCODED",
        Disguise::Base64 => "_BASE64",
    };
    format!("\"${name}{ending}\"")
}

/// Quoted, with every secret of the plan as a reference to a variable.
fn with_secrets(data: &[u8], redactor: &Redactor) -> String {
    let is_text = std::str::from_utf8(data).is_ok_and(|text| !text.contains('\0'));
    let pieces = redactor.pieces(data);
    let words = pieces.iter().map(|piece| match piece {
        Piece::Hidden { name, disguise } => reference(name, *disguise),
        Piece::Shown(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if is_text => quoted(text),
            _ => format!("$'{}'", bytes.escape_ascii()),
        },
    });
    words.collect()
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
        let mut request = get("/a?k=hunter22&x=1&e=hunter%32%32");
        request.headers.push(Header::new("Authorization", "Bearer abc"));
        request.headers.push(Header::new("Cookie", "sid=1; lang=en"));
        let redactor = Redactor::new([("PASSWORD", "hunter22")]);
        assert_eq!(
            curl(&request, &redactor),
            r#"curl -i 'http://127.0.0.1:1/a?k='"$PASSWORD"'&x=1&e='"$PASSWORD_ENCODED" -H 'Authorization: Bearer '"$AUTHORIZATION" -H 'Cookie: 'sid="$COOKIE_SID"'; lang='"$COOKIE_LANG""#
        );
        request.path_and_query = b"/".to_vec();
        request.headers = vec![
            Header::new("Authorization", "Bearer hunter22"),
            Header::new("X-Api-Key", "hunter22"),
            Header::new("X-Token", "more than hunter22"),
            Header::new("X-Other", "say hunter22"),
            Header::new("Cookie", "sid=hunter22"),
            Header::new("Proxy-Authorization", "Basic bWU6aHVudGVyMjI="),
        ];
        assert_eq!(
            curl(&request, &redactor),
            r#"curl -i http://127.0.0.1:1/ -H 'Authorization: Bearer '"$PASSWORD" -H 'X-Api-Key: '"$PASSWORD" -H 'X-Token: '"$X_TOKEN" -H 'X-Other: say '"$PASSWORD" -H 'Cookie: 'sid="$PASSWORD" -H 'Proxy-Authorization: Basic '"$PROXY_AUTHORIZATION""#
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

    #[test]
    fn a_body_that_is_no_text_keeps_its_bytes_and_not_its_secrets() {
        let mut request = get("/");
        request.body = b"\xff hunter22\0".to_vec();
        assert_eq!(
            curl(&request, &Redactor::new([("KEY", "hunter22")])),
            r#"curl -i -X GET http://127.0.0.1:1/ --data-binary $'\xff '"$KEY"$'\x00'"#
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
