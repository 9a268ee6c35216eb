//! Scans of sites that exist only in memory: no sockets, no time.

mod crawl;
mod open_redirect;
mod run;
mod site;
mod sqli;
mod xss;
