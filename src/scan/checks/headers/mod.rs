//! What a request can put into headers, and what headers of a request can put into answers.

pub(super) mod cache_deception;
pub(super) mod cache_poisoning;
pub(super) mod crlf;
pub(super) mod crlf_path;
pub(super) mod csp;
pub(super) mod host;
pub(super) mod mail;
