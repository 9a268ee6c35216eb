//! Flags about where figures are sent while a run goes on, and OpenTelemetry's variables for them.

use std::time::Duration;

use clap::Args;

use super::error::CliError;
use super::terminal::environment;
use crate::model::Compression;
use crate::model::Export;
use crate::model::Header;
use crate::model::HistogramForm;
use crate::model::OtlpEncoding;
use crate::model::OtlpExport;
use crate::model::RemoteWriteExport;
use crate::model::Temporality;
use crate::plan::Plan;

/// Where figures are sent.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Export")]
pub(super) struct ExportArgs {
    /// Send load's figures, and spans of traced requests that are kept, to this OpenTelemetry
    /// collector while the run goes on (OTLP over HTTP: /v1/metrics and /v1/traces are added); `env`
    /// takes the address of `OTEL_EXPORTER_OTLP_ENDPOINT`. Headers, timeout, compression, protocol and
    /// the like are those of the other OTEL_* variables. The address is not under test: the scope does
    /// not judge it. A run is not slowed by it and does not fail with it; at its end it waits some
    /// seconds for the last figures at most.
    #[arg(long, value_name = "URL|env")]
    otlp: Option<String>,
    /// A header sent to --otlp, mostly a key; its value is never shown. `OTEL_EXPORTER_OTLP_HEADERS`
    /// keeps it out of the list of processes. May be repeated.
    #[arg(long, value_name = "NAME: VALUE", requires = "otlp")]
    otlp_header: Vec<String>,
    /// Send load's figures to this URL by Prometheus remote write
    /// (`http://127.0.0.1:9090/api/v1/write`). The scope does not judge it either.
    #[arg(long, value_name = "URL", value_parser = address)]
    prometheus_rw: Option<String>,
}

fn address(text: &str) -> Result<String, String> {
    Export::check_url(text).map(|()| text.to_owned())
}

impl ExportArgs {
    /// Adds the places to those of the plan.
    ///
    /// # Errors
    /// [`CliError::Usage`] for an address or a variable that makes no sense.
    pub(super) fn apply(&self, plan: &mut Plan) -> Result<(), CliError> {
        if let Some(base) = &self.otlp {
            let base = (base != "env").then_some(base.as_str());
            let mut otlp = otlp(base, &environment).map_err(CliError::Usage)?;
            otlp.delivery.headers.extend(crate::plan::headers(&self.otlp_header)?);
            plan.exports.push(Export::Otlp(otlp));
        }
        if let Some(url) = &self.prometheus_rw {
            plan.exports.push(Export::RemoteWrite(RemoteWriteExport::to(url)));
        }
        Ok(())
    }

    /// The first of its flags that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let flags =
            [("--otlp", self.otlp.is_some()), ("--prometheus-rw", self.prometheus_rw.is_some())];
        flags.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}

/// The export to `base`, or to where the environment says, as OpenTelemetry's variables have it:
/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.
fn otlp(
    base: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<OtlpExport, String> {
    // An empty one is one that is not set, by the specification.
    let get = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    let of_environment = get("OTEL_EXPORTER_OTLP_ENDPOINT");
    let (metrics, traces) = (
        get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT").filter(|_| base.is_none()),
        get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").filter(|_| base.is_none()),
    );
    let has_both = metrics.is_some() && traces.is_some();
    let address = match (base, of_environment) {
        (Some(base), _) => base.to_owned(),
        (None, Some(base)) => base,
        (None, None) if has_both => "http://localhost:4318".to_owned(),
        (None, None) => {
            return Err("--otlp env: OTEL_EXPORTER_OTLP_ENDPOINT is not set".to_owned());
        }
    };
    let mut otlp = OtlpExport::to(&address);
    otlp.metrics = metrics.unwrap_or(otlp.metrics);
    otlp.traces = traces.unwrap_or(otlp.traces);
    for url in [&otlp.metrics, &otlp.traces] {
        Export::check_url(url).map_err(|error| format!("--otlp: {error}"))?;
    }
    if let Some(text) = get("OTEL_EXPORTER_OTLP_PROTOCOL") {
        otlp.encoding =
            word("OTEL_EXPORTER_OTLP_PROTOCOL", &text, &OtlpEncoding::ALL, OtlpEncoding::as_str)?;
    }
    if let Some(text) = get("OTEL_EXPORTER_OTLP_COMPRESSION") {
        otlp.compression =
            word("OTEL_EXPORTER_OTLP_COMPRESSION", &text, &Compression::ALL, Compression::as_str)?;
    }
    if let Some(text) = get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE") {
        otlp.temporality = match text.to_ascii_lowercase().as_str() {
            "cumulative" => Temporality::Cumulative,
            // Counters and distributions are all that is summed here: both say the same of them.
            "delta" | "lowmemory" => Temporality::Delta,
            _ => {
                return Err(format!(
                    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE is cumulative, delta or \
                     lowmemory, not `{text}`"
                ));
            }
        };
    }
    if let Some(text) = get("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION") {
        otlp.histograms = match text.to_ascii_lowercase().as_str() {
            "explicit_bucket_histogram" => HistogramForm::Explicit,
            "base2_exponential_bucket_histogram" => HistogramForm::Exponential,
            _ => {
                return Err(format!(
                    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION is \
                     explicit_bucket_histogram or base2_exponential_bucket_histogram, not `{text}`"
                ));
            }
        };
    }
    let delivery = &mut otlp.delivery;
    if let Some(text) = get("OTEL_EXPORTER_OTLP_HEADERS") {
        for (name, value) in pairs("OTEL_EXPORTER_OTLP_HEADERS", &text)? {
            if !Header::is_name(&name) || !Header::is_value(&value) {
                return Err(format!("OTEL_EXPORTER_OTLP_HEADERS: `{name}` cannot be sent"));
            }
            delivery.headers.push(Header::new(name, value));
        }
    }
    if let Some(timeout) = millis("OTEL_EXPORTER_OTLP_TIMEOUT", get)? {
        delivery.timeout = timeout;
    }
    if let Some(interval) = millis("OTEL_METRIC_EXPORT_INTERVAL", get)? {
        delivery.interval = interval;
    }
    delivery.ca_file = get("OTEL_EXPORTER_OTLP_CERTIFICATE").map(Into::into);
    if let Some(text) = get("OTEL_RESOURCE_ATTRIBUTES") {
        otlp.resource = pairs("OTEL_RESOURCE_ATTRIBUTES", &text)?;
    }
    if let Some(name) = get("OTEL_SERVICE_NAME") {
        otlp.resource.retain(|(key, _)| key != "service.name");
        otlp.resource.push(("service.name".to_owned(), name));
    }
    Ok(otlp)
}

