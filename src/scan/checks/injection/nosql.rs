//! `NoSQL` injection: query operators in place of a value, and conditions in JavaScript.
//!
//! Operators are asked in pairs that a database tells apart and nobody else does: `$eq`, `$in` and `$regex`
//! with the value that is there keep a page, with a random word they do not; an operator that does not exist
//! must not keep it either, so that taking any member for the value is no finding. Where the request finds
//! nothing (a wrong password), `$ne`, `$nin` and an empty `$regex` must change the page and `$eq`, `$in` and a
//! random `$regex` must not. That is asked of requests that only read, and of logins, where all credentials
//! are replaced at once: what `$ne` finds would be changed or deleted elsewhere.
//!
//! Costs at a clean point: 7 requests where operators can stand, 4 elsewhere; where the page takes offence at
//! quotes up to 3 more.

use serde_json::Value;
use serde_json::json;

use super::truth::Ask;
use super::truth::KnownPage;
use super::truth::PageIs;
use super::truth::Trial;
use super::truth::judged;
use super::truth::numbered;
use super::truth::page_of;
use super::truth::takes_offence;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::insertion_points;

/// See the module.
pub(crate) struct NosqlInjection;

/// The value `«v»` and a condition `«c»`; `#` is a random word.
const SCRIPTS: [&str; 3] = ["«v»' && «c» && '#'=='#", "«v» && «c»", "«v»\" && «c» && \"#\"==\"#"];

/// The same for a value that finds nothing.
const OR_SCRIPT: &str = "«v»' || «c» || '#'=='##";

const CONDITIONS: [(&str, &str); 3] =
    [("{a}=={a}", "{a}=={b}"), ("{a}!={b}", "{a}!={a}"), ("{a}<{b}", "{b}<{a}")];

/// Parts of the names of credentials.
const CREDENTIALS: [&str; 7] = ["user", "login", "mail", "name", "pass", "pwd", "pin"];

/// Kinds of pairs of operators.
const ROUNDS: usize = 3;

impl PointCheck for NosqlInjection {
    fn id(&self) -> &'static str {
        "nosql-injection"
    }

    fn root_cause(&self) -> &'static str {
        "nosql-injection"
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let value = probe.point().value.clone();
    let shots = vec![probe.baseline().await?, probe.baseline().await?];
    let page = match page_of(shots, &value) {
        Ok(page) => page,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    if let Some(proof) = operators_keep(probe, &page).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    if let Some(proof) = operators_find(probe, &page).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    scripts(probe, &page).await
}

/// Operators that find what the value finds.
async fn operators_keep(probe: &mut Probe, page: &KnownPage) -> Result<Option<Proof>, ProbeStop> {
    let (point, base) = (probe.point().clone(), probe.base().clone());
    if page.is_error().is_some() || page.value.is_empty() || !takes_operators(&point, &base) {
        return Ok(None);
    }
    let own = own_value(&point, &base);
    let place = |operator: &Operator| operator.place(&point, &base);
    let pairs = |probe: &mut Probe, round: usize| {
        let word = Value::String(probe.word());
        let kinds = [Operator::equals, Operator::one_of, Operator::pattern];
        (place(&kinds[round](&own)), place(&kinds[round](&word)))
    };
    let broken = |probe: &mut Probe| place(&Operator::unknown(&probe.word(), &own));
    let trial = Trial { pairs: &pairs, rounds: ROUNDS, broken: Some(&broken), page: PageIs::True };
    judged(probe, page, &trial).await
}

/// Operators that find what the value does not.
async fn operators_find(probe: &mut Probe, page: &KnownPage) -> Result<Option<Proof>, ProbeStop> {
    let (point, base) = (probe.point().clone(), probe.base().clone());
    if !takes_operators(&point, &base) || !(base.method.is_safe() || is_login(&base)) {
        return Ok(None);
    }
    let points = if is_login(&base) { credentials(&point, &base) } else { vec![point] };
    let place = |operator: &Operator| operator.place_all(&points, &base);
    let pairs = |probe: &mut Probe, round: usize| {
        let word = Value::String(probe.word());
        let any = Value::String(String::new());
        match round {
            0 => (place(&Operator::differs(&word)), place(&Operator::equals(&word))),
            1 => (place(&Operator::none_of(&word)), place(&Operator::one_of(&word))),
            _ => (place(&Operator::begins(&any)), place(&Operator::pattern(&word))),
        }
    };
    let trial = Trial { pairs: &pairs, rounds: ROUNDS, broken: None, page: PageIs::False };
    judged(probe, page, &trial).await
}

