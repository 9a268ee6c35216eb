//! Cookies as a user agent keeps them (RFC 6265), pure: the caller says what time it is.
//!
//! There is no public suffix list: a cookie for a whole domain needs a name with a dot in it, and
//! scope decides what is talked to anyway.

mod date;
mod jar;
mod set_cookie;

pub use jar::{Cookie, CookieJar};
pub use set_cookie::SameSite;
