//! Takes secrets out of what was imported: the plan takes them from the environment instead.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::operation::{Body, Imported, Sample, Secret};
use super::text::Text;
use crate::model::Redactor;

/// Endings of names, written together in lower case, whose values nobody else should see.
const ENDINGS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "sessionid",
    "signature",
];
/// What ends like one and is none.
const HARMLESS: [&str; 5] =
    ["pagetoken", "nexttoken", "continuationtoken", "synctoken", "cursortoken"];

/// A JSON Web Token, wherever it stands.
static JWT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*").expect("a valid pattern")
});

/// Names with values in what is no value of its own: queries and forms, JSON and the like, XML, and
/// parts of a multipart body.
static FIELDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?:^|[?&;\s])(?P<form>[\w.\[\]-]{2,60})=(?P<form_value>[^&#;"'<>\r\n]+)"#,
        r#"|["']?(?P<json>[\w.-]{2,60})["']?\s*:\s*["'](?P<json_value>[^"'\r\n]+)["']"#,
        r"|<(?P<xml>[\w:.-]{2,60})>(?P<xml_value>[^<>]+)</",
        r#"|name="(?P<part>[^"]{2,60})"\r?\n(?:[^\r\n]+\r?\n)*\r?\n(?P<part_value>[^\r\n]+)"#,
    ))
    .expect("a valid pattern")
});
const NAMES: [&str; 4] = ["form", "json", "xml", "part"];
const VALUES: [&str; 4] = ["form_value", "json_value", "xml_value", "part_value"];

/// Whether a parameter or field of that name holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        && !HARMLESS.iter().any(|ending| name.ends_with(ending))
}

/// What stands for what was found.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    by_value: HashMap<String, Text>,
    names: HashSet<String>,
    found: Vec<Secret>,
}

impl Secrets {
    /// A reference to what stands for `value`, which is left out.
    fn hide(&mut self, wish: &str, value: &str, purpose: &str) -> Text {
        if let Some(reference) = self.by_value.get(value) {
            return reference.clone();
        }
        let name = self.name(wish);
        let secret = secret(name, value, purpose);
        let reference = secret.reference();
        self.found.push(secret);
        self.by_value.insert(value.to_owned(), reference.clone());
        reference
    }

    /// The same variable for every value: cookies change from one response to the next.
    fn hide_all(&mut self, name: &str, value: &str, purpose: &str) -> Text {
        self.declare(secret(name.to_owned(), value, purpose));
        let known = self.found.iter().find(|secret| secret.name == name);
        known.map_or_else(|| Text::secret(name), Secret::reference)
    }

    /// Something that is to be set, known by its name.
    fn declare(&mut self, secret: Secret) {
        if self.names.insert(secret.name.clone()) {
            self.found.push(secret);
        }
    }

    fn name(&mut self, wish: &str) -> String {
        let wish = variable_name(wish);
        let numbered = (2..).map(|number| format!("{wish}_{number}"));
        let name = std::iter::once(wish.clone())
            .chain(numbered)
            .find(|name| !self.names.contains(name))
            .expect("numbers do not end");
        self.names.insert(name.clone());
        name
    }

    fn header(&mut self, name: &str, value: &Text) -> Option<Text> {
        for name in value.secrets() {
            // Made of what the file refers to.
            self.declare(Secret::new(name, "base64 of user:password"));
        }
        let literal = value.as_literal()?;
        if name.eq_ignore_ascii_case("cookie") {
            return Some(self.cookies(literal));
        }
        if !Redactor::is_secret_header(name) && !is_secret(name) {
            return None;
        }
        let purpose = format!("header {name}");
        let Some((scheme, rest)) = literal.split_once(' ').filter(|(scheme, rest)| {
            name.to_ascii_lowercase().ends_with("authorization")
                && scheme.chars().all(char::is_alphanumeric)
                && !rest.trim().is_empty()
        }) else {
            return (!literal.is_empty()).then(|| self.hide(name, literal, &purpose));
        };
        let wish = if scheme.eq_ignore_ascii_case("bearer") { "TOKEN" } else { "CREDENTIALS" };
        let mut out = Text::literal(format!("{scheme} "));
        out.append(&self.hide(wish, rest.trim(), &format!("{purpose}: {scheme}")));
        Some(out)
    }

