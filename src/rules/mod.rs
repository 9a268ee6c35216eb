//! Rule files, compiled: schema, expressions, matchers, extractors, registry. Pure but for reading
//! rule directories; nothing here sends a request.
//!
//! A rule is a file in the Nuclei template format with two additions: `passive:` judges responses
//! that are there anyway (and those to the paths in `ask`, which a scan with `--active` asks for), and
//! `native:` names a check written in Rust and gives it its metadata.
//! The limit by decree: what needs a comparison of several responses, statistics, state or a parser
//! of its own is a native check; the files grow no loops and no variables.
//!
//! # What expressions and parts can name
//!
//! Nuclei's names: `body`, `header` (= `all_headers`), `all` (body, then headers), `response`
//! (headers, then body), `status_code`, `content_length`, `duration` (seconds), `host`, `request`,
//! every response header in lower snake case (`content_type`; several of one name joined by a
//! space), every cookie set, by its lower-case name. Ours, which no header can override:
//!
//! | name | value |
//! |--|--|
//! | `scheme` `method` `path` `query` | of the request; `query` without the question mark |
//! | `hostname` | of the target, without port and brackets |
//! | `is_html` | the response is an HTML document |
//! | `is_loopback` | the target is this machine |
//! | `csp` | the enforced content security policies, header and `<meta>`, or `""` |
//! | `csp_script_src` `csp_frame_ancestors` | what applies to scripts and framing in all of them, lower case, or `""` |
//! | `item` | in a block with `for-each`: the header line's value |
//! | `cookie_name` `cookie_value` `cookie_domain` `cookie_same_site` | in a block with `for-each: set_cookie`; same-site in lower case; `""` when absent |
//! | `cookie_secure` `cookie_http_only` `cookie_expired` | likewise, true or false |
//!
//! A name that does not exist is an error in an expression (the matcher is then false), and a
//! matcher on a part that does not exist is false, negative or not.

mod compile;
mod compile_block;
mod coverage;
mod csp;
mod docs;
mod dsl;
mod embedded;
mod error;
mod example;
mod extractor;
mod item;
mod matcher;
mod parse;
mod passive;
mod prefilter;
mod registry;
mod schema;
pub mod template;
mod view;

pub use compile::OwnTemplate;
pub use coverage::owasp_coverage;
pub use docs::{json_schema, readme};
pub use dsl::unresolved;
pub use dsl::{Environment, EvalError, Expression, Lookup, ParseError, RenderError, Text, Value};
pub use error::{Fault, RuleError, RuleErrors};
pub use example::{Example, Expectation};
pub use passive::{OncePer, PassiveMatch, PassiveRule};
pub use registry::{Registry, Tested};
pub use view::{Outline, ResponseView};
