//! What says that somebody is logged in, and what says that they are not any more.

use std::time::Duration;

use url::Url;

use super::account::Account;
use crate::extract::GroupPattern;
use crate::flow;
use crate::flow::RenderError;
use crate::flow::Script;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::Response;

/// A request whose answer tells whether somebody is logged in.
#[derive(Debug, Clone)]
pub struct Verify {
    /// What is sent.
    pub request: RequestTemplate,
    /// What of it differs.
    pub script: Script,
    /// Statuses that say so; empty means 200–299.
    pub statuses: Vec<u16>,
    /// The body matches it.
    pub logged_in: Option<GroupPattern>,
    /// The body does not match it.
    pub logged_out: Option<GroupPattern>,
    /// How often it is asked again.
    pub every: Option<Duration>,
}

/// What says that a login does not hold any more, and how often it is tried anew.
#[derive(Debug, Clone)]
pub struct Relogin {
    /// Statuses of any answer.
    pub on_status: Vec<u16>,
    /// The body of any answer matches it.
    pub on_body: Option<GroupPattern>,
    /// Any answer redirects to this path, or below it.
    pub on_redirect_to: Option<String>,
    /// Attempts in a row before the login counts as lost.
    pub max: u32,
}

impl Verify {
    /// What is asked, for people: `GET /me`.
    pub fn shown(&self) -> String {
        let path = &self.request.path_template;
        format!("{} {path}", self.request.request.method)
    }

    /// The request, before anything is applied to it.
    ///
    /// # Errors
    /// A value that it needs is missing.
    pub(super) fn request(&self, account: &Account) -> Result<Request, RenderError> {
        self.script.rendered(&self.request.request, &account.context())
    }

    /// What the answer says, for people.
    ///
    /// # Errors
    /// Why it says that nobody is logged in.
    pub fn judge(&self, response: &Response) -> Result<String, String> {
        let Response { status, .. } = response;
        let shown = self.shown();
        let is_expected = match self.statuses.as_slice() {
            [] => (200..300).contains(status),
            statuses => statuses.contains(status),
        };
        if !is_expected {
            let to = response.header("location").map(|to| crate::model::inert(&to.text(), 80));
            let to = to.map(|to| format!(" (to {to})")).unwrap_or_default();
            return Err(format!("{shown} answered {status}{to}"));
        }
        let mut text = format!("{shown} answered {status}");
        if let Some(pattern) = &self.logged_out
            && pattern.find(&response.body).is_some()
        {
            return Err(format!("{text} and matched `{}`", pattern.as_str()));
        }
        if let Some(pattern) = &self.logged_in {
            if pattern.find(&response.body).is_none() {
                return Err(format!("{text} and did not match `{}`", pattern.as_str()));
            }
            text = format!("{text} and matched `{}`", pattern.as_str());
        }
        let failed = flow::Response::of_whole(response, Duration::ZERO, |looked_at| {
            self.script.checks.iter().find(|check| !check.passes(looked_at))
        });
        match failed {
            Some(check) => Err(format!("{text}, and `{}` does not hold", check.name)),
            None => Ok(text),
        }
    }
}

impl Relogin {
    /// What the answer to a request for `url` says of the login; `None` is nothing.
    pub fn signal(&self, url: &str, response: &Response) -> Option<String> {
        let location = || response.header("location").map(|header| header.value.as_slice());
        self.signal_of(url, response.status, location, &response.body)
    }

    /// As [`Self::signal`], of an answer in parts.
    pub fn signal_of<'a>(
        &self,
        url: &str,
        status: u16,
        location: impl FnOnce() -> Option<&'a [u8]>,
        body: &[u8],
    ) -> Option<String> {
        if self.on_status.contains(&status) {
            return Some(format!("status {status}"));
        }
        if let Some(path) = &self.on_redirect_to
            && (300..400).contains(&status)
            && let Some(location) = location()
            && let Ok(to) =
                Url::parse(url).and_then(|url| url.join(&String::from_utf8_lossy(location)))
            && is_below(to.path(), path)
        {
            return Some(format!("a redirect to {path}"));
        }
        let pattern = self.on_body.as_ref().filter(|pattern| pattern.find(body).is_some())?;
        Some(format!("a body that matches `{}`", pattern.as_str()))
    }
}

fn is_below(path: &str, root: &str) -> bool {
    let rest = path.strip_prefix(root);
    rest.is_some_and(|rest| rest.is_empty() || root.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    fn answer(status: u16, location: &str, body: &str) -> Response {
        let headers = [("Location", location)].into_iter().filter(|(_, value)| !value.is_empty());
        Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: headers.map(|(name, value)| Header::new(name, value)).collect(),
            body: body.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        }
    }

    #[test]
    fn signals_are_statuses_redirects_and_bodies() {
        let relogin = Relogin {
            on_status: vec![401, 440],
            on_body: Some(GroupPattern::new("(?i)please log in", 0).expect("a pattern")),
            on_redirect_to: Some("/login".to_owned()),
            max: 3,
        };
        let signal = |status, location: &str, body: &str| {
            relogin.signal("http://h/a/b?c", &answer(status, location, body))
        };
        assert_eq!(signal(401, "", "").as_deref(), Some("status 401"));
        for location in ["/login", "../login?next=/a", "http://other/login/", "//h/login#x"] {
            assert_eq!(
                signal(302, location, "").as_deref(),
                Some("a redirect to /login"),
                "{location}"
            );
        }
        for location in ["/logins", "/x/login", "login", "http://["] {
            assert_eq!(signal(302, location, ""), None, "{location}");
        }
        assert_eq!(signal(200, "/login", ""), None, "no redirect");
        assert!(
            signal(200, "", "<b>Please log in</b>").is_some_and(|text| text.contains("matches"))
        );
        assert_eq!(signal(403, "", "Welcome"), None);
    }
}
