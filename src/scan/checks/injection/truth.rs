//! Whether somebody on the server judges conditions: the one thing that is concluded from pages that
//! differ.
//!
//! Nothing is concluded from one answer. The page must be stable enough to be compared; the questions
//! of one truth must give the page of the unchanged request and those of the other, which differ from
//! them in a word or number only, must not; both several times, with new constants and other operators,
//! in random order; a text that breaks the condition must not give the page either; and at the end the
//! page must still be what it was.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Request;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Likeness;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;

/// Breaks statements, expressions and code inside and outside of both kinds of quotes, also where quotes are
/// taken away.
const BREAK: &str = "'\")(";

/// Something to ask.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// A value at the point.
    Value(String),
    /// A request of another form, and what is special about it.
    Request(Box<Request>, String),
}

impl Ask {
    /// # Errors
    /// As [`Probe::fire`].
    pub(crate) async fn send(self, probe: &mut Probe) -> Result<Shot, ProbeStop> {
        match self {
            Self::Value(value) => probe.fire(&value).await,
            Self::Request(request, value) => probe.ask(*request, &value).await,
        }
    }
}

/// The true and the false question of a round, with new constants.
pub(crate) type Pairs<'a> = dyn Fn(&mut Probe, usize) -> (Ask, Ask) + Sync + 'a;

/// A question that nobody can judge.
pub(crate) type Broken<'a> = dyn Fn(&mut Probe) -> Ask + Sync + 'a;

/// What the unchanged request is answered like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageIs {
    /// It finds what it asks for.
    True,
    /// It finds nothing: a wrong password, a word that nobody wrote.
    False,
}

/// A way of making somebody judge.
pub(crate) struct Trial<'a> {
    pub(crate) pairs: &'a Pairs<'a>,
    /// Kinds of pairs; the first is asked once, the others twice.
    pub(crate) rounds: usize,
    pub(crate) broken: Option<&'a Broken<'a>>,
    pub(crate) page: PageIs,
}

/// The page that the unchanged value gives.
pub(crate) struct KnownPage {
    pub(crate) value: String,
    pub(crate) first: Shot,
    likeness: Likeness,
}

impl KnownPage {
    pub(crate) fn shows(&self, shot: &Shot) -> bool {
        self.likeness.is(&Shape::of(shot.response(), &shot.value, &self.value))
    }
}

/// Whether a text that breaks whatever it becomes a part of changes the page. Where it does not, no condition
/// could.
///
/// # Errors
/// As [`Probe::fire`].
pub(crate) async fn takes_offence(probe: &mut Probe, page: &KnownPage) -> Result<bool, ProbeStop> {
    let broken = probe.fire(&format!("{}{BREAK}", page.value)).await?;
    Ok(!page.shows(&broken))
}

/// Learns the page of a value; why it cannot be compared is said.
///
/// # Errors
/// As [`Probe::fire`].
pub(crate) async fn known_page(
    probe: &mut Probe,
    value: &str,
    fetches: usize,
) -> Result<Result<KnownPage, String>, ProbeStop> {
    let mut shots = Vec::new();
    for _ in 0..fetches {
        shots.push(probe.fire(value).await?);
    }
    Ok(page_of(shots, value))
}

/// The page that several answers to the same value show. An error is one only for a trial whose page is
/// [`PageIs::False`]; others ask [`KnownPage::is_error`].
pub(crate) fn page_of(shots: Vec<Shot>, value: &str) -> Result<KnownPage, String> {
    let shapes: Vec<Shape> =
        shots.iter().map(|shot| Shape::of(shot.response(), value, value)).collect();
    match (Likeness::of(&shapes), shots.into_iter().next()) {
        (Some(likeness), Some(first)) => Ok(KnownPage { value: value.to_owned(), first, likeness }),
        _ => Err("the page changes too much by itself to be compared".to_owned()),
    }
}

impl KnownPage {
    /// Why nothing can be told from the page, if it is an error.
    pub(crate) fn is_error(&self) -> Option<String> {
        let status = self.first.response().status;
        (status >= 400).then(|| format!("the unchanged request is answered with {status}"))
    }
}

