//! The consumer: which line is due when, and the bar below them.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ratatui::crossterm::style::force_color_output;

use super::lines;
use super::lines::Paint;
use crate::model::Event;
use crate::model::Finding;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::Severity;
use crate::model::Stamped;
use crate::ui::consumer::Consumer;
use crate::ui::progress::PartClock;
use crate::ui::progress::Progress;
use crate::ui::story::Story;

/// Run time between two lines of progress where there is no bar.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// Steps of the bar.
const STEPS: u64 = 1000;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Only warnings and errors.
    Warnings,
    /// Findings and progress too.
    Usual,
    /// Everything that is learnt, with its time.
    Everything,
}

/// How much is said, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainOptions {
    /// Severities and levels in colour.
    pub colour: bool,
    /// How much.
    pub talk: Talk,
    /// The bar may use characters outside ASCII.
    pub unicode: bool,
}

/// Says what happens, line by line. Progress goes by the events' time, not by a clock.
pub struct Plain {
    out: Box<dyn Write + Send>,
    bar: Option<Bar>,
    paint: Paint,
    talk: Talk,
    story: Story,
    clock: PartClock,
    /// A finding is said once, however often its occurrences grow.
    said: BTreeSet<String>,
    next_line: Duration,
    error: Option<io::Error>,
}

impl Plain {
    /// For a terminal: lines on standard error, a bar below them.
    pub fn on_terminal(options: PlainOptions) -> Self {
        let bar = (options.talk != Talk::Warnings).then(|| Bar::new(options));
        Self { bar, ..Self::to(Box::new(io::stderr()), options) }
    }

    /// For anything else: a line of progress every five seconds of run time, findings from medium.
    pub fn to(out: Box<dyn Write + Send>, options: PlainOptions) -> Self {
        if options.colour {
            // Whoever set the option has weighed `NO_COLOR` already.
            force_color_output(true);
        }
        Self {
            out,
            bar: None,
            paint: Paint(options.colour),
            talk: options.talk,
            story: Story::default(),
            clock: PartClock::default(),
            said: BTreeSet::new(),
            next_line: BETWEEN_LINES,
            error: None,
        }
    }

    fn say_finding(&mut self, finding: &Finding) {
        let least = if self.bar.is_some() { Severity::Info } else { Severity::Medium };
        let wanted = self.talk == Talk::Usual && finding.severity >= least;
        let is_said = finding.places().any(|(_, own)| self.said.contains(own));
        if wanted && !is_said {
            self.said.insert(finding.fingerprint.clone());
            self.say(&lines::finding(finding, self.paint));
        }
    }

    /// Moves the bar, or says where the run stands if a line is due.
    fn progress(&mut self, at: Duration, report: &Report) {
        if let Some(bar) = &mut self.bar {
            bar.show(report, self.clock);
            return;
        }
        if self.talk == Talk::Warnings || at < self.next_line {
            return;
        }
        if let Some(line) = lines::standing(report, self.clock) {
            self.next_line = at + BETWEEN_LINES;
            self.say(&line);
        }
    }

    /// Writes a line above the bar; after the first error nothing more.
    fn say(&mut self, line: &str) {
        if self.error.is_some() {
            return;
        }
        let out = &mut self.out;
        let mut write = || writeln!(out, "{line}").and_then(|()| out.flush());
        let written = match &self.bar {
            Some(bar) => bar.shown.suspend(write),
            None => write(),
        };
        self.error = written.err();
    }
}

impl Consumer for Plain {
    fn on_event(&mut self, stamped: &Stamped, report: &Report) {
        self.clock.take(stamped);
        if self.talk == Talk::Everything {
            self.tell(stamped, report);
        } else {
            self.say_event(&stamped.event);
        }
        self.progress(stamped.at, report);
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(bar) = self.bar.take() {
            bar.shown.finish_and_clear();
        }
        self.error.take().map_or(Ok(()), Err)
    }
}

impl Plain {
    /// Everything of an event, each sentence with its time.
    fn tell(&mut self, stamped: &Stamped, report: &Report) {
        let mut told = self.story.told(&stamped.event, report);
        told.extend(self.story.told_of_operation(&stamped.event));
        for (level, text) in told {
            self.say(&lines::timed(stamped.at, level, &text, self.paint));
        }
    }

    /// What of an event is said without being asked for.
    fn say_event(&mut self, event: &Event) {
        match event {
            Event::Notice(notice) => {
                if self.talk != Talk::Warnings || notice.level > NoticeLevel::Info {
                    self.say(&lines::notice(notice.level, &notice.text, self.paint));
                }
            }
            Event::LoadChanged(change) if !change.is_own() => {
                let text = change.to_string();
                self.say(&lines::notice(NoticeLevel::Warning, &text, self.paint));
            }
            Event::Stopping(reason) => self.say(&lines::stopping(reason, self.paint)),
            Event::Finding(finding) => self.say_finding(finding),
            Event::RunStarted(_)
            | Event::PhaseStarted(_)
            | Event::PhaseFinished(_)
            | Event::LoadDeclared { .. }
            | Event::LoadWindow(_)
            | Event::LoadChanged(_)
            | Event::LoadFinished(_)
            | Event::ScanWindow(_)
            | Event::Operation(_)
            | Event::OperationMerged { .. }
            | Event::UrlFound(_)
            | Event::TemplateResult(_)
            | Event::TemplatesLoaded(_)
            | Event::TemplatesFinished(_)
            | Event::SiteNode(_)
            | Event::CrawlFinished { .. }
            | Event::RuleDeclared(_)
            | Event::RuleFinished(_)
            | Event::AccessMatrix(_)
            | Event::ScanFailure { .. }
            | Event::Session(_)
            | Event::Validity(_)
            | Event::Capacity(_)
            | Event::Comparison(_)
            | Event::Bottlenecks(_)
            | Event::Thresholds(_)
            | Event::Verdict(_) => {}
        }
    }
}

/// A bar while the end is known, a spinner while it is not.
struct Bar {
    shown: ProgressBar,
    known: ProgressStyle,
    unknown: ProgressStyle,
    shows_known: bool,
}

impl Bar {
    fn new(options: PlainOptions) -> Self {
        let style = |template| ProgressStyle::with_template(template).expect("a constant template");
        let known = style(if options.colour {
            "{bar:20.green} {percent:>3}% {wide_msg}"
        } else {
            "{bar:20} {percent:>3}% {wide_msg}"
        });
        let known = known.progress_chars(if options.unicode { "█░" } else { "#-" });
        let unknown = style("{spinner} {wide_msg}").tick_chars("-\\|/ ");
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
        bar.set_style(unknown.clone());
        Self { shown: bar, known, unknown, shows_known: false }
    }

    fn show(&mut self, report: &Report, clock: PartClock) {
        let Some(text) = lines::standing(report, clock) else { return };
        let fraction = Progress::of(report, clock).fraction;
        if self.shows_known != fraction.is_some() {
            self.shows_known = fraction.is_some();
            let style = if self.shows_known { &self.known } else { &self.unknown };
            self.shown.set_style(style.clone());
        }
        self.shown.set_message(text);
        match fraction {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a fraction is in 0..=1"
            )]
            Some(fraction) => self.shown.set_position((fraction * STEPS as f64) as u64),
            None => self.shown.tick(),
        }
    }
}
