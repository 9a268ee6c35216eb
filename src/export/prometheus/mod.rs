//! Prometheus remote write, version 1: figures since the run's start, as counters and classic
//! histograms with Prometheus's names.

mod message;
mod send;
mod series;

pub(super) use send::send;
