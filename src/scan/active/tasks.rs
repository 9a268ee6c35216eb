//! What there is to test: nodes with their insertion points.

use std::collections::BTreeSet;

use crate::model::InsertionKind;
use crate::model::Request;
use crate::model::stateless_shape;
use crate::scan::careful::ASKS_PASSWORD;
use crate::scan::door::is_password;
use crate::scan::door::logs_in;
use crate::scan::door::sets_password;
use crate::scan::persona::Persona;
use crate::scan::persona::Whom;
use crate::scan::point::InsertionPoint;
use crate::scan::point::aside;
use crate::scan::point::insertion_points_in;
use crate::scan::probe::Means;
use crate::scan::probe::SLOW;
use crate::scan::site::Node;
use crate::scan::site::Site;
use crate::scan::traffic::Traffic;

/// Insertion points tested in one run at most.
pub(super) const MAX_POINTS: usize = 3000;

/// Paths at which cookies are tried to see whether anything changes.
const MAX_COOKIE_PATHS: usize = 200;

/// A node that may be tested.
pub(super) struct Task {
    pub(super) base: Request,
    pub(super) path_template: String,
    /// The path without the query, what looks like a value in it left open.
    pub(super) shape: String,
    /// With other values that were seen there.
    pub(super) points: Vec<(InsertionPoint, Vec<String>)>,
    /// They are beside what is meant to be filled in: most applications read none of them.
    pub(super) is_aside: bool,
    /// As whom.
    pub(super) whom: Whom,
    /// It is known that something changes with each of the points.
    pub(super) is_settled: bool,
    /// It took long to answer the crawl.
    pub(super) is_slow: bool,
}

impl Task {
    /// Whether nobody knows if anything changes with its points, and it may well be that nothing does.
    pub(super) fn is_untried(&self) -> bool {
        self.is_aside && !self.is_settled
    }
}

/// Everything to test.
pub(super) struct Tasks {
    pub(super) tasks: Vec<Task>,
    /// Points beyond the limit.
    pub(super) left_out: usize,
}

impl Tasks {
    /// How many points there are.
    pub(super) fn points(&self) -> usize {
        self.tasks.iter().map(|task| task.points.len()).sum()
    }
}

/// Nodes that were reached, with their points. What was reached was sent, so it may be sent: the crawl has
/// asked the plan about methods. What takes a password is tried by a visitor while somebody is logged in.
pub(super) fn tasks(site: &Site, means: &Means) -> Tasks {
    let (traffic, strength) = (&*means.traffic, means.probing.strength);
    let mut found = Tasks { tasks: Vec::new(), left_out: 0 };
    let mut room = MAX_POINTS;
    let is_somebody = traffic.is_somebody();
    // What somebody's password is set to, nobody is to guess afterwards.
    let is_spared = |node: &Node| is_somebody && sets_password(&node.examples[0]);
    let reached = || {
        let known = site.nodes().filter(|node| node.reached && !node.examples.is_empty());
        known.filter(|node| !is_spared(node))
    };
    // A login of the session's own that is sent again ends the one that others are sending with.
    let (entering, quiet): (Vec<&Node>, Vec<&Node>) =
        reached().partition(|node| traffic.ends_login(node));
    for node in quiet {
        found.add_values(node, Whom::Session, is_somebody, &mut room);
    }
    for node in site.nodes().filter(|node| is_refused_for_its_values(node, traffic)) {
        found.add_values(node, Whom::Session, is_somebody, &mut room);
    }
    // Others' logins too, to which the session's own name says nothing.
    let is_left = |node: &&Node| {
        let is_refused = || !node.reached && node.skipped.is_none() && logs_in(node);
        node.skipped.as_deref() == Some(ASKS_PASSWORD) || is_somebody && is_refused()
    };
    let logins: Vec<&Node> = site
        .nodes()
        .filter(is_left)
        .filter(|node| means.allow_unsafe || node.examples[0].method.is_safe())
        .collect();
    if !logins.is_empty() || !entering.is_empty() {
        let visitor = traffic.admit(Persona::stand_in());
        for node in entering {
            found.add_values(node, visitor, true, &mut room);
        }
        for node in logins {
            found.add_values(node, visitor, false, &mut room);
        }
    }
    let mut known = Known::default();
    for node in reached() {
        let is_left = is_asset(node) || traffic.ends_login(node);
        if !is_left && known.is_new(node) {
            let sent = traffic.as_sent_but_for_the_login(&node.examples[0]);
            let points: Vec<_> = aside(&sent, strength)
                .into_iter()
                // A login that a payload spoils would be renewed each time, and be taken for lost; and
                // what was drawn may be another part of it.
                .filter(|point| {
                    point.reference.kind != InsertionKind::Cookie
                        || known.has_room() && !(traffic.is_somebody() && is_drawn(&point.value))
                })
                .map(|point| (point, Vec::new()))
                .collect();
            found.add_aside(node, &sent, points, &mut room);
        }
    }
    found
}

