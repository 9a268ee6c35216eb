//! Prototype pollution: a property that is given to `__proto__` is one of every object of the program.
//!
//! Three properties are harmless, show in answers and can be taken back: Express's `json spaces` (how JSON is
//! indented), `exposedHeaders` of its CORS module (a header), and at high strength `status` of its errors
//! (<https://portswigger.net/research/server-side-prototype-pollution>). They are set twice to different
//! values, which must show both times; set under a name that is no prototype, which must not; and always set
//! back to nothing, with nobody else on the way meanwhile.
//!
//! Costs at a clean node: 7 requests (4 at low strength, 15 at high), where the request has a JSON object or a
//! query.

use serde_json::Value;
use serde_json::json;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
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

/// See the module.
pub(crate) struct PrototypePollution;

/// Ways to an object's prototype, and a name that is none.
const WAYS: [&[&str]; 2] = [&["__proto__"], &["constructor", "prototype"]];
const NO_WAY: &[&str] = &["__prototype"];

/// What is set: a number of spaces, a header's name, or a status.
#[derive(Debug, Clone)]
enum Mark {
    Answer { spaces: usize, header: String },
    Status(u16),
}

impl PrototypePollution {
    fn body(request: &Request) -> Option<Value> {
        serde_json::from_slice(&request.body).ok().filter(Value::is_object)
    }
}

impl RequestCheck for PrototypePollution {
    fn id(&self) -> &'static str {
        "prototype-pollution"
    }

    fn applies(&self, node: &Node) -> bool {
        let request = &node.examples[0];
        Self::body(request).is_some() || request.path_and_query_text().contains('?')
    }

    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut RequestProbe) -> Result<Outcome, ProbeStop> {
    let base = probe.base().clone();
    let baseline = probe.baseline().await?;
    if baseline.response().status >= 500 {
        return Ok(Outcome::Skipped("the unchanged request is answered with an error".to_owned()));
    }
    let strength = probe.sender().strength();
    let ways = if strength == Strength::Low { &WAYS[..1] } else { &WAYS[..] };
    for way in ways {
        let mut kinds = vec![answer_mark as fn(&mut RequestProbe, usize) -> Mark];
        if strength == Strength::High && PrototypePollution::body(&base).is_some() {
            kinds.push(status_mark);
        }
        for kind in kinds {
            probe.sender().stand_alone().await;
            let tried = pollute(probe, &baseline, way, kind).await;
            // Whatever came of it, nothing stays.
            let nothing = kind(probe, 0);
            let taken_back = set(probe, &base, way, &nothing, Setting::Back).await;
            let proof = match (tried, taken_back) {
                (Ok(Some(seen)), Ok(_)) => clean_again(probe, &base, &baseline, seen).await?,
                (Err(stop), _) | (_, Err(stop)) => return Err(stop),
                (Ok(None), Ok(_)) => None,
            };
            probe.sender().rejoin();
            if let Some(proof) = proof {
                return Ok(Outcome::Found(Box::new(proof)));
            }
        }
    }
    Ok(Outcome::Clean)
}

/// Spaces and a name that no other round has.
fn answer_mark(probe: &mut RequestProbe, round: usize) -> Mark {
    let header = format!("x-{}", probe.sender().word());
    Mark::Answer { spaces: 5 + 2 * round, header }
}

/// A status of the user's fault that nobody uses.
fn status_mark(probe: &mut RequestProbe, _round: usize) -> Mark {
    let number = u16::try_from(probe.sender().number() % 40).unwrap_or(0);
    Mark::Status(452 + number)
}

/// What was seen while the prototype was another.
struct Seen {
    attack: Shot,
    shown: Shot,
    replay: Shot,
    control: Shot,
    marks: [Mark; 2],
}

async fn pollute(
    probe: &mut RequestProbe,
    baseline: &Shot,
    way: &[&str],
    kind: fn(&mut RequestProbe, usize) -> Mark,
) -> Result<Option<Seen>, ProbeStop> {
    let first = kind(probe, 0);
    let base = &baseline.exchange.request.clone();
    let before = match first {
        Mark::Answer { .. } => baseline.clone(),
        Mark::Status(_) => observe(probe, base, &first).await?,
    };
    if shows(&before, &first) {
        return Ok(None);
    }
    let attack = set(probe, base, way, &first, Setting::To).await?;
    let shown = observe(probe, base, &first).await?;
    if !shows(&shown, &first) {
        return Ok(None);
    }
    let no_mark = kind(probe, 2);
    set(probe, base, NO_WAY, &no_mark, Setting::To).await?;
    let control = observe(probe, base, &no_mark).await?;
    let second = kind(probe, 1);
    set(probe, base, way, &second, Setting::To).await?;
    let replay = observe(probe, base, &second).await?;
    let holds = !shows(&control, &no_mark) && shows(&control, &first) && shows(&replay, &second);
    Ok(holds.then_some(Seen { attack, shown, replay, control, marks: [first, second] }))
}

