//! Path traversal: a value names a file, and leads out of the directory that it is meant for.
//!
//! A probe may be a write: what opens the name that it is given for writing would empty a file that
//! is there. So the first questions name what exists anyway, or what cannot be written:
//!
//! 1. The own file by another way (`a/./b.txt`) gives the same page, a random name does not: the
//!    value is a path, and it is read.
//! 2. Files of the kernel, which nobody can write, where the name or the value promises a file.
//! 3. Only after the first: a file that all may read. Its contents, those of a second one, and nothing
//!    of the kind for a random name prove it.
//! 4. Where contents are not shown: directories that are on every Unix, or files of its kernel, are
//!    answered one way and absent ones another, all as long, with the same last name and the same words,
//!    twice. Nobody can open those for writing, nor make a file in a directory that does not exist.
//!
//! Cost at a clean point: 3 requests; where the name promises a file, about 10.

use super::file_like::extension;
use super::file_like::is_file_like;
use super::file_like::is_url;
use super::file_like::split;
use super::well_known::KERNEL;
use super::well_known::Pair;
use super::well_known::UNIX;
use super::well_known::WINDOWS;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::Strength;

/// Spellings of a file that stands at the root, `{f}` its path from there, `{d}` the directory of the
/// own value, `{e}` its extension. The later ones get past filters: of `../` once, of what was
/// decoded once, of a name that must begin or end as expected.
const SPELLINGS: [(&str, Depth); 12] = [
    ("../../../../../../../../{f}", Depth::Usual),
    ("/{f}", Depth::Usual),
    ("{d}../../../../../../../../{f}", Depth::Usual),
    ("../../../../../../../../{f}\0{e}", Depth::Usual),
    ("....//....//....//....//....//....//....//....//{f}", Depth::More),
    ("..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f{f}", Depth::More),
    ("file:///{f}", Depth::More),
    ("..\\..\\..\\..\\..\\..\\..\\..\\{f}", Depth::Most),
    ("..././..././..././..././..././..././..././..././{f}", Depth::Most),
    ("..%252f..%252f..%252f..%252f..%252f..%252f..%252f..%252f{f}", Depth::Most),
    ("..%c0%af..%c0%af..%c0%af..%c0%af..%c0%af..%c0%af..%c0%af..%c0%af{f}", Depth::Most),
    ("C:\\{f}", Depth::Most),
];

/// The strength from which something is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    Usual,
    More,
    Most,
}

/// Directories of every Unix, files of its kernel, and what stands for them where they are absent: `#`
/// is a random letter. Both are equally long, have the same last name, and the same words in them.
const DIRECTORIES: Names = [("././etc", "./#/etc"), ("usr/./lib", "usr/#/lib")];
const KERNEL_FILES: Names =
    [("proc/./version", "proc/#/version"), ("./proc/meminfo", "#/proc/meminfo")];

type Names = [(&'static str, &'static str); 2];

/// Steps up, at least; some more are added by chance.
const UP: usize = 8;

/// See the module.
pub(crate) struct PathTraversal;

impl PointCheck for PathTraversal {
    fn id(&self) -> &'static str {
        "path-traversal"
    }

    fn root_cause(&self) -> &'static str {
        "path"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        let is_name = matches!(
            point.reference.kind,
            InsertionKind::ParameterName | InsertionKind::RawQuery | InsertionKind::HeaderName
        );
        !is_name && (!point.value.is_empty() || is_file_like(point))
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let value = probe.point().value.clone();
    let page = KnownPage::at(probe, &value).await?;
    let is_read = match &page {
        Some(page) if !value.is_empty() && page.is_fine() => is_own_file(probe, page).await?,
        Some(_) | None => false,
    };
    let is_promising = is_file_like(probe.point());
    if !is_read && !is_promising && probe.strength() < Strength::High {
        return Ok(Outcome::Clean);
    }
    let pairs: &[&Pair] = if is_read { &[&KERNEL, &UNIX, &WINDOWS] } else { &[&KERNEL] };
    for pair in pairs {
        for spelling in spellings(probe) {
            if let Some(proof) = try_file(probe, page.as_ref(), pair, spelling).await? {
                return Ok(Outcome::Found(Box::new(proof)));
            }
        }
    }
    for names in [&DIRECTORIES, &KERNEL_FILES] {
        if let Some(proof) = told_by_existence(probe, names).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// Whether the value is a path to something that is read: another way to it shows the same, and a
/// random name beside it does not.
async fn is_own_file(probe: &mut Probe, page: &KnownPage) -> Result<bool, ProbeStop> {
    let value = &page.first.value;
    if is_url(value) {
        return Ok(false);
    }
    let (directory, name) = split(value);
    let same = probe.fire(&format!("{directory}./{name}")).await?;
    if !page.shows(&same) {
        return Ok(false);
    }
    let absent = format!("{directory}{}{}", probe.word(), extension(value).unwrap_or_default());
    let absent = probe.fire(&absent).await?;
    Ok(!page.shows(&absent))
}

/// What is tried, as far as it makes sense for the point's value.
fn spellings(probe: &Probe) -> Vec<&'static str> {
    let deepest = match probe.strength() {
        Strength::Low => Depth::Usual,
        Strength::Medium => Depth::More,
        Strength::High => Depth::Most,
    };
    let value = &probe.point().value;
    let fits = |text: &str| {
        (!text.contains("{d}") || !split(value).0.is_empty())
            && (!text.contains("{e}") || extension(value).is_some())
    };
    let deep_enough = SPELLINGS.iter().filter(|(_, depth)| *depth <= deepest);
    deep_enough.map(|(text, _)| *text).filter(|text| fits(text)).collect()
}

