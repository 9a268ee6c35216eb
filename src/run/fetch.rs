//! Fetches a document that the user named by URL. Not for what is under test: that is `http`'s.

use std::sync::Once;
use std::time::Duration;

use crate::model::ExitCode;

/// Documents larger than this are refused.
const MAX_BYTES: usize = 4 << 20;

/// A whole fetch may take this long.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection, no answer, or no end of it.
    #[error("fetching {url}")]
    Request {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Another status than 2xx.
    #[error("fetching {url}: status {status}")]
    Status {
        /// Which.
        url: String,
        /// What came instead.
        status: u16,
    },
    /// Too large.
    #[error("fetching {url}: larger than {} bytes", MAX_BYTES)]
    TooLarge {
        /// Which.
        url: String,
    },
    /// Not text.
    #[error("fetching {url}: not UTF-8")]
    NotText {
        /// Which.
        url: String,
    },
}

impl FetchError {
    /// Unreachable when nobody answered, an invalid plan when the answer is none.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Request { .. } => ExitCode::Unreachable,
            Self::Status { .. } | Self::TooLarge { .. } | Self::NotText { .. } => {
                ExitCode::InvalidPlan
            }
        }
    }
}

/// The text at `url`, at most 4 MiB within 30 s; redirects are not followed.
///
/// # Errors
/// [`FetchError`] with the URL.
pub async fn fetch_document(url: &str) -> Result<String, FetchError> {
    install_crypto();
    let failed = |source| FetchError::Request { url: url.to_owned(), source };
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("shakedown/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(failed)?;
    let mut response = client.get(url).send().await.map_err(failed)?;
    let status = response.status();
    if !status.is_success() {
        return Err(FetchError::Status { url: url.to_owned(), status: status.as_u16() });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLarge { url: url.to_owned() });
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| FetchError::NotText { url: url.to_owned() })
}

/// reqwest is built without a crypto provider, so that there is one in the program: ring.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
