//! Requests that cost the target more than they should.

pub(super) mod graphql;
pub(super) mod graphql_get;
pub(super) mod page_size;
pub(super) mod redos;
