//! What the content security policies of a document allow, taken together.

use std::sync::LazyLock;

use crate::extract::Pattern;
use crate::model::Response;

/// `<meta>` elements are looked for in this many first bytes: a policy counts only in `<head>`.
const META_WINDOW: usize = 64 << 10;

static META: LazyLock<Pattern> = LazyLock::new(|| {
    let pattern = r#"(?is)<meta\s[^>]{0,200}http-equiv\s*=\s*["']?content-security-policy["']?\s[^>]{0,100}content\s*=\s*(?:"([^"]*)"|'([^']*)')"#;
    Pattern::new(pattern).expect("a valid constant")
});

/// The enforced policies of one response: report-only ones do not count.
#[derive(Debug, Default)]
pub(super) struct Csp {
    text: String,
    script_src: String,
    frame_ancestors: String,
}

impl Csp {
    /// `may_have_meta` is false where it is known that the document has none.
    pub(super) fn of(response: &Response, may_have_meta: bool) -> Self {
        let mut from_headers = Vec::new();
        for header in response.headers_named("content-security-policy") {
            from_headers.extend(policies(&header.text()));
        }
        let mut all = from_headers.clone();
        if may_have_meta {
            let window = &response.body[..response.body.len().min(META_WINDOW)];
            for group in [1, 2] {
                for range in META.groups(window, group) {
                    all.extend(policies(&String::from_utf8_lossy(&window[range])));
                }
            }
        }
        let script: Vec<Vec<String>> = all
            .iter()
            .filter_map(|policy| {
                sources(policy, "script-src").or_else(|| sources(policy, "default-src"))
            })
            .collect();
        // A policy in <meta> cannot restrict framing (CSP Level 3, §3.3).
        let framing: Vec<Vec<String>> =
            from_headers.iter().filter_map(|policy| sources(policy, "frame-ancestors")).collect();
        Self {
            text: all.join(", "),
            script_src: in_all(&script),
            frame_ancestors: in_all(&framing),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn script_src(&self) -> &str {
        &self.script_src
    }

    pub(super) fn frame_ancestors(&self) -> &str {
        &self.frame_ancestors
    }
}

/// The policies of one header: a comma separates them.
fn policies(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The sources of a directive in lower case; the first directive of a name counts.
fn sources(policy: &str, name: &str) -> Option<Vec<String>> {
    policy.split(';').find_map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        let is_it = words.next().is_some_and(|word| word.eq_ignore_ascii_case(name));
        is_it.then(|| {
            let sources: Vec<String> = words.map(str::to_ascii_lowercase).collect();
            if sources.is_empty() { vec!["'none'".to_owned()] } else { sources }
        })
    })
}

/// Sources that every policy has, for each policy must allow a load; what tightens a policy counts
/// wherever it stands. Policies with nothing in common allow nothing: `'none'`.
fn in_all(policies: &[Vec<String>]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for source in policies.iter().flatten() {
        let everywhere = policies.iter().all(|policy| policy.contains(source));
        if (everywhere || tightens(source)) && !kept.contains(&source.as_str()) {
            kept.push(source);
        }
    }
    if kept.is_empty() && !policies.is_empty() {
        return "'none'".to_owned();
    }
    kept.join(" ")
}

fn tightens(source: &str) -> bool {
    source == "'strict-dynamic'" || source.starts_with("'nonce-") || source.starts_with("'sha")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    fn csp(headers: &[&str], body: &str) -> Csp {
        let response = Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: headers
                .iter()
                .map(|value| Header::new("Content-Security-Policy", *value))
                .collect(),
            body: body.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        };
        Csp::of(&response, true)
    }

    #[test]
    fn script_sources_fall_back_to_default() {
        assert_eq!(csp(&["Default-Src 'SELF'"], "").script_src(), "'self'");
        assert_eq!(csp(&["default-src *; script-src a.example"], "").script_src(), "a.example");
        assert_eq!(csp(&["img-src *"], "").script_src(), "");
        assert_eq!(csp(&["script-src"], "").script_src(), "'none'");
    }

    #[test]
    fn several_policies_allow_what_all_allow() {
        let both = csp(&["script-src 'self' 'unsafe-inline'", "script-src 'self' 'nonce-a'"], "");
        assert_eq!(both.script_src(), "'self' 'nonce-a'");
        assert_eq!(csp(&["script-src a, script-src b"], "").script_src(), "'none'");
    }

    #[test]
    fn meta_policies_restrict_scripts_but_not_framing() {
        let page = r#"<meta http-equiv="Content-Security-Policy" content="script-src 'self'; frame-ancestors 'none'">"#;
        let found = csp(&[], page);
        assert_eq!(found.script_src(), "'self'");
        assert_eq!(found.frame_ancestors(), "");
    }
}
