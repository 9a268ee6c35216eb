//! Code injection: a script language evaluates the value.
//!
//! First a text that breaks code of every language, inside and outside of quotes: where the page stays
//! what it is, nothing evaluates it. Else arithmetic, in the ways in which languages put strings together
//! (`.`, `+`, `str()`), after closed quotes and for the value as a whole, is to come back worked out. Where
//! nothing of it is shown, conditions are to be judged ([`super::truth`]).
//!
//! Costs at a clean point: 3 requests; where the page takes offence at the first text 16 at medium strength,
//! 9 at low, 25 at high.

use super::computed::Answer;
use super::computed::Question;
use super::computed::works_out;
use super::truth::Ask;
use super::truth::KnownPage;
use super::truth::PageIs;
use super::truth::Trial;
use super::truth::judged;
use super::truth::known_page;
use super::truth::numbered;
use super::truth::takes_offence;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct CodeInjection;

/// The numbers and words of a question as text.
const INERT: &str = "«v»«l»'(«a»*«b»)'«r»";

/// Most frequent first. Two quotings stand in one value where the one that does not fit is a string.
const QUESTIONS: [(&str, &str); 12] = [
    ("PHP or Perl after a closed string", "«v»«l»'.(«a»*«b»).'«r»«l»\".(«a»*«b»).\"«r»"),
    ("JavaScript or Java after a closed string", "«v»«l»'+(«a»*«b»)+'«r»«l»\"+(«a»*«b»)+\"«r»"),
    ("Python after a closed string", "«v»«l»'+str(«a»*«b»)+'«r»«l»\"+str(«a»*«b»)+\"«r»"),
    ("Python", "'«l»'+str(«a»*«b»)+'«r»'"),
    ("JavaScript or Java", "'«l»'+(«a»*«b»)+'«r»'"),
    ("PHP or Perl", "'«l»'.(«a»*«b»).'«r»'"),
    ("PHP after the end of a statement", "«v»;echo '«l»',«a»*«b»,'«r»';//"),
    ("Perl or Ruby after the end of a statement", "«v»;print('«l»',«a»*«b»,'«r»');#"),
    ("Ruby after a closed string", "«v»«l»'+(«a»*«b»).to_s+'«r»«l»\"+(«a»*«b»).to_s+\"«r»"),
    ("Ruby", "'«l»'+(«a»*«b»).to_s+'«r»'"),
    ("Python, printing", "print('«l»'+str(«a»*«b»)+'«r»')"),
    ("JavaScript after a closed template", "«v»«l»`+(«a»*«b»)+`«r»"),
];

/// Values with a condition `«c»`: true ones evaluate to the value `«v»`, false ones to something else or to an
/// error (`#` is a random word).
const CONDITIONALS: [&str; 10] = [
    "(«v» if «c» else #)",
    "(«c»?«v»:#.#)",
    "«v»;assert «c»",
    "«v»'+('' if «c» else '#')+'",
    "«v»'+(«c»?'':'#')+'",
    "«v»'.(«c»?'':'#').'",
    "«v»\"+(\"\" if «c» else \"#\")+\"",
    "«v»\"+(«c»?\"\":\"#\")+\"",
    "«v»\".(«c»?\"\":\"#\").\"",
    "(«c» and «v» or #())",
];

/// Conditions that all of these languages read alike.
const CONDITIONS: [(&str, &str); 4] = [
    ("{a}=={a}", "{a}=={b}"),
    ("{a}<{b}", "{b}<{a}"),
    ("{a}!={b}", "{a}!={a}"),
    ("{c}>{b}", "{b}>{c}"),
];

impl PointCheck for CodeInjection {
    fn id(&self) -> &'static str {
        "code-injection"
    }

    fn root_cause(&self) -> &'static str {
        "code-injection"
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
    let (questions, conditionals) = match probe.strength() {
        Strength::Low => (6, 0),
        Strength::Medium => (7, 6),
        Strength::High => (QUESTIONS.len(), CONDITIONALS.len()),
    };
    let page = known_page(probe, &value, 2).await?.ok();
    if let Some(page) = &page
        && !takes_offence(probe, page).await?
    {
        return Ok(Outcome::Clean);
    }
    for (of, ask) in &QUESTIONS[..questions] {
        let question = Question { of, ask, inert: INERT, answer: Answer::Product };
        if let Some(proof) = works_out(probe, &question, &value).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    let Some(page) = page.filter(|page| page.is_error().is_none()) else {
        return Ok(Outcome::Clean);
    };
    for form in &CONDITIONALS[..conditionals] {
        if let Some(proof) = conditional(probe, &page, form).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

async fn conditional(
    probe: &mut Probe,
    page: &KnownPage,
    form: &str,
) -> Result<Option<Proof>, ProbeStop> {
    let word = probe.word();
    let template = form.replace('#', &word).replace("«v»", &page.value);
    let payload = |condition: &str| Ask::Value(template.replace("«c»", condition));
    let pairs = |probe: &mut Probe, round: usize| {
        let (yes, no) = numbered(probe, CONDITIONS[round]);
        (payload(&yes), payload(&no))
    };
    let broken = |probe: &mut Probe| payload(&format!("{}==", probe.number()));
    let trial = Trial {
        pairs: &pairs,
        rounds: CONDITIONS.len(),
        broken: Some(&broken),
        page: PageIs::True,
    };
    judged(probe, page, &trial).await
}
