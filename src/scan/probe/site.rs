//! What a check of the whole site holds.

use std::sync::Arc;
use std::time::Duration;

use super::Attempt;
use super::Node;
use super::ProbeStop;
use super::Proof;
use super::Sender;
use super::Shot;
use super::Site;
use super::Whom;
use crate::http::SendOptions;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::NoticeLevel;
use crate::model::Request;
use crate::scan::careful::reason_to_leave;
use crate::scan::door::new_passwords;
use crate::scan::link::url_of;

/// A flaw, and where it is.
#[derive(Debug)]
pub(crate) struct Sited {
    /// The request as it is without the attack.
    pub(crate) base: Request,
    /// Of the node, where it is one of the site model; else the path.
    pub(crate) path_template: String,
    pub(crate) point: Option<InsertionRef>,
    /// The path as fingerprints have it: what stands at the point is an example.
    pub(crate) open_path: String,
    pub(crate) proof: Proof,
}

/// See the module.
pub(crate) struct SiteProbe {
    sender: Sender,
    site: Arc<Site>,
    found: Vec<Sited>,
}

impl SiteProbe {
    pub(crate) fn new(sender: Sender, site: Arc<Site>) -> Self {
        Self { sender, site, found: Vec::new() }
    }

    /// Everything that is known of the site; shared, so that it can be read while asking.
    pub(crate) fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site)
    }

    /// Nodes that gave an answer that is no error, those near the root first.
    pub(crate) fn reached(&self) -> Vec<Node> {
        self.site.nodes().filter(|node| node.reached).cloned().collect()
    }

    /// Whether what a node stands for may be sent: it only reads, it was sent before, or the plan
    /// allows what changes something; and it does not look as if it destroyed anything.
    pub(crate) fn may_send(&self, node: &Node) -> bool {
        let is_left = node.skipped.as_deref().is_some_and(|why| why.starts_with("looks as if"));
        let url = node.examples.first().and_then(url_of);
        let is_careful = url.is_some_and(|url| reason_to_leave(&url, "").is_none());
        // Sent as somebody else, what sets a password sets theirs.
        let sets = node.examples.first().is_some_and(|request| !new_passwords(request).is_empty());
        let is_safe = node.method == "GET" || node.method == "HEAD";
        let is_allowed = is_safe || node.reached || self.allows_unsafe();
        let is_harmful = node.method == "DELETE" || is_safe && sets;
        is_allowed && is_careful && !is_left && !is_harmful
    }

    /// For what only others in this folder need.
    pub(super) fn sending(&self) -> &Sender {
        &self.sender
    }

    /// For words, numbers and calls from outside.
    pub(crate) fn sender(&mut self) -> &mut Sender {
        &mut self.sender
    }

    /// Sends a request as somebody; it counts under `stands_for` where it is made up.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, no scope, no response, no login.
    pub(crate) async fn ask_as(
        &mut self,
        whom: Whom,
        request: Request,
        value: &str,
        stands_for: Option<String>,
    ) -> Result<Shot, ProbeStop> {
        let options = SendOptions::default();
        self.sender.send_with(whom, request, value, stands_for, options).await
    }

    /// The same where no answer says something too.
    ///
    /// # Errors
    /// As [`Self::ask_as`], but for [`ProbeStop::Failed`].
    pub(crate) async fn attempt_as(
        &mut self,
        whom: Whom,
        request: Request,
        value: &str,
    ) -> Result<Attempt, ProbeStop> {
        let options = SendOptions::default();
        self.sender.attempt_with(whom, request, value, None, options).await
    }

    /// Sends a request as nobody, byte for byte, over a connection of its own that is closed after the answer,
    /// for which so long is waited.
    ///
    /// # Errors
    /// As [`Self::attempt_as`].
    pub(crate) async fn attempt_bytes(
        &mut self,
        request: &Request,
        value: &str,
        stands_for: String,
        patience: Duration,
    ) -> Result<Attempt, ProbeStop> {
        // With the run's own headers, so that evidence shows what was sent.
        let request = self.dressed(Whom::Nobody, request);
        let options = SendOptions {
            timeout: Some(patience),
            bytes: Some(request.to_wire()),
            ..SendOptions::default()
        };
        let stands_for = Some(stands_for);
        self.sender.attempt_with(Whom::Nobody, request, value, stands_for, options).await
    }

    /// Says what is no finding.
    pub(crate) async fn tell(&self, level: NoticeLevel, text: String) {
        self.sender.means().traffic.notice(level, text).await;
    }

    /// Tells of a flaw at a node.
    pub(crate) fn found(&mut self, node: &Node, point: Option<InsertionRef>, proof: Proof) {
        self.found_in(node.examples[0].clone(), node.path_template.clone(), point, proof);
    }

    /// Tells of a flaw at a request that the site model does not have.
    pub(crate) fn found_at(&mut self, base: Request, point: Option<InsertionRef>, proof: Proof) {
        let path = base.path_and_query_text().into_owned();
        let template = path.split('?').next().unwrap_or_default().to_owned();
        self.found_in(base, template, point, proof);
    }

    /// The same of a request whose path has a template.
    pub(crate) fn found_in(
        &mut self,
        base: Request,
        path_template: String,
        point: Option<InsertionRef>,
        proof: Proof,
    ) {
        let open_path = open_path(&base, point.as_ref());
        self.found.push(Sited { base, path_template, point, open_path, proof });
    }

    /// Tells of a flaw at a request of the plan. `open_path` is what fingerprints have: other values in the
    /// path make no other flaw.
    pub(crate) fn found_planned(
        &mut self,
        base: Request,
        path_template: String,
        open_path: String,
        proof: Proof,
    ) {
        self.found.push(Sited { base, path_template, point: None, open_path, proof });
    }

    /// Whether a flaw at that path is told of already.
    pub(crate) fn has_found(&self, path_template: &str) -> bool {
        self.found.iter().any(|sited| sited.path_template == path_template)
    }

    /// What was found, also if the check ended early.
    pub(crate) fn take_found(&mut self) -> Vec<Sited> {
        std::mem::take(&mut self.found)
    }
}

/// The path without the example that stands at the point.
fn open_path(base: &Request, point: Option<&InsertionRef>) -> String {
    let target = base.path_and_query_text();
    let path = target.split('?').next().unwrap_or_default();
    let of_path = point.filter(|point| point.kind == InsertionKind::Path);
    let open = of_path.and_then(|point| point.name.parse::<usize>().ok());
    let segments = path.split('/').enumerate();
    let segments = segments.map(|(at, segment)| if Some(at) == open { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}
