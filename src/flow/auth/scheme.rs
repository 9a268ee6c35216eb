//! What a plan says of logins, compiled.

use super::login::MAX_FORMS;
use super::login::MAX_HOPS;
use super::login::MAX_REQUESTS;
use super::oauth2::TokenRequest;
use super::totp::Totp;
use super::watch::Relogin;
use super::watch::Verify;
use crate::flow::Flow;
use crate::flow::Script;
use crate::flow::Template;
use crate::flow::Variable;
use crate::model::Origin;
use crate::model::Request;
use crate::model::RequestTemplate;

/// Every login of a plan, and who uses it where.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    /// The plan's `auth`.
    pub auths: Vec<Auth>,
    /// The plan's `identities`.
    pub identities: Vec<Identity>,
    /// As whom each request of the plan is sent, by index; none at all where none says so.
    pub requests: Vec<Option<Who>>,
    /// As whom a scenario's other requests are sent, by index.
    pub scenarios: Vec<Option<Who>>,
    /// As whom the scanner looks at the site.
    pub scan: Option<Who>,
}

/// Who sends something: an index into [`Sessions::auths`], and whether it is somebody certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who {
    /// How they log in.
    pub auth: usize,
    /// Index into [`Sessions::identities`]; without one, users take those of the auth in turn.
    pub identity: Option<usize>,
}

/// A named user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The plan's name.
    pub name: String,
    /// Index into [`Sessions::auths`].
    pub auth: usize,
    /// What they may do, in the plan's words.
    pub role: Option<String>,
    /// Values that only they have.
    pub vars: Vec<(Variable, String)>,
    /// Of these, those that sound like a password.
    pub hidden: Vec<Variable>,
    /// What their one-time passwords come from.
    pub totp: Option<Totp>,
}

/// How somebody is logged in.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The plan's name.
    pub name: String,
    /// What reports call it.
    pub scheme: Scheme,
    /// What is done.
    pub how: How,
    /// What requests get of it.
    pub apply: Apply,
    /// How it is found out that it worked.
    pub verify: Option<Verify>,
    /// What says that it does not hold any more.
    pub relogin: Relogin,
    /// One login serves all users of a generator thread.
    pub shared: bool,
    /// Who gets what is applied: the target, and what the plan names.
    pub origins: Vec<Origin>,
    /// What a login takes out of responses, and what of it must be there: something uses it.
    pub gives: Vec<Variable>,
    /// See [`Self::gives`].
    pub needs: Vec<Variable>,
    /// Columns of data files that a login takes: whoever has another row is somebody else.
    pub fed: Vec<Variable>,
    /// What one-time passwords come from, unless the identity has its own.
    pub totp: Option<Totp>,
    /// What a one-time password is called; only where something uses it.
    pub totp_variable: Option<Variable>,
}

/// What reports call the way somebody is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// User and password in each request.
    Basic,
    /// A token that the plan has.
    Bearer,
    /// A key that the plan has.
    ApiKey,
    /// Headers, cookies or parameters that the plan has.
    Given,
    /// HTTP Digest.
    Digest,
    /// AWS Signature Version 4.
    SigV4,
    /// A token for the client.
    OAuth2Client,
    /// A token for a user.
    OAuth2Password,
    /// A form that is found.
    Form,
    /// Steps that the plan has.
    Steps,
}

impl Scheme {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::ApiKey => "api_key",
            Self::Given => "apply",
            Self::Digest => "digest",
            Self::SigV4 => "aws_sigv4",
            Self::OAuth2Client => "oauth2_client_credentials",
            Self::OAuth2Password => "oauth2_password",
            Self::Form => "form",
            Self::Steps => "login",
        }
    }
}

/// What is done to be logged in.
#[derive(Debug, Clone)]
pub enum How {
    /// Nothing: what is applied is known.
    Given,
    /// Challenges are answered.
    Digest {
        /// The name.
        user: Template,
        /// The password.
        password: Template,
    },
    /// Requests are signed.
    SigV4(Box<SigV4Keys>),
    /// A token is asked for.
    OAuth2(Box<OAuth2>),
    /// A form is found and filled in.
    Form(Box<FormLogin>),
    /// Steps are done.
    Steps(Box<StepsLogin>),
}

