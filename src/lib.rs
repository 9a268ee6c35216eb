//! Shakedown: load test, security scan and release gate for a web service, in one terminal tool.
//!
//! # Layers
//!
//! Dependencies go downwards only; `tests/it/architecture.rs` holds the table of who may use whom.
//!
//! | layer | modules |
//! |--|--|
//! | 0 | [`model`]: pure data and pure functions that all others speak |
//! | 1 | [`extract`] (values out of responses), [`http`] (one exchange on the wire), [`rules`] (rule files, compiled), [`mod@format`] (report JSON and event lines, both ways) |
//! | 2 | [`flow`] (what a virtual user does), [`plan`] (plan file and flags, resolved) |
//! | 3 | [`load`] and [`scan`] (the engines, which never see each other), [`report`] (renderers), [`ui`] (consumers of events) |
//! | 4 | [`run`] (engines, pump, derivers, gates), [`demo`] (the flawed shop) |
//! | 5 | [`cli`] |
//!
//! # Flow
//!
//! `cli` makes a [`plan::Plan`] in which every default is resolved; a mistake there means that
//! nothing was sent. [`run::run`] starts the engines. They put [`model::Event`]s into one bounded
//! channel; the pump stamps each, folds it into the [`model::Report`], lets the derivers look (kill
//! switch, `abortOnFail`) and hands it to the consumers. Everything learnt is an event, so the
//! event log replays into every output, and a report cut short is the same fold, cut short. The
//! only arrow that goes back is the [`model::StopToken`].
//!
//! # What differs from the first design, and why
//!
//! * `Report`'s fold takes totals with three digits from one event at the end of load
//!   ([`model::LoadTotals`]); until then, and in a log cut short, it is the sum of the windows with
//!   two. Windows of three digits would cost seven times the memory per series.
//! * An unreachable target (86) is weighed before an invalid run (84): where nothing answered,
//!   there is no figure that could be valid.
//! * A closed model is invalid when the loop delay is above a fifth of the median response time
//!   *and above one millisecond*, the tolerance that the open model has; and only after enough
//!   turns of the loop for a p99. Below that it is the machine's scheduler that is judged.
//! * A virtual user's name resolution happens once before the start, so load records no `dns`
//!   phase; the scanner's client does.
//! * `--cacert` also trusts a self-signed server certificate that stands in the file itself.

pub mod cli;
pub mod demo;
pub mod extract;
pub mod flow;
pub mod format;
pub mod http;
pub mod load;
pub mod model;
pub mod plan;
pub mod report;
pub mod rules;
pub mod run;
pub mod scan;
pub mod ui;
