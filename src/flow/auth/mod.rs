//! How somebody is logged in, stays so, and how it is noticed when they are not. Without I/O:
//! requests come out, responses and the time go in.
//!
//! An [`Auth`] is what the plan says; an [`Account`] is one who is logged in by it; a [`Login`] is
//! one attempt. Cookies are the caller's affair: they belong to whoever sends the requests.

mod account;
mod challenge;
mod digest;
mod form;
mod hex;
mod login;
mod oauth2;
mod page;
mod scheme;
mod secrets;
mod sigv4;
mod totp;
mod watch;

pub use account::Account;
pub use digest::{Asked, DigestChallenge, DigestUser};
pub use login::{Came, Login, LoginStep};
pub use oauth2::{ClientAuth, Grant, GrantKind, Token, TokenRequest};
pub use scheme::{
    Applied, AppliedTo, Apply, Auth, Basic, FormLogin, How, Identity, OAuth2, Scheme, Sessions,
    SigV4Keys, StepsLogin, Who,
};
pub use sigv4::SigV4;
pub use totp::{NotBase32, Totp, TotpHash};
pub use watch::{Relogin, Verify};
