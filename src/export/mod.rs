//! Figures and traces for others, while the run goes on: OpenTelemetry and Prometheus.
//!
//! Windows of load are added up here (`figures`), and a task for each place takes what there is at
//! its own pace (`exporters`), writes it as the place wants it (`otlp`, `prometheus`) and sends it
//! (`delivery`). The pump never waits for any of them: a place that is slow or gone gets figures
//! later, or not at all, which is counted and told at the end. Warm-ups are left out, as in the
//! report.

mod buckets;
mod delivery;
mod exporters;
mod figures;
mod otlp;
mod prometheus;

pub use exporters::Exporters;
pub use exporters::Gatherer;
