//! Checks of encryption, by handshakes of our own.

pub(super) mod agreement;
pub(super) mod certificate;
pub(super) mod redirect;
