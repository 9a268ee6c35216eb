//! Discovery: from a start page to a site model, within bounds.

mod allowance;
mod crawler;
mod fetch;
mod follow;
mod frontier;
mod graphql;
mod guesses;
mod item;
mod known_values;
mod left_out;
mod passwords;
mod robots;
mod shown;
mod sources;
mod turns;
mod unmet;

pub(crate) use allowance::Allowance;
#[cfg(test)]
pub(crate) use allowance::tests::allowance;
pub(crate) use crawler::CrawlJob;
pub(crate) use crawler::Crawled;
pub(crate) use crawler::crawl;
pub(crate) use follow::ROBOTS_REASON;
pub(crate) use follow::is_media;
pub(crate) use follow::unsafe_reason;
pub(crate) use guesses::Doubt;
