//! Plan file and flags, resolved: every default filled in, every mistake found before anything is
//! sent. Reads files, sends nothing.

mod accepted;
mod aim;
mod aside;
mod auth;
mod bodies;
mod bound;
mod boundary;
mod bounded;
mod calls;
mod carried;
mod checks;
mod compare;
mod conditions;
mod connection;
mod consistency;
mod css;
mod data;
mod defaults;
mod document;
mod error;
mod examples;
mod executor;
mod executors;
mod extractions;
mod fields;
mod file;
mod flags;
mod flows;
mod forecast;
mod found_form;
mod gates;
mod graphql;
mod groups;
mod include;
mod messages;
mod multipart;
mod names;
mod occurrence;
mod once;
mod one_liner;
mod pairs;
mod print;
mod protocol;
mod protos;
mod reader;
mod requests;
mod resolved;
mod scan;
mod scenarios;
mod schema;
mod secrets;
mod slots;
mod sources;
mod stages;
mod steps;
mod substitute;
mod substitution;
mod tags;
mod targets;
mod templates;
mod types;
mod url_list;

pub use accepted::{Accepted, load_accepted};
pub use aside::AsideForecast;
pub use bound::Prefix;
pub use carried::requests_fit;
pub use connection::{ConnectionFlags, apply_flags};
pub use data::{Data, Feeder, Mode, OnEnd, RowError, Rows};
pub use error::PlanErrors;
pub use executor::{Executor, Late, Spacing, Stage};
pub use file::{CommandRunner, Overrides, from_text, load_file, resolve_file, resolve_text};
pub use flags::{Body, CommonFlags, FlagError, LoadFlags, ScanFlags};
pub use forecast::{Forecast, HostForecast, RequestForecast, ScenarioForecast};
pub use one_liner::{headers, load_flow, load_url, observe_too, scan_url};
pub use resolved::Resolved;
pub use schema::json_schema;
pub use stages::StageList;
pub use targets::{TargetName, TargetOverride};
pub use templates::{ChoiceError, TemplateSettings};
pub use types::{
    BaselineFiles, Browsing, Connection, Cookies, CrawlSettings, ImportedRequest, Limits,
    NamedTarget, Once, Output, Plan, Protocol, RobotsPolicy, ScanSettings, Scenario, StopIf,
    TlsPolicy,
};
