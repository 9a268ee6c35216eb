//! JSON Web Tokens (RFC 7519), taken apart and put together.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use serde_json::Value;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

/// A token in its parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// What is signed, as it was written.
    pub(super) signed: String,
    pub(super) signature: String,
}

impl Token {
    /// A signed token; `None` for what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let read = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
        };
        let signed = format!("{header}.{claims}");
        let (header, claims) = (read(header)?, read(claims)?);
        header.get("alg")?;
        Some(Self { header, claims, signed, signature: signature.to_owned() })
    }

    /// The tokens that stand in a text, as they are written.
    pub(super) fn find(text: &str) -> Vec<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let words = text.split(|c: char| !is_part(c));
        words.filter(|word| Self::parse(word).is_some()).map(str::to_owned).collect()
    }

    /// `HS256`.
    pub(super) fn algorithm(&self) -> String {
        self.header["alg"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether the signature is that of a key.
    pub(super) fn is_signed_with(&self, key: &[u8]) -> bool {
        let signature = sign(&self.algorithm(), key, &self.signed);
        !self.signature.is_empty() && signature.as_deref() == Some(self.signature.as_str())
    }

    /// The same with another header and other claims, signed anew.
    pub(super) fn forged(
        header: &Value,
        claims: &Value,
        algorithm: &str,
        key: &[u8],
    ) -> Option<String> {
        let signed = unsigned(header, claims);
        let signature = sign(algorithm, key, &signed)?;
        Some(format!("{signed}.{signature}"))
    }
}

/// Header and claims as they are signed.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The signature of RFC 7518 §3.2.
fn sign(algorithm: &str, key: &[u8], text: &str) -> Option<String> {
    let bytes = match algorithm {
        "HS256" => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        "HS384" => {
            let mut mac = Hmac::<Sha384>::new_from_slice(key).ok()?;
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        "HS512" => {
            let mut mac = Hmac::<Sha512>::new_from_slice(key).ok()?;
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        _ => return None,
    };
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515 §A.1 has a key in bytes; this is the well-known one of jwt.io's page.
    const KNOWN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ikpva\
                         G4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

    #[test]
    fn tokens_are_read_and_signed() {
        let token = Token::parse(KNOWN).expect("a token");
        assert_eq!(token.claims["name"], "John Doe");
        assert!(token.is_signed_with(b"your-256-bit-secret"));
        assert!(!token.is_signed_with(b"another"));
        assert_eq!(Token::find(&format!("a=1; t={KNOWN}; b=x.y.z")), [KNOWN]);
        let again = Token::forged(&token.header, &token.claims, "HS256", b"your-256-bit-secret");
        assert!(
            Token::parse(&again.expect("a token"))
                .expect("one")
                .is_signed_with(b"your-256-bit-secret")
        );
        for text in ["", "a.b.c", "eyJhIjoxfQ.eyJiIjoyfQ.", "1.2.3.4"] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
