//! Discovery: from a start page to a site model, within bounds.

mod crawler;
mod fetch;
mod frontier;
mod left_out;
mod sources;

pub(crate) use crawler::CrawlJob;
pub(crate) use crawler::Crawled;
pub(crate) use crawler::crawl;