    fn cookies(&mut self, text: &str) -> Text {
        let mut out = Text::default();
        for (index, pair) in text.split(';').map(str::trim).filter(|p| !p.is_empty()).enumerate() {
            out.push(if index > 0 { "; " } else { "" });
            match pair.split_once('=') {
                Some((name, value)) => {
                    out.push(&format!("{name}="));
                    let variable = format!("COOKIE_{}", variable_name(name));
                    out.append(&self.hide_all(&variable, value, &format!("cookie {name}")));
                }
                None => out.append(&self.hide_all("COOKIE", pair, "header Cookie")),
            }
        }
        out
    }

    fn named(&mut self, name: &str, value: &mut Text) {
        match value.as_literal() {
            Some(literal) if is_secret(name) && !literal.is_empty() => {
                *value = self.hide(name, literal, &format!("`{name}`"));
            }
            _ => self.tokens(value),
        }
    }

    /// Secrets that stand somewhere in a text: tokens, and values behind names that say so.
    fn tokens(&mut self, value: &mut Text) {
        *value = value.replaced(|literal| self.without_fields(literal));
    }

    fn without_fields(&mut self, text: &str) -> Text {
        let mut out = Text::default();
        let mut from = 0;
        for found in FIELDS.captures_iter(text) {
            let group = |name: &str| found.name(name);
            let (Some(name), Some(value)) = (
                NAMES.iter().find_map(|name| group(name)),
                VALUES.iter().find_map(|name| group(name)),
            ) else {
                continue;
            };
            if !is_secret(name.as_str()) || value.as_str().trim().is_empty() {
                continue;
            }
            out.append(&self.without_jwt(&text[from..value.start()]));
            let purpose = format!("`{}`", name.as_str());
            out.append(&self.hide(name.as_str(), value.as_str(), &purpose));
            from = value.end();
        }
        out.append(&self.without_jwt(&text[from..]));
        out
    }

    fn without_jwt(&mut self, text: &str) -> Text {
        let mut out = Text::default();
        let mut from = 0;
        for found in JWT.find_iter(text) {
            out.push(&text[from..found.start()]);
            out.append(&self.hide("TOKEN", found.as_str(), "a JSON Web Token"));
            from = found.end();
        }
        out.push(&text[from..]);
        out
    }

    fn sample(&mut self, name: &str, sample: &mut Sample) {
        match sample {
            Sample::Text(text) => self.named(name, text),
            Sample::Number(number) if is_secret(name) => {
                let text = number.to_string();
                *sample = Sample::Text(self.hide(name, &text, &format!("`{name}`")));
            }
            Sample::List(items) => items.iter_mut().for_each(|item| self.sample(name, item)),
            Sample::Map(entries) => {
                for (key, value) in entries {
                    self.sample(key, value);
                }
            }
            Sample::Null | Sample::Bool(_) | Sample::Number(_) => {}
        }
    }

    fn body(&mut self, body: &mut Body) {
        match body {
            Body::Json(sample) => self.sample("", sample),
            Body::Form(pairs) => {
                for (name, value) in pairs {
                    self.named(name, value);
                }
            }
            Body::Multipart(parts) => {
                for part in parts {
                    self.named(&part.name, &mut part.value);
                }
            }
            Body::GraphQl(document, variables, _) => {
                self.tokens(document);
                if let Some(variables) = variables {
                    self.sample("", variables);
                }
            }
            Body::Text(text) => self.tokens(text),
            Body::File(_) => {}
        }
    }
}

/// A value that is too short to be kept out of reports is a variable like others.
fn secret(name: String, value: &str, purpose: &str) -> Secret {
    let is_hidden = value.len() >= Redactor::MIN_SECRET;
    Secret { name, purpose: purpose.to_owned(), is_hidden }
}

