//! Shakedown: load test, security scan and release gate for a web service, in one terminal tool.
//!
//! # Layers
//!
//! Dependencies go downwards only; `tests/it/architecture.rs` holds the table of who may use whom.
//!
//! | layer | modules |
//! |--|--|
//! | 0 | [`model`]: pure data and pure functions that all others speak |
//! | 1 | [`extract`] (values out of responses), [`http`] (one exchange on the wire), [`browser`] (a Chromium, spoken to through pipes), [`rules`] (rule files, compiled), [`mod@format`] (report JSON and event lines, both ways), [`import`] (foreign descriptions of a service, as a plan), [`insight`] (analyses of reports: bottlenecks, comparison, merge, search for the capacity) |
//! | 2 | [`flow`] (what a virtual user does), [`plan`] (plan file and flags, resolved) |
//! | 3 | [`load`] and [`scan`] (the engines, which never see each other), [`report`] (renderers), [`ui`] (consumers of events), [`stress`] (what shows only under load), [`export`] (figures for OpenTelemetry and Prometheus), [`store`] (past runs) |
//! | 4 | [`run`] (engines, pump, derivers, gates), [`demo`] (the flawed shop) |
//! | 5 | [`cli`] |
//!
//! # Flow
//!
//! `cli` makes a [`plan::Plan`] in which every default is resolved; a mistake there means that
//! nothing was sent. [`run::run`] starts the engines. They put [`model::Event`]s into one bounded
//! channel; the pump stamps each, folds it into the [`model::Report`], lets the derivers look (kill
//! switch, `abortOnFail`) and hands it to the consumers. Everything learnt is an event, so the
//! event log replays into every output, and a report cut short is the same fold, cut short.
//!
//! Two arrows go back: the [`model::StopToken`], which only ever winds down, and
//! [`load::LiveControl`], through which keys and the control socket change rates and users
//! ([`run::Steering`]), and so does the search for the capacity ([`insight::CapacityWatch`]), which
//! also has it leave requests out, to measure the others by themselves. The load's shards look at one number of each per turn and wait for neither.
//!
//! # Protocols
//!
//! Every protocol is a state machine without I/O in [`http`]: bytes and the time go in; events,
//! bytes and the next deadline come out. One readiness loop, in real or in simulated time
//! ([`http::reactor`]), drives them all, so the laws of the load engine hold for each and are
//! tested for each without a clock.
//!
//! | protocol | its state machine | its room in [`load`] |
//! |--|--|--|
//! | HTTP/1.1 | [`http::h1`], our own | a connection alone; pipelining shares one, in `mux` |
//! | HTTP/2 | [`http::h2`], our own | `mux` |
//! | HTTP/3 | [`http::h3`]: the `h3` crate over `quinn-proto`, datagrams in place of bytes | `mux` |
//! | gRPC | [`http::grpc`], on HTTP/2 | `call`, on `mux` |
//! | WebSocket, server-sent events | [`http::ws`] and [`http::sse`], our own | `talk`, a connection alone |
//!
//! What is said in a session or call is compiled by `plan` into scripts of [`flow`]; the rooms in
//! `load` only walk through them. `scan` speaks HTTP/1.1 through [`http::Client`] (and HTTP/2
//! where requests are released at one instant), which shares the
//! codec, TLS and routes.
//!
//! # What differs from the first design, and why
//!
//! * HTTP/2 and HTTP/3 run on no async runtime, not even one per core: a runtime has a clock and a
//!   timer wheel of its own, so schedules would be a millisecond coarse, and simulated time would
//!   end at its border.
//! * Changes of the load by hand do not go through the stop token: all shards must take each at the
//!   same moment and in the same order, where a stop is a level that all reach sooner or later.
//! * `Report`'s fold takes totals with three digits from one event at the end of load
//!   ([`model::LoadTotals`]); until then, and in a log cut short, it is the sum of the windows with
//!   two. Windows of three digits would cost seven times the memory per series.
//! * An unreachable target (86) is weighed before an invalid run (84): where nothing answered,
//!   there is no figure that could be valid.
//! * Whether an open load was late is judged by stretches with five hundred arrivals, not by single
//!   windows: of a second with two hundred the p99 is its second latest, and one hiccup of the machine
//!   made it late.
//! * A closed model is invalid when the loop delay is above a fifth of the median response time
//!   *and above one millisecond*, the tolerance that the open model has; and only after enough
//!   turns of the loop for a p99. Below that it is the machine's scheduler that is judged.
//! * Names are resolved once before the start, whatever the protocol, so load records no `dns`
//!   phase; the scanner's client does.
//! * QUIC has one handshake where TCP and TLS have two: `connect` ends and `tls` begins where the
//!   server's first answer arrives.
//! * `--cacert` also trusts a self-signed server certificate that stands in the file itself.
//! * What is only known at run time (values of responses, rows of data files, values of setup, of a
//!   scenario's `env` and of identities) is one kind of thing, a [`flow::Variable`] with a name; each is
//!   set at the moment at which it is known.
//! * A flow is a flat list of instructions with jumps; `parallel` gives a user helpers, which are users
//!   without a scenario. A driver without helpers does the branches one after the other.
//! * Setup and teardown run on the load engine itself, so that they speak whatever the scenarios speak.
//! * What slow requests have in common is told from single requests ([`model::SampledRequest`]), drawn
//!   evenly by the shards and bounded in number, and not from more histograms: a histogram for each
//!   backend, cache state and part of the server's time, of each endpoint and interval, would cost more
//!   and could not say which of them come together.
//! * `export` is no consumer of events but stands beside them: what it could not deliver has to be told
//!   before the verdict, and no consumer is asked after its last event.
//! * `store` is no consumer of events: a run goes into the history in one piece once its report is
//!   whole, so that `kill -9` leaves no half of one.

pub mod browser;
pub mod cli;
pub mod demo;
pub mod export;
pub mod extract;
pub mod flow;
pub mod format;
pub mod http;
pub mod import;
pub mod insight;
pub mod load;
pub mod model;
pub mod plan;
pub mod report;
pub mod rules;
pub mod run;
pub mod scan;
pub mod store;
pub mod stress;
pub mod ui;
