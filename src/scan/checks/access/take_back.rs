//! Files that were uploaded, deleted again.

use url::Url;

use super::bola::shows;
use super::topic::path_of;
use super::uploads::Uploaded;
use super::uploads::offered;
use crate::extract::FormMethod;
use crate::extract::Forms;
use crate::extract::base_of;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::model::stateless_template;
use crate::scan::probe::Markup;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Scripting;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::split_words;

/// Words of forms that take a file back.
const REMOVING: [&str; 4] = ["delete", "remove", "discard", "destroy"];

/// Deletes what was uploaded, where a page of its owner has a form for it or the site is known to
/// delete such things; whether it is gone.
pub(super) async fn take_back(
    probe: &mut SiteProbe,
    node: &Node,
    file: &Uploaded,
    owner: &Person,
) -> bool {
    let tried = try_to_take_back(probe, node, file, owner).await;
    tried.unwrap_or(false)
}

async fn try_to_take_back(
    probe: &mut SiteProbe,
    node: &Node,
    file: &Uploaded,
    owner: &Person,
) -> Result<bool, ProbeStop> {
    let template = stateless_template(&path_of(&file.request));
    let site = probe.site();
    let deletes = site.nodes().any(|known| {
        known.method == "DELETE" && stateless_template(&path_of(&known.examples[0])) == template
    });
    let request = if deletes {
        Some(Request { method: Method::new("DELETE"), ..file.request.clone() })
    } else {
        let pages = offered(probe, node, owner.whom).await?;
        pages.iter().find_map(|page| removal(page, &file.request))
    };
    let Some(request) = request else { return Ok(false) };
    let counted = Some(path_of(&node.examples[0]));
    probe.ask_as(owner.whom, request, "", counted.clone()).await?;
    let again = probe.ask_as(owner.whom, file.request.clone(), "", counted).await?;
    Ok(!shows(&again, &file.word))
}

/// The form of a page that takes this file back.
fn removal(page: &Shot, file: &Request) -> Option<Request> {
    let here = Url::parse(&page.exchange.request.url()).ok()?;
    if !page.response().is_html() {
        return None;
    }
    let markup = Markup::parse(&page.response().body_text(), Scripting::Off);
    let base = base_of(&markup, &here);
    let path = path_of(file);
    Forms::read(&markup).list.iter().find_map(|form| {
        let target = form.target(&base).filter(|target| target.origin() == here.origin())?;
        let removes =
            split_words(target.path()).iter().any(|word| REMOVING.contains(&word.as_str()));
        let is_of_file = target.path().strip_prefix(path.as_str())?.starts_with('/');
        if !removes || !is_of_file || form.method != FormMethod::Post {
            return None;
        }
        let mut request = Request::get(file.origin.clone(), target.path());
        request.method = Method::new("POST");
        let kind = "application/x-www-form-urlencoded";
        request.headers.push(Header::new("Content-Type", kind));
        let pairs = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form.pairs())
            .finish();
        request.body = pairs.into_bytes();
        Some(request)
    })
}
