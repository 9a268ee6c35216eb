//! One integration binary: a module per subject.

mod architecture;
mod http_client;
mod http_h1;
mod fixtures;
mod format;
mod plan;
mod report;
mod ui_jsonl;
mod ui_plain;
mod ui_run;
mod ui_terminal;
mod ui_tui;
mod demo;
mod rules;
mod http_server;
mod http_tls;
mod load;
mod load_bed;
mod load_loopback;
mod load_server;
