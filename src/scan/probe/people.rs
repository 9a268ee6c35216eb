//! Everybody as whom a check of the whole site can send.

use super::ProbeStop;
use super::SiteProbe;
use super::Whom;
use crate::model::Header;
use crate::model::Request;
use crate::plan::Credential;
use crate::scan::door::Door;
use crate::scan::door::DoorKind;
use crate::scan::door::bearer;
use crate::scan::persona::Kind;
use crate::scan::persona::Persona;
use crate::scan::session::Keeper;

/// Ways to log in that checks of logins look at.
const MAX_WAYS: usize = 4;

/// Somebody as whom a check can send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) whom: Whom,
    /// The plan's name, or the one that they registered with.
    pub(crate) name: String,
    /// What they may do, in the plan's words.
    pub(crate) role: Option<String>,
    /// What they log in as first, then other words that belong to nobody else.
    pub(crate) names: Vec<String>,
    pub(crate) password: Option<String>,
    /// They registered during the run.
    pub(crate) is_registered: bool,
}

impl Person {
    /// What they log in with.
    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        Some((self.names.first()?.clone(), self.password.clone()?))
    }

    /// Which of their names stands in a text, as a word of its own.
    pub(crate) fn named_in(&self, text: &str) -> Option<&str> {
        self.names.iter().map(String::as_str).find(|name| has_word(text, name))
    }
}

/// Whether a text has a word, and not as a part of a longer one.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            is_end(text[..at].chars().next_back()) && is_end(text[at + word.len()..].chars().next())
        })
}

impl SiteProbe {
    /// Everybody who is somebody: the session if it is, then those who can log in beside it.
    pub(crate) fn people(&self) -> Vec<Person> {
        let traffic = &self.sending().means().traffic;
        let session = traffic.has_credentials().then_some(Whom::Session);
        session.map(|whom| self.person(whom)).into_iter().chain(self.others()).collect()
    }

    /// Who can log in beside the session, if anybody.
    pub(crate) fn others(&self) -> Vec<Person> {
        let others = self.sending().means().traffic.others().into_iter().enumerate();
        let staying = others.filter(|(_, other)| other.kind != Kind::Passing);
        staying.map(|(index, _)| self.person(Whom::Other(index))).collect()
    }

    fn person(&self, whom: Whom) -> Person {
        let persona = self.sending().means().traffic.persona(whom);
        let name = if persona.name.is_empty() { "the session" } else { &persona.name };
        Person {
            whom,
            name: name.to_owned(),
            role: persona.role.clone(),
            names: persona.known.names.clone(),
            password: persona.known.password.clone(),
            is_registered: persona.kind == Kind::Registered,
        }
    }

    /// Whether the plan allows requests that may change something.
    pub(crate) fn allows_unsafe(&self) -> bool {
        self.sending().means().allow_unsafe
    }

    /// A name that nobody has: the same seed draws the same words, and who registered in an earlier
    /// run is still there.
    pub(crate) fn new_name(&mut self) -> String {
        let seconds = self.sending().means().traffic.clock.unix_seconds() % 100_000;
        format!("{}{seconds}", self.sender().word())
    }

    /// Seconds since 1970.
    pub(crate) fn unix_seconds(&self) -> u64 {
        self.sending().means().traffic.clock.unix_seconds()
    }

    /// Somebody whose password is known and whom it hurts least to try: who registered, then who is
    /// not the session.
    pub(crate) fn expendable(&self) -> Option<Person> {
        let known = self.others().into_iter().filter(|person| person.credentials().is_some());
        known.min_by_key(|person| !person.is_registered)
    }

    /// The same, or else the session.
    pub(crate) fn with_password(&self) -> Option<Person> {
        let mut known = self.people().into_iter().filter(|it| it.credentials().is_some());
        self.expendable().or_else(|| known.next())
    }

