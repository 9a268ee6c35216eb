//! Expression injection: an expression language of the Java world (EL, `SpEL`, OGNL, MVEL) evaluates the
//! value.
//!
//! Strings have a method there that no other language with this syntax has, and its result can be told
//! beforehand: `hashCode`. Arithmetic in `${…}` alone may be any template engine's and is left to
//! `template-injection`.
//!
//! Costs at a clean point: 3 requests at medium strength, 1 at low, 5 at high.

use super::computed::Answer;
use super::computed::Question;
use super::computed::works_out;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct ExpressionInjection;

/// Most frequent first.
const QUESTIONS: [Question; 5] = [
    Question {
        of: "an expression in `${…}`, `#{…}`, `%{…}` or `*{…}`",
        ask: "«l»${'«m»'.hashCode()}«r»«l»#{'«m»'.hashCode()}«r»«l»%{'«m»'.hashCode()}«r»«l»*{'«m»'.\
              hashCode()}«r»",
        inert: "«l»'«m»'.hashCode()«r»",
        answer: Answer::JavaHash,
    },
    Question {
        of: "the whole value as an expression",
        ask: "'«l»'+'«m»'.hashCode()+'«r»'",
        inert: "«l»'«m»'.hashCode()«r»",
        answer: Answer::JavaHash,
    },
    Question {
        of: "arithmetic in `%{…}` or `*{…}`",
        ask: "«l»%{«a»*«b»}«r»«l»*{«a»*«b»}«r»",
        inert: "«l»(«a»*«b»)«r»",
        answer: Answer::Product,
    },
    Question {
        of: "an expression in `__${…}__`, before a view is looked up",
        ask: "«l»__${'«m»'.hashCode()}__«r»::«n»",
        inert: "«l»'«m»'.hashCode()«r»",
        answer: Answer::JavaHash,
    },
    Question {
        of: "an expression after a closed string",
        ask: "«v»«l»'+'«m»'.hashCode()+'«r»",
        inert: "«v»«l»'«m»'.hashCode()«r»",
        answer: Answer::JavaHash,
    },
];

impl PointCheck for ExpressionInjection {
    fn id(&self) -> &'static str {
        "expression-injection"
    }

    /// What is an expression language's would be found as a template's again.
    fn root_cause(&self) -> &'static str {
        "template-injection"
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
    let questions = match probe.strength() {
        Strength::Low => 1,
        Strength::Medium => 3,
        Strength::High => QUESTIONS.len(),
    };
    for question in &QUESTIONS[..questions] {
        if let Some(proof) = works_out(probe, question, &value).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}
