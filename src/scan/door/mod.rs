//! Where people log in, register, or prove that they are who they say: forms and operations of a
//! site, told by the names of what they take and by their paths.

mod filled;
mod kind;

pub(crate) use filled::bearer;
pub(crate) use kind::DoorKind;
pub(crate) use kind::is_password;

use url::Url;

use super::careful::split_words;
use super::form::Form;
use super::link;
use super::node::Node;
use super::persona::Known;
use super::point::insertion_points;
use super::session::Entrance;
use super::site::Site;
use crate::extract::Forms;
use crate::extract::Markup;
use crate::extract::Scripting;
use crate::extract::base_of;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::model::Response;
use crate::scan::node::FoundIn;

/// Doors of one site that are looked at.
const MAX_DOORS: usize = 20;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Door {
    pub(crate) kind: DoorKind,
    /// A request that goes through it, with values that are made up.
    pub(crate) base: Request,
    pub(crate) path_template: String,
    /// The page with its form, which is asked for before each request: it may have a token.
    pub(crate) page: Option<Request>,
    /// What takes the name, the likeliest first.
    pub(crate) users: Vec<InsertionRef>,
    /// What takes the password; a repetition too.
    pub(crate) passwords: Vec<InsertionRef>,
    /// What takes a one-time code.
    pub(crate) codes: Vec<InsertionRef>,
    /// Whether the plan allows what it may change.
    pub(crate) allowed: bool,
}

/// Whether a request sets a password where nobody logs in or registers: to send it could end the
/// login of whoever looks at the site.
pub(crate) fn sets_password(request: &Request) -> bool {
    let takes_one = || super::point::body_values(request).any(|(name, _)| is_password(&name));
    let is_door = || {
        let door = Door::of_request(request.clone(), "");
        door.is_some_and(|door| matches!(door.kind, DoorKind::Login | DoorKind::Register))
    };
    !request.method.is_safe() && takes_one() && !is_door() || !new_passwords(request).is_empty()
}

/// Where a request takes a new password, by whatever method, without the one that it replaces.
pub(crate) fn new_passwords(request: &Request) -> Vec<InsertionRef> {
    let points: Vec<InsertionRef> = insertion_points(request)
        .into_iter()
        .map(|point| point.reference)
        .filter(|point| is_password(&point.name))
        .collect();
    let says = |known: &[&str]| {
        let mut words = points.iter().flat_map(|point| split_words(&point.name));
        words.any(|word| known.contains(&word.as_str()))
    };
    let is_new = (points.len() > 1 || says(&["new"])) && !says(&["old", "current", "previous"]);
    if is_new && Door::of_request(request.clone(), "").is_none() { points } else { Vec::new() }
}

/// Whether somebody logs in by what a node stands for.
pub(crate) fn logs_in(node: &Node) -> bool {
    Door::of_node(node, false).is_some_and(|door| door.kind == DoorKind::Login)
}

/// Whether a request goes to a door of any kind.
pub(crate) fn is_door(request: &Request) -> bool {
    Door::of_request(request.clone(), "").is_some()
}

impl Door {
    /// Those of the site model, each once.
    pub(crate) fn of_site(site: &Site, allows_unsafe: bool) -> Vec<Self> {
        let mut doors: Vec<Self> = Vec::new();
        for node in site.nodes() {
            let Some(door) = Self::of_node(node, allows_unsafe) else { continue };
            let is_known = doors.iter().any(|known| known.is_same(&door));
            if !is_known && doors.len() < MAX_DOORS {
                doors.push(door);
            }
        }
        doors
    }

    /// What the requests of a node are for.
    pub(crate) fn of_node(node: &Node, allows_unsafe: bool) -> Option<Self> {
        let base = node.examples.first()?;
        let page = node.found.page.as_deref().filter(|_| node.found.by == FoundIn::Form);
        let page = page.and_then(|page| Url::parse(page).ok());
        let words = page.as_ref().map(|page| page.path().to_owned()).unwrap_or_default();
        let mut door = Self::of_request(base.clone(), &words)?;
        door.page = page.and_then(|page| link::get(&page));
        door.path_template.clone_from(&node.path_template);
        door.allowed = allows_unsafe || node.reached || base.method.is_safe();
        Some(door)
    }