    /// Of everybody who logs in in the same way the one whom it hurts least to try, ways of the plan
    /// first.
    pub(crate) fn one_of_each_way(&self) -> Vec<Person> {
        let traffic = &self.sending().means().traffic;
        let way = |person: &Person| {
            let persona = traffic.persona(person.whom);
            persona.keeper().map(|keeper| keeper.way().to_owned()).unwrap_or_default()
        };
        let mut found: Vec<(String, Person)> = Vec::new();
        let sparing = self.others().into_iter().chain(self.people().into_iter().take(1));
        for person in sparing.filter(|person| person.credentials().is_some()) {
            let way = way(&person);
            if !found.iter().any(|(known, _)| *known == way) {
                found.push((way, person));
            }
        }
        // Who registered is the least harm where the plan names nobody.
        found.sort_by_key(|(way, _)| way.is_empty());
        let planned = found.iter().filter(|(way, _)| !way.is_empty()).count();
        found.truncate(planned.max(1));
        found.into_iter().map(|(_, person)| person).take(MAX_WAYS).collect()
    }

    /// The same, of whom the plan says that they log in at the door; where it says that of nobody, the
    /// first of them.
    pub(crate) fn callers_at(&self, door: &Door) -> Vec<Person> {
        let traffic = &self.sending().means().traffic;
        let people = self.one_of_each_way();
        let is_theirs = |person: &&Person| {
            let persona = traffic.persona(person.whom);
            let entrance = persona.keeper().and_then(Keeper::entrance);
            let own = entrance.and_then(|it| Door::of_plan(&it, &persona.known));
            own.is_some_and(|own| own.is_same(door))
        };
        let own: Vec<Person> = people.iter().filter(is_theirs).cloned().collect();
        if own.is_empty() { people.into_iter().take(1).collect() } else { own }
    }

    /// Somebody without cookies, who keeps those that they get.
    pub(crate) fn visitor(&mut self) -> Whom {
        self.sending().means().traffic.admit(Persona::visitor())
    }

    /// Cookies that somebody has, by name.
    pub(crate) fn cookies(&self, whom: Whom) -> Vec<(String, String)> {
        let persona = self.sending().means().traffic.persona(whom);
        let jar = persona.cookies.lock().expect("no holder panics");
        let pair = |cookie: &crate::http::cookies::Cookie| {
            (cookie.name.clone(), String::from_utf8_lossy(&cookie.value).into_owned())
        };
        jar.cookies().iter().map(pair).collect()
    }

    /// From now on somebody sends these with everything.
    pub(crate) fn carry(&mut self, whom: Whom, headers: Vec<Header>) {
        let persona = self.sending().means().traffic.persona(whom);
        *persona.credentials.lock().expect("no holder panics") = headers;
    }

    /// A request as somebody sends it, with cookies and credentials.
    pub(crate) fn dressed(&self, whom: Whom, request: &Request) -> Request {
        let traffic = &self.sending().means().traffic;
        traffic.completed(&traffic.persona(whom), request.clone())
    }

    /// Names and passwords that the user allows to be tried.
    pub(crate) fn credentials(&self) -> Vec<Credential> {
        self.sending().means().probing.credentials.clone()
    }

    /// Every login of the site, for whoever was told to try it: also where nothing else that changes
    /// something may be sent.
    pub(crate) fn login_doors(&self) -> Vec<Door> {
        self.doors_of(DoorKind::Login, true)
    }

    /// The site's doors of a kind that may be gone through, those of the plan first.
    pub(crate) fn doors(&self, kind: DoorKind) -> Vec<Door> {
        self.doors_of(kind, self.allows_unsafe())
    }