/// The proof, if the page is again what it was.
async fn clean_again(
    probe: &mut RequestProbe,
    base: &Request,
    baseline: &Shot,
    seen: Seen,
) -> Result<Option<Proof>, ProbeStop> {
    let Seen { attack, shown, replay, control, marks } = seen;
    let [first, second] = &marks;
    let after = observe(probe, base, second).await?;
    if shows(&after, second) || shows(&after, first) {
        return Ok(None);
    }
    let detail = format!(
        "after `{}` other answers have {}, then {} after another value; a name that is no prototype changes \
         nothing, and set back to nothing it is gone: every object of the program had the property",
        attack.value,
        describe(first),
        describe(second)
    );
    let payloads = vec![attack.value.clone()];
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline.clone()),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Attack, shown),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, after),
        ],
        payloads,
    }))
}

fn describe(mark: &Mark) -> String {
    match mark {
        Mark::Answer { spaces, header } => {
            format!("JSON indented by {spaces} spaces or the header name {header} exposed")
        }
        Mark::Status(status) => format!("the status {status} for a broken body"),
    }
}

/// Whether a property is set or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    To,
    Back,
}

/// Sends the request with the properties of a mark at the end of a way.
async fn set(
    probe: &mut RequestProbe,
    base: &Request,
    way: &[&str],
    mark: &Mark,
    setting: Setting,
) -> Result<Shot, ProbeStop> {
    let properties = match (mark, setting) {
        (Mark::Answer { spaces, header }, Setting::To) => {
            json!({ "json spaces": " ".repeat(*spaces), "exposedHeaders": [header] })
        }
        (Mark::Answer { .. }, Setting::Back) => {
            json!({ "json spaces": "", "exposedHeaders": null })
        }
        (Mark::Status(status), Setting::To) => json!({ "status": status }),
        (Mark::Status(_), Setting::Back) => json!({ "status": 0 }),
    };
    let request = with_properties(base, way, &properties);
    let shown = way.iter().rev().fold(properties, |inner, name| json!({ *name: inner }));
    probe.ask(request, &shown.to_string()).await
}

/// In the body if it is an object, else in the query.
fn with_properties(base: &Request, way: &[&str], properties: &Value) -> Request {
    let mut request = base.clone();
    if let Some(Value::Object(mut members)) = PrototypePollution::body(base) {
        let value =
            way[1..].iter().rev().fold(properties.clone(), |inner, name| json!({ *name: inner }));
        members.insert(way[0].to_owned(), value);
        request.body = Value::Object(members).to_string().into_bytes();
        request.headers.retain(|header| !header.is("content-length"));
        return request;
    }
    let start: String =
        way[1..].iter().fold(way[0].to_owned(), |start, name| start + "[" + name + "]");
    let mut query = base.path_and_query_text().into_owned();
    for (name, value) in properties.as_object().into_iter().flatten() {
        let (end, text) = match value {
            Value::Array(items) => ("[]", items[0].as_str().unwrap_or_default().to_owned()),
            Value::String(text) => ("", text.replace(' ', "%20")),
            Value::Null => ("", String::new()),
            other => ("", other.to_string()),
        };
        let name = name.replace(' ', "%20");
        query = format!("{query}&{start}[{name}]{end}={text}");
    }
    request.path_and_query = query.into_bytes();
    request
}

/// Looks for a mark: in the answer to the unchanged request, or to one with a body that cannot be read.
async fn observe(probe: &mut RequestProbe, base: &Request, mark: &Mark) -> Result<Shot, ProbeStop> {
    let mut request = base.clone();
    if matches!(mark, Mark::Status(_)) {
        request.body = b"{".to_vec();
        request.headers.retain(|header| !header.is("content-length"));
    }
    probe.ask(request, "").await
}

fn shows(shot: &Shot, mark: &Mark) -> bool {
    let response = shot.response();
    match mark {
        Mark::Status(status) => response.status == *status,
        Mark::Answer { spaces, header } => {
            let exposed = response.header("access-control-expose-headers");
            let is_exposed = exposed.is_some_and(|it| it.text().contains(header.as_str()));
            is_exposed || indentation(&response.body_text()) == Some(*spaces)
        }
    }
}

/// Spaces before the first member of a JSON text that has line breaks.
fn indentation(body: &str) -> Option<usize> {
    let (open, rest) = body.split_once('\n')?;
    let is_json = matches!(open.trim(), "{" | "[");
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    (is_json && spaces > 0).then_some(spaces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    #[test]
    fn properties_go_where_objects_are_read() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let mut request = Request::get(origin, "/x?a=1");
        let properties = json!({"json spaces": "  ", "exposedHeaders": ["x-y"]});
        let placed = with_properties(&request, WAYS[1], &properties);
        assert_eq!(
            placed.path_and_query_text(),
            "/x?a=1&constructor[prototype][json%20spaces]=%20%20&constructor[prototype][exposedHeaders][]=x-y"
        );
        request.body = br#"{"a":1}"#.to_vec();
        let placed = with_properties(&request, WAYS[1], &json!({"status": 0}));
        assert_eq!(placed.body, br#"{"a":1,"constructor":{"prototype":{"status":0}}}"#);
        assert_eq!(indentation("{\n   \"a\": 1\n}"), Some(3));
        assert_eq!((indentation("{\"a\":1}"), indentation("<p>\n x")), (None, None));
    }
}
