//! Pages shown in a browser, for checks.

use std::sync::Arc;
use std::time::Duration;

use super::ProbeStop;
use super::Sender;
use super::Shot;
use super::SiteProbe;
use crate::model::Header;
use crate::model::NoticeLevel;
use crate::model::inert;
use crate::scan::browse::Cause;
use crate::scan::browse::Scene;
use crate::scan::browse::Shown;

/// What is said where there is no browser.
pub(crate) const NO_BROWSER: &str =
    "there is no browser: install Chromium, or name its program in SHAKEDOWN_BROWSER";

impl SiteProbe {
    /// On the run's clock.
    pub(crate) fn now(&self) -> Duration {
        self.sending().means().traffic.now()
    }

    /// Whether pages can be shown.
    pub(crate) fn has_browser(&self) -> bool {
        self.sending().means().stage.is_some()
    }

    /// Shows a page; what its scripts ask for counts as the check's. `None` where it cannot be shown to its
    /// end, which is said.
    ///
    /// # Errors
    /// [`ProbeStop`]: no browser, no budget, or the run is stopped.
    pub(crate) async fn show(&mut self, scene: &Scene) -> Result<Option<Shown>, ProbeStop> {
        let sender = self.sending();
        let traffic = &sender.means().traffic;
        let Some(stage) = sender.means().stage.clone() else {
            return Err(ProbeStop::NoBrowser(NO_BROWSER.to_owned()));
        };
        if traffic.is_stopping() {
            return Err(ProbeStop::Stopped);
        }
        let cause = Arc::new(sender.cause(&scene.url));
        if cause.is_spent() {
            return Err(ProbeStop::Budget(cause.budget));
        }
        let mut stage = stage.lock().await;
        let shown = stage.show(scene, cause).await;
        if shown.is_none() && stage.is_given_up() {
            return Err(ProbeStop::NoBrowser("the browser does not start, or broke".to_owned()));
        }
        if shown.is_none() {
            let at = inert(scene.url.split(['?', '#']).next().unwrap_or_default(), 200);
            let text = format!("scan: {}: {at} could not be shown to its end", sender.check());
            traffic.notice(NoticeLevel::Info, text).await;
        }
        Ok(shown)
    }

    /// The same where a check can do without.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, or the run is stopped.
    pub(crate) async fn show_if_possible(
        &mut self,
        scene: &Scene,
    ) -> Result<Option<Shown>, ProbeStop> {
        match self.show(scene).await {
            Err(ProbeStop::NoBrowser(_)) => Ok(None),
            shown => shown,
        }
    }

    /// The page of a scene as a shot: what stands for the value is what was opened.
    pub(crate) fn opened(scene: &Scene, shown: &Shown) -> Option<Shot> {
        let exchange = shown.page.clone().filter(|exchange| exchange.response().is_some())?;
        Some(Shot { value: scene.url.clone(), exchange })
    }
}

impl Sender {
    /// On whose account a browser sends.
    fn cause(&self, url: &str) -> Cause {
        let path = url::Url::parse(url).map(|url| url.path().to_owned());
        let tag =
            self.means().probing.tagged.then(|| Header::new(super::sender::TAG, self.check()));
        Cause {
            purpose: Arc::clone(self.purpose()),
            stands_for: path.unwrap_or_default(),
            tag,
            sent: Arc::clone(self.count()),
            budget: self.budget(),
        }
    }
}
