//! What a check of requests holds.

use std::sync::Arc;

use super::Door;
use super::DoorKind;
use super::Node;
use super::ProbeStop;
use super::Sender;
use super::Shot;
use super::Site;
use super::Whom;
use crate::http::SendOptions;
use crate::model::Header;
use crate::model::Request;

/// See the module.
pub(crate) struct RequestProbe {
    sender: Sender,
    site: Arc<Site>,
    node: Node,
    /// The session's cookies, where nothing else is to be sent of it.
    carried: Option<Header>,
}

impl RequestProbe {
    pub(crate) fn new(sender: Sender, site: Arc<Site>, node: Node) -> Self {
        Self { sender, site, node, carried: None }
    }

    /// What is known of the request under test.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Everything that is known of the site.
    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// The request that everything starts from.
    pub(crate) fn base(&self) -> &Request {
        &self.node.examples[0]
    }

    /// For words, numbers and calls from outside.
    pub(crate) fn sender(&mut self) -> &mut Sender {
        &mut self.sender
    }

    /// The request with the name of somebody who has an account, where it is about one and somebody is
    /// known.
    pub(crate) fn with_known_name(&self) -> Request {
        let base = self.base().clone();
        let known = self.sender.means().traffic.known_name();
        let door = Door::of_request(base.clone(), "");
        match (door, known) {
            (Some(door), Some(name)) if door.kind == DoorKind::Reset => door.filled(&name, ""),
            _ => base,
        }
    }

    /// From now on the session sends these cookies and nothing else that it is logged in by, as a browser
    /// does for another site.
    pub(crate) fn carry_cookies_alone(&mut self, cookies: Header) {
        self.carried = Some(cookies);
    }

    /// Sends the request as it was seen.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, no scope, no response.
    pub(crate) async fn baseline(&mut self) -> Result<Shot, ProbeStop> {
        self.sender.send(self.node.examples[0].clone(), "", None).await
    }

    /// Sends a request of the check's own making, as the session. `value` is what is special about it.
    ///
    /// # Errors
    /// As [`Self::baseline`].
    pub(crate) async fn ask(&mut self, request: Request, value: &str) -> Result<Shot, ProbeStop> {
        let Some(cookies) = self.carried.clone() else {
            return self.ask_as(Whom::Session, request, value).await;
        };
        let mut request = request;
        request.headers.push(cookies);
        self.ask_as(Whom::Nobody, request, value).await
    }

    /// The same as somebody.
    ///
    /// # Errors
    /// As [`Self::baseline`]; and [`ProbeStop::NotLoggedIn`].
    pub(crate) async fn ask_as(
        &mut self,
        whom: Whom,
        request: Request,
        value: &str,
    ) -> Result<Shot, ProbeStop> {
        let path = self.base().path_and_query_text().into_owned();
        let options = SendOptions::default();
        self.sender.send_with(whom, request, value, Some(path), options).await
    }
}
