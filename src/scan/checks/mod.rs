//! Native checks: one file each. They see `model`, `extract` and `scan::probe`, never a client.

mod db_errors;
mod open_redirect;
mod script_text;
mod sqli_boolean;
mod sqli_error;
mod statement;
mod xss_context;
mod xss_reflected;

use std::sync::Arc;

use super::probe::NativeCheck;

/// Every native check, in the order in which they run at an insertion point.
pub(crate) fn all() -> Vec<Arc<dyn NativeCheck>> {
    vec![
        Arc::new(sqli_error::SqliError),
        Arc::new(sqli_boolean::SqliBoolean),
        Arc::new(xss_reflected::XssReflected),
        Arc::new(open_redirect::OpenRedirect),
    ]
}