fn word<T: Copy>(
    variable: &str,
    text: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> Result<T, String> {
    let found = all.iter().copied().find(|one| as_str(*one) == text.trim());
    found.ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|one| as_str(*one)).collect();
        format!("{variable} is one of {} here, not `{text}`", words.join(", "))
    })
}

fn millis(
    variable: &str,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Option<Duration>, String> {
    let Some(text) = get(variable) else { return Ok(None) };
    let number = text.trim().parse::<u64>().ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| format!("{variable} is a number of ms, not `{text}`"))?;
    Ok(Some(Duration::from_millis(number)))
}

/// `key=value,key2=value2`, percent-encoded. What is wrong is not shown: it may be a key.
fn pairs(variable: &str, text: &str) -> Result<Vec<(String, String)>, String> {
    let decoded = |part: &str| {
        percent_encoding::percent_decode_str(part.trim()).decode_utf8().ok().map(Into::into)
    };
    let parts = text.split(',').filter(|part| !part.trim().is_empty());
    let pair = |part: &str| {
        let (key, value) = part.split_once('=')?;
        Some((decoded(key)?, decoded(value)?))
    };
    parts
        .map(|part| pair(part).ok_or_else(|| format!("{variable} is like key=value,key2=value2")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(base: Option<&str>, variables: &[(&str, &str)]) -> Result<OtlpExport, String> {
        otlp(base, &|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_standard_variables_say_how_and_the_flag_says_where() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9999/base/"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x-team = red"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a,deployment.environment=test"),
            ("OTEL_SERVICE_NAME", "b"),
        ];
        let found = of(None, &variables).expect("all of it makes sense");
        assert_eq!(found.metrics, "http://127.0.0.1:9999/base/v1/metrics");
        assert_eq!(found.traces, "http://127.0.0.1:9999/base/v1/traces");
        let headers = &found.delivery.headers;
        assert_eq!(headers, &[Header::new("api-key", "a b"), Header::new("x-team", "red")]);
        assert_eq!(found.delivery.timeout, Duration::from_millis(2500));
        assert_eq!(
            (found.encoding, found.compression, found.temporality),
            (OtlpEncoding::Json, Compression::Gzip, Temporality::Delta)
        );
        let service = ("service.name".to_owned(), "b".to_owned());
        assert!(found.resource.contains(&service) && found.resource.len() == 2);
        let flag = of(Some("http://127.0.0.1:4318"), &variables).expect("the flag is an address");
        assert_eq!(flag.metrics, "http://127.0.0.1:4318/v1/metrics");
        assert_eq!(flag.delivery, found.delivery);
    }

    #[test]
    fn an_address_of_one_signal_is_taken_as_it_is() {
        let variables = [
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://127.0.0.1:1/m"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:2/"),
        ];
        let found = of(None, &variables).expect("both are there");
        assert_eq!(
            (found.metrics.as_str(), found.traces.as_str()),
            ("http://127.0.0.1:1/m", "http://127.0.0.1:2/")
        );
    }

    #[test]
    fn what_makes_no_sense_is_said_without_showing_a_key() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "lz4"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "hunter22hunter22"),
        ] {
            let error = of(Some("http://127.0.0.1:1"), &[(name, value)]).expect_err(name);
            assert!(error.contains(name) && !error.contains("hunter22"), "{error}");
        }
        assert!(of(None, &[]).is_err());
        assert!(of(Some("127.0.0.1:4318"), &[]).is_err());
    }
}
