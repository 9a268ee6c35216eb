//! Files that can be uploaded and are served as something a browser or the server runs.
//!
//! A file of a harmless kind is sent first, to learn where uploads can be found again: by links of the
//! answer and of the form's page, else at usual places. Then files that the server may run (it must
//! give the product of random numbers, which are not in the file), then those that a browser runs (it
//! must get them with a type of markup, not as something to save). Names are random; each file says
//! what it is. What was uploaded stays: there is no general way to take it back.
//!
//! Cost at a clean form: 1 upload and up to 12 looks where nothing is found again, 5 uploads and 9
//! looks otherwise.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::checks::multipart_file::with_file;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::RequestCheck;
use crate::scan::probe::RequestProbe;
use crate::scan::probe::Shot;
use crate::scan::probe::Strength;

/// Directories in which uploads usually are, below the root and below the form.
const DIRECTORIES: [&str; 8] =
    ["uploads/", "upload/", "files/", "media/", "images/", "static/uploads/", "attachments/", ""];

/// Looks for one file.
const MAX_LOOKS: usize = 12;

/// What is done with a file that is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    Server,
    Browser,
}

/// A kind of file: how its name ends, as what it is sent, what stands in it.
struct Kind {
    ending: &'static str,
    media_type: &'static str,
    /// `{a}` and `{b}` are numbers, `#` is a word.
    contents: &'static str,
    runs: Runs,
    /// Tried at high strength only.
    is_rare: bool,
}

const PHP: &str = "GIF89a <?php echo '#'.({a}*{b}).'#'; ?>";
const HTML: &str =
    "<!doctype html><title>#</title><script>'#'</script><p>an upload of a scanner</p>";
const SVG: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>#</title><script>'#'</script></svg>";

const KINDS: [Kind; 10] = [
    server(".php", "image/gif", PHP, false),
    // Lists of allowed kinds have this one most often.
    server(".php", "image/png", PHP, false),
    server(".phtml", "image/gif", PHP, true),
    server(".pHp", "image/gif", PHP, true),
    server(".gif.php", "image/gif", PHP, true),
    server(".php.gif", "image/gif", PHP, true),
    server(".jsp", "image/gif", "#<%= {a}*{b} %>#", true),
    server(".aspx", "image/gif", "#<%= {a}*{b} %>#", true),
    browser(".html", "text/html", HTML),
    browser(".svg", "image/svg+xml", SVG),
];

const fn server(
    ending: &'static str,
    media_type: &'static str,
    contents: &'static str,
    is_rare: bool,
) -> Kind {
    Kind { ending, media_type, contents, runs: Runs::Server, is_rare }
}

const fn browser(ending: &'static str, media_type: &'static str, contents: &'static str) -> Kind {
    Kind { ending, media_type, contents, runs: Runs::Browser, is_rare: false }
}

/// See the module.
pub(crate) struct Upload;

impl RequestCheck for Upload {
    fn id(&self) -> &'static str {
        "upload-unrestricted"
    }

    fn applies(&self, node: &Node) -> bool {
        with_file(&node.examples[0], "x.txt", "text/plain", b"").is_some()
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let word = probe.sender().word();
    let text = format!("{word}, an upload of a scanner");
    let harmless = File {
        name: format!("{}.txt", probe.sender().word()),
        media_type: "text/plain",
        contents: text.into_bytes(),
        given: word,
    };
    let harmless_place = upload(probe, &harmless, None).await?;
    let place = harmless_place.as_ref().map(|found| found.directory.clone());
    let is_thorough = probe.sender().strength() == Strength::High;
    for kind in KINDS.iter().filter(|kind| is_thorough || !kind.is_rare) {
        let Some(attack) = try_kind(probe, kind, place.as_deref()).await? else { continue };
        let Some(replay) = try_kind(probe, kind, place.as_deref()).await? else { continue };
        let proof = proof(kind, harmless_place, attack, replay);
        return Ok(Outcome::Found(Box::new(proof)));
    }
    Ok(match place {
        Some(_) => Outcome::Clean,
        None => Outcome::Skipped("what was uploaded was not found again".to_owned()),
    })
}

