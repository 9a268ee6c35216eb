//! A login in forms that are found.

use url::Url;

use super::super::account::Account;
use super::super::form;
use super::super::form::Asks;
use super::super::form::Filling;
use super::super::scheme::Auth;
use super::super::scheme::FormLogin;
use super::Login;
use super::MAX_FORMS;
use super::MAX_HOPS;
use super::Outcome;
use super::Phase;
use super::missing;
use super::page_of;
use super::seen;
use crate::flow::Template;
use crate::model::Response;

impl Login {
    pub(super) fn fill_in(
        &mut self,
        auth: &Auth,
        form: &FormLogin,
        account: &mut Account,
        response: &Response,
        now: u64,
    ) -> Outcome {
        let Phase::Form { filled, asked } = &self.phase else {
            return Err("a form that was not asked for".to_owned());
        };
        let (filled, asked) = (*filled, *asked);
        let url = self.sent.as_ref().and_then(|sent| Url::parse(&sent.url()).ok());
        let url = url.ok_or("a page without a URL")?;
        let page = page_of(response, Some(&url));
        let code = account.set_code(auth.totp_variable, now);
        let text = |template: &Template| {
            let bytes = account.render(template).map_err(|error| missing(auth, error))?;
            Ok::<_, String>(String::from_utf8_lossy(&bytes).into_owned())
        };
        let (user, password) = (text(&form.user)?, text(&form.password)?);
        let filling = Filling {
            user: &user,
            password: &password,
            code: code.as_deref(),
            user_field: form.user_field.as_deref(),
            password_field: form.password_field.as_deref(),
        };
        let found = form::find(&page, &filling);
        let is_next = matches!(
            (asked, found.as_ref().map(|found| found.asks)),
            (None | Some(Asks::User), Some(Asks::Password))
                | (None, Some(Asks::User))
                | (Some(Asks::Password | Asks::User), Some(Asks::Code))
        );
        if let Some(found) =
            found.filter(|_| is_next && filled < MAX_FORMS && response.status < 500)
        {
            self.phase = Phase::Form { filled: filled + 1, asked: Some(found.asks) };
            return Ok(self.send(found.request(&filling, &url)?, MAX_HOPS));
        }
        let shown = seen(response, &page);
        if !matches!(asked, Some(Asks::Password | Asks::Code)) {
            let loose = if page.has_loose_password {
                "; a password field stands outside of every form, so scripts send it: describe \
                 what they send in `login:`"
            } else {
                ""
            };
            let what = if asked.is_none() { "login form" } else { "password field after the name" };
            return Err(format!("no {what} in the answer to {}: {shown}{loose}", self.asked()));
        }
        let doubt = if response.status >= 400 {
            Some(format!("after the form was sent, {} answered {shown}", self.asked()))
        } else if form::asks_for_password(&page) {
            Some(format!("the login form came back: {} answered {shown}", self.asked()))
        } else if self.set_cookies.is_empty() && auth.apply.items.is_empty() {
            Some(format!(
                "no cookie was set, so nothing holds the login: {} answered {shown}",
                self.asked()
            ))
        } else {
            None
        };
        self.proof =
            format!("the form was accepted: {} answered {}", self.asked(), response.status);
        match doubt {
            Some(doubt) if auth.verify.is_none() => Err(doubt),
            // A page may show the form to those who are logged in too: the proof decides.
            doubt => {
                self.doubt = doubt;
                self.conclude(auth, account, now)
            }
        }
    }
}
