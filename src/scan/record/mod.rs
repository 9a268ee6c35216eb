//! What a crawl or scan has done, kept in a file of its own, so that it can go on after it was killed.
//!
//! Every answer is written before anybody acts upon it. Who goes on does the same work again with the
//! same seed, and whatever was answered before is answered from the file: the site model, the checks
//! that were done and their findings come out as they were, and only what was in flight is sent once
//! more. Replaying answers instead of storing what was concluded from them keeps one source of truth:
//! no state of any part has to be stored, and none can be forgotten.
//!
//! The same work means:
//!
//! * What a crawl does next depends on the order in which it took things in, so that order is kept
//!   too ([`Turn`]), and kept to.
//! * A check sends one request after the other and draws from a seed of its own, so its requests are
//!   the same as long as its answers are; they are told from those of others by their purpose, so
//!   that nobody gets an answer of somebody else.
//! * What an answer is to is judged without what differs from login to login: cookies, credentials,
//!   tokens of forms and of the login.
//!
//! Templates are the exception: what they ask for may be another thing each time (an address for calls
//! from outside), and one may stand on what another has asked. What one has found and how often it has
//! asked is kept once it has come to its end; one that was cut off begins again.
//!
//! Only what came of a request in the end is kept: what came before a login was renewed, or while a
//! host asked to be left alone, is not. What failed is tried again, and logins are done anew.
//!
//! The file has what the target has answered, and is readable by its owner alone. The plan's secrets
//! and what logins gave are not in it: where they stood is noted, and they are put back as they are
//! when the file is read. Of a run that logs in, it has no values of cookies either but those too
//! short to be credentials; those of the new login stay, whatever old answers have set.

mod answer;
mod file;
mod memory;
mod outcome;
mod replay;
mod sealed;

pub use file::Record;
pub use file::RecordError;
pub(super) use file::Turn;
pub(super) use memory::Kept;
pub(super) use memory::KeptHit;
pub(super) use memory::Key;
pub(super) use memory::Memory;
