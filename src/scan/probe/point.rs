//! What a check of insertion points holds.

use std::time::Duration;

use url::Url;

use super::Attempt;
use super::InsertionPoint;
use super::ProbeStop;
use super::Proof;
use super::Sender;
use super::Shot;
use super::Strength;
use crate::http::SendOptions;
use crate::model::Request;
use crate::scan::careful::ends_session;
use crate::scan::door::is_door;
use crate::scan::link::get;

/// What a probe is to look at.
pub(crate) struct ProbeTask {
    pub(crate) base: Request,
    pub(crate) point: InsertionPoint,
    /// Other values that were seen at the point.
    pub(crate) other_values: Vec<String>,
}

/// See the module.
pub(crate) struct Probe {
    sender: Sender,
    task: ProbeTask,
}

impl Probe {
    pub(crate) fn new(sender: Sender, task: ProbeTask) -> Self {
        Self { sender, task }
    }

    /// The point under test.
    pub(crate) fn point(&self) -> &InsertionPoint {
        &self.task.point
    }

    /// The request that everything starts from.
    pub(crate) fn base(&self) -> &Request {
        &self.task.base
    }

    /// How much is tried.
    pub(crate) fn strength(&self) -> Strength {
        self.sender.strength()
    }

    /// For what has nothing to do with the point: other requests, calls from outside.
    pub(crate) fn sender(&mut self) -> &mut Sender {
        &mut self.sender
    }

    /// The point's own value first, then others that were seen there.
    pub(crate) fn seen_values(&self) -> Vec<String> {
        let mut values = vec![self.task.point.value.clone()];
        for value in &self.task.other_values {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    }

    /// Sends `value` at the point, the rest as it was.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, no scope, no response.
    pub(crate) async fn fire(&mut self, value: &str) -> Result<Shot, ProbeStop> {
        let shot = self.attempt(value).await?.answered()?;
        // What is answered from now on is about the number of tries and not about the value.
        if shot.response().status == 429 && is_door(&self.task.base) {
            return Err(ProbeStop::Limited);
        }
        Ok(shot)
    }

    /// The same where no answer says something too.
    ///
    /// # Errors
    /// As [`Self::fire`], but for [`ProbeStop::Failed`].
    pub(crate) async fn attempt(&mut self, value: &str) -> Result<Attempt, ProbeStop> {
        let request = self.task.point.place(&self.task.base, value);
        let (base, options) = (self.path(), SendOptions::default());
        self.sender.attempt_with(self.sender.whom(), request, value, Some(base), options).await
    }

    /// As [`Self::fire`], and where the answer leads on within the site, as after a form is sent, the page
    /// that it leads to: what the sender gets to see.
    ///
    /// # Errors
    /// As [`Self::fire`].
    pub(crate) async fn fire_and_see(&mut self, value: &str) -> Result<Shot, ProbeStop> {
        let shot = self.fire(value).await?;
        if self.task.base.method.is_safe() {
            return Ok(shot);
        }
        let Some(page) = led_to(&shot) else { return Ok(shot) };
        self.sender.send(page, value, None).await
    }

    /// Sends the request as it was seen.
    ///
    /// # Errors
    /// As [`Self::fire`].
    pub(crate) async fn baseline(&mut self) -> Result<Shot, ProbeStop> {
        let value = self.task.point.value.clone();
        self.sender.send(self.task.base.clone(), &value, None).await
    }

    /// Sends a request of the check's own making, counted under the path of the one that everything
    /// starts from.
    ///
    /// # Errors
    /// As [`Self::fire`].
    pub(crate) async fn ask(&mut self, request: Request, value: &str) -> Result<Shot, ProbeStop> {
        let base = self.path();
        self.sender.send(request, value, Some(base)).await
    }

    /// Whether a value makes the target wait as long as it is told ([`Sender::waits_as_told`]).
    ///
    /// # Errors
    /// As [`Self::fire`].
    pub(crate) async fn waits_as_told(
        &mut self,
        value: &(dyn Fn(Duration) -> String + Send + Sync),
    ) -> Result<Option<Proof>, ProbeStop> {
        let path = self.path();
        let (point, base) = (&self.task.point, &self.task.base);
        let make = |wait: Duration| {
            let value = value(wait);
            (point.place(base, &value), value)
        };
        self.sender.waits_as_told(&path, &make).await
    }

    /// As [`Sender::word`].
    pub(crate) fn word(&mut self) -> String {
        self.sender.word()
    }

    /// As [`Sender::number`].
    pub(crate) fn number(&mut self) -> u32 {
        self.sender.number()
    }

    /// As [`Sender::shuffle`].
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        self.sender.shuffle(things);
    }

    fn path(&self) -> String {
        self.task.base.path_and_query_text().into_owned()
    }
}

/// The page of the same site that an answer leads to.
fn led_to(shot: &Shot) -> Option<Request> {
    let response = shot.response();
    if !matches!(response.status, 301..=303 | 307 | 308) {
        return None;
    }
    let here = Url::parse(&shot.exchange.request.url()).ok()?;
    let to = here.join(response.header("location")?.text().trim()).ok()?;
    let is_own = to.origin() == here.origin() && !ends_session(&to);
    is_own.then(|| get(&to)).flatten()
}
