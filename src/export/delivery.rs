//! Getting something there: tries again where that may help, within bounds, and keeps count.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use reqwest::header::RETRY_AFTER;

use crate::model::Delivery;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::inert;
use crate::model::plural;

/// Before the second try; each pause is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// No pause is longer, unless the place asks for it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;

/// What is sent.
#[derive(Debug)]
pub(super) struct Parcel<'a> {
    pub(super) url: &'a str,
    pub(super) content_type: &'static str,
    pub(super) content_encoding: Option<&'static str>,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: Vec<u8>,
}

/// What came of all that was sent.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sent: u64,
    lost: u64,
    /// Of what arrived, what the place did not take.
    pub(super) rejected: u64,
    /// Traced requests for which there was no room until they could be sent.
    pub(super) untold: u64,
    /// Why something is missing: the last word on it.
    pub(super) why: Option<String>,
}

/// Carries parcels to one place.
pub(super) struct Courier {
    client: reqwest::Client,
    pub(super) ledger: Ledger,
}

/// A try that failed.
struct Refusal {
    why: String,
    may_retry: bool,
    /// What the place asks for.
    pause: Option<Duration>,
}

impl Courier {
    /// # Errors
    /// A header that cannot be sent, or a certificate that cannot be used.
    pub(super) fn new(delivery: &Delivery) -> Result<Self, String> {
        // An error means that a provider is installed already: there is one in the program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        for header in &delivery.headers {
            let fault = || format!("the header `{}` cannot be sent", inert(&header.name, 80));
            let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| fault())?;
            let mut value = HeaderValue::from_bytes(&header.value).map_err(|_| fault())?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let mut builder = reqwest::Client::builder()
            .timeout(delivery.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .default_headers(headers)
            .user_agent(concat!("shakedown/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &delivery.ca_file {
            let fault = |error: String| format!("{}: {error}", path.display());
            let pem = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
            let found = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| fault(error.to_string()))?;
            builder = builder.tls_certs_merge(found);
        }
        let client = builder.build().map_err(|error| chain(&error))?;
        Ok(Self { client, ledger: Ledger::default() })
    }

    /// Delivers the parcel within `patience`, if it can be done; the answer's type and body.
    pub(super) async fn send(
        &mut self,
        parcel: &Parcel<'_>,
        patience: Duration,
    ) -> Option<(String, Vec<u8>)> {
        self.ledger.sent += 1;
        let Self { client, ledger } = self;
        let mut why = "no answer in time".to_owned();
        let delivered = tokio::time::timeout(patience, async {
            let mut pause = FIRST_PAUSE;
            loop {
                let refusal = match attempt(client, parcel).await {
                    Ok(answer) => return Some(answer),
                    Err(refusal) => refusal,
                };
                why = refusal.why;
                if !refusal.may_retry {
                    return None;
                }
                tokio::time::sleep(refusal.pause.unwrap_or(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        })
        .await;
        let answer = delivered.ok().flatten();
        if answer.is_none() {
            ledger.lost += 1;
            ledger.why = Some(why);
        }
        answer
    }
}

impl Ledger {
    /// Something could not even be tried.
    pub(super) fn give_up(&mut self, why: String) {
        self.sent += 1;
        self.lost += 1;
        self.why = Some(why);
    }

    /// What was on its way when the run was over will not be waited for.
    pub(super) fn cut_off(&mut self) {
        self.lost += 1;
        self.why.get_or_insert_with(|| "no answer before the end of the run".to_owned());
    }

    /// The word on it, where there was something to send; `place` is what it is about.
    pub(super) fn notice(&self, place: &str) -> Option<Notice> {
        if self.sent == 0 {
            return None;
        }
        let sendings = plural(self.sent, "sending", "sendings");
        let faults = [
            (self.lost > 0).then(|| format!("{} of {sendings} not delivered", self.lost)),
            (self.rejected > 0).then(|| {
                let points = plural(self.rejected, "data point", "data points");
                format!("{points} refused")
            }),
            (self.untold > 0).then(|| {
                let requests = plural(self.untold, "traced request", "traced requests");
                format!("{requests} left out")
            }),
        ];
        let faults: Vec<String> = faults.into_iter().flatten().collect();
        if faults.is_empty() {
            let text = format!("export to {place}: {sendings}, all delivered");
            return Some(Notice { level: NoticeLevel::Info, text });
        }
        let why = self.why.as_deref().unwrap_or("no reason was given");
        let (faults, why) = (faults.join(", "), inert(why, 300));
        let text = format!("export to {place}: {faults}; the last: {why}");
        Some(Notice { level: NoticeLevel::Warning, text })
    }
}

async fn attempt(
    client: &reqwest::Client,
    parcel: &Parcel<'_>,
) -> Result<(String, Vec<u8>), Refusal> {
    let mut request =
        client.post(parcel.url).header(CONTENT_TYPE, parcel.content_type).body(parcel.body.clone());
    if let Some(encoding) = parcel.content_encoding {
        request = request.header(CONTENT_ENCODING, encoding);
    }
    for (name, value) in parcel.headers {
        request = request.header(*name, *value);
    }
    // The address may have secrets in it.
    let lost = |error: reqwest::Error| Refusal {
        why: chain(&error.without_url()),
        may_retry: true,
        pause: None,
    };
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    if status.is_success() {
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        return Ok((kind, body(response).await));
    }
    let pause = response.headers().get(RETRY_AFTER);
    let pause = pause.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let said = body(response).await;
    let said = inert(String::from_utf8_lossy(&said).trim(), 200);
    let colon = if said.is_empty() { "" } else { ": " };
    Err(Refusal {
        why: format!("status {}{colon}{said}", status.as_u16()),
        // OTLP's list, and what remote write says of 5xx.
        may_retry: status.as_u16() == 429 || status.is_server_error(),
        pause: pause.map(Duration::from_secs),
    })
}

/// The beginning of an answer; a broken end does not matter.
async fn body(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER {
            bytes.truncate(MAX_ANSWER);
            break;
        }
    }
    bytes
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
