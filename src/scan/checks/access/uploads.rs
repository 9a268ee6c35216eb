//! Files that somebody uploads and others get.
//!
//! Two texts with random words are uploaded and found again by where the answer and the sender's own
//! pages lead. It is the flaw if somebody else gets both, whom no page leads there: any other user, or
//! whoever asks without a login if the numbers in the addresses count up (what nobody can guess may be
//! meant to be passed on). What can be taken back is taken back.

use url::Url;

use super::bola::shows;
use super::items::lists;
use super::members::links;
use super::take_back::take_back;
use super::topic::Topic;
use super::topic::path_of;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::model::stateless_template;
use crate::scan::checks::multipart_file::with_file;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Node;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;
use crate::scan::probe::insertion_points;

/// Forms that are tried, and links at which a file is looked for.
const MAX_FORMS: usize = 2;
const MAX_LOOKS: usize = 4;

/// How far apart numbers of two files that follow one another may be: others upload too.
const NEAR: u64 = 20;

/// Uploads as the owner, and asks as `other`, who may be missing, and as nobody.
pub(super) async fn check(
    probe: &mut SiteProbe,
    owner: &Person,
    other: Option<&Person>,
) -> Result<(), ProbeStop> {
    let site = probe.site();
    let takes_file = |node: &&Node| {
        node.method == "POST"
            && probe.may_send(node)
            && with_file(&node.examples[0], "x.txt", "text/plain", b"").is_some()
    };
    let nodes: Vec<Node> = site.nodes().filter(takes_file).take(MAX_FORMS).cloned().collect();
    for node in nodes {
        let Some(first) = upload(probe, &node, owner).await? else { continue };
        let found = match upload(probe, &node, owner).await {
            Ok(Some(second)) => {
                let judged = judge(probe, &node, (&first, &second), (owner, other)).await;
                let is_gone = take_back(probe, &node, &second, owner).await;
                judged?.map(|found| (found, is_gone))
            }
            Ok(None) => None,
            Err(stop) => {
                take_back(probe, &node, &first, owner).await;
                return Err(stop);
            }
        };
        let is_gone = take_back(probe, &node, &first, owner).await;
        if let Some((found, is_gone_too)) = found {
            let both = is_gone && is_gone_too;
            found.tell(probe, if both { "both were deleted again" } else { "the files stay" });
        }
    }
    Ok(())
}

/// A file that was sent, and read again.
pub(super) struct Uploaded {
    pub(super) word: String,
    sent: Shot,
    pub(super) request: Request,
    read: Shot,
}

/// Uploads a text; `None` where it is not found again.
async fn upload(
    probe: &mut SiteProbe,
    node: &Node,
    owner: &Person,
) -> Result<Option<Uploaded>, ProbeStop> {
    let word = probe.sender().word();
    let name = format!("{}.txt", probe.sender().word());
    let text = format!("{word}, an upload of a scanner\n");
    let base = &node.examples[0];
    let Some(request) = with_file(base, &name, "text/plain", text.as_bytes()) else {
        return Ok(None);
    };
    let before = offered(probe, node, owner.whom).await?;
    let before: Vec<Url> = before.iter().flat_map(links).collect();
    let sent = probe.send_form(owner.whom, node, request, &name, Some(path_of(base))).await?;
    if sent.response().status >= 400 {
        return Ok(None);
    }
    let after = offered(probe, node, owner.whom).await?;
    let location = sent.response().header("location").map(|it| it.text().into_owned());
    let here = Url::parse(&sent.exchange.request.url()).ok();
    let led = location.and_then(|to| here.as_ref()?.join(&to).ok());
    let new = links(&sent).into_iter().chain(after.iter().flat_map(links));
    let new = new.chain(led).filter(|link| !before.contains(link));
    let mut candidates: Vec<Url> = Vec::new();
    for link in new.filter(|link| here.as_ref().is_some_and(|it| it.origin() == link.origin())) {
        if !candidates.contains(&link) {
            candidates.push(link);
        }
    }
    for link in candidates.into_iter().take(MAX_LOOKS) {
        let query = link.query().map(|query| format!("?{query}")).unwrap_or_default();
        let request = Request::get(base.origin.clone(), format!("{}{query}", link.path()));
        let counted = Some(path_of(base));
        let read = probe.ask_as(owner.whom, request.clone(), "", counted).await?;
        if shows(&read, &word) {
            return Ok(Some(Uploaded { word, sent, request, read }));
        }
    }
    Ok(None)
}

