//! What is open to those who ask otherwise than the site's pages do.

pub(super) mod access_bypass;
pub(super) mod backup_files;
pub(super) mod listing;
pub(super) mod method_override;
pub(super) mod methods;
pub(super) mod trace;
mod whole_site;
