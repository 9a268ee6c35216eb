//! The client of everything that sends one request at a time, as the plan wants it.

use std::sync::Arc;
use std::time::Duration;

use crate::http::Client;
use crate::http::ClientOptions;
use crate::http::Pacer;
use crate::http::clock::Clock;
use crate::http::tls::TlsError;
use crate::http::tls::TrustPolicy;
use crate::model::Scope;
use crate::model::TlsOptions;
use crate::plan::Plan;
use crate::plan::TlsPolicy;

/// For one exchange with a server that is not under test.
const TIMEOUT_BESIDE: Duration = Duration::from_secs(10);

/// Bytes of an answer of such a server.
const MAX_BODY_BESIDE: usize = 16 << 20;

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
        known: connection.protocol.version(),
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

/// A client for a server that is not under test: by the plan's way out, but with nothing of what the
/// plan sends to its targets, and never past a bad certificate.
///
/// # Errors
/// Certificates that cannot be used.
pub(super) fn beside(plan: &Plan, scope: Scope, clock: Clock) -> Result<Client, TlsError> {
    let options = ClientOptions {
        timeout: TIMEOUT_BESIDE,
        trust: TrustPolicy::Verify,
        tls: TlsOptions {
            identity: None,
            server_name: None,
            ..plan.connection.tls_options.clone()
        },
        headers: Vec::new(),
        max_body: MAX_BODY_BESIDE,
        ..options(plan)
    };
    Client::new(Arc::new(scope), options, Pacer::new(None, clock), clock)
}
