//! One integration binary: a module per subject.

mod architecture;
mod demo;
mod fixtures;
mod format;
mod http_client;
mod http_h1;
mod http_server;
mod http_tls;
mod load;
mod load_bed;
mod load_loopback;
mod load_server;
mod plan;
mod report;
mod rules;
mod rules_generated;
mod rules_matching;
mod rules_refusals;
mod scan;
mod ui_jsonl;
mod ui_plain;
mod ui_run;
mod ui_terminal;
mod ui_tui;