/// `X-Api-Key` as a variable of the environment: `X_API_KEY`.
pub(super) fn variable_name(text: &str) -> String {
    let mut name = String::new();
    let mut before = ' ';
    for c in text.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
                name.push('_');
            }
            name.push(c.to_ascii_uppercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        before = c;
    }
    let name = name.trim_end_matches('_');
    match name.chars().next() {
        None => "SECRET".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("S_{name}"),
        Some(_) => name.to_owned(),
    }
}

/// Replaces every secret by a reference, and lists what is to be set before a run.
pub(super) fn hide(imported: &mut Imported) {
    let mut secrets = Secrets::default();
    for secret in std::mem::take(&mut imported.secrets) {
        secrets.declare(secret);
    }
    for operation in &mut imported.operations {
        for (name, value) in &mut operation.headers {
            match secrets.header(name, value) {
                Some(hidden) => *value = hidden,
                None => secrets.tokens(value),
            }
        }
        for (name, value) in &mut operation.query {
            secrets.named(name, value);
        }
        secrets.tokens(&mut operation.path);
        if let Some(body) = &mut operation.body {
            secrets.body(body);
        }
    }
    for (name, value) in &mut imported.variables {
        secrets.named(name, value);
    }
    imported.secrets = secrets.found;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_secret() {
        for name in ["password", "newPassword", "client_secret", "X-Auth-Token", "apiKey"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["page_token", "nextToken", "max_tokens", "pass", "secretary", "key"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn variables_of_the_environment_have_their_usual_form() {
        assert_eq!(variable_name("X-Api-Key"), "X_API_KEY");
        assert_eq!(variable_name("petstore_auth"), "PETSTORE_AUTH");
        assert_eq!(variable_name("accessToken"), "ACCESS_TOKEN");
        assert_eq!(variable_name("1st"), "S_1ST");
        assert_eq!(variable_name("é"), "SECRET");
    }

    #[test]
    fn equal_secrets_are_one_variable_and_different_ones_are_two() {
        let mut secrets = Secrets::default();
        let bearer = secrets.header("Authorization", &"Bearer abcd".into()).expect("secret");
        assert_eq!(bearer.written(), "Bearer ${secrets.TOKEN}");
        let again = secrets.header("X-Token", &"abcd".into()).expect("secret");
        assert_eq!(again.written(), "${secrets.TOKEN}");
        let other = secrets.header("authorization", &"Bearer wxyz".into()).expect("secret");
        assert_eq!(other.written(), "Bearer ${secrets.TOKEN_2}");
        let cookie = secrets.header("Cookie", &"sid=1; theme=dark".into()).expect("secret");
        assert_eq!(cookie.written(), "sid=${env.COOKIE_SID}; theme=${secrets.COOKIE_THEME}");
        assert!(secrets.header("Accept", &"x".into()).is_none());
        let mut text = Text::literal("a=eyJhbGciOiJI.eyJzdWIiOiIx.c2ln;");
        secrets.tokens(&mut text);
        assert_eq!(text.written(), "a=${secrets.TOKEN_3};");
    }

    #[test]
    fn secrets_are_found_inside_of_texts() {
        let cases = [
            "user=me&password=hunter22 and more&x=1",
            "/a?flag&api_key=hunter22#x",
            "{\"n\": 12345678901234567890, \"clientSecret\" : \"hunter22\"}",
            "mutation { login(name: \"me\", password: \"hunter22\") { id } }",
            "<login><user>me</user><password>hunter22</password></login>",
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter22\r\n--b--",
        ];
        for case in cases {
            let mut text = Text::literal(case);
            Secrets::default().tokens(&mut text);
            let written = text.written();
            assert!(!written.contains("hunter22") && written.contains("${secrets."), "{written}");
        }
        let mut harmless = Text::literal("tokens=3&page_token=x&user=password");
        Secrets::default().tokens(&mut harmless);
        assert_eq!(harmless.written(), "tokens=3&page_token=x&user=password");
    }
}
