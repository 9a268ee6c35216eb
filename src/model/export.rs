//! Where the figures of a run are sent while it goes on.

use std::path::PathBuf;
use std::time::Duration;

use super::request::Header;

/// One place that figures are sent to.
#[derive(Debug, Clone, PartialEq)]
pub enum Export {
    /// OpenTelemetry's protocol over HTTP.
    Otlp(OtlpExport),
    /// Prometheus remote write, version 1.
    RemoteWrite(RemoteWriteExport),
}

/// How something gets there.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Sent along: mostly who we are, so that no value of them is shown.
    pub headers: Vec<Header>,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// From one sending to the next.
    pub interval: Duration,
    /// Root certificates beside the platform's (PEM).
    pub ca_file: Option<PathBuf>,
}

/// OTLP over HTTP: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpExport {
    /// Where metrics go: a whole URL.
    pub metrics: String,
    /// Where spans go: a whole URL.
    pub traces: String,
    /// How it is written.
    pub encoding: OtlpEncoding,
    /// How it is packed.
    pub compression: Compression,
    /// What a figure counts from.
    pub temporality: Temporality,
    /// How distributions are told.
    pub histograms: HistogramForm,
    /// Attributes of the resource beside our own, which they go before: `service.name`.
    pub resource: Vec<(String, String)>,
    /// How it gets there.
    pub delivery: Delivery,
}

/// Prometheus remote write: <https://prometheus.io/docs/specs/prw/remote_write_spec/>.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteWriteExport {
    /// A whole URL: `http://127.0.0.1:9090/api/v1/write`.
    pub url: String,
    /// Labels of every series beside our own.
    pub labels: Vec<(String, String)>,
    /// How it gets there.
    pub delivery: Delivery,
}

/// How OTLP is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtlpEncoding {
    /// `http/protobuf`.
    #[default]
    Protobuf,
    /// `http/json`.
    Json,
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// As it is.
    #[default]
    None,
    /// `gzip`.
    Gzip,
}

/// What a counter counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Temporality {
    /// The run's start.
    #[default]
    Cumulative,
    /// The sending before.
    Delta,
}

/// How distributions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HistogramForm {
    /// By fixed bounds.
    #[default]
    Explicit,
    /// By bounds that grow by a factor.
    Exponential,
}

impl OtlpEncoding {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Protobuf, Self::Json];

    /// OpenTelemetry's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Protobuf => "http/protobuf",
            Self::Json => "http/json",
        }
    }
}

impl Compression {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::None, Self::Gzip];

    /// OpenTelemetry's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
        }
    }
}

impl Temporality {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Cumulative, Self::Delta];

    /// OpenTelemetry's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cumulative => "cumulative",
            Self::Delta => "delta",
        }
    }
}

impl HistogramForm {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Explicit, Self::Exponential];

    /// The plan's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Exponential => "exponential",
        }
    }
}

impl Delivery {
    /// Longest wait for an answer, as OpenTelemetry has it.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// From one sending to the next.
    pub const INTERVAL: Duration = Duration::from_secs(5);
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            headers: Vec::new(),
            timeout: Self::TIMEOUT,
            interval: Self::INTERVAL,
            ca_file: None,
        }
    }
}

impl OtlpExport {
    /// To the collector at that address, whose paths for metrics and spans are the usual ones.
    pub fn to(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        Self {
            metrics: format!("{base}/v1/metrics"),
            traces: format!("{base}/v1/traces"),
            encoding: OtlpEncoding::default(),
            compression: Compression::default(),
            temporality: Temporality::default(),
            histograms: HistogramForm::default(),
            resource: Vec::new(),
            delivery: Delivery::default(),
        }
    }
}

impl RemoteWriteExport {
    /// To that URL.
    pub fn to(url: &str) -> Self {
        Self { url: url.to_owned(), labels: Vec::new(), delivery: Delivery::default() }
    }
}

impl Export {
    /// How it gets there.
    pub fn delivery(&self) -> &Delivery {
        match self {
            Self::Otlp(otlp) => &otlp.delivery,
            Self::RemoteWrite(write) => &write.delivery,
        }
    }

    /// The same, to be changed.
    pub fn delivery_mut(&mut self) -> &mut Delivery {
        match self {
            Self::Otlp(otlp) => &mut otlp.delivery,
            Self::RemoteWrite(write) => &mut write.delivery,
        }
    }

    /// Every URL.
    pub fn urls(&self) -> Vec<&str> {
        match self {
            Self::Otlp(otlp) => vec![&otlp.metrics, &otlp.traces],
            Self::RemoteWrite(write) => vec![&write.url],
        }
    }

    /// What must not be shown: values of headers, and the password of an address.
    pub fn secrets(&self) -> Vec<String> {
        let header = |header: &Header| {
            let value = header.text().into_owned();
            let token = value.split_once(' ').map(|(_, token)| token.to_owned());
            [Some(value), token]
        };
        let headers = self.delivery().headers.iter().flat_map(header).flatten();
        let password = |url: &str| {
            let authority = url.split("://").nth(1)?.split(['/', '?', '#']).next()?;
            let (_, password) = authority.rsplit_once('@')?.0.split_once(':')?;
            Some(password.to_owned())
        };
        headers.chain(self.urls().into_iter().filter_map(password)).collect()
    }

    /// Judges the address of a place that figures are sent to.
    ///
    /// # Errors
    /// What it should be.
    pub fn check_url(url: &str) -> Result<(), String> {
        let has_scheme = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
        let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
        if !has_scheme || host.is_none_or(str::is_empty) {
            return Err(format!("`{url}` is no address like http://127.0.0.1:4318"));
        }
        if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("an address has no white space".to_owned());
        }
        Ok(())
    }
}
