//! Checks of logins, and of what holds them: cookies and tokens.

pub(super) mod cookie_credentials;
pub(super) mod default_credentials;
pub(super) mod enumeration;
pub(super) mod fixation;
mod forged;
pub(super) mod jwt;
mod locks;
pub(super) mod logout;
mod lookup;
pub(super) mod password_in_url;
pub(super) mod predictable;
mod repeated;
mod samples;
mod token;
pub(super) mod unlimited;

pub(in crate::scan::checks) use samples::Sample;
pub(in crate::scan::checks) use samples::judge;
