//! Logouts after which the old cookie or token still works.
//!
//! Somebody logs in anew and out again; a page that nobody is refused is then asked for with what they
//! had before. It is the flaw if that still shows it, twice, while something that was never given does
//! not. It costs about 12 requests.

use url::Url;

use super::lookup::held;
use super::lookup::spoilt;
use super::lookup::with;
use crate::extract::Forms;
use crate::extract::base_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Request;
use crate::scan::form::Form;
use crate::scan::link;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Guarded;
use crate::scan::probe::Markup;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::ends_session;

/// Pages that are tried for one that the login opens.
const MAX_PAGES: usize = 3;

/// See the module.
pub(in crate::scan::checks) struct LogoutIneffective;

impl SiteCheck for LogoutIneffective {
    fn id(&self) -> &'static str {
        "logout-ineffective"
    }

    fn budget(&self) -> u64 {
        160
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let mut outcome = Outcome::Skipped("nobody's password is known".to_owned());
    for person in probe.one_of_each_way() {
        let come = leave(probe, &person).await?;
        if matches!(outcome, Outcome::Skipped(_)) {
            outcome = come;
        }
    }
    Ok(outcome)
}

async fn leave(probe: &mut SiteProbe, person: &Person) -> Result<Outcome, ProbeStop> {
    let skipped = |why: &str| Ok(Outcome::Skipped(why.to_owned()));
    let pages = Guarded::find(probe, person, MAX_PAGES).await?;
    if pages.is_empty() {
        return skipped("no page was found that needs a login");
    }
    let Some(whom) = probe.enter(person).await? else {
        return skipped("nobody could log in anew");
    };
    let mut opened = None;
    for page in pages {
        let inside = probe.ask_as(whom, page.request.clone(), "", None).await?;
        let held = ended(self::held(&probe.dressed(whom, &page.request)));
        let before = with(probe, &page, &held, "").await?;
        let never = with(probe, &page, &spoilt(&held), "").await?;
        if page.shows_inside(&before) && !page.shows_inside(&never) {
            opened = Some((page, inside, held, before, never));
            break;
        }
    }
    let Some((page, inside, held, before, never)) = opened else {
        return skipped("what holds the login could not be told");
    };
    let Some((logout, node)) = way_out(probe, &inside) else {
        return skipped("no logout was found");
    };
    // A token of an interface is no affair of the logout of pages beside it.
    let is_by_cookie = held.iter().any(|header| header.is("cookie"));
    if !is_by_cookie && !is_near(&page.request, &logout) {
        return skipped("no logout was found that belongs to the token");
    }
    let left = match &node {
        Some(node) => probe.send_form(whom, node, logout.clone(), "", None).await?,
        None => probe.ask_as(whom, logout.clone(), "", None).await?,
    };
    if left.response().status >= 400 {
        return skipped("the logout was refused");
    }
    let after = with(probe, &page, &held, "").await?;
    let again = with(probe, &page, &held, "").await?;
    if !page.shows_same_person(&after) || !page.shows_same_person(&again) {
        return Ok(Outcome::Clean);
    }
    let detail = format!(
        "after {} {} (status {}), what `{}` was logged in with still shows {}, twice; something that \
         was never given is answered with {}",
        logout.method,
        logout.path_and_query_text().split('?').next().unwrap_or_default(),
        left.response().status,
        person.name,
        page.path_template,
        never.response().status,
    );
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, before),
        Exhibit::new(EvidenceRole::Control, left),
        Exhibit::new(EvidenceRole::Attack, after),
        Exhibit::new(EvidenceRole::Replay, again),
        Exhibit::new(EvidenceRole::Control, never),
    ];
    let proof = Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: Vec::new() };
    probe.found_at(logout, None, proof);
    Ok(Outcome::Clean)
}

/// What a logout is to end: cookies, where there are some, and not the token of another login beside them.
fn ended(held: Vec<Header>) -> Vec<Header> {
    let has_cookies = held.iter().any(|header| header.is("cookie"));
    held.into_iter().filter(|header| !has_cookies || header.is("cookie")).collect()
}

/// The request that logs out: of several the one that is nearest to what the login opens, of the page
/// itself before those of the site model.
fn way_out(probe: &SiteProbe, page: &Shot) -> Option<(Request, Option<Node>)> {
    let here = Url::parse(&page.exchange.request.url()).ok()?;
    let own = on_page(probe, page, &here).into_iter().map(|request| (request, None));
    let site = probe.site();
    let is_out = |node: &&Node| {
        let is_allowed = node.method == "GET" || node.method == "POST" && probe.allows_unsafe();
        is_allowed && Url::parse(&node.examples[0].url()).is_ok_and(|url| ends_session(&url))
    };
    let known = site.nodes().filter(is_out);
    let known = known.map(|node| (node.examples[0].clone(), Some(node.clone())));
    let ways: Vec<_> = own.chain(known).collect();
    let far = |way: &(Request, Option<Node>)| {
        std::cmp::Reverse(shared(here.path(), &way.0.path_and_query_text()))
    };
    ways.into_iter().min_by_key(far)
}

/// Whether both are in one part of the site, or the page is in none.
fn is_near(page: &Request, logout: &Request) -> bool {
    let page = page.path_and_query_text().into_owned();
    let path = page.split('?').next().unwrap_or_default();
    path.matches('/').count() < 2 || shared(path, &logout.path_and_query_text()) > 1
}

/// Directories that two paths have in common, from the root on.
fn shared(one: &str, other: &str) -> usize {
    let segments = one.split('/').zip(other.split(['/', '?']));
    segments.take_while(|(one, other)| one == other).count()
}

/// Forms and links of a page that log out, with what its forms have hidden.
fn on_page(probe: &SiteProbe, page: &Shot, here: &Url) -> Vec<Request> {
    let markup = Markup::parse(&page.response().body_text(), Scripting::Off);
    let base = base_of(&markup, here);
    let is_out = |url: &Url| url.origin() == here.origin() && ends_session(url);
    let forms = Forms::read(&markup).list;
    let forms = forms.iter().flat_map(|form| Form::all(form, &base));
    let sent = forms.filter(|form| is_out(&form.action)).filter_map(|form| form.request());
    let allowed = sent.filter(|request| request.method.is_safe() || probe.allows_unsafe());
    let hrefs = markup.tags().filter(|tag| tag.name == "a").filter_map(|tag| tag.attribute("href"));
    let links = hrefs.filter_map(|href| base.join(href).ok()).filter(is_out);
    allowed.chain(links.filter_map(|url| link::get(&url))).collect()
}
