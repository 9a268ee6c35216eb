//! Sends copies of one limit's request, and what differs from them; keeps the time, and waits within
//! bounds.
//!
//! Each copy goes over a connection of its own: whoever spreads connections over backends spreads them,
//! and none is sent twice because a kept connection turned out to be closed.

use std::time::Duration;

use super::kind::Kind;
use super::series::Answered;
use crate::model::Header;
use crate::model::NoticeLevel;
use crate::model::Request;
use crate::model::Signals;
use crate::model::inert;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::RateLimit;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// For one limit nobody waits longer in all, nor longer than two of its windows.
const LONGEST: Duration = Duration::from_secs(120);

/// Why a limit is left before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// So is everything.
    Stop(ProbeStop),
    /// Nothing can be said of it.
    Unsure(String),
}

impl From<ProbeStop> for Halt {
    fn from(stop: ProbeStop) -> Self {
        match stop {
            ProbeStop::OutOfScope(_) | ProbeStop::NotLoggedIn(_) => Self::Unsure(stop.to_string()),
            ProbeStop::Failed(failure) => {
                Self::Unsure(format!("a request got no answer: {failure}"))
            }
            ProbeStop::Budget(_)
            | ProbeStop::Stopped
            | ProbeStop::NoBrowser(_)
            | ProbeStop::Limited => Self::Stop(stop),
        }
    }
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) shot: Shot,
    pub(super) kind: Kind,
    /// When it was sent and when its answer came, on the clock of waits.
    pub(super) at: Duration,
    pub(super) came: Duration,
}

/// See the module.
pub(super) struct Bench<'a> {
    pub(super) probe: &'a mut SiteProbe,
    pub(super) limit: &'a RateLimit,
    whom: Whom,
    /// The status of the first that was let in.
    pub(super) first: Option<u16>,
    /// The last copy that was refused.
    pub(super) refusal: Option<Sent>,
    /// How long may still be waited.
    patience: Duration,
    /// The most that was seen to be let in within a window, or is declared.
    pub(super) most: u64,
}

impl<'a> Bench<'a> {
    pub(super) fn new(probe: &'a mut SiteProbe, limit: &'a RateLimit, whom: Whom) -> Self {
        let patience = limit.allowed.window.saturating_mul(2).min(LONGEST);
        Self { probe, limit, whom, first: None, refusal: None, patience, most: limit.allowed.count }
    }

    /// `POST /login`.
    pub(super) fn place(&self) -> String {
        place(&self.limit.request)
    }

    /// Says what is no finding.
    pub(super) async fn tell(&self, level: NoticeLevel, text: &str) {
        let text = format!("scan: rate limit of {}: {text}", self.place());
        self.probe.tell(level, text).await;
    }

    /// Whether a limiter that fills up by itself may have room for one more since a refusal: then that
    /// something is let in says nothing of who sent it.
    pub(super) fn may_have_filled(&self, refused: &Sent, let_in: &Sent) -> bool {
        let passed = let_in.came.saturating_sub(refused.at).as_secs_f64();
        passed * self.most as f64 >= self.limit.allowed.window.as_secs_f64()
    }

    /// Sends a copy as it is.
    pub(super) async fn plain(&mut self) -> Result<Sent, Halt> {
        let request = self.limit.request.clone();
        let sent = self.send(self.whom, request, "").await?;
        if sent.kind == Kind::Refused {
            self.refusal = Some(sent.clone());
        }
        Ok(sent)
    }

    /// Sends what is written otherwise; `None` where it may not be sent, or gets no answer.
    pub(super) async fn otherwise(
        &mut self,
        request: Request,
        value: &str,
    ) -> Result<Option<Sent>, Halt> {
        match self.send(self.whom, request, value).await {
            Ok(sent) => Ok(Some(sent)),
            Err(ProbeStop::OutOfScope(_) | ProbeStop::Failed(_)) => Ok(None),
            Err(stop) => Err(stop.into()),
        }
    }

    /// Sends as somebody else.
    pub(super) async fn as_somebody(&mut self, whom: Whom, request: Request) -> Result<Sent, Halt> {
        Ok(self.send(whom, request, "").await?)
    }

    /// Sends a copy at a moment; `None` where that is further away than anybody waits.
    pub(super) async fn at(&mut self, moment: Duration) -> Result<Option<Sent>, Halt> {
        if !self.wait_until(moment).await {
            return Ok(None);
        }
        self.plain().await.map(Some)
    }

    /// Waits for a moment; whether it has come.
    pub(super) async fn wait_until(&mut self, moment: Duration) -> bool {
        let wait = moment.saturating_sub(self.probe.time());
        let Some(left) = self.patience.checked_sub(wait) else { return false };
        self.patience = left;
        if !wait.is_zero() {
            self.probe.sender().pause(wait).await;
        }
        true
    }

    /// What a series takes of an answer.
    pub(super) fn answered(&self, sent: &Sent) -> Answered {
        let headers = &sent.shot.response().headers;
        let fields = headers.iter().map(|header| (header.name.as_bytes(), header.value.as_slice()));
        let signals = Signals::of(fields, &self.limit.observed);
        Answered {
            sent: sent.at,
            came: sent.came,
            let_in: sent.kind == Kind::LetIn,
            backend: signals.backend,
            quota: signals.quota,
        }
    }

    async fn send(
        &mut self,
        whom: Whom,
        mut request: Request,
        value: &str,
    ) -> Result<Sent, ProbeStop> {
        if request.header("connection").is_none() {
            request.headers.push(Header::new("Connection", "close"));
        }
        let stands_for = self.limit.request.path_and_query_text().into_owned();
        let sent = self.probe.time();
        let shot = self.probe.ask_as(whom, request, value, Some(stands_for)).await?;
        let came = self.probe.time();
        let kind = Kind::of(shot.response(), &self.limit.refused, self.first);
        if kind == Kind::LetIn {
            self.first = self.first.or(Some(shot.response().status));
        }
        Ok(Sent { shot, kind, at: sent, came })
    }
}

/// Method and path of a request, for people.
fn place(request: &Request) -> String {
    let target = request.path_and_query_text();
    let path = target.split('?').next().unwrap_or_default();
    format!("{} {}", request.method, inert(path, 200))
}
