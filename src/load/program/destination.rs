//! Where connections go: addresses, TLS and proxies, found once before the start.

use rustls::pki_types::ServerName;

use super::carriage::Carriage;
use super::prepare::Prepared;
use crate::http::h3::QuicSetup;
use crate::http::route::Way;
use crate::http::tls;
use crate::http::tls::HTTP_1_1;
use crate::http::tls::HTTP_2;
use crate::http::tls::TlsSetup;
use crate::http::tls::TrustPolicy;
use crate::load::error::LoadError;
use crate::load::redirect::RedirectRules;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Origin;
use crate::model::Scheme;
use crate::plan::Plan;
use crate::plan::TlsPolicy;

/// Where connections go.
#[derive(Debug)]
pub(in crate::load) struct Destination {
    pub(in crate::load) way: Way,
    pub(in crate::load) tls: Option<(TlsSetup, ServerName<'static>)>,
    /// Of HTTP/3 alone, which has its TLS in there.
    pub(in crate::load) quic: Option<Box<QuicSetup>>,
    /// Of the way to a proxy that is spoken to over TLS, and the name its certificate must show.
    pub(in crate::load) proxy_tls: Option<(TlsSetup, ServerName<'static>)>,
    pub(in crate::load) carriage: Carriage,
}

impl Destination {
    /// An error of TLS on the way to the proxy.
    pub(in crate::load) fn proxy_failure(&self, error: &rustls::Error) -> Failure {
        match self.way.via.proxy() {
            Some(proxy) => tls::proxy_failure(proxy, error),
            None => tls::failure(error),
        }
    }
}

/// Destinations met so far.
pub(super) struct Origins<'a> {
    plan: &'a Plan,
    known: Vec<(Origin, Carriage)>,
    destinations: Vec<Destination>,
}

impl<'a> Origins<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, known: Vec::new(), destinations: Vec::new() }
    }

    pub(super) fn into_destinations(self) -> Vec<Destination> {
        self.destinations
    }

    /// Names are resolved once per run, before it starts: resolution blocks, and a resolver that
    /// fails in mid-run is not what is measured.
    pub(super) fn index_of(
        &mut self,
        origin: &Origin,
        carriage: Carriage,
    ) -> Result<u32, LoadError> {
        let number = |index| u32::try_from(index).expect("fewer origins than 2^32");
        let is_it = |(known, how): &(Origin, Carriage)| known == origin && *how == carriage;
        if let Some(index) = self.known.iter().position(is_it) {
            return Ok(number(index));
        }
        let error = |source| LoadError::Address { host: origin.host.clone(), source };
        let scope = &self.plan.scope;
        let way = Way::find_blocking(origin, &self.plan.connection.route, scope).map_err(error)?;
        let way = match carriage {
            Carriage::Http3 { .. } => way.over_udp(),
            Carriage::Alone | Carriage::Http2 { .. } | Carriage::Pipeline { .. } => way,
        };
        let mut quic = None;
        let tls = match origin.scheme {
            Scheme::Http if matches!(carriage, Carriage::Http3 { .. }) => {
                let detail = "HTTP/3 exists with TLS only: this is http://";
                return Err(error(Failure::new(FailureClass::Protocol, detail)));
            }
            Scheme::Http => None,
            Scheme::Https => {
                let setup = self.tls_setup()?;
                let setup = match carriage {
                    Carriage::Http2 { .. } => setup.offering(&[HTTP_2]),
                    // QUIC offers its own.
                    Carriage::Alone | Carriage::Http3 { .. } | Carriage::Pipeline { .. } => setup,
                };
                let name = setup.server_name(&origin.host).map_err(error)?;
                if matches!(carriage, Carriage::Http3 { .. }) {
                    quic = Some(Box::new(QuicSetup::new(&setup, &name)));
                }
                Some((setup, name))
            }
        };
        let proxy_tls = self.proxy_tls(&way)?;
        self.known.push((origin.clone(), carriage));
        self.destinations.push(Destination { way, tls, quic, proxy_tls, carriage });
        Ok(number(self.known.len() - 1))
    }

    /// What hops are made with: each speaks what the request before it does. Every origin in scope
    /// may be one's; what cannot be reached there is a failure of the redirect that leads there, and
    /// none of the plan.
    pub(super) fn redirects(
        &mut self,
        requests: &[Prepared],
        logs_in: bool,
    ) -> Option<Box<RedirectRules>> {
        let plan = self.plan;
        if !logs_in && requests.iter().all(|request| request.redirects == 0) {
            return None;
        }
        let mut carriages = vec![Carriage::of(plan.connection.protocol)];
        for request in requests.iter().filter(|request| request.redirects > 0) {
            if !carriages.contains(&request.carriage) {
                carriages.push(request.carriage);
            }
        }
        for carriage in carriages {
            for origin in plan.scope.origins() {
                let _ = self.index_of(origin, carriage);
            }
        }
        Some(Box::new(RedirectRules {
            scope: plan.scope.clone(),
            origins: self.known.clone(),
            headers: plan.connection.headers.clone(),
            route: plan.connection.route.clone(),
        }))
    }

    /// For a way through a proxy that is spoken to over TLS.
    fn proxy_tls(&self, way: &Way) -> Result<Option<(TlsSetup, ServerName<'static>)>, LoadError> {
        let made = self.destinations.iter().find_map(|known| known.proxy_tls.clone());
        let Some(proxy) = way.via.proxy().filter(|_| made.is_none()) else { return Ok(made) };
        let connection = &self.plan.connection;
        let setup = TlsSetup::for_proxy(Some(proxy), &connection.ca_files, &connection.tls_options);
        let Some(setup) = setup.map_err(LoadError::Tls)? else { return Ok(None) };
        let error = |source| LoadError::Address { host: proxy.host.clone(), source };
        let name = setup.server_name(&proxy.host).map_err(error)?;
        Ok(Some((setup, name)))
    }

    /// One setup for all: sessions are resumed, and root certificates read once.
    fn tls_setup(&self) -> Result<TlsSetup, LoadError> {
        let made = self.destinations.iter().find_map(|destination| destination.tls.as_ref());
        if let Some((setup, _)) = made {
            return Ok(setup.clone());
        }
        let connection = &self.plan.connection;
        let policy = match connection.tls {
            TlsPolicy::Verify => TrustPolicy::Verify,
            TlsPolicy::AcceptAndReport => TrustPolicy::AcceptAndReport,
        };
        TlsSetup::new(policy, &connection.ca_files, &connection.tls_options, &[HTTP_1_1])
            .map_err(LoadError::Tls)
    }
}
