//! As whom something is sent: the run's own session, somebody else, or nobody.

use std::sync::Mutex;

use tokio::sync::OnceCell;

use super::session::Keeper;
use crate::http::CookieJar;
use crate::model::Header;

/// As whom a check sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) enum Whom {
    /// Whoever looks at the site in this run, which may be nobody.
    #[default]
    Session,
    /// Nobody: no cookie, no credential, whatever the user sends with everything else.
    Nobody,
    /// Somebody else, by their place among those that [`super::traffic::Traffic`] knows.
    Other(usize),
}

impl Whom {
    /// Tells what it sent from what others sent, in the record of a run.
    pub(crate) fn mark(self) -> String {
        match self {
            Self::Session => String::new(),
            Self::Nobody => " as nobody".to_owned(),
            Self::Other(index) => format!(" as other {index}"),
        }
    }
}

/// How somebody has come to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// By the plan.
    #[default]
    Planned,
    /// They registered during the run.
    Registered,
    /// They are there for one question: somebody who logs in anew, or a visitor.
    Passing,
}

/// What is known of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Known {
    /// What they call themselves when they log in first, then other values that only they have.
    pub(crate) names: Vec<String>,
    pub(crate) password: Option<String>,
}

/// Somebody with cookies and perhaps a login that is kept.
#[derive(Default)]
pub(crate) struct Persona {
    /// The plan's name for it.
    pub(crate) name: String,
    /// What they may do, in the plan's words.
    pub(crate) role: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) known: Known,
    pub(crate) cookies: Mutex<CookieJar>,
    pub(crate) keeper: Option<Keeper>,
    /// What they send with everything, beside what the keeper adds: credentials of somebody who
    /// logged in during the run.
    pub(crate) credentials: Mutex<Vec<Header>>,
    /// Whether tokens of forms are fetched anew for what they send, as for the session.
    pub(crate) renews_tokens: bool,
    /// Whether the first login has worked; other identities log in when they are first needed.
    logged_in: OnceCell<Result<(), String>>,
}

impl Persona {
    /// The run's own session.
    pub(crate) fn session(keeper: Option<Keeper>) -> Self {
        let known = keeper.as_ref().map(Keeper::known).unwrap_or_default();
        let (name, role) = keeper.as_ref().map(Keeper::who).unwrap_or_default();
        Self { name, role, known, keeper, ..Self::default() }
    }

    /// Another identity.
    pub(crate) fn other(name: &str, role: Option<String>, keeper: Option<Keeper>) -> Self {
        Self { name: name.to_owned(), role, ..Self::session(keeper) }
    }

    /// Somebody who has been here for the first time.
    pub(crate) fn visitor() -> Self {
        Self { name: "a visitor".to_owned(), kind: Kind::Passing, ..Self::default() }
    }

    /// A visitor who tries forms that the session must not send.
    pub(crate) fn stand_in() -> Self {
        Self { renews_tokens: true, ..Self::visitor() }
    }

    /// Somebody who registered.
    pub(crate) fn registered(name: &str, known: Known) -> Self {
        Self { name: name.to_owned(), kind: Kind::Registered, known, ..Self::default() }
    }

    /// The same person with no cookies, to log in anew; `None` where the plan has no login of them.
    pub(crate) fn again(&self) -> Option<Self> {
        let keeper = self.keeper.as_ref().filter(|keeper| keeper.has_login())?.anew();
        let again = Self::other(&self.name, self.role.clone(), Some(keeper));
        Some(Self { kind: Kind::Passing, ..again })
    }

    /// Its login, if it has one.
    pub(crate) fn keeper(&self) -> Option<&Keeper> {
        self.keeper.as_ref()
    }

    /// A `Cookie` header of a request's own, with those of the stored ones before it that hold the login
    /// and are not in it; `None` where there are none.
    pub(crate) fn login_cookies(&self, stored: &Header, own: &Header) -> Option<Vec<u8>> {
        let keeper = self.keeper.as_ref()?;
        let (stored, own) = (stored.text(), own.text());
        let has_it = |name: &str| own.split(';').any(|pair| name_of(pair) == name);
        let login: Vec<&str> = stored
            .split("; ")
            .filter(|pair| keeper.has_given(name_of(pair)) && !has_it(name_of(pair)))
            .collect();
        (!login.is_empty()).then(|| format!("{}; {own}", login.join("; ")).into_bytes())
    }

    /// Whether it has logged in, or tried to.
    pub(crate) fn has_tried(&self) -> bool {
        self.logged_in.initialized()
    }

    /// Logs in, the first time that it is asked for.
    ///
    /// # Errors
    /// Why it does not work; the same each time.
    pub(crate) async fn ready(&self) -> Result<(), String> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        self.logged_in.get_or_init(|| keeper.log_in_first(&self.cookies)).await.clone()
    }
}

/// The name of a cookie as it stands in a `Cookie` header.
fn name_of(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default().trim()
}
