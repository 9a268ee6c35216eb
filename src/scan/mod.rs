//! Scan engine: frontier → fetch → site model → passive rules on every exchange → active checks at
//! every insertion point → verification by replay → finding.
//!
//! * Everything that is sent goes through one place (`traffic`), admitted by the scope, and
//!   everything that is learnt through another (`ledger`), in one order.
//! * A check holds a probe, never a client; it concludes from differences between responses that
//!   chance cannot explain, never from one answer, and from time in one place alone (`delay`).
//! * What comes from the target is hostile: no document, link structure or redirect makes the engine
//!   leave its bounds of requests, time and memory. What the bounds leave out is said in a notice.
//!
//! `described` reads interface descriptions that turn up through [`crate::import`], which stands below:
//! the same reader as for files that a plan names, so that there is one.
//!
//! Deliberately not here: running scripts outside of a browser (without `browse`, a page made by
//! JavaScript shows only what stands in its files).

mod active;
mod asking;
mod browse;
mod careful;
mod checks;
mod crawl;
mod declarative;
mod delay;
mod described;
mod door;
mod fill;
mod form;
mod graphql;
mod identity;
mod interactsh;
mod inventory;
mod job;
mod ledger;
mod likeness;
mod link;
mod manners;
mod multipart;
mod node;
pub mod oob;
mod operations;
mod page;
mod passive;
mod persona;
mod point;
mod probe;
mod record;
mod register;
mod room;
mod session;
mod site;
mod soft404;
mod structure;
mod templates;
mod together;
mod tokens;
mod traffic;
mod unbound;
mod walls;
mod wire;

pub use checks::most_requests_of_limits;
pub use declarative::CallbackSource;
pub use declarative::TemplateOptions;
pub use declarative::Templates;
pub use interactsh::CallbackServer;
pub use interactsh::CallbackServerError;
pub use interactsh::CallbackServerOptions;
pub use job::Addresses;
pub use job::ORIGIN_ALIAS;
pub use job::ScanJob;
pub use job::crawl;
pub use job::native_check_ids;
pub use job::run;
pub use passive::Passive;
pub use record::Record;
pub use record::RecordError;
pub use site::Found;
pub use site::FoundIn;
pub use site::Node;
pub use site::Site;
pub use wire::Sending;
pub use wire::SendingAll;
pub use wire::Shaking;
pub use wire::Waiting;
pub use wire::Wire;
