//! Scan engine: crawl, site model, passive and native checks.

mod careful;
mod checks;
mod crawl;
mod curl;
mod evidence;
mod form;
mod likeness;
mod link;
mod markup;
mod page;
mod point;
mod probe;
mod site;
mod soft404;
mod traffic;
mod wire;
