//! Everything that is wrong with a plan, each at its place and with its cure.

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource};

use super::document::Place;
use super::sources::{Source, Sources};
use crate::model::ExitCode;
use crate::model::Redactor;
use crate::model::inert;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    message: String,
    /// Where; `None` when the file could not be read at all.
    at: Option<Place>,
    /// Other places with the same mistake.
    others: Vec<Place>,
    help: Option<String>,
    kind: ProblemKind,
}

/// Decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// The plan does not make sense.
    Invalid,
    /// It makes sense, and nobody authorised it.
    Refused,
}

impl Problem {
    /// Something wrong with the text at `at`.
    pub(super) fn new(at: Place, message: impl Into<String>) -> Self {
        Self { at: Some(at), ..Self::of_file(message) }
    }

    /// Something wrong with the file as a whole.
    pub(super) fn of_file(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at: None,
            others: Vec::new(),
            help: None,
            kind: ProblemKind::Invalid,
        }
    }

    /// Adds the mistake to `problems`, or its place to one that is the same.
    pub(super) fn told_once(self, problems: &mut Vec<Self>) {
        let is_same = |known: &&mut Self| {
            known.at.is_some() && known.message == self.message && known.help == self.help
        };
        match problems.iter_mut().find(is_same) {
            Some(known) => known.others.extend(self.at),
            None => problems.push(self),
        }
    }

    /// What to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same behind `base` bytes of other texts.
    pub(super) fn shifted(self, base: usize) -> Self {
        let moved = |at: Place| at.start + base..at.end + base;
        let others = self.others.into_iter().map(moved).collect();
        Self { at: self.at.map(moved), others, ..self }
    }

    /// The same without secrets.
    pub(super) fn masked(self, redactor: &Redactor) -> Self {
        let help = self.help.map(|help| redactor.text(&help));
        Self { message: redactor.text(&self.message), help, ..self }
    }

    /// Whether it is about exactly this place.
    pub(super) fn is_at(&self, at: &Place) -> bool {
        self.at.as_ref() == Some(at)
    }

    /// Nobody authorised what the plan asks for.
    pub(super) fn refused(mut self) -> Self {
        self.kind = ProblemKind::Refused;
        self
    }
}

/// Why a plan is not run: every mistake found, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanErrors {
    /// What the plan is made of, made harmless for a terminal without moving a byte.
    sources: Sources,
    problems: Vec<Problem>,
}

impl std::error::Error for PlanErrors {}

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plan {}", self.name())?;
        for (index, problem) in self.problems.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            f.write_str(&inert(&problem.message, 500))?;
        }
        Ok(())
    }
}

/// Beyond these a list of mistakes is noise.
const PROBLEMS_SHOWN: usize = 20;
/// Other places of one mistake.
const PLACES_SHOWN: usize = 5;
/// A longer line is not shown: a plan fetched from elsewhere may be a single line of megabytes.
const LINE_SHOWN: usize = 400;
/// Columns of the rendered messages.
const WIDTH: usize = 100;

impl PlanErrors {
    /// Mistakes in `source`, the text of the plan shown as `name`.
    pub(super) fn new(name: &str, source: &str, problems: Vec<Problem>) -> Self {
        Self::of(&Sources::of_plan(name, source, Path::new("")), problems)
    }

    /// Mistakes in a plan and what it includes.
    pub(super) fn of(sources: &Sources, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.at.as_ref().map(|at| at.start));
        Self { sources: sources.map(|name| inert(name, 200), harmless), problems }
    }

    /// What the plan is called.
    fn name(&self) -> &str {
        self.sources.plan().map_or("", |plan| plan.name.as_str())
    }

    /// 104, or 85 when all that is wrong is that nobody authorised it.
    pub fn exit_code(&self) -> ExitCode {
        if self.problems.iter().all(|problem| problem.kind == ProblemKind::Refused) {
            ExitCode::Refused
        } else {
            ExitCode::InvalidPlan
        }
    }

    /// One line each: `plan.yml:3:7: what is wrong`.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |problem: &Problem| {
            let at = problem.at.as_ref().map(|at| self.sources.shown(at));
            let at = at.unwrap_or_else(|| self.name().to_owned());
            let others = self.others(problem).map(|text| format!(" ({text})"));
            format!("{at}: {}{}", inert(&problem.message, 500), others.unwrap_or_default())
        };
        self.problems.iter().map(line).collect()
    }

    /// `also at plan.yml:5:9, plan.yml:8:3`
    fn others(&self, problem: &Problem) -> Option<String> {
        let others = &problem.others;
        let told: Vec<_> =
            others.iter().take(PLACES_SHOWN).map(|at| self.sources.shown(at)).collect();
        let more = match others.len().saturating_sub(told.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!told.is_empty()).then(|| format!("also at {}{more}", told.join(", ")))
    }

    /// How many mistakes there are; never none.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Every mistake with `file:line:col`, the lines in question, a caret and the cure.
    pub fn render(&self, color: bool) -> String {
        let theme =
            if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_width(WIDTH)
            .with_context_lines(1);
        let mut out = String::new();
        for problem in self.problems.iter().take(PROBLEMS_SHOWN) {
            self.render_problem(problem, &handler, &mut out);
        }
        if let Some(more @ 1..) = self.problems.len().checked_sub(PROBLEMS_SHOWN) {
            writeln!(out, "… and {more} more").expect("writing to a string does not fail");
        }
        out
    }

    fn render_problem(
        &self,
        problem: &Problem,
        handler: &GraphicalReportHandler,
        out: &mut String,
    ) {
        let mut diagnostic = MietteDiagnostic::new(inert(&problem.message, 500));
        let help: Vec<String> = problem.help.iter().cloned().chain(self.others(problem)).collect();
        if !help.is_empty() {
            diagnostic = diagnostic.with_help(help.join("; "));
        }
        let found = problem.at.as_ref().and_then(|at| self.sources.find(at));
        let written = match found {
            Some((source, at)) if is_shown(source, &at) => {
                let report = miette::Report::new(
                    diagnostic.with_label(LabeledSpan::new_primary_with_span(None, at)),
                )
                .with_source_code(NamedSource::new(&source.name, source.text.clone()));
                handler.render_report(out, report.as_ref())
            }
            _ => {
                let place = problem.at.as_ref().map(|at| self.sources.shown(at));
                let place = place.unwrap_or_else(|| self.name().to_owned());
                diagnostic.message = format!("{place}: {}", diagnostic.message);
                handler.render_report(out, &diagnostic)
            }
        };
        written.expect("writing to a string does not fail");
    }
}

/// Whether every line around `at` is short enough to be shown.
fn is_shown(source: &Source, at: &Place) -> bool {
    let (first, _) = source.line_and_column(at.start);
    let (last, _) = source.line_and_column(at.end);
    last - first < 20
        && source
            .text
            .lines()
            .skip(first.saturating_sub(2))
            .take(last - first + 3)
            .all(|line| line.len() <= LINE_SHOWN)
}

/// `text` with every character that a terminal might obey replaced, byte for byte.
fn harmless(text: &str) -> String {
    text.replace('\r', " ")
        .chars()
        .flat_map(|character| {
            let keep = match character {
                '\n' | '\t' | ' '..='~' => true,
                other => {
                    let mut buffer = [0; 4];
                    let text: &str = other.encode_utf8(&mut buffer);
                    !other.is_ascii() && inert(text, 1) == text
                }
            };
            let times = if keep { 1 } else { character.len_utf8() };
            std::iter::repeat_n(if keep { character } else { '?' }, times)
        })
        .collect()
}