/// Asks the pairs of a trial; 2 questions where nobody judges, of which the second is spared where the
/// first one changes the page.
///
/// # Errors
/// As [`Probe::fire`].
pub(crate) async fn judged(
    probe: &mut Probe,
    page: &KnownPage,
    trial: &Trial<'_>,
) -> Result<Option<Proof>, ProbeStop> {
    let (yes, no) = (trial.pairs)(probe, 0);
    // The one that keeps the page first: most often it does not, and the other need not be asked.
    let (like, unlike) = match trial.page {
        PageIs::True => (yes, no),
        PageIs::False => (no, yes),
    };
    let like = like.send(probe).await?;
    if !page.shows(&like) {
        return Ok(None);
    }
    let unlike = unlike.send(probe).await?;
    if page.shows(&unlike) {
        return Ok(None);
    }
    let mut replay = None;
    for round in 1..trial.rounds {
        match judged_again(probe, page, trial, round).await? {
            Some(shots) => replay = replay.or(Some(shots)),
            None => return Ok(None),
        }
    }
    let mut broken = None;
    if let Some(make) = trial.broken {
        let shot = make(probe).send(probe).await?;
        if trial.page == PageIs::True && page.shows(&shot) {
            return Ok(None);
        }
        broken = Some(shot);
    }
    let request = page.first.exchange.request.clone();
    let unchanged = probe.ask(request, &page.value).await?;
    let Some(replay) = replay.filter(|_| page.shows(&unchanged)) else { return Ok(None) };
    let seen = Seen { like, unlike, replay, broken };
    Ok(Some(proof(page, trial, seen)))
}

/// Two questions of each truth in random order; all must tell the same.
async fn judged_again(
    probe: &mut Probe,
    page: &KnownPage,
    trial: &Trial<'_>,
    round: usize,
) -> Result<Option<(Shot, Shot)>, ProbeStop> {
    let mut questions = Vec::new();
    for _ in 0..2 {
        let (yes, no) = (trial.pairs)(probe, round);
        questions.push((yes, trial.page == PageIs::True));
        questions.push((no, trial.page == PageIs::False));
    }
    probe.shuffle(&mut questions);
    let (mut like, mut unlike) = (None, None);
    for (question, keeps) in questions {
        let shot = question.send(probe).await?;
        if page.shows(&shot) != keeps {
            return Ok(None);
        }
        if keeps {
            like = Some(shot);
        } else {
            unlike = Some(shot);
        }
    }
    Ok(like.zip(unlike))
}

/// What a trial brought.
struct Seen {
    like: Shot,
    unlike: Shot,
    replay: (Shot, Shot),
    broken: Option<Shot>,
}

fn proof(page: &KnownPage, trial: &Trial<'_>, seen: Seen) -> Proof {
    let Seen { like, unlike, replay: (replay_like, replay_unlike), broken } = seen;
    let (keeps, changes) = match trial.page {
        PageIs::True => ("true", "false"),
        PageIs::False => ("false", "true"),
    };
    let times = (trial.rounds - 1) * 2 + 1;
    let mut detail = format!(
        "the {keeps} condition `{}` gives the page of `{}`, the {changes} one `{}` another, {times} \
         times each with new constants and operators in random order",
        like.value, page.value, unlike.value
    );
    if let Some(broken) = broken.as_ref().filter(|_| trial.page == PageIs::True) {
        let more = format!(
            "; `{}`, which breaks the condition, does not give the page either",
            broken.value
        );
        detail.push_str(&more);
    }
    let mut exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
        Exhibit::new(EvidenceRole::Attack, unlike),
        Exhibit::new(EvidenceRole::Control, like),
        Exhibit::new(EvidenceRole::Replay, replay_unlike),
        Exhibit::new(EvidenceRole::Control, replay_like),
    ];
    exhibits.extend(broken.map(|shot| Exhibit::new(EvidenceRole::Control, shot)));
    let payloads = exhibits[1..].iter().map(|exhibit| exhibit.value.clone()).collect();
    Proof { confidence: Confidence::Firm, detail, exhibits, payloads }
}

/// Texts with three different numbers for `{a}`, `{b}` and `{c}`, each greater than the one before.
pub(crate) fn numbered(probe: &mut Probe, (yes, no): (&str, &str)) -> (String, String) {
    let a = probe.number();
    let b = a + 1 + probe.number();
    let c = b + 1 + probe.number();
    let fill = |text: &str| {
        text.replace("{a}", &a.to_string())
            .replace("{b}", &b.to_string())
            .replace("{c}", &c.to_string())
    };
    (fill(yes), fill(no))
}
