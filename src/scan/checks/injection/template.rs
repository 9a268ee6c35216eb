//! Template injection: a template engine works out what the value says.
//!
//! One request asks in the syntaxes of several engines where none of them takes offence at another's;
//! engines that do are asked in their own. A syntax that is swallowed, or breaks the page, is worth the
//! questions of engines that cannot multiply.
//!
//! Costs at a clean point: 4 requests at medium strength, 2 at low, 11 at high.

use super::computed::Answer;
use super::computed::Asked;
use super::computed::Question;
use super::computed::ask;
use super::computed::confirmed;
use super::computed::works_out;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct TemplateInjection;

/// What a page that adds up numbers would do too.
const INERT: &str = "«l»(«a»*«b»)«r»";

/// The same after the value, without which some pages show nothing.
const INERT_INSIDE: &str = "«v»«l»(«a»*«b»)«r»";

/// Most frequent first; the first one tells whether braces are swallowed.
const QUESTIONS: [Question; 4] = [
    Question {
        of: "a template's `{{…}}`, `${…}` or `#{…}` (Jinja, Twig, Nunjucks, Pebble; FreeMarker, Mako; \
             Pug)",
        ask: "«l»{{«a»*«b»}}«r»«l»${«a»*«b»}«r»«l»#{«a»*«b»}«r»",
        inert: INERT,
        answer: Answer::Product,
    },
    Question {
        of: "a template's `<%=…%>` or `{…}` (ERB, EJS; Smarty)",
        ask: "«l»<%=«a»*«b»%>«r»«l»{«a»*«b»}«r»",
        inert: INERT,
        answer: Answer::Product,
    },
    Question {
        of: "sections of a template (Mustache, Handlebars)",
        ask: "«l»{{^«n»}}«m»{{/«n»}}{{#«n»}}«n»{{/«n»}}«r»",
        inert: "«l»{^«n»}«m»{/«n»}{#«n»}«n»{/«n»}«r»",
        answer: Answer::Word,
    },
    Question {
        of: "a template's `#set`, `[[${…}]]` or `@(…)` (Velocity, Thymeleaf, Razor)",
        ask: "#set($«n»=«a»*«b»)«l»${«n»}«r»«l»[[${«a»*«b»}]]«r»«l»@(«a»*«b»)«r»",
        inert: INERT,
        answer: Answer::Product,
    },
];

/// Engines with `{{…}}` that do not multiply like the others.
const OTHERS: [Question; 4] = [
    Question {
        of: "a template's `add` filter (Django)",
        ask: "«l»{{«a»|add:«b»}}«r»",
        inert: "«l»(«a»+«b»)«r»",
        answer: Answer::Sum,
    },
    Question {
        of: "a template's `times` filter (Liquid)",
        ask: "«l»{{«a»|times:«b»}}«r»",
        inert: INERT,
        answer: Answer::Product,
    },
    Question {
        of: "a template's `printf` (Go)",
        ask: "«l»{{printf \"%x\" «a»}}«r»",
        inert: "«l»printf %x «a»«r»",
        answer: Answer::Hexadecimal,
    },
    Question {
        of: "a template's `{{=…}}` or `{=…}` (doT, Latte)",
        ask: "«l»{{=«a»*«b»}}«r»«l»{=«a»*«b»}«r»",
        inert: INERT,
        answer: Answer::Product,
    },
];

/// Values inside of an expression or a tag, at high strength.
const INSIDE: [Question; 7] = [
    Question {
        of: "a template after a closed expression",
        ask: "«v»}}«l»{{«a»*«b»}}«r»",
        inert: INERT_INSIDE,
        answer: Answer::Product,
    },
    Question {
        of: "a template after a closed string and expression",
        ask: "«v»'}}«l»{{«a»*«b»}}«r»{{'",
        inert: INERT_INSIDE,
        answer: Answer::Product,
    },
    Question {
        of: "a template after a closed string and expression",
        ask: "«v»\"}}«l»{{«a»*«b»}}«r»{{\"",
        inert: INERT_INSIDE,
        answer: Answer::Product,
    },
    Question {
        of: "a template after a closed string and tag",
        ask: "«v»'%}«l»{{«a»*«b»}}«r»{%set «n»='",
        inert: INERT_INSIDE,
        answer: Answer::Product,
    },
    Question {
        of: "a template after a closed expression",
        ask: "«v»}«l»${«a»*«b»}«r»",
        inert: INERT_INSIDE,
        answer: Answer::Product,
    },
    Question {
        of: "a template after a closed tag",
        ask: "«v»%>«l»<%=«a»*«b»%>«r»",
        inert: INERT_INSIDE,
        answer: Answer::Product,
    },
    Question {
        of: "an expression of a template",
        ask: "'«l»'~(«a»*«b»)~'«r»'",
        inert: INERT,
        answer: Answer::Product,
    },
];

impl PointCheck for TemplateInjection {
    fn id(&self) -> &'static str {
        "template-injection"
    }

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
    let first = ask(probe, &QUESTIONS[0], &value).await?;
    let swallowed = is_swallowed(&first);
    if let Some(proof) = confirmed(probe, &QUESTIONS[0], &value, first).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    let strength = probe.strength();
    let usual = if strength == Strength::Low { &QUESTIONS[1..2] } else { &QUESTIONS[1..] };
    let others: &[Question] = if swallowed { &OTHERS } else { &[] };
    let inside: &[Question] = if strength == Strength::High { &INSIDE } else { &[] };
    for question in usual.iter().chain(others).chain(inside) {
        if let Some(proof) = works_out(probe, question, &value).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// Whether the words came back and the braces did not, or the page broke.
fn is_swallowed(asked: &Asked) -> bool {
    let response = asked.shot.response();
    let body = response.body_text();
    let is_shown = body.contains(&asked.filled.left);
    response.status >= 500
        || is_shown && !["{{", "&#123;", "&lbrace;"].iter().any(|it| body.contains(it))
}