/// What requests are signed with; see [`super::SigV4`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigV4Keys {
    /// `AKIA…`
    pub access_key: Template,
    /// Its secret.
    pub secret_key: Template,
    /// Of temporary credentials.
    pub session_token: Option<Template>,
    /// `eu-central-1`
    pub region: String,
    /// `execute-api`
    pub service: String,
}

/// What a token is asked for with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    /// Where.
    pub endpoint: TokenRequest,
    /// The client's name.
    pub client_id: Template,
    /// The client's secret.
    pub client_secret: Option<Template>,
    /// What for.
    pub scope: Option<String>,
    /// A user's name and password; without them the token is the client's own.
    pub user: Option<(Template, Template)>,
    /// What gets the token.
    pub token: Variable,
}

/// A page with a login form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormLogin {
    /// Asks for the page.
    pub page: Request,
    /// The name.
    pub user: Template,
    /// The password.
    pub password: Template,
    /// The name of the field for the name, where it is not to be guessed.
    pub user_field: Option<String>,
    /// The name of the field for the password.
    pub password_field: Option<String>,
}

/// Steps of the plan, with requests of their own.
#[derive(Debug, Clone)]
pub struct StepsLogin {
    /// Indices are those of `requests`.
    pub flow: Flow,
    /// What is sent.
    pub requests: Vec<RequestTemplate>,
    /// What of it differs, by the same index.
    pub scripts: Vec<Script>,
}

/// What requests get once somebody is logged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Apply {
    /// Each with its place.
    pub items: Vec<Applied>,
    /// A value that is computed of name and password.
    pub basic: Option<Basic>,
}

/// One thing that requests get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Where it stands.
    pub to: AppliedTo,
    /// Its name there.
    pub name: String,
    /// What it is.
    pub value: Template,
}

/// Where something stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppliedTo {
    /// A header; it goes before one of the request's own.
    Header,
    /// A parameter of the query.
    Query,
    /// A cookie, beside those that the target has set.
    Cookie,
}

/// Name and password as HTTP Basic writes them, where they differ from one identity to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basic {
    /// What gets them.
    pub variable: Variable,
    /// The name.
    pub user: Template,
    /// The password.
    pub password: Template,
}

impl Auth {
    /// Whether there is anything to do before a request can be sent.
    pub fn has_login(&self) -> bool {
        match self.how {
            How::Given | How::Digest { .. } | How::SigV4(_) => self.verify.is_some(),
            How::OAuth2(_) | How::Form(_) | How::Steps(_) => true,
        }
    }

    /// Requests of one login at most, without its proof: redirects are followed, and a challenge is
    /// asked for with a request too.
    pub fn most_requests(&self) -> u64 {
        let most = match &self.how {
            How::Given | How::SigV4(_) => 0,
            How::Digest { .. } | How::OAuth2(_) => 1,
            How::Form(_) => u64::from((1 + MAX_FORMS) * (1 + MAX_HOPS)),
            How::Steps(steps) => {
                steps.flow.most(|index| 1 + u64::from(steps.requests[index].redirects))
            }
        };
        most.min(u64::from(MAX_REQUESTS))
    }

    /// Whether each request is signed when it is known in full.
    pub fn signs(&self) -> bool {
        matches!(self.how, How::Digest { .. } | How::SigV4(_))
    }
}

impl Sessions {
    /// Somebody's name for people: the identity's, else the auth's.
    pub fn name(&self, who: Who) -> &str {
        who.identity.map_or(&self.auths[who.auth].name, |identity| &self.identities[identity].name)
    }

    /// Who has that name: an identity or an auth.
    pub fn who(&self, name: &str) -> Option<Who> {
        if let Some(index) = self.identities.iter().position(|known| known.name == name) {
            return Some(Who { auth: self.identities[index].auth, identity: Some(index) });
        }
        let auth = self.auths.iter().position(|known| known.name == name)?;
        Some(Who { auth, identity: None })
    }

    /// The identities that log in by an auth.
    pub fn of_auth(&self, auth: usize) -> Vec<usize> {
        let all = self.identities.iter().enumerate();
        all.filter(|(_, identity)| identity.auth == auth).map(|(index, _)| index).collect()
    }
}
