//! What a native check holds: something to look at, a budget, and random values. Never a client.
//!
//! A check looks at one insertion point ([`PointCheck`]), at one request ([`RequestCheck`]), or at
//! the site as a whole with everybody who may log in ([`SiteCheck`]); its probe sends what it asks. What
//! is written in one place and comes back in another is followed by one sweep for all ([`SiteProbe::trails`]).

mod access;
mod check;
mod forms;
mod gate;
mod guarded;
mod pace;
mod people;
mod point;
mod request;
mod sender;
mod shake;
mod show;
mod site;
mod taint;
mod waits;

pub(crate) use check::Attempt;
pub(crate) use check::Checking;
pub(crate) use check::Exhibit;
pub(crate) use check::NativeCheck;
pub(crate) use check::Outcome;
pub(crate) use check::PointCheck;
pub(crate) use check::ProbeStop;
pub(crate) use check::Proof;
pub(crate) use check::RequestCheck;
pub(crate) use check::Shot;
pub(crate) use check::SiteCheck;
pub(crate) use gate::Gate;
pub(crate) use guarded::Guarded;
pub(crate) use pace::Pace;
pub(crate) use pace::SLOW;
pub(crate) use pace::place;
pub(crate) use people::Knock;
pub(crate) use people::Person;
pub(crate) use people::has_word;
pub(crate) use point::Probe;
pub(crate) use point::ProbeTask;
pub(crate) use request::RequestProbe;
pub(crate) use sender::Expected;
pub(crate) use sender::Means;
pub(crate) use sender::Sender;
pub(crate) use show::NO_BROWSER;
pub(crate) use site::SiteProbe;
pub(crate) use site::Sited;
pub(crate) use taint::Entry;
pub(crate) use taint::Sight;
pub(crate) use taint::Swept;
pub(crate) use taint::Trail;

pub(crate) use super::browse::POSTED;
pub(crate) use super::browse::Scene;
pub(crate) use super::browse::Shown;
pub(crate) use super::careful::ends_session;
pub(crate) use super::careful::is_harmful;
pub(crate) use super::careful::split_words;
pub(crate) use super::declarative::Callback;
pub(crate) use super::door::Door;
pub(crate) use super::door::DoorKind;
pub(crate) use super::door::is_password;
pub(crate) use super::door::new_passwords;
pub(crate) use super::likeness::Likeness;
pub(crate) use super::likeness::Shape;
pub(crate) use super::multipart::parts as multipart_parts;
pub(crate) use super::persona::Whom;
pub(crate) use super::point::InsertionPoint;
pub(crate) use super::point::insertion_points;
pub(crate) use super::point::insertion_points_in;
pub(crate) use super::point::with_point;
pub(crate) use super::site::Node;
pub(crate) use super::site::Site;
pub(crate) use crate::extract::Markup;
pub(crate) use crate::extract::Piece;
pub(crate) use crate::extract::Scripting;
pub(crate) use crate::extract::refresh_target;
pub(crate) use crate::http::cookies::SameSite;
pub(crate) use crate::http::tls::own::Refusal;
pub(crate) use crate::http::tls::own::Reply;
pub(crate) use crate::http::tls::own::Version;
pub(crate) use crate::http::tls::own::Weakness;
pub(crate) use crate::http::tls::own::suite_name;
pub(crate) use crate::http::tls::own::suites;
pub(crate) use crate::plan::AccessSettings;
pub(crate) use crate::plan::Strength;
