//! The client of everything that sends one request at a time, as the plan wants it.

use std::sync::Arc;

use crate::http::Client;
use crate::http::ClientOptions;
use crate::http::Pacer;
use crate::http::clock::Clock;
use crate::http::tls::TlsError;
use crate::http::tls::TrustPolicy;
use crate::plan::Plan;
use crate::plan::TlsPolicy;

/// What the plan says of connections.
pub(super) fn options(plan: &Plan) -> ClientOptions {
    let connection = &plan.connection;
    ClientOptions {
        timeout: connection.timeout,
        trust: match connection.tls {
            TlsPolicy::Verify => TrustPolicy::Verify,
            TlsPolicy::AcceptAndReport => TrustPolicy::AcceptAndReport,
        },
        ca_files: connection.ca_files.clone(),
        connect_timeout: connection.connect_timeout,
        tls: connection.tls_options.clone(),
        route: connection.route.clone(),
        reuse: connection.reuse,
        headers: connection.headers.clone(),
        max_connections: plan.scan.as_ref().map_or(1, |scan| scan.concurrency),
        ..ClientOptions::default()
    }
}

/// A client within the plan's scope and rates.
///
/// # Errors
/// Certificates or keys that cannot be used.
pub(super) fn client(
    plan: &Plan,
    options: ClientOptions,
    clock: Clock,
) -> Result<Client, TlsError> {
    let scan_rps = plan.scan.as_ref().map(|scan| scan.max_rps);
    let max_rps = match (scan_rps, plan.limits.max_rps) {
        (Some(scan), Some(all)) => Some(scan.min(all)),
        (one, other) => one.or(other),
    };
    Client::new(Arc::new(plan.scope.clone()), options, Pacer::new(max_rps, clock), clock)
}
