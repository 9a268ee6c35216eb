//! Tokens of OAuth 2.0 (RFC 6749): asked for with the client's credentials or a user's password,
//! and renewed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use url::form_urlencoded;

use crate::model::Header;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Response;
use crate::model::inert;

/// A longer token fits into no header.
pub(super) const MAX_TOKEN: usize = 16 * 1024;

/// Seconds before its end in which a token is renewed; a token that lives shorter is renewed after
/// three quarters of its time.
const LEEWAY: u64 = 30;

/// What a token is asked for with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Of the token endpoint.
    pub origin: Origin,
    /// Path and query of the token endpoint.
    pub path_and_query: String,
    /// Where the client's name and secret stand.
    pub client_auth: ClientAuth,
    /// `audience`, `resource` and the like, as they are.
    pub extra: Vec<(String, String)>,
}

/// Where a client's name and secret stand (RFC 6749 §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the `Authorization` header.
    Basic,
    /// In the form.
    Body,
}

/// What a client shows for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The client's name.
    pub client_id: String,
    /// The client's secret; a public client has none.
    pub client_secret: Option<String>,
    /// What the token is for.
    pub scope: Option<String>,
    /// For whom.
    pub kind: GrantKind,
}

/// For whom a token is (RFC 6749 §4.3, §4.4, §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantKind {
    /// For the client itself.
    ClientCredentials,
    /// For a user whose password the client knows.
    Password {
        /// The user's name.
        user: String,
        /// The user's password.
        password: String,
    },
    /// For whomever the token before was.
    Refresh(String),
}

/// Tokens that were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Goes into requests.
    pub access: String,
    /// Renews it.
    pub refresh: Option<String>,
    /// When it is time to renew it, in seconds since 1970; `None` where the server did not say how
    /// long it lives.
    pub renew_at: Option<u64>,
}

impl TokenRequest {
    /// The request that asks for a token.
    pub fn request(&self, grant: &Grant) -> Request {
        let mut form: Vec<(&str, &str)> = Vec::new();
        match &grant.kind {
            GrantKind::ClientCredentials => form.push(("grant_type", "client_credentials")),
            GrantKind::Password { user, password } => {
                form.extend([
                    ("grant_type", "password"),
                    ("username", user),
                    ("password", password),
                ]);
            }
            GrantKind::Refresh(token) => {
                form.extend([("grant_type", "refresh_token"), ("refresh_token", token)]);
            }
        }
        // RFC 6749 §6: without it, what was granted before.
        let scope = grant.scope.as_deref().filter(|_| !matches!(grant.kind, GrantKind::Refresh(_)));
        form.extend(scope.map(|scope| ("scope", scope)));
        let mut headers = vec![
            Header::new("Content-Type", "application/x-www-form-urlencoded"),
            Header::new("Accept", "application/json"),
        ];
        match (self.client_auth, &grant.client_secret) {
            (ClientAuth::Basic, Some(secret)) => {
                let encoded = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                let pair = format!("{}:{}", encoded(&grant.client_id), encoded(secret));
                let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
                headers.push(Header::new("Authorization", value));
            }
            (ClientAuth::Body, _) | (ClientAuth::Basic, None) => {
                form.push(("client_id", &grant.client_id));
                form.extend(grant.client_secret.as_deref().map(|secret| ("client_secret", secret)));
            }
        }
        form.extend(self.extra.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        Request {
            origin: self.origin.clone(),
            method: Method::new("POST"),
            path_and_query: self.path_and_query.clone().into_bytes(),
            headers,
            body: body.into_bytes(),
        }
    }
}

impl Token {
    /// Reads the answer to a token request, received at a time in seconds since 1970.
    ///
    /// # Errors
    /// What the server said instead, in one sentence.
    pub fn read(response: &Response, now: u64) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: Option<String>,
            token_type: Option<String>,
            refresh_token: Option<String>,
            expires_in: Option<serde_json::Value>,
            error: Option<serde_json::Value>,
            error_description: Option<String>,
        }
        let status = response.status;
        let Ok(said) = serde_json::from_slice::<Granted>(&response.body) else {
            return Err(format!("status {status}, and no JSON with a token"));
        };
        if let Some(error) = said.error {
            let error = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            let more = said.error_description.map(|text| format!(": {text}")).unwrap_or_default();
            return Err(format!("status {status}, {}", inert(&format!("{error}{more}"), 200)));
        }
        let Some(access) = said.access_token.filter(|_| (200..300).contains(&status)) else {
            return Err(format!("status {status}, and JSON without `access_token`"));
        };
        if access.is_empty() || access.len() > MAX_TOKEN || access.contains(char::is_control) {
            return Err(format!("a token of {} bytes that fits into no header", access.len()));
        }
        if let Some(kind) = said.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(format!("a token of type `{}`, not `bearer`", inert(&kind, 40)));
        }
        let lives = said.expires_in.as_ref().and_then(seconds);
        let refresh =
            said.refresh_token.filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN);
        Ok(Self {
            access,
            refresh,
            renew_at: lives.map(|lives| now.saturating_add(fresh_for(lives))),
        })
    }
}

