//! Texts that look like what they are for.

use serde_json::Value;

use crate::import::pattern;
use crate::import::text::Text;

/// Longer than any field needs to be to be accepted.
const MAX_LENGTH: usize = 200;

/// A text of that schema.
pub(super) fn of(name: &str, schema: &Value) -> Text {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    let text = match format {
        "date" => "2025-01-15",
        "date-time" | "datetime" => "2025-01-15T12:00:00Z",
        "time" => "12:00:00Z",
        "duration" => "PT1H",
        "uuid" | "guid" => "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "email" | "idn-email" => "user@example.com",
        "uri" | "url" | "iri" | "uri-reference" => "https://example.com/",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" | "ip" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" | "base64" => "ZXhhbXBsZQ==",
        "binary" => "content",
        // The writer puts a variable of the environment here.
        "password" => "password-of-the-user",
        _ => return fitted(guess(name), schema),
    };
    Text::literal(text)
}

/// A text of which nothing is known but its name.
pub(super) fn plain(name: &str) -> Text {
    Text::literal(guess(name))
}

/// By what fields of that name usually hold.
fn guess(name: &str) -> &'static str {
    let name: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let endings = [
        ("email", "user@example.com"),
        ("phone", "+15550100"),
        ("phonenumber", "+15550100"),
        ("url", "https://example.com/"),
        ("uri", "https://example.com/"),
        ("uuid", "3fa85f64-5717-4562-b3fc-2c963f66afa6"),
        ("date", "2025-01-15"),
        ("currency", "USD"),
        ("country", "US"),
        ("language", "en"),
        ("locale", "en-US"),
        ("timezone", "UTC"),
        ("id", "1"),
        ("ids", "1"),
        ("page", "1"),
        ("limit", "10"),
        ("name", "Example"),
    ];
    endings.iter().find(|(end, _)| name.ends_with(end)).map_or("example", |(_, text)| text)
}

/// No shorter and no longer than the schema wants it.
fn fitted(text: &str, schema: &Value) -> Text {
    let length = |key: &str| {
        schema.get(key).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok())
    };
    let least = length("minLength").unwrap_or(0).min(MAX_LENGTH);
    let most = length("maxLength").unwrap_or(MAX_LENGTH).max(least);
    let fits = |text: &str| {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        pattern.is_none_or(|pattern| {
            regex::RegexBuilder::new(pattern)
                .size_limit(1 << 16)
                .build()
                .is_ok_and(|regex| regex.is_match(text))
        })
    };
    let long: String = text.chars().chain("example".chars().cycle().take(least)).collect();
    let candidates = [
        long.chars().take(least.max(text.chars().count()).min(most)).collect::<String>(),
        "1".repeat(least.max(1).min(most)),
        "a".repeat(least.max(1).min(most)),
        "A".repeat(least.max(1).min(most)),
        "2025-01-15".to_owned(),
        "2025-01-15T12:00:00Z".to_owned(),
        "3fa85f64-5717-4562-b3fc-2c963f66afa6".to_owned(),
        "https://example.com/".to_owned(),
        "#336699".to_owned(),
        "12:00".to_owned(),
        "1.0.0".to_owned(),
        "+15550100".to_owned(),
    ];
    if let Some(found) = candidates.iter().find(|candidate| fits(candidate)) {
        return Text::literal(found.as_str());
    }
    let pattern = schema.get("pattern").and_then(Value::as_str);
    let made = pattern.and_then(|pattern| pattern::example(pattern, least, most));
    Text::literal(made.unwrap_or_else(|| candidates[0].clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats_names_lengths_and_patterns_are_kept() {
        let made = |name: &str, schema: Value| of(name, &schema).written();
        assert_eq!(made("x", json!({"format": "date"})), "2025-01-15");
        assert_eq!(made("userEmail", json!({})), "user@example.com");
        assert_eq!(made("x", json!({"minLength": 10})), "exampleexa");
        assert_eq!(made("x", json!({"maxLength": 3})), "exa");
        assert_eq!(made("x", json!({"pattern": "^[0-9]{4}$", "minLength": 4})), "1111");
        assert_eq!(made("x", json!({"pattern": "^#[0-9a-f]{6}$"})), "#336699");
        assert_eq!(made("x", json!({"pattern": "^[A-Z]{2}-\\d{4}$"})), "AA-1111");
        assert_eq!(made("x", json!({"pattern": "^x-\\w+$", "minLength": 6})), "x-aaaa");
    }
}
