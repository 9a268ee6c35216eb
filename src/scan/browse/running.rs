//! A browser at work, and who attends to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::attendant::Attendant;
use crate::browser::Browser;
use crate::browser::BrowserError;
use crate::browser::CallError;
use crate::browser::Connection;
use crate::scan::crawl::Allowance;
use crate::scan::traffic::Traffic;

/// For a browser that is alive.
pub(super) const ALIVE: Duration = Duration::from_secs(5);

/// See the module; dropping it ends the browser.
pub(super) struct Running {
    browser: Browser,
    pub(super) attendant: Arc<Attendant>,
    attending: JoinSet<()>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// It could not be started.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// It was, and does not do what it is told.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Running {
    /// Starts one whose pages get everything through `traffic`.
    ///
    /// # Errors
    /// [`StartError`]
    pub(super) async fn start(
        program: &Path,
        traffic: &Arc<Traffic>,
        allow_unsafe: bool,
        allowance: &Arc<Allowance>,
    ) -> Result<Self, StartError> {
        let (browser, events) = Browser::start(program).await?;
        let connection = browser.connection().clone();
        let attendant = Arc::new(Attendant::new(
            connection.clone(),
            Arc::clone(traffic),
            allow_unsafe,
            Arc::clone(allowance),
        ));
        let mut attending = JoinSet::new();
        attending.spawn(Arc::clone(&attendant).run(events));
        let patterns = json!({ "patterns": [{ "urlPattern": "*" }] });
        for (method, params) in [
            // Of all pages, workers and windows, whoever they belong to.
            ("Fetch.enable", patterns),
            ("Target.setDiscoverTargets", json!({ "discover": true })),
            ("Browser.setDownloadBehavior", json!({ "behavior": "deny" })),
        ] {
            connection.call(None, method, params, ALIVE).await?;
        }
        Ok(Self { browser, attendant, attending })
    }

    /// The way to it.
    pub(super) fn connection(&self) -> &Connection {
        self.browser.connection()
    }

    /// As [`Browser::is_sandboxed`].
    pub(super) fn is_sandboxed(&self) -> bool {
        self.browser.is_sandboxed()
    }

    /// Whether it still answers.
    pub(super) async fn is_alive(&self) -> bool {
        self.connection().call(None, "Browser.getVersion", json!({}), ALIVE).await.is_ok()
    }

    /// Ends it and who attends to it.
    pub(super) async fn close(mut self) {
        self.browser.close().await;
        self.attending.shutdown().await;
    }
}