struct File {
    name: String,
    media_type: &'static str,
    contents: Vec<u8>,
    /// What an answer has that holds it, or the result of running it.
    given: String,
}

/// A file that was sent, and found again.
struct Uploaded {
    sent: Shot,
    read: Shot,
    given: String,
    /// Where it stands, with a slash at the end.
    directory: String,
}

async fn try_kind(
    probe: &mut RequestProbe,
    kind: &Kind,
    place: Option<&str>,
) -> Result<Option<Uploaded>, ProbeStop> {
    let (a, b) = (probe.sender().number(), probe.sender().number());
    let word = probe.sender().word();
    let contents = kind.contents.replace('#', &word);
    let contents = contents.replace("{a}", &a.to_string()).replace("{b}", &b.to_string());
    let given = match kind.runs {
        Runs::Server => format!("{word}{}{word}", u64::from(a) * u64::from(b)),
        Runs::Browser => word,
    };
    let name = format!("{}{}", probe.sender().word(), kind.ending);
    let file = File { name, media_type: kind.media_type, contents: contents.into_bytes(), given };
    let found = upload(probe, &file, Some(place.unwrap_or_default())).await?;
    Ok(found.filter(|found| kind.runs == Runs::Server || is_shown_as_markup(&found.read)))
}

/// Whether a browser runs what it gets.
fn is_shown_as_markup(shot: &Shot) -> bool {
    let response = shot.response();
    let kind = response.media_type();
    let is_markup = response.is_html()
        || matches!(kind.as_str(), "image/svg+xml" | "text/xml" | "application/xml");
    let says = |name: &str, word: &str| {
        response.header(name).is_some_and(|it| it.text().to_ascii_lowercase().contains(word))
    };
    is_markup
        && !says("content-disposition", "attachment")
        && !says("content-security-policy", "sandbox")
        && !says("content-security-policy", "script-src 'none'")
        && !says("content-security-policy", "default-src 'none'")
}

/// Sends a file and looks for it: where earlier ones were (`Some`, empty where they were nowhere), or
/// everywhere.
async fn upload(
    probe: &mut RequestProbe,
    file: &File,
    place: Option<&str>,
) -> Result<Option<Uploaded>, ProbeStop> {
    let base = probe.base().clone();
    let Some(request) = with_file(&base, &file.name, file.media_type, &file.contents) else {
        return Ok(None);
    };
    let sent = probe.ask(request, &file.name).await?;
    let mut places = linked(&sent, &file.name);
    if let Some(page) = form_page(probe, &sent) {
        let page = probe.ask(page, "").await?;
        places.extend(linked(&page, &file.name));
    }
    match place {
        Some("") => {}
        Some(directory) => places.push(format!("{directory}{}", file.name)),
        None => places.extend(usual(&base, &file.name)),
    }
    let mut seen: Vec<String> = Vec::new();
    for path in places {
        if seen.contains(&path) || seen.len() >= MAX_LOOKS {
            continue;
        }
        let read = probe.ask(Request::get(base.origin.clone(), path.clone()), &path).await?;
        if read.response().status == 200 && read.find(&file.given).is_some() {
            let directory = path.rfind('/').map_or("/", |at| &path[..=at]).to_owned();
            return Ok(Some(Uploaded { sent, read, given: file.given.clone(), directory }));
        }
        seen.push(path);
    }
    Ok(None)
}

