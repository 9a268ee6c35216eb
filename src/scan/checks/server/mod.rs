//! What the server can be made to read, fetch, keep or answer.

pub(super) mod file_inclusion;
mod file_like;
pub(super) mod path_traversal;
pub(super) mod ssrf;
pub(super) mod upload;
mod well_known;
pub(super) mod xxe;
