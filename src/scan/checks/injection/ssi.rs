//! Server-side includes: a directive in the value is carried out.
//!
//! A variable is set and printed (<https://httpd.apache.org/docs/current/mod/mod_include.html>): its value
//! comes to stand between two words where it did not stand. A page that takes comments out brings the words
//! together and nothing between them. Nothing is included and nothing is run.
//!
//! Costs one request at a clean point, two at high strength.

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
pub(crate) struct SsiInjection;

const QUESTIONS: [Question; 2] = [
    Question {
        of: "server-side includes",
        ask: "«l»<!--#set var=\"«n»\" value=\"«m»\" --><!--#echo var=\"«n»\" -->«r»",
        inert: "«l»<!-- set var=\"«n»\" value=\"«m»\" --><!-- echo var=\"«n»\" -->«r»",
        answer: Answer::Word,
    },
    Question {
        of: "edge-side includes",
        ask: "«l»<esi:assign name=\"«n»\" value=\"'«m»'\"/><esi:vars>$(«n»)</esi:vars>«r»",
        inert: "«l»<esi-assign name=\"«n»\" value=\"'«m»'\"/><esi-vars>$(«n»)</esi-vars>«r»",
        answer: Answer::Word,
    },
];

impl PointCheck for SsiInjection {
    fn id(&self) -> &'static str {
        "ssi-injection"
    }

    fn root_cause(&self) -> &'static str {
        "ssi-injection"
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
    let questions = if probe.strength() == Strength::High { 2 } else { 1 };
    for question in &QUESTIONS[..questions] {
        if let Some(proof) = works_out(probe, question, &value).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}
