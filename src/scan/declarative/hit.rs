//! What a template has found.

use std::sync::Arc;

use crate::model::Exchange;
use crate::model::InsertionRef;
use crate::model::Target;
use crate::rules::template::Template;

/// One result of one template.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) template: Arc<Template>,
    /// What it was run against.
    pub(crate) target: Target,
    /// Which of several named matchers, or else which extractor.
    pub(crate) matcher_name: Option<String>,
    pub(crate) extractor_name: Option<String>,
    /// For people.
    pub(crate) extracted: Vec<String>,
    /// The URL that was asked.
    pub(crate) matched_at: String,
    pub(crate) exchange: Arc<Exchange>,
    /// Names and values.
    pub(crate) payloads: Vec<(String, String)>,
    /// The known request that was changed, and where.
    pub(crate) place: Option<ChangedAt>,
    /// The call from outside that proves it.
    pub(crate) callback: Option<Callback>,
    /// What an analyzer says of it.
    pub(crate) analysis: Option<Analysis>,
    /// What was sent, where it is not what the exchange's request would be encoded as.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// What an analyzer found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Analysis {
    /// For people.
    pub(crate) details: String,
    /// It leaves no doubt.
    pub(crate) is_proof: bool,
}

/// Where a known request was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedAt {
    /// The one point that was changed; nothing where it was several.
    pub(crate) point: Option<InsertionRef>,
    /// The known request's path without the query, `{}` where the point is a part of it.
    pub(crate) path: String,
}

/// A call from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callback {
    /// `http`, `dns`, `smtp`, `ldap`.
    pub(crate) protocol: String,
    /// As it came.
    pub(crate) request: Vec<u8>,
    /// As it was answered.
    pub(crate) response: Vec<u8>,
    /// From where.
    pub(crate) remote: String,
}
