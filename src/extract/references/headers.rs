//! Response headers that carry addresses.

use super::json::json_references;
use super::text::looks_like_path;
use super::{Against, Evidence, References};

/// What one header refers to.
pub(crate) fn header_references(name: &str, value: &str) -> References {
    let mut found = References::default();
    match name.to_ascii_lowercase().as_str() {
        "location" | "content-location" | "sourcemap" | "x-sourcemap" | "x-pingback" => {
            found.stated(value);
        }
        "refresh" => {
            if let Some(target) = refresh_target(value) {
                found.stated(target);
            }
        }
        "link" => link(value, &mut found),
        "content-security-policy" | "content-security-policy-report-only" => {
            for directive in value.split([';', ',']) {
                let mut words = directive.split_ascii_whitespace();
                if words.next().is_some_and(|name| name.eq_ignore_ascii_case("report-uri")) {
                    words.for_each(|address| _ = found.stated(address));
                }
            }
        }
        "reporting-endpoints" => {
            for part in value.split(',') {
                if let Some((_, address)) = part.split_once('=') {
                    found.stated(address.trim().trim_matches('"'));
                }
            }
        }
        "report-to" | "nel" => {
            // One object after the other, with commas between.
            found.extend(json_references(&format!("[{value}]")));
        }
        "speculation-rules" => {
            value.split(',').for_each(|one| _ = found.stated(one.trim().trim_matches('"')));
        }
        "set-cookie" => cookie_path(value, &mut found),
        _ => {}
    }
    found
}

/// Where a cookie is sent, something is.
fn cookie_path(value: &str, found: &mut References) {
    let attributes = value.split(';').skip(1).filter_map(|part| part.trim().split_once('='));
    for (name, path) in attributes {
        if name.eq_ignore_ascii_case("path") && path.len() > 1 && looks_like_path(path) {
            found.add(path, Evidence::Weak, Against::File);
        }
    }
}

/// `</style.css>; rel=preload, </next>; rel="next"` (RFC 8288).
fn link(value: &str, found: &mut References) {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((address, after)) = after.split_once('>') else { return };
        found.stated(address);
        rest = after;
    }
}

/// The URL in `5; url=/next`, quotes optional.
pub(crate) fn refresh_target(content: &str) -> Option<&str> {
    let after = content.split_once([';', ',']).map(|(_, rest)| rest.trim())?;
    let target = match after.get(..3) {
        Some(key) if key.eq_ignore_ascii_case("url") => {
            after[3..].trim_start().strip_prefix('=').map_or(after, str::trim_start)
        }
        _ => after,
    };
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target[1..].split(quote).next().unwrap_or_default(),
        _ => target,
    };
    (!target.is_empty()).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(name: &str, value: &str) -> Vec<String> {
        header_references(name, value).list.into_iter().map(|reference| reference.text).collect()
    }

    #[test]
    fn each_header_in_its_own_syntax() {
        assert_eq!(texts("Location", " /next "), ["/next"]);
        assert_eq!(texts("Content-Location", "/en/page"), ["/en/page"]);
        assert_eq!(texts("SourceMap", "app.js.map"), ["app.js.map"]);
        assert_eq!(texts("Refresh", "3; url='/later'"), ["/later"]);
        assert_eq!(
            texts("Link", "</s.css>; rel=preload; as=style, <page?n=2>; rel=\"next\", <broken"),
            ["/s.css", "page?n=2"]
        );
        assert_eq!(
            texts(
                "Content-Security-Policy",
                "default-src 'self'; report-uri /csp /csp2; img-src *"
            ),
            ["/csp", "/csp2"]
        );
        assert_eq!(
            texts("Reporting-Endpoints", "a=\"/reports\", b=\"/more\""),
            ["/reports", "/more"]
        );
        let report_to =
            r#"{"group":"a","endpoints":[{"url":"https://h/r"}]}, {"endpoints":[{"url":"/s"}]}"#;
        assert_eq!(texts("Report-To", report_to), ["https://h/r", "/s"]);
        assert_eq!(texts("Speculation-Rules", "\"/rules.json\", \"b\""), ["/rules.json", "b"]);
        assert_eq!(texts("Set-Cookie", "a=/no; Path=/shop; Secure"), ["/shop"]);
        assert_eq!(texts("Set-Cookie", "a=b; Path=/"), Vec::<String>::new());
        assert_eq!(texts("X-Other", "/path"), Vec::<String>::new());
    }

    #[test]
    fn refresh_targets_are_read_in_every_spelling() {
        assert_eq!(refresh_target("0;url=/a"), Some("/a"));
        assert_eq!(refresh_target("5 ; URL = \"/a b\" x"), Some("/a b"));
        assert_eq!(refresh_target("3; /bare"), Some("/bare"));
        assert_eq!(refresh_target("30"), None);
        assert_eq!(refresh_target("1;urlé"), Some("urlé"));
    }
}