    /// What the request of a form that stands on that page is for.
    pub(crate) fn of_form(request: &Request, page: &Url) -> Option<Self> {
        Self::of_request(request.clone(), page.path())
    }

    /// What a request that stands on a page with that path is for.
    pub(crate) fn of_request(base: Request, page: &str) -> Option<Self> {
        let points: Vec<InsertionRef> =
            insertion_points(&base).into_iter().map(|point| point.reference).collect();
        let target = base.path_and_query_text().into_owned();
        let path = target.split('?').next().unwrap_or_default();
        let kind = kind::of(base.method.as_str(), path, page, &points)?;
        let users = kind::users(&points);
        let codes = kind::codes(&points);
        let passwords = points.into_iter().filter(|point| is_password(&point.name)).collect();
        let path_template = path.to_owned();
        Some(Self {
            kind,
            base,
            path_template,
            page: None,
            users,
            passwords,
            codes,
            allowed: false,
        })
    }

    /// Where somebody of the plan logs in. What stands on a page is read when it is asked for.
    pub(crate) fn of_plan(entrance: &Entrance, known: &Known) -> Option<Self> {
        let request = match entrance {
            Entrance::Page(page) => return Some(Self::unread(page)),
            Entrance::Request(request) => request,
        };
        let points = insertion_points(request);
        let of = |value: &str| {
            let with = points.iter().filter(move |point| point.value == value);
            with.map(|point| point.reference.clone()).collect::<Vec<_>>()
        };
        let passwords = of(known.password.as_deref()?);
        let users: Vec<InsertionRef> = known.names.iter().flat_map(|name| of(name)).collect();
        let target = request.path_and_query_text().into_owned();
        let path_template = target.split('?').next().unwrap_or_default().to_owned();
        let is_whole = !passwords.is_empty() && !users.is_empty();
        is_whole.then(|| Self {
            kind: DoorKind::Login,
            base: request.clone(),
            path_template,
            page: None,
            users,
            passwords,
            codes: Vec::new(),
            allowed: true,
        })
    }

    /// The same door as the site shows it: with everything that its form sends.
    pub(crate) fn at(&self, node: &Node) -> Self {
        let seen = Self::of_node(node, self.allowed).filter(|_| !self.is_read());
        let base = node.examples.first().unwrap_or(&self.base).clone();
        let path_template = node.path_template.clone();
        seen.unwrap_or_else(|| Self { base, path_template, ..self.clone() })
    }

    /// A page that the plan says to have a form.
    fn unread(page: &Request) -> Self {
        let target = page.path_and_query_text().into_owned();
        Self {
            kind: DoorKind::Login,
            base: page.clone(),
            path_template: target.split('?').next().unwrap_or_default().to_owned(),
            page: Some(page.clone()),
            users: Vec::new(),
            passwords: Vec::new(),
            codes: Vec::new(),
            allowed: true,
        }
    }

    /// Whether its form has been seen.
    pub(crate) fn is_read(&self) -> bool {
        !self.passwords.is_empty() || self.kind == DoorKind::Reset || self.kind == DoorKind::Code
    }

    /// The doors of a page.
    pub(crate) fn on_page(page: &Request, response: &Response) -> Vec<Self> {
        let Ok(url) = Url::parse(&page.url()) else { return Vec::new() };
        if !response.is_html() {
            return Vec::new();
        }
        let markup = Markup::parse(&response.body_text(), Scripting::Off);
        let base = base_of(&markup, &url);
        let forms = Forms::read(&markup).list;
        let requests =
            forms.iter().flat_map(|form| Form::all(form, &base)).filter_map(|form| form.request());
        let doors = requests.filter_map(|request| Self::of_request(request, url.path()));
        doors.map(|door| Self { page: Some(page.clone()), allowed: true, ..door }).collect()
    }

    /// Whether both lead through the same wall.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let path = |door: &Self| {
            let target = door.base.path_and_query_text().into_owned();
            target.split('?').next().unwrap_or_default().to_owned()
        };
        if self.kind != other.kind || self.base.origin != other.base.origin {
            return false;
        }
        // What stands on a page that was not read is what is known to stand there.
        if !self.is_read() || !other.is_read() {
            let page = |door: &Self| door.page.as_ref().map(|page| page.path_and_query.clone());
            return page(self) == page(other);
        }
        self.base.method == other.base.method && path(self) == path(other)
    }
}
