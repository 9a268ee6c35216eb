//! The stateless shape of a path: what stays when values are taken out.

/// `path` (without query) with every segment that looks like a value replaced by `{}`: integers,
/// UUIDs, long hexadecimal, dates and opaque tokens.
///
/// It depends on the path alone, never on what else was seen, so a finding's fingerprint stays the
/// same from run to run.
pub fn stateless_shape(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/')
        .map(|segment| if value_kind(segment).is_some() { "{}" } else { segment })
        .collect::<Vec<_>>()
        .join("/")
}

/// The same with the kind of each value: `{id}`, `{uuid}`, `{date}`, `{token}`.
pub fn stateless_template(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/')
        .map(|segment| value_kind(segment).unwrap_or(segment))
        .collect::<Vec<_>>()
        .join("/")
}

/// What a segment is, if it looks like a value: `{id}` for an integer, `{uuid}`, `{date}`, else
/// `{token}`.
pub fn value_kind(segment: &str) -> Option<&'static str> {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digit {
        // Only a UUID needs none, and it is as good as impossible without.
        return None;
    }
    if segment.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("{id}");
    }
    if segment.len() == 36 && segment.split('-').count() == 5 && hex(&segment.replace('-', "")) {
        return Some("{uuid}");
    }
    if is_date(segment) {
        return Some("{date}");
    }
    let is_long_hex = segment.len() >= 16 && hex(segment);
    let is_token = segment.len() >= 20
        && segment.bytes().any(|byte| byte.is_ascii_alphabetic())
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'='));
    (is_long_hex || is_token).then_some("{token}")
}

fn is_date(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_holes_and_words_stay() {
        assert_eq!(stateless_shape("/items/42/reviews?x=1"), "/items/{}/reviews");
        assert_eq!(stateless_shape("/u/123e4567-e89b-12d3-a456-426614174000"), "/u/{}");
        assert_eq!(stateless_shape("/log/2026-11-23/err"), "/log/{}/err");
        assert_eq!(stateless_shape("/t/a1b2c3d4e5f6a7b8c9d0Z"), "/t/{}");
        assert_eq!(
            stateless_shape("/how-to-make-a-very-long-slug-2"),
            "/how-to-make-a-very-long-slug-2"
        );
        assert_eq!(stateless_shape("/"), "/");
        assert_eq!(
            stateless_template(
                "/u/123e4567-e89b-12d3-a456-426614174000/7/2026-11-23/0123456789abcdef"
            ),
            "/u/{uuid}/{id}/{date}/{token}"
        );
    }
}