fn spelled(spelling: &str, value: &str, file: &str) -> String {
    let file = match spelling {
        _ if spelling.contains('\\') => file.replace('/', "\\"),
        _ if spelling.contains("%252f") => file.replace('/', "%252f"),
        _ if spelling.contains("%2f") => file.replace('/', "%2f"),
        _ => file.to_owned(),
    };
    spelling
        .replace("{f}", &file)
        .replace("{d}", split(value).0)
        .replace("{e}", extension(value).unwrap_or_default())
}

async fn try_file(
    probe: &mut Probe,
    page: Option<&KnownPage>,
    pair: &Pair,
    spelling: &str,
) -> Result<Option<Proof>, ProbeStop> {
    let value = probe.point().value.clone();
    let attack = probe.fire(&spelled(spelling, &value, pair.files[0])).await?;
    let Some(mark) = pair.find(0, &attack) else { return Ok(None) };
    if page.is_some_and(|page| pair.is_in(&page.first)) {
        return Ok(None);
    }
    let replay = probe.fire(&spelled(spelling, &value, pair.files[1])).await?;
    let Some(replay_mark) = pair.find(1, &replay) else { return Ok(None) };
    let (directory, _) = split(pair.files[0]);
    let absent = format!("{directory}{}", probe.word());
    let control = probe.fire(&spelled(spelling, &value, &absent)).await?;
    if pair.is_in(&control) {
        return Ok(None);
    }
    let detail = format!(
        "`{}` is answered with the contents of /{}, `{}` with those of /{}, and `{}` with neither",
        attack.value, pair.files[0], replay.value, pair.files[1], control.value
    );
    let payloads = [&attack, &replay, &control].map(|shot| shot.value.clone()).to_vec();
    let (mark, replay_mark) = (attack.in_body(mark), replay.in_body(replay_mark));
    let mut exhibits: Vec<_> = page
        .map(|page| Exhibit::new(EvidenceRole::Baseline, page.first.clone()))
        .into_iter()
        .collect();
    exhibits.push(Exhibit::marked(EvidenceRole::Attack, attack, Some(mark)));
    exhibits.push(Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)));
    exhibits.push(Exhibit::new(EvidenceRole::Control, control));
    Ok(Some(Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads }))
}

/// What exists, and what does not.
struct Round {
    real: Shot,
    absent: Shot,
}

/// What is there tells where contents do not.
async fn told_by_existence(probe: &mut Probe, names: &Names) -> Result<Option<Proof>, ProbeStop> {
    let page = |one: &Shot, other: &Shot| KnownPage::of(&[one.clone(), other.clone()]);
    let first = round(probe, names[0]).await?;
    if page(&first.real, &first.real).is_none_or(|page| page.shows(&first.absent)) {
        return Ok(None);
    }
    let second = round(probe, names[1]).await?;
    let real = page(&first.real, &second.real);
    let (Some(real), Some(absent)) = (real, page(&first.absent, &second.absent)) else {
        return Ok(None);
    };
    let again = [round(probe, names[0]).await?, round(probe, names[1]).await?];
    let told = [&first, &second].into_iter().chain(&again).all(|round| {
        let is_told = real.shows(&round.real) && absent.shows(&round.absent);
        is_told && !real.shows(&round.absent) && !absent.shows(&round.real)
    });
    Ok(told.then(|| existence_proof(&first, &second)))
}

async fn round(probe: &mut Probe, (real, absent): (&str, &str)) -> Result<Round, ProbeStop> {
    let letter = probe.word()[..1].to_owned();
    let up = "../".repeat(UP + probe.number() as usize % 4);
    let absent = absent.replace('#', &letter);
    let mut questions = [(format!("{up}{real}"), true), (format!("{up}{absent}"), false)];
    probe.shuffle(&mut questions);
    let [(first, is_real), (second, _)] = questions;
    let (first, second) = (probe.fire(&first).await?, probe.fire(&second).await?);
    Ok(if is_real {
        Round { real: first, absent: second }
    } else {
        Round { real: second, absent: first }
    })
}

fn existence_proof(first: &Round, second: &Round) -> Proof {
    let detail = format!(
        "`{}` and `{}`, which are on every Unix, are answered alike, `{}` and `{}` otherwise, twice \
         in random order: the value leads out of its directory",
        first.real.value, second.real.value, first.absent.value, second.absent.value
    );
    let shots = [&first.real, &second.real, &first.absent, &second.absent];
    Proof {
        confidence: Confidence::Firm,
        detail,
        payloads: shots.map(|shot| shot.value.clone()).to_vec(),
        exhibits: vec![
            Exhibit::new(EvidenceRole::Attack, first.real.clone()),
            Exhibit::new(EvidenceRole::Control, first.absent.clone()),
            Exhibit::new(EvidenceRole::Replay, second.real.clone()),
            Exhibit::new(EvidenceRole::Control, second.absent.clone()),
        ],
    }
}