/// Conditions in JavaScript (`$where`), after closed quotes or for a number.
async fn scripts(probe: &mut Probe, page: &KnownPage) -> Result<Outcome, ProbeStop> {
    let mut trials = Vec::new();
    if takes_offence(probe, page).await? && page.is_error().is_none() {
        trials.extend(SCRIPTS.map(|context| (context, PageIs::True)));
    }
    if probe.base().method.is_safe() || is_login(probe.base()) {
        trials.push((OR_SCRIPT, PageIs::False));
    }
    for (context, is) in trials {
        let payload = |word: &str, condition: &str| {
            let filled = context.replace('#', word).replace("«c»", condition);
            Ask::Value(filled.replace("«v»", &page.value))
        };
        let pairs = |probe: &mut Probe, round: usize| {
            let (yes, no) = numbered(probe, CONDITIONS[round]);
            let word = probe.word();
            (payload(&word, &yes), payload(&word, &no))
        };
        let broken = |probe: &mut Probe| payload(&probe.word(), "==");
        let trial =
            Trial { pairs: &pairs, rounds: CONDITIONS.len(), broken: Some(&broken), page: is };
        if let Some(proof) = judged(probe, page, &trial).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// An operator with its operand, as JSON and as the end of a parameter's name.
struct Operator {
    json: Value,
    member: String,
    text: String,
}

impl Operator {
    fn new(name: &str, operand: &Value) -> Self {
        Self { json: json!({ name: operand }), member: name.to_owned(), text: text(operand) }
    }

    fn equals(operand: &Value) -> Self {
        Self::new("$eq", operand)
    }

    fn differs(operand: &Value) -> Self {
        Self::new("$ne", operand)
    }

    fn one_of(operand: &Value) -> Self {
        let list = json!([operand]);
        Self { json: json!({ "$in": list }), member: "$in/".to_owned(), text: text(operand) }
    }

    fn none_of(operand: &Value) -> Self {
        let list = json!([operand]);
        Self { json: json!({ "$nin": list }), member: "$nin/".to_owned(), text: text(operand) }
    }

    /// Patterns find texts only; a number is what is neither less nor greater.
    fn pattern(operand: &Value) -> Self {
        match operand {
            Value::Number(_) => Self {
                json: json!({ "$gte": operand, "$lte": operand }),
                member: "$eq".to_owned(),
                text: text(operand),
            },
            _ => Self::new("$regex", &json!(format!("^{}$", regex::escape(&text(operand))))),
        }
    }

    fn begins(operand: &Value) -> Self {
        Self::new("$regex", &json!(format!("^{}", text(operand))))
    }

    fn unknown(name: &str, operand: &Value) -> Self {
        Self::new(&format!("${name}"), operand)
    }

    fn place(&self, point: &InsertionPoint, base: &Request) -> Ask {
        self.place_all(std::slice::from_ref(point), base)
    }

    fn place_all(&self, points: &[InsertionPoint], base: &Request) -> Ask {
        let mut request = base.clone();
        let mut shown = String::new();
        for point in points {
            let placed = point
                .place_json(&request, &self.json)
                .map(|placed| (placed, self.json.to_string()))
                .or_else(|| {
                    let placed = point.place_member(&request, &self.member, &self.text)?;
                    let member = self.member.replace('/', "][");
                    Some((placed, format!("[{member}]={}", self.text)))
                });
            if let Some((placed, what)) = placed {
                (request, shown) = (placed, what);
            }
        }
        Ask::Request(Box::new(request), shown)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn takes_operators(point: &InsertionPoint, base: &Request) -> bool {
    point.is_pair() || point.place_json(base, &Value::Null).is_some()
}

/// The value with the type that it has in JSON.
fn own_value(point: &InsertionPoint, base: &Request) -> Value {
    let body: Option<Value> = serde_json::from_slice(&base.body).ok();
    let own = body.as_ref().and_then(|body| body.pointer(&point.reference.name));
    let own = own.filter(|_| !point.is_pair()).cloned();
    own.unwrap_or_else(|| Value::String(point.value.clone()))
}

/// Whether somebody shows who they are: a field for a secret beside another one.
fn is_login(base: &Request) -> bool {
    let points = insertion_points(base);
    let is_secret = |point: &&InsertionPoint| {
        let name = point.reference.name.to_ascii_lowercase();
        CREDENTIALS[4..].iter().any(|part| name.contains(part))
    };
    base.method.as_str() == "POST"
        && points.len() <= 6
        && points.iter().filter(is_secret).count() == 1
}

/// The point, and the other fields that say who somebody is.
fn credentials(point: &InsertionPoint, base: &Request) -> Vec<InsertionPoint> {
    let mut points = vec![point.clone()];
    points.extend(insertion_points(base).into_iter().filter(|other| {
        let name = other.reference.name.to_ascii_lowercase();
        other != point && CREDENTIALS.iter().any(|part| name.contains(part))
    }));
    points
}
