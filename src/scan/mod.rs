//! The scan engine: crawl, site model, insertion points, passive rules, active checks.