    fn doors_of(&self, kind: DoorKind, allows_unsafe: bool) -> Vec<Door> {
        let traffic = &self.sending().means().traffic;
        let mut doors: Vec<Door> = Vec::new();
        if kind == DoorKind::Login {
            let everybody = std::iter::once(Whom::Session)
                .chain(self.others().into_iter().map(|person| person.whom));
            let personas = everybody.map(|whom| traffic.persona(whom));
            for persona in personas {
                let entrance = persona.keeper().and_then(Keeper::entrance);
                doors.extend(entrance.and_then(|it| Door::of_plan(&it, &persona.known)));
            }
        }
        doors.extend(Door::of_site(&self.site(), allows_unsafe));
        // What was seen says more than the page that the plan names.
        doors.sort_by_key(|door| !door.is_read());
        let mut kept: Vec<Door> = Vec::new();
        for door in doors.into_iter().filter(|door| door.kind == kind && door.allowed) {
            match kept.iter_mut().find(|known| known.is_same(&door)) {
                // The plan knows who shows what, the site which page the form stands on.
                Some(known) => known.page = known.page.take().or(door.page),
                None => kept.push(door),
            }
        }
        kept
    }

    /// Somebody logs in anew, with no cookies of before; `None` where it is not known how.
    ///
    /// # Errors
    /// [`ProbeStop`]
    pub(crate) async fn enter(&mut self, person: &Person) -> Result<Option<Whom>, ProbeStop> {
        let traffic = &self.sending().means().traffic;
        if let Some(again) = traffic.persona(person.whom).again() {
            return Ok(Some(traffic.admit(again)));
        }
        let Some((user, password)) = person.credentials() else { return Ok(None) };
        for door in self.doors(DoorKind::Login) {
            let whom = self.visitor();
            let knock = self.knock(&door, whom, &user, &password).await?;
            if knock.seems_open(self) {
                return Ok(Some(whom));
            }
        }
        Ok(None)
    }

    /// The header in which tokens of this site travel.
    pub(super) fn carried(&self, token: &str) -> Header {
        // As whoever has one already sends it.
        let start = self.site().nodes().next().map(|node| node.examples[0].clone());
        let session = start.map(|start| self.dressed(Whom::Session, &start));
        let known = session.into_iter().flat_map(|request| request.headers).find(|header| {
            let is_known = ["authorization", "x-access-token", "x-auth-token", "x-token"];
            is_known.iter().any(|name| header.is(name)) && !header.text().starts_with("Basic ")
        });
        match known {
            Some(header) if !header.text().contains(' ') => Header::new(header.name, token),
            _ => Header::new("Authorization", format!("Bearer {token}")),
        }
    }
}

/// What came back at a door.
#[derive(Debug, Clone)]
pub(crate) struct Knock {
    pub(crate) shot: super::Shot,
    pub(crate) whom: Whom,
    /// What it gave to be sent with what follows.
    pub(crate) token: Option<String>,
}

impl Knock {
    /// Whether somebody got something that may hold a login: a cookie or a token, in an answer that
    /// is no error.
    pub(crate) fn seems_open(&self, probe: &SiteProbe) -> bool {
        let response = self.shot.response();
        response.status < 400 && (self.token.is_some() || !probe.cookies(self.whom).is_empty())
    }
}

impl SiteProbe {
    /// Goes to a door as somebody and shows name and password, or code. What is given there, they have
    /// from then on.
    ///
    /// # Errors
    /// [`ProbeStop`]
    pub(crate) async fn knock(
        &mut self,
        door: &Door,
        whom: Whom,
        user: &str,
        password: &str,
    ) -> Result<Knock, ProbeStop> {
        let mut here = door.clone();
        if let Some(page) = &door.page {
            let shown = self.ask_as(whom, page.clone(), "", None).await?;
            here = door.renewed(shown.response()).unwrap_or(here);
        }
        let request = match here.kind {
            DoorKind::Code => here.filled_with_code(user, password),
            DoorKind::Login | DoorKind::Register | DoorKind::Reset => here.filled(user, password),
        };
        let shot = self.ask_as(whom, request, user, None).await?;
        let token = bearer(shot.response());
        if let Some(token) = &token {
            let header = self.carried(token);
            self.carry(whom, vec![header]);
        }
        Ok(Knock { shot, whom, token })
    }
}