/// What is read of requests beside their values is read in the same place for all of one path.
#[derive(Default)]
struct Known {
    paths: BTreeSet<String>,
}

impl Known {
    fn is_new(&mut self, node: &Node) -> bool {
        self.paths.insert(format!("{} {}", node.method, shape_of(&node.examples[0])))
    }

    fn has_room(&self) -> bool {
        self.paths.len() <= MAX_COOKIE_PATHS
    }
}

/// A service that was asked and did not like what it was asked with: a wrong password, a value that is
/// none. An answer that may mean a lost login is left alone.
fn is_refused_for_its_values(node: &Node, traffic: &Traffic) -> bool {
    let has_values = || {
        let points = insertion_points_in(&node.examples[0], &node.path_template);
        points.iter().any(|point| point.reference.kind != InsertionKind::Path)
    };
    let is_refusal = match node.status {
        Some(400 | 409 | 422) => true,
        Some(401 | 403) => !traffic.is_somebody(),
        _ => false,
    };
    is_refusal
        && !node.reached
        && node.skipped.is_none()
        && !node.examples.is_empty()
        && has_values()
}

impl Tasks {
    /// Values of a request; `is_careful` where the one who sends it could lock themselves out.
    fn add_values(&mut self, node: &Node, whom: Whom, is_careful: bool, room: &mut usize) {
        let mut points = insertion_points_in(&node.examples[0], &node.path_template);
        if is_careful && logs_in(node) {
            // Wrong passwords for their own name could lock it.
            points.retain(|point| !is_password(&point.reference.name));
        }
        let points = points.into_iter().map(|point| {
            let others = other_values(node, &point);
            (point, others)
        });
        self.add(node, (node.examples[0].clone(), whom), points.collect(), room);
    }

    /// Cookies are tested in the request as it is sent, everything else in the request as it is known:
    /// what logs in may be renewed meanwhile.
    fn add_aside(
        &mut self,
        node: &Node,
        sent: &Request,
        points: Vec<(InsertionPoint, Vec<String>)>,
        room: &mut usize,
    ) {
        let is_cookie = |(point, _): &(InsertionPoint, Vec<String>)| {
            point.reference.kind == InsertionKind::Cookie
        };
        let (cookies, others): (Vec<_>, Vec<_>) = points.into_iter().partition(is_cookie);
        self.add(node, (sent.clone(), Whom::Session), cookies, room);
        self.add(node, (node.examples[0].clone(), Whom::Session), others, room);
    }

    fn add(
        &mut self,
        node: &Node,
        (base, whom): (Request, Whom),
        mut points: Vec<(InsertionPoint, Vec<String>)>,
        room: &mut usize,
    ) {
        self.left_out += points.len().saturating_sub(*room);
        points.truncate(*room);
        *room -= points.len();
        let Some((first, _)) = points.first() else { return };
        self.tasks.push(Task {
            is_aside: first.is_aside(),
            shape: shape_of(&base),
            path_template: node.path_template.clone(),
            base,
            points,
            whom,
            is_settled: false,
            is_slow: node.answer.as_ref().is_some_and(|answer| answer.duration >= SLOW),
        });
    }
}

/// A file that is the same for everybody.
fn is_asset(node: &Node) -> bool {
    let Some(answer) = &node.answer else { return false };
    let kind = answer.media_type.to_ascii_lowercase();
    ["image/", "font/", "audio/", "video/", "text/css"].iter().any(|known| kind.starts_with(known))
        || kind.contains("javascript")
}

/// As plain as a token, and long or of letters and digits.
fn is_drawn(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-=+/.".contains(c);
    let is_mixed = || {
        value.contains(|c: char| c.is_ascii_digit())
            && value.contains(|c: char| c.is_ascii_lowercase())
    };
    value.chars().all(is_plain) && (value.len() >= 16 || value.len() >= 8 && is_mixed())
}

pub(super) fn shape_of(request: &Request) -> String {
    stateless_shape(&request.path_and_query_text())
}

/// Values that were seen at the same place in other examples of the node.
fn other_values(node: &Node, point: &InsertionPoint) -> Vec<String> {
    node.examples
        .iter()
        .skip(1)
        .flat_map(|example| insertion_points_in(example, &node.path_template))
        .filter(|other| other.reference == point.reference && other.value != point.value)
        .map(|other| other.value)
        .collect()
}
