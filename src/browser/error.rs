//! Why there is no browser, or no answer from one.

use std::path::PathBuf;

/// Why a browser cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is none.
    #[error(
        "no Chromium was found (looked for {} on the path); install it (Debian, Ubuntu: `apt-get \
         install chromium`) or name its program in SHAKEDOWN_BROWSER", .tried.join(", ")
    )]
    Absent {
        /// Names that were looked for.
        tried: Vec<&'static str>,
    },
    /// The user named one that is not there.
    #[error("{} is no program; SHAKEDOWN_BROWSER and CHROME name the browser's", path.display())]
    NoProgram {
        /// As named.
        path: PathBuf,
    },
    /// There is no place for its profile.
    #[error("making a profile for the browser")]
    Profile(#[source] std::io::Error),
    /// It could not be started.
    #[error("starting {}: {source}", program.display())]
    Spawn {
        /// Its program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was started and does not speak.
    #[error("{} does not answer: {cause}{said}", program.display())]
    Mute {
        /// Its program.
        program: PathBuf,
        /// What happened instead.
        cause: CallError,
        /// The end of what it wrote, or nothing.
        said: String,
    },
}

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The browser has ended.
    #[error("the browser has ended")]
    Gone,
    /// The page's process has ended.
    #[error("the page has crashed")]
    Crashed,
    /// No answer within the time.
    #[error("no answer to {method} within {seconds} s")]
    Silent {
        /// What was called.
        method: String,
        /// How long it was waited.
        seconds: u64,
    },
    /// The browser said no.
    #[error("{method}: {message}")]
    Refused {
        /// What was called.
        method: String,
        /// The browser's words.
        message: String,
    },
    /// The answer was too long, or made no sense.
    #[error("the answer to {method} is too long, or none")]
    Unreadable {
        /// What was called.
        method: String,
    },
}
