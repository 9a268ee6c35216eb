//! The table's columns.

use super::access;
use super::disclosure;
use super::injection;
use super::login;
use super::shop;

/// What kind of fault a flaw is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlawKind {
    /// A weakness an attacker can use.
    Security,
    /// A cause of slowness.
    Performance,
}

/// Who can reach a flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Any visitor.
    Anyone,
    /// A logged-in customer.
    Customer,
}

/// The input or the part of the response that carries a flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// The exchange as a whole: no single input matters.
    Whole,
    /// A parameter of the query string.
    Query(&'static str),
    /// A field of a form body.
    Form(&'static str),
    /// A member of a JSON body.
    Json(&'static str),
    /// A segment of the path.
    Path(&'static str),
    /// A request header.
    RequestHeader(&'static str),
    /// A response header.
    ResponseHeader(&'static str),
    /// A file part of a multipart body.
    File(&'static str),
    /// A cookie.
    Cookie(&'static str),
    /// An element of an XML body.
    Xml(&'static str),
    /// The part of the address behind `#`, which only scripts see.
    Fragment,
}

/// Where a flaw is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// HTTP method.
    pub method: &'static str,
    /// Path template; `{id}` stands for a segment.
    pub path: &'static str,
    /// Input or part of the response.
    pub parameter: Parameter,
    /// Who gets there.
    pub access: Access,
}

/// One planted flaw and its safe twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw {
    /// Stable id, unique in the table.
    pub id: &'static str,
    /// Weakness number (<https://cwe.mitre.org>); `None` where the catalogue has no match.
    pub cwe: Option<u16>,
    /// Security or performance.
    pub kind: FlawKind,
    /// Where it is.
    pub place: Place,
    /// How it shows from outside.
    pub shows: &'static str,
    /// What the safe twin does instead.
    pub safe: &'static str,
}

/// Every flaw of the flawed shop.
pub const FLAWS: &[Flaw] = &ALL;

const PARTS: [&[Flaw]; 5] =
    [shop::FLAWS, injection::FLAWS, access::FLAWS, login::FLAWS, disclosure::FLAWS];
const COUNT: usize =
    PARTS[0].len() + PARTS[1].len() + PARTS[2].len() + PARTS[3].len() + PARTS[4].len();
const ALL: [Flaw; COUNT] = joined();

/// The parts one after the other.
const fn joined() -> [Flaw; COUNT] {
    let mut all = [PARTS[0][0]; COUNT];
    let (mut part, mut row, mut at) = (0, 0, 0);
    while at < COUNT {
        if row == PARTS[part].len() {
            part += 1;
            row = 0;
        } else {
            all[at] = PARTS[part][row];
            row += 1;
            at += 1;
        }
    }
    all
}

/// Whether the table has a flaw of this id.
pub(in crate::demo) fn is_known(id: &str) -> bool {
    FLAWS.iter().any(|flaw| flaw.id == id)
}

pub(super) const fn security(
    id: &'static str,
    cwe: u16,
    place: Place,
    shows: &'static str,
    safe: &'static str,
) -> Flaw {
    Flaw { id, cwe: Some(cwe), kind: FlawKind::Security, place, shows, safe }
}

pub(super) const fn performance(
    id: &'static str,
    cwe: Option<u16>,
    place: Place,
    shows: &'static str,
    safe: &'static str,
) -> Flaw {
    Flaw { id, cwe, kind: FlawKind::Performance, place, shows, safe }
}

pub(super) const fn any(method: &'static str, path: &'static str, parameter: Parameter) -> Place {
    Place { method, path, parameter, access: Access::Anyone }
}

pub(super) const fn get(path: &'static str, parameter: Parameter) -> Place {
    Place { method: "GET", path, parameter, access: Access::Anyone }
}

pub(super) const fn post(path: &'static str, parameter: Parameter) -> Place {
    Place { method: "POST", path, parameter, access: Access::Anyone }
}

pub(super) const fn patch(path: &'static str, parameter: Parameter) -> Place {
    Place { method: "PATCH", path, parameter, access: Access::Anyone }
}

pub(super) const fn customer(place: Place) -> Place {
    Place { access: Access::Customer, ..place }
}
