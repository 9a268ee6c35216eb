//! Whether what is sent makes the target wait as long as it is told.

use std::time::Duration;

use super::Exhibit;
use super::ProbeStop;
use super::Proof;
use super::Sender;
use super::Shot;
use super::Whom;
use super::pace::place;
use crate::http::SendOptions;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::NoticeLevel;
use crate::model::Request;
use crate::model::inert;
use crate::rules::template::TimeDelay;
use crate::scan::delay::DelayTrial;

/// The long wait that is asked for, and with it the short one; as few as tell waiting from noise.
const NUMBERS: TimeDelay = TimeDelay {
    sleep: Duration::from_secs(4),
    requests: 4,
    correlation_error: 0.15,
    slope_error: 0.30,
};

/// Share of the wait that an answer must be late by before anything is measured.
const WORTH_A_TRIAL: f64 = 0.8;

/// Of answers that differ so much among themselves, by share of the short wait, nothing is concluded.
const MOST_NOISE: f64 = 0.5;

impl Sender {
    /// Whether anything is to be told by time.
    pub(crate) fn is_timed(&self) -> bool {
        !self.means().probing.untimed
    }

    /// Asks once for a wait, with others on the way; only an answer that is late enough is worth a
    /// trial alone: the noise first, long and short waits in random order, and a control without one at the
    /// end ([`DelayTrial`]). `make` gives the request for a wait and the value in it.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn waits_as_told(
        &mut self,
        stands_for: &str,
        make: &(dyn Fn(Duration) -> (Request, String) + Send + Sync),
    ) -> Result<Option<Proof>, ProbeStop> {
        if self.means().probing.untimed {
            return Ok(None);
        }
        let short = NUMBERS.short();
        let place = place(make(Duration::ZERO).0.method.as_str(), stands_for);
        // What waits by itself would pay for a trial with every payload.
        let (least, most) = self.means().pace.calm(&place);
        if most.saturating_sub(least) >= short.mul_f64(MOST_NOISE) {
            self.tell_unjudged(&place, most.saturating_sub(least)).await;
            return Ok(None);
        }
        let hint = self.timed(stands_for, make(short)).await?;
        if wait(&hint) < least + short.mul_f64(WORTH_A_TRIAL) {
            return Ok(None);
        }
        self.stand_alone().await;
        let tried = self.trial(stands_for, &place, make).await;
        self.rejoin();
        tried
    }

    async fn trial(
        &mut self,
        stands_for: &str,
        place: &str,
        make: &(dyn Fn(Duration) -> (Request, String) + Send + Sync),
    ) -> Result<Option<Proof>, ProbeStop> {
        let mut trial = DelayTrial::new(NUMBERS, self.random());
        let (mut exhibits, mut payloads) = (Vec::new(), Vec::new());
        while let Some(asked) = trial.next() {
            let shot = self.timed(stands_for, make(asked)).await?;
            trial.take(wait(&shot));
            if let Some(calm) = trial.calm() {
                self.means().pace.note_calm(place, calm);
            }
            let role = match (asked.is_zero(), exhibits.is_empty()) {
                (true, true) => EvidenceRole::Baseline,
                (true, false) => EvidenceRole::Control,
                (false, _) if payloads.is_empty() => EvidenceRole::Attack,
                (false, _) => EvidenceRole::Replay,
            };
            if !asked.is_zero() {
                payloads.push(shot.value.clone());
            }
            exhibits.push(Exhibit::new(role, shot));
        }
        Ok(trial.proof().map(|detail| Proof {
            confidence: Confidence::Confirmed,
            detail,
            exhibits,
            payloads,
        }))
    }

    async fn tell_unjudged(&self, place: &str, apart: Duration) {
        if self.means().pace.is_first_unjudged(place) {
            let text = format!(
                "scan: waits are not looked for at {}: its answers differ by {:.1} s by themselves",
                inert(place, 200),
                apart.as_secs_f64()
            );
            self.means().traffic.notice(NoticeLevel::Warning, text).await;
        }
    }

    async fn timed(
        &mut self,
        stands_for: &str,
        (request, value): (Request, String),
    ) -> Result<Shot, ProbeStop> {
        let options = SendOptions { timeout: Some(NUMBERS.timeout()), ..SendOptions::default() };
        self.send_with(Whom::Session, request, &value, Some(stands_for.to_owned()), options).await
    }
}

/// From the last byte of the request to the first of the answer, so that neither connections nor our
/// own queue count.
fn wait(shot: &Shot) -> Duration {
    shot.exchange.timings.wait
}
