//! Logins.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::name::Name;
use super::number::Count;
use super::number::Millis;
use crate::model::Phase;
use crate::model::SessionReport;

/// A login of a part of the run.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(super) struct SessionDto {
    /// The part that uses it.
    phase: Name<Phase>,
    /// The plan's name of the auth.
    auth: String,
    /// The plan's name of the identity; null without one.
    identity: Option<String>,
    /// What the plan says the identity may do.
    role: Option<String>,
    /// `basic`, `bearer`, `api_key`, `apply`, `digest`, `aws_sigv4`, `oauth2_client_credentials`,
    /// `oauth2_password`, `form`, `login`.
    scheme: String,
    /// When it first worked, since the run's start; null if it never did.
    logged_in_ms: Option<Millis>,
    /// What proves it; null where nothing does.
    verified: Option<String>,
    /// When that was last seen, since the run's start.
    last_verified_ms: Option<Millis>,
    /// Logins that worked, of all users.
    logins: Count,
    /// Of these, those after a loss or the end of a token.
    relogins: Count,
    /// Logins that did not work.
    failed: Count,
    /// Users whose login was lost for good.
    lost: Count,
    /// When the first of them was, since the run's start.
    lost_since_ms: Option<Millis>,
    /// What was seen when it was lost, or when it failed last.
    reason: Option<String>,
}

impl From<&SessionReport> for SessionDto {
    fn from(session: &SessionReport) -> Self {
        Self {
            phase: Name(session.phase),
            auth: session.auth.clone(),
            identity: session.identity.clone(),
            role: session.role.clone(),
            scheme: session.scheme.clone(),
            logged_in_ms: session.logged_in.map(Into::into),
            verified: session.verified.clone(),
            last_verified_ms: session.last_verified.map(Into::into),
            logins: session.logins.into(),
            relogins: session.relogins.into(),
            failed: session.failed.into(),
            lost: session.lost.into(),
            lost_since_ms: session.lost_since.map(Into::into),
            reason: session.reason.clone(),
        }
    }
}

impl From<SessionDto> for SessionReport {
    fn from(dto: SessionDto) -> Self {
        Self {
            phase: dto.phase.0,
            auth: dto.auth,
            identity: dto.identity,
            role: dto.role,
            scheme: dto.scheme,
            logged_in: dto.logged_in_ms.map(Into::into),
            verified: dto.verified,
            last_verified: dto.last_verified_ms.map(Into::into),
            logins: dto.logins.into(),
            relogins: dto.relogins.into(),
            failed: dto.failed.into(),
            lost: dto.lost.into(),
            lost_since: dto.lost_since_ms.map(Into::into),
            reason: dto.reason,
        }
    }
}
