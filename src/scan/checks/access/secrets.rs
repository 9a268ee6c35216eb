//! Secrets in records: passwords, hashes, tokens, numbers of cards.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Map;
use serde_json::Value;

use crate::scan::probe::Person;

/// Names of what nobody else should be shown, letters alone.
const SECRETS: [&str; 24] = [
    "password",
    "passwd",
    "pwd",
    "passwordhash",
    "hashedpassword",
    "pwhash",
    "passhash",
    "secret",
    "secretkey",
    "apikey",
    "apisecret",
    "privatekey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "sessiontoken",
    "resettoken",
    "ssn",
    "socialsecuritynumber",
    "cardnumber",
    "creditcard",
    "cvv",
    "iban",
    "totpsecret",
];

/// Names among them of what is not even its owner's to see.
const OWN_SECRETS: [&str; 9] = [
    "password",
    "passwd",
    "pwd",
    "passwordhash",
    "hashedpassword",
    "pwhash",
    "passhash",
    "passworddigest",
    "encryptedpassword",
];

/// How hashes of passwords begin, and what they are made of otherwise.
static HASH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?: \$(?:[156y]|2[abxy]?|argon2\w*|scrypt|pbkdf2[\w-]*|7)\$\S{8,}
        | \{\w+\}\S{16,}
        | \$?(?:pbkdf2|scrypt|bcrypt|argon2|md5|sha\d+)[\w:]*\$\S{8,}
        | [0-9a-fA-F]{32,128} | [0-9a-fA-F]{8,64}[:$][0-9a-fA-F]{32,128}
        | [A-Za-z0-9+/]{27,86}={1,2} )$",
    )
    .expect("a valid pattern")
});

/// Names of what tells whose record it is.
const WHOSE: [&str; 9] =
    ["username", "user", "email", "mail", "login", "name", "userid", "owner", "account"];

const DEEP: usize = 12;

/// A secret in somebody's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) whose: String,
    pub(super) is_own: bool,
}

/// Secrets in records: of others first.
pub(super) fn shown(document: &Value, asker: Option<&Person>) -> Vec<Shown> {
    let mut found = Vec::new();
    walk(document, asker, 0, &mut found);
    found.sort_by_key(|shown| shown.is_own);
    found
}

fn walk(value: &Value, asker: Option<&Person>, depth: usize, found: &mut Vec<Shown>) {
    if depth > DEEP || found.len() > 1000 {
        return;
    }
    match value {
        Value::Object(members) => {
            found.extend(in_record(members, asker));
            for member in members.values() {
                walk(member, asker, depth + 1, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(item, asker, depth + 1, found);
            }
        }
        _ => {}
    }
}

/// Secrets in one record, if it says whose it is.
fn in_record(members: &Map<String, Value>, asker: Option<&Person>) -> Vec<Shown> {
    let texts = || members.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let mut whose = texts().filter(|(name, _)| WHOSE.contains(&plain(name).as_str()));
    let is_own = asker.is_some_and(|asker| {
        whose.clone().any(|(_, value)| asker.names.iter().any(|name| name == value))
    });
    let Some((_, whose)) = whose.next() else { return Vec::new() };
    let is_secret = |name: &str, value: &str| {
        if is_own {
            let is_password = || asker.and_then(|it| it.password.as_deref()) == Some(value);
            OWN_SECRETS.contains(&plain(name).as_str()) && (is_password() || HASH.is_match(value))
        } else {
            SECRETS.contains(&plain(name).as_str()) && is_real(name, value)
        }
    };
    let secrets = texts().filter(|(name, value)| is_secret(name, value));
    let shown = |(name, value): (&String, &str)| Shown {
        name: name.clone(),
        value: value.to_owned(),
        whose: whose.to_owned(),
        is_own,
    };
    secrets.map(shown).collect()
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a value is one that somebody could use, and no mask, label or example.
fn is_real(name: &str, value: &str) -> bool {
    let lower = value.to_lowercase();
    let masks = value.chars().filter(|c| matches!(c, '*' | '•' | '#' | 'X' | 'x')).count();
    let examples = [
        "string",
        "hidden",
        "redacted",
        "masked",
        "null",
        "none",
        "undefined",
        "changeme",
        "example",
        "required",
        "secret",
        "removed",
        "filtered",
        "protected",
        "n/a",
        "placeholder",
    ];
    let is_label = plain(value) == plain(name) || lower.contains("password") && value.len() < 12;
    value.len() >= 4
        && masks * 2 < value.chars().count()
        && !is_label
        && !examples.contains(&lower.trim_matches(['[', ']', '<', '>', '(', ')', '"']).trim())
        && !value.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::probe::Whom;

    fn count(text: &str, is_own: bool) -> usize {
        let document = serde_json::from_str(text).expect("JSON");
        let alice = Person {
            whom: Whom::Session,
            name: "alice".to_owned(),
            role: None,
            names: vec!["alice".to_owned()],
            password: Some("lantern-58".to_owned()),
            is_registered: false,
        };
        let found = shown(&document, Some(&alice));
        found.iter().filter(|it| it.is_own == is_own).count()
    }

    #[test]
    fn secrets_of_others_are_told_from_labels_and_masks() {
        assert_eq!(count(r#"{"users":[{"username":"bob","password":"harbour-31"}]}"#, false), 1);
        assert_eq!(
            count(r#"[{"email":"b@x.example","password_hash":"$2b$10$abcdefgh"}]"#, false),
            1
        );
        for text in [
            r#"{"username":"alice","password":"lantern-58"}"#,
            r#"{"username":"bob","password":"********"}"#,
            r#"{"username":"bob","password":"xxxx-xxxx-1234"}"#,
            r#"{"username":"string","password":"string"}"#,
            r#"{"login":"Log in","password":"Password"}"#,
            r#"{"password":"harbour-31"}"#,
            r#"{"username":"bob","password":null}"#,
            r#"{"name":"csrf","token":"abcdefgh"}"#,
        ] {
            assert_eq!(count(text, false), 0, "{text}");
        }
    }

    #[test]
    fn in_ones_own_record_only_the_password_and_its_hash_are_too_much() {
        for text in [
            r#"{"username":"alice","password":"lantern-58"}"#,
            r#"{"name":"Alice","login":"alice","passwordHash":"$argon2id$v=19$m=65536$c2FsdHNhbHQ$aGFzaA"}"#,
            r#"{"username":"alice","password_hash":"5f4dcc3b5aa765d61d8327deb882cf99"}"#,
            r#"{"username":"alice","pw_hash":"pbkdf2:sha256:600000$q9Vb2$c29tZXRoaW5n"}"#,
        ] {
            assert_eq!(count(text, true), 1, "{text}");
        }
        for text in [
            r#"{"username":"alice","api_key":"5f4dcc3b5aa765d61d8327deb882cf99"}"#,
            r#"{"username":"alice","password":"of the wireless network"}"#,
            r#"{"username":"alice","password":""}"#,
            r#"{"username":"alice","password_hash":true}"#,
        ] {
            assert_eq!(count(text, true), 0, "{text}");
        }
    }
}
