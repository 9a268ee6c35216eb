//! Scans of sites that exist only in memory: no sockets, no time.

mod browser;
mod browser_bounds;
mod browser_clicks;
mod browser_crash;
mod browser_logins;
mod crawl;
mod generated;
mod graphql;
mod guesses;
mod logins;
mod manners;
mod maze;
mod on_the_shop;
mod open_redirect;
mod resume;
mod run;
mod site;
mod sqli;
mod values;
mod xss;
