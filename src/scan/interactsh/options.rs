//! Which servers the user names, and how they are asked.

use std::fmt;
use std::time::Duration;

use super::error::CallbackServerError;
use crate::model::Authorisation;
use crate::model::Header;
use crate::model::Origin;
use crate::model::Scope;
use crate::model::ScopeBuilder;
use crate::model::Target;

/// What a server asks for before it lets anybody in. Shown by nothing.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CallbackToken(String);

impl fmt::Debug for CallbackToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackToken(…)")
    }
}

/// Servers that the user names, and how they are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackServerOptions {
    /// In the order in which they are tried; never empty.
    pub(super) servers: Vec<Target>,
    pub(super) token: Option<CallbackToken>,
    pub(super) poll: Duration,
}

impl CallbackServerOptions {
    /// From what the user wrote. An address without a scheme is `https://`.
    ///
    /// `poll` is the time between two questions, at least a second.
    ///
    /// # Errors
    /// An address that is none, or a token that no header can hold.
    pub fn new(
        addresses: &[String],
        token: Option<&str>,
        poll: Duration,
    ) -> Result<Self, CallbackServerError> {
        let servers = addresses.iter().map(|text| server(text)).collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            let cause = "there is no address".to_owned();
            return Err(CallbackServerError::Address { text: String::new(), cause });
        }
        if token.is_some_and(|token| !Header::is_value(token)) {
            return Err(CallbackServerError::Token);
        }
        let token = token.filter(|token| !token.is_empty());
        let token = token.map(|token| CallbackToken(token.to_owned()));
        Ok(Self { servers, token, poll: poll.max(Duration::from_secs(1)) })
    }

    /// What may be asked for this: the servers that the user named, who by naming them said that
    /// they may be.
    pub fn scope(&self) -> Scope {
        let origins: Vec<Origin> =
            self.servers.iter().map(|server| server.origin.clone()).collect();
        let hosts = origins.iter().map(|origin| origin.host.clone()).collect();
        let authorisation =
            Authorisation::Granted { by: "who named the callback server".to_owned(), hosts };
        ScopeBuilder { origins, include: Vec::new(), exclude: Vec::new(), authorisation }
            .build()
            .expect("no patterns")
    }
}

impl CallbackToken {
    /// The header that carries it.
    pub(super) fn header(&self) -> Header {
        Header::new("Authorization", self.0.as_bytes())
    }

    /// `text` without it: a server may say it back.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        text.replace(&self.0, "…")
    }
}

fn server(text: &str) -> Result<Target, CallbackServerError> {
    let text = text.trim();
    // What stands before an @ may be a password.
    let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let failed = |cause: String| CallbackServerError::Address { text: shown.to_owned(), cause };
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let mut server = Target::parse(&url).map_err(|error| failed(error.to_string()))?;
    if server.path_and_query.contains('?') {
        return Err(failed("it has a query".to_owned()));
    }
    let path = server.path_and_query.trim_end_matches('/').len();
    server.path_and_query.truncate(path);
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<CallbackServerOptions, CallbackServerError> {
        CallbackServerOptions::new(&[text.to_owned()], None, Duration::ZERO)
    }

    #[test]
    fn an_address_without_a_scheme_is_spoken_to_over_tls() {
        let options = options("Oast.example/").expect("an address");
        assert_eq!(options.servers[0].url(), "https://oast.example");
        assert_eq!(options.poll, Duration::from_secs(1));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "ftp://oast.example", "https://u:p@oast.example", "oast.example/?a", "a b"]
        {
            let error = options(text).expect_err(text).to_string();
            assert!(error.contains("is no callback server"), "{error}");
            assert!(!error.contains("u:p"), "{error}");
        }
        let token = Some("a\r\nHost: b");
        let error = CallbackServerOptions::new(&["a.example".to_owned()], token, Duration::ZERO);
        assert!(matches!(error, Err(CallbackServerError::Token)));
    }

    #[test]
    fn the_token_is_not_shown() {
        let addresses = ["a.example".to_owned()];
        let options = CallbackServerOptions::new(&addresses, Some("hunter2"), Duration::ZERO);
        let options = options.expect("valid");
        assert!(!format!("{options:?}").contains("hunter2"));
        let token = options.token.expect("one was given");
        assert_eq!(token.hidden_in("no hunter2!"), "no …!");
    }

    #[test]
    fn naming_a_server_allows_it_and_nothing_else() {
        let scope = options("oast.example").expect("an address").scope();
        let public = "8.8.8.8".parse().expect("an address");
        assert!(scope.admit_address("oast.example", public).is_ok());
        assert!(scope.admit_address("other.example", public).is_err());
        let other = Target::parse("https://other.example/").expect("a URL").origin;
        assert!(scope.judge_origin(&other).is_err());
    }
}
