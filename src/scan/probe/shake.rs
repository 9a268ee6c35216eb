//! Handshakes of checks of the whole site.

use rand::RngExt as _;

use super::ProbeStop;
use super::SiteProbe;
use crate::http::tls::own::Offer;
use crate::http::tls::own::Reply;
use crate::http::tls::own::Version;
use crate::model::CertificateReport;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Scheme;

/// Origins that hands are shaken with.
const MAX_ORIGINS: usize = 3;

impl SiteProbe {
    /// The start of every origin that is spoken to over TLS, in the order of the site.
    pub(crate) fn secured(&self) -> Vec<Request> {
        let site = self.site();
        let mut origins: Vec<Origin> = Vec::new();
        for node in site.nodes() {
            let origin = &node.examples[0].origin;
            if origin.scheme == Scheme::Https && !origins.contains(origin) {
                origins.push(origin.clone());
            }
        }
        origins.into_iter().take(MAX_ORIGINS).map(|origin| Request::get(origin, "/")).collect()
    }

    /// Origins in scope that are spoken to without TLS.
    pub(crate) fn unsecured(&self) -> Vec<Origin> {
        let origins = self.sending().means().traffic.scope().origins().iter();
        origins.filter(|origin| origin.scheme == Scheme::Http).cloned().collect()
    }

    /// What an origin answers to an offer of TLS, with other random bytes each time.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, no connection.
    pub(crate) async fn offer(
        &mut self,
        origin: &Origin,
        version: Version,
        suites: &[u16],
    ) -> Result<Reply, ProbeStop> {
        self.may_shake()?;
        let random: [u8; 32] = self.sender().random().random();
        let offer = Offer { version, suites: suites.to_vec(), random, server_name: None };
        let traffic = self.sending().means().traffic.clone();
        traffic.offer(origin, &offer).await.map_err(ProbeStop::Failed)
    }

    /// Whom an origin shows itself as.
    ///
    /// # Errors
    /// As [`Self::offer`].
    pub(crate) async fn certificate(
        &mut self,
        origin: &Origin,
    ) -> Result<Option<CertificateReport>, ProbeStop> {
        self.may_shake()?;
        let traffic = self.sending().means().traffic.clone();
        traffic.certificate(origin).await.map_err(ProbeStop::Failed)
    }

    fn may_shake(&mut self) -> Result<(), ProbeStop> {
        if self.sending().means().traffic.is_stopping() {
            return Err(ProbeStop::Stopped);
        }
        self.sender().spend()
    }
}
