//! Files that GitLab's merge-request widgets and dashboards read.

mod dast;
mod load;
mod metrics;

pub(super) use dast::dast;
pub(super) use load::load;
pub(super) use metrics::metrics;