/// A number, or a text with one, as some servers write it.
fn seconds(value: &serde_json::Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).or_else(|| {
        let number = value.as_f64().filter(|number| (0.0..1e12).contains(number))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Some(number as u64)
    })
}

fn fresh_for(lives: u64) -> u64 {
    lives.saturating_sub(LEEWAY).max(lives.saturating_mul(3) / 4).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;
    use crate::model::Target;

    fn endpoint(client_auth: ClientAuth) -> TokenRequest {
        let target = Target::parse("http://127.0.0.1:1/token").expect("valid");
        TokenRequest {
            origin: target.origin,
            path_and_query: target.path_and_query,
            client_auth,
            extra: vec![("audience".to_owned(), "a b".to_owned())],
        }
    }

    fn grant(kind: GrantKind) -> Grant {
        Grant {
            client_id: "s6BhdRkqt3".to_owned(),
            client_secret: Some("gX1fBat3bV".to_owned()),
            scope: Some("read write".to_owned()),
            kind,
        }
    }

    fn answer(status: u16, body: &str) -> Response {
        Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        }
    }

    fn body(request: &Request) -> &str {
        std::str::from_utf8(&request.body).expect("a form")
    }

    /// RFC 6749 §4.4.2 and its header.
    #[test]
    fn the_client_shows_itself_in_the_header_or_in_the_form() {
        let basic = endpoint(ClientAuth::Basic).request(&grant(GrantKind::ClientCredentials));
        let header = basic.header("authorization").expect("basic").text().into_owned();
        assert_eq!(header, "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW");
        assert_eq!(body(&basic), "grant_type=client_credentials&scope=read+write&audience=a+b");
        let form = endpoint(ClientAuth::Body).request(&grant(GrantKind::Refresh("r".to_owned())));
        assert_eq!(form.header("authorization"), None);
        assert_eq!(
            body(&form),
            "grant_type=refresh_token&refresh_token=r&client_id=s6BhdRkqt3&client_secret=gX1fBat3bV&audience=a+b"
        );
        let kind =
            GrantKind::Password { user: "johndoe".to_owned(), password: "A3ddj3w".to_owned() };
        let user = endpoint(ClientAuth::Basic).request(&grant(kind));
        assert!(body(&user).starts_with("grant_type=password&username=johndoe&password=A3ddj3w&"));
    }

    #[test]
    fn tokens_are_renewed_before_they_end() {
        let text =
            r#"{"access_token":"t","token_type":"Bearer","expires_in":3600,"refresh_token":"r"}"#;
        let token = Token::read(&answer(200, text), 1000).expect("a token");
        assert_eq!((token.renew_at, token.refresh.as_deref()), (Some(4570), Some("r")));
        let renewed = |lives: &str| {
            let text = format!("{{\"access_token\":\"t\",\"expires_in\":{lives}}}");
            Token::read(&answer(200, &text), 1000).expect("a token").renew_at
        };
        assert_eq!(renewed("8"), Some(1006));
        assert_eq!(renewed("\"60\""), Some(1045));
        assert_eq!(renewed("60.5"), Some(1045));
        assert_eq!(renewed("0"), Some(1001));
        assert_eq!(renewed("18446744073709551615"), Some(u64::MAX));
        assert_eq!(renewed("null"), None);
        assert_eq!(renewed("\"soon\""), None);
    }

    #[test]
    fn what_is_no_token_is_said() {
        let refused = |status, text: &str| Token::read(&answer(status, text), 0).unwrap_err();
        let error = r#"{"error":"invalid_grant","error_description":"wrong password"}"#;
        assert_eq!(refused(400, error), "status 400, invalid_grant: wrong password");
        assert!(refused(200, "<html>").contains("no JSON"));
        assert!(refused(200, "{}").contains("without `access_token`"));
        assert!(refused(500, r#"{"access_token":"t"}"#).contains("status 500"));
        let huge = format!("{{\"access_token\":\"{}\"}}", "x".repeat(1 << 20));
        assert!(refused(200, &huge).contains("fits into no header"));
        assert!(refused(200, r#"{"access_token":"a\r\nb"}"#).contains("fits into no header"));
        assert!(refused(200, r#"{"access_token":"t","token_type":"mac"}"#).contains("`mac`"));
    }
}
