//! Where a redirect leads, as far as a template follows it.

use std::sync::Arc;

use url::Url;

use crate::model::Exchange;
use crate::model::Method;
use crate::model::Request;
use crate::model::Target;
use crate::rules::template::Redirects;

/// The request that the last answer of a chain asks for, if it is to be followed.
pub(super) fn next(policy: Redirects, chain: &[Arc<Exchange>]) -> Option<Request> {
    let limit = match policy {
        Redirects::Off => return None,
        Redirects::All(limit) | Redirects::SameHost(limit) => limit,
    };
    if chain.len() > limit as usize {
        return None;
    }
    let last = chain.last()?;
    let response = last.response()?;
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.header("location")?.text().trim().to_owned();
    let base = Url::parse(&last.request.url()).ok()?;
    let mut url = base.join(&location).ok()?;
    url.set_fragment(None);
    let target = Target::parse(url.as_str()).ok()?;
    let origin = &last.request.origin;
    if matches!(policy, Redirects::SameHost(_))
        && (&target.origin.host, target.origin.port) != (&origin.host, origin.port)
    {
        return None;
    }
    let keeps_method = matches!(response.status, 307 | 308);
    let mut request = last.request.clone();
    if target.origin != request.origin {
        request.headers.retain(|header| !header.is("host") && !header.is("authorization"));
    }
    request.headers.retain(|header| !header.is("cookie"));
    request.origin = target.origin;
    request.path_and_query = target.path_and_query.into();
    if !keeps_method && request.method.as_str() != "HEAD" {
        request.method = Method::get();
        request.body = Vec::new();
        request.headers.retain(|header| !header.is("content-type") && !header.is("content-length"));
    }
    Some(request)
}
