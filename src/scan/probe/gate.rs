//! A door that is known well enough to tell whether it has opened.

use std::collections::BTreeSet;

use super::Door;
use super::Knock;
use super::Likeness;
use super::Person;
use super::ProbeStop;
use super::Shape;
use super::Shot;
use super::SiteProbe;
use super::Whom;
use crate::model::Response;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) door: Door,
    /// Who is there already, where the door stands behind another.
    inside: Option<Whom>,
    /// What it answers to a wrong password.
    closed: Likeness,
    open: Mark,
    /// The right password was shown, and a wrong one.
    pub(crate) right: Shot,
    pub(crate) wrong: Shot,
}

/// What tells an answer that lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    status: u16,
    location: String,
    has_token: bool,
    sets: BTreeSet<String>,
}

impl Mark {
    fn of(response: &Response, token: Option<&String>) -> Self {
        let location = response.header("location").map(|header| header.text().into_owned());
        let location = location.unwrap_or_default();
        let lines = response.headers_named("set-cookie").map(|header| header.text().into_owned());
        let names = lines.map(|line| line.split('=').next().unwrap_or_default().trim().to_owned());
        Self {
            status: response.status,
            location: location.split(['?', '#']).next().unwrap_or_default().to_owned(),
            has_token: token.is_some(),
            sets: names.collect(),
        }
    }
}

impl Gate {
    /// Learns it of somebody whose password is known: once the right one, twice a wrong one. `None`
    /// where the answers cannot be told apart.
    ///
    /// # Errors
    /// [`ProbeStop`]
    pub(crate) async fn learn(
        probe: &mut SiteProbe,
        door: &Door,
        person: &Person,
    ) -> Result<Option<Self>, ProbeStop> {
        let open = Self::learn_as(probe, door, person, None).await?;
        if open.is_some() || !is_inside(probe, door).await? {
            return Ok(open);
        }
        match probe.enter(person).await? {
            Some(whom) => Self::learn_as(probe, door, person, Some(whom)).await,
            None => Ok(None),
        }
    }

    async fn learn_as(
        probe: &mut SiteProbe,
        door: &Door,
        person: &Person,
        inside: Option<Whom>,
    ) -> Result<Option<Self>, ProbeStop> {
        let Some((user, password)) = person.credentials() else { return Ok(None) };
        let whom = inside.unwrap_or_else(|| probe.visitor());
        let right = probe.knock(door, whom, &user, &password).await?;
        if !right.seems_open(probe) {
            return Ok(None);
        }
        let mut shapes = Vec::new();
        let mut wrong = None;
        for _ in 0..2 {
            let other = format!("{}A1!", probe.sender().word());
            let whom = inside.unwrap_or_else(|| probe.visitor());
            let knock = probe.knock(door, whom, &user, &other).await?;
            shapes.push(Shape::of(knock.shot.response(), &user, ""));
            wrong = Some(knock);
        }
        let (Some(closed), Some(wrong)) = (Likeness::of(&shapes), wrong) else { return Ok(None) };
        let door = Door { base: right.shot.exchange.request.clone(), ..door.clone() };
        let door = Door { base: bare(door.base.clone()), ..door };
        let open = Mark::of(right.shot.response(), right.token.as_ref());
        let (knocked, failed) = (right.clone(), wrong.clone());
        let gate = Self { door, inside, closed, open, right: right.shot, wrong: wrong.shot };
        let tells = gate.lets_in(&knocked, &user) && !gate.lets_in(&failed, &user);
        Ok(tells.then_some(gate))
    }

    /// Whether what came back lets somebody in.
    pub(crate) fn lets_in(&self, knock: &Knock, user: &str) -> bool {
        let response = knock.shot.response();
        let mark = Mark::of(response, knock.token.as_ref());
        !self.is_closed(&knock.shot, user)
            && (mark.status, &mark.location, mark.has_token)
                == (self.open.status, &self.open.location, self.open.has_token)
            && (self.open.has_token || mark.sets.is_superset(&self.open.sets))
    }

    /// Whether it is the answer to a wrong password.
    pub(crate) fn is_closed(&self, shot: &Shot, user: &str) -> bool {
        self.closed.is(&Shape::of(shot.response(), user, ""))
    }

    /// Whether somebody is let in with a name and a password.
    ///
    /// # Errors
    /// [`ProbeStop`]
    pub(crate) async fn admits(
        &self,
        probe: &mut SiteProbe,
        user: &str,
        password: &str,
    ) -> Result<(bool, Knock), ProbeStop> {
        let whom = self.inside.unwrap_or_else(|| probe.visitor());
        let knock = probe.knock(&self.door, whom, user, password).await?;
        Ok((self.lets_in(&knock, user), knock))
    }
}

/// Whether the page of a door is shown to nobody who has not gone through another.
async fn is_inside(probe: &mut SiteProbe, door: &Door) -> Result<bool, ProbeStop> {
    let Some(page) = &door.page else { return Ok(false) };
    let shown = probe.ask_as(Whom::Nobody, page.clone(), "", None).await?;
    let is_refused = matches!(shown.response().status, 301 | 302 | 303 | 307 | 401 | 403);
    Ok(is_refused && door.renewed(shown.response()).is_none())
}

/// The request without what belonged to whoever sent it.
fn bare(mut request: crate::model::Request) -> crate::model::Request {
    let own = ["cookie", "authorization", "host", "content-length"];
    request.headers.retain(|header| !own.iter().any(|name| header.is(name)));
    request
}