/// Paths in an answer that name the file, or one that ends alike.
fn linked(shot: &Shot, name: &str) -> Vec<String> {
    let Ok(base) = Url::parse(&shot.exchange.request.url()) else { return Vec::new() };
    let (stem, ending) = name.split_at(name.find('.').unwrap_or(name.len()));
    let text = shot.response().body_text().replace("\\/", "/");
    let mut text = text.replace("&amp;", "&");
    if let Some(location) = shot.response().header("location") {
        text.push('\n');
        text.push_str(&location.text());
    }
    let words = text.split(|c: char| c.is_whitespace() || "\"'<>()=,`\\".contains(c));
    let label = labelled(&text, stem);
    let is_it = |word: &&str| {
        word.contains(stem) || word.ends_with(ending) || label.as_deref() == Some(*word)
    };
    let urls = words.filter(is_it).filter_map(|word| base.join(word).ok());
    let own = urls.filter(|url| url.origin() == base.origin());
    let mut paths: Vec<String> = own.map(|url| path_of(&url)).collect();
    // The last one is the newest.
    paths.reverse();
    paths.truncate(MAX_LOOKS / 2);
    paths
}

/// Where a link leads that has a file's name as its text.
fn labelled(text: &str, stem: &str) -> Option<String> {
    static ANCHOR: LazyLock<Regex> = LazyLock::new(|| {
        let pattern =
            r#"(?is)<a\s[^>]*?href\s*=\s*["']?([^"'\s>]{1,500})[^>]{0,500}>([^<]{0,200})<"#;
        Regex::new(pattern).expect("a test uses it")
    });
    let anchors = ANCHOR.captures_iter(text);
    let mut named = anchors.filter(|anchor| anchor[2].contains(stem));
    named.next().map(|anchor| anchor[1].to_owned())
}

fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The page that shows what was uploaded: where the answer leads, else where the form stands.
fn form_page(probe: &RequestProbe, sent: &Shot) -> Option<Request> {
    let base = Url::parse(&sent.exchange.request.url()).ok()?;
    let location = sent.response().header("location").map(|it| it.text().into_owned());
    let next = location.and_then(|location| base.join(&location).ok());
    let form = probe.node().found.page.as_deref().and_then(|page| Url::parse(page).ok());
    let url = next.or(form).filter(|url| url.origin() == base.origin())?;
    Some(Request::get(probe.base().origin.clone(), path_of(&url)))
}

fn usual(base: &Request, name: &str) -> Vec<String> {
    let target = base.path_and_query_text();
    let path = target.split('?').next().unwrap_or_default();
    let own = path.rfind('/').map_or("/", |at| &path[..=at]);
    let roots = if own == "/" { vec!["/"] } else { vec!["/", own] };
    let all = roots.into_iter().flat_map(|root| {
        DIRECTORIES.iter().map(move |directory| format!("{root}{directory}{name}"))
    });
    all.collect()
}

fn proof(kind: &Kind, harmless: Option<Uploaded>, attack: Uploaded, replay: Uploaded) -> Proof {
    let path = attack.read.exchange.request.path_and_query_text().into_owned();
    let what = match kind.runs {
        Runs::Server => format!(
            "the server runs it: {path} gives `{}`, the product that its code computes",
            attack.given
        ),
        Runs::Browser => format!(
            "{path} gives it back as `{}`, which a browser runs on this site",
            attack.read.response().media_type()
        ),
    };
    let detail = format!("a file `{}` is taken, and {what}; twice", attack.sent.value);
    let payloads = vec![attack.sent.value.clone(), replay.sent.value];
    let (mark, replay_mark) = (attack.read.find(&attack.given), replay.read.find(&replay.given));
    let mut exhibits: Vec<_> = harmless
        .map(|found| Exhibit::new(EvidenceRole::Baseline, found.read))
        .into_iter()
        .collect();
    exhibits.push(Exhibit::new(EvidenceRole::Attack, attack.sent));
    exhibits.push(Exhibit::marked(EvidenceRole::Attack, attack.read, mark));
    exhibits.push(Exhibit::marked(EvidenceRole::Replay, replay.read, replay_mark));
    Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads }
}
