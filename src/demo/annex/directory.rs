//! The staff directory and the dealers' login: searches in things that are no SQL database.

use axum::response::Response;
use minijinja::context;
use serde::Serialize;

use super::ldap;
use super::ldap::Entry;
use super::xml;
use super::xml::DocumentType;
use super::xml::Element;
use super::xpath;
use crate::demo::html::value;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::visit::Visit;

/// The sales staff are for everybody, the board for nobody.
const STAFF: &[&Entry] = &[
    &[
        ("objectclass", "person"),
        ("cn", "Hanna Holt"),
        ("uid", "hanna"),
        ("department", "sales"),
        ("phone", "4101"),
    ],
    &[
        ("objectclass", "person"),
        ("cn", "Piet Parker"),
        ("uid", "piet"),
        ("department", "sales"),
        ("phone", "4102"),
    ],
    &[
        ("objectclass", "person"),
        ("cn", "Rosa Rhys"),
        ("uid", "rosa"),
        ("department", "sales"),
        ("phone", "4103"),
    ],
    &[
        ("objectclass", "person"),
        ("cn", "Edgar Ellis"),
        ("uid", "edgar"),
        ("department", "board"),
        ("phone", "4001"),
    ],
    &[
        ("objectclass", "person"),
        ("cn", "Magda Moss"),
        ("uid", "magda"),
        ("department", "board"),
        ("phone", "4002"),
    ],
];

const DEALERS: &str = "<dealers>
<dealer login=\"greenhouse\"><password>moss-Lattice-12</password><name>Greenhouse &amp; Sons</name><discount>12</discount></dealer>
<dealer login=\"harbourlight\"><password>Beacon-rope-77</password><name>Harbour Light</name><discount>18</discount></dealer>
</dealers>";

#[derive(Debug, Serialize)]
struct Person {
    name: &'static str,
    department: &'static str,
    phone: &'static str,
}

/// Searches the staff by a part of the name.
pub(in crate::demo) async fn staff(visit: Visit) -> Result<Response, Refusal> {
    let name: String = visit.query.value("name").chars().take(200).collect();
    let safe = !visit.has("ldap-staff-name");
    let wanted = if safe { ldap::escaped(&name) } else { name.clone() };
    let filter = format!("(&(cn=*{wanted}*)(department=sales))");
    let found = match ldap::search(STAFF, &filter) {
        Ok(found) => found,
        Err(_) if safe => Vec::new(),
        Err(_) => {
            return Err(Refusal::Verbose(format!(
                "ldap.FILTER_ERROR: {{'result': -7, 'desc': 'Bad search filter', 'info': '{filter}'}}\n"
            )));
        }
    };
    let attribute = |entry: &Entry, name: &str| {
        entry.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    };
    let people: Vec<_> = found
        .into_iter()
        .map(|entry| Person {
            name: attribute(entry, "cn"),
            department: attribute(entry, "department"),
            phone: attribute(entry, "phone"),
        })
        .collect();
    visit.page("staff.html", context! { name, people => value(people) }).await
}

pub(in crate::demo) async fn dealers_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("dealers.html", context! {}).await
}

/// Shows a dealer's conditions to whoever knows the password.
pub(in crate::demo) async fn dealers(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let field = |name| form.fields.value(name).chars().take(200).collect::<String>();
    let (login, password) = (field("login"), field("password"));
    let document = xml::parse(DEALERS, DocumentType::Refused).await;
    let document = document.map_err(|_| Refusal::Internal)?;
    let dealer = if visit.has("xpath-dealer-login") {
        let query = format!("//dealer[@login='{login}' and password='{password}']");
        let found = xpath::select(&document, &query).map_err(|error| {
            Refusal::Verbose(format!("javax.xml.xpath.XPathExpressionException: {error}\n"))
        })?;
        found.into_iter().next()
    } else {
        let is_theirs = |dealer: &&Element| {
            let knows = dealer.find("password").is_some_and(|known| known.text == password);
            knows && dealer.attributes.iter().any(|(_, known)| *known == login)
        };
        document.children.iter().find(is_theirs).cloned()
    };
    let Some(dealer) = dealer else {
        let problem = "We know no such dealer.";
        return visit.page("dealers.html", context! { problem, login }).await;
    };
    let text = |name| dealer.find(name).map(|found| found.text.clone());
    let (name, discount) = (text("name"), text("discount"));
    visit.page("dealers.html", context! { name, discount, login }).await
}