/// Pages of somebody's that may list what was uploaded.
pub(super) async fn offered(
    probe: &mut SiteProbe,
    node: &Node,
    whom: Whom,
) -> Result<Vec<Shot>, ProbeStop> {
    let mut shots = lists(probe, node, &Topic::new(), whom).await?;
    let page = node.found.page.as_deref().and_then(|page| Url::parse(page).ok());
    let is_known =
        |page: &Url| shots.iter().any(|shot| shot.exchange.request.url() == page.as_str());
    if let Some(page) = page.filter(|page| !is_known(page)) {
        let query = page.query().map(|query| format!("?{query}")).unwrap_or_default();
        let origin = node.examples[0].origin.clone();
        let request = Request::get(origin, format!("{}{query}", page.path()));
        shots.push(probe.ask_as(whom, request, "", None).await?);
    }
    Ok(shots)
}

/// What is to be told, once it is known what has become of the files.
struct Found {
    request: Request,
    detail: String,
    exhibits: Vec<Exhibit>,
    payloads: Vec<String>,
}

async fn judge(
    probe: &mut SiteProbe,
    node: &Node,
    files: (&Uploaded, &Uploaded),
    (owner, other): (&Person, Option<&Person>),
) -> Result<Option<Found>, ProbeStop> {
    let (first, second) = files;
    let is_counted = counts_up(first, second);
    let mut readers: Vec<(String, Shot, Shot)> = Vec::new();
    for asker in other.map(Some).into_iter().chain([None]) {
        let whom = asker.map_or(Whom::Nobody, |person| person.whom);
        let mut shots = Vec::new();
        for file in [first, second] {
            let counted = Some(path_of(&node.examples[0]));
            let shot = probe.ask_as(whom, file.request.clone(), "", counted).await?;
            if shows(&shot, &file.word) {
                shots.push(shot);
            }
        }
        let Ok([one, two]) = <[Shot; 2]>::try_from(shots) else { continue };
        if asker.is_none() && !is_counted {
            // Whoever has the address may be meant to have the file, logged in or not.
            return Ok(None);
        }
        for page in offered(probe, node, whom).await? {
            let url = second.request.url();
            if links(&page).iter().any(|link| link.as_str() == url) || shows(&page, &second.word) {
                return Ok(None);
            }
        }
        let who = asker.map_or("whoever asks".to_owned(), |person| format!("`{}`", person.name));
        readers.push((who, one, two));
    }
    let who: Vec<&str> = readers.iter().map(|(who, _, _)| who.as_str()).collect();
    if who.is_empty() {
        return Ok(None);
    }
    let numbers = if is_counted { ", where the numbers count up" } else { "" };
    let detail = format!(
        "`{}` uploaded two files with random words, which are at {} and {}{numbers}: {} reads both (the \
         address alone decides whose file is read, CWE-639), and no page of theirs leads there",
        owner.name,
        path_of(&first.request),
        path_of(&second.request),
        who.join(" and "),
    );
    let mut exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, second.sent.clone()),
        Exhibit::new(EvidenceRole::Control, second.read.clone()),
    ];
    for (_, one, two) in readers {
        for (role, shot, file) in
            [(EvidenceRole::Attack, two, second), (EvidenceRole::Replay, one, first)]
        {
            let highlight = shot.find(&file.word);
            exhibits.push(Exhibit::marked(role, shot, highlight));
        }
    }
    let payloads = vec![second.word.clone(), first.word.clone()];
    Ok(Some(Found { request: second.request.clone(), detail, exhibits, payloads }))
}

impl Found {
    fn tell(self, probe: &mut SiteProbe, left: &str) {
        let template = stateless_template(&path_of(&self.request));
        let point = insertion_points(&self.request).pop().map(|point| point.reference);
        let detail = format!("{}; {left}", self.detail);
        let (exhibits, payloads) = (self.exhibits, self.payloads);
        let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads };
        probe.found_in(self.request, template, point, proof);
    }
}

/// Whether two addresses are the same but for one number, which is a little higher in the second.
fn counts_up(first: &Uploaded, second: &Uploaded) -> bool {
    let (one, two) = (insertion_points(&first.request), insertion_points(&second.request));
    let differs = |(one, two): &(&InsertionPoint, &InsertionPoint)| one.value != two.value;
    let pairs: Vec<_> = one.iter().zip(&two).filter(differs).collect();
    let [(before, after)] = pairs[..] else { return false };
    let same = before.place(&second.request, &before.value) == first.request;
    let numbers = before.value.parse::<u64>().ok().zip(after.value.parse::<u64>().ok());
    let follow = |(before, after): (u64, u64)| after > before && after - before <= NEAR;
    same && one.len() == two.len() && numbers.is_some_and(follow)
}
