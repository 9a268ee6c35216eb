//! Native checks: one file each, by class where a class has several. They see `model`, `extract` and
//! `scan::probe`, never a client.

mod access;
mod cross_site;
mod dom;
mod exposed;
mod headers;
mod injection;
mod known_page;
mod multipart_file;
mod names;
mod open_redirect;
mod query;
mod rate_limit;
mod raw;
mod script_text;
mod server;
mod session;
mod strain;
mod tls;
mod xss_context;
mod xss_reflected;
mod xss_stored;

use std::sync::Arc;

use super::probe::NativeCheck;
use super::probe::PointCheck;
use super::probe::RequestCheck;
use super::probe::SiteCheck;

pub use rate_limit::most_requests_of_limits;

/// Every native check, in the order in which they run at an insertion point.
pub(crate) fn all() -> Vec<NativeCheck> {
    let points: [Arc<dyn PointCheck>; _] = [
        Arc::new(injection::SqliError),
        Arc::new(injection::SqliUnion),
        Arc::new(injection::SqliBoolean),
        Arc::new(injection::SqliTime),
        Arc::new(injection::CommandInjection),
        Arc::new(injection::CodeInjection),
        Arc::new(injection::ExpressionInjection),
        Arc::new(injection::TemplateInjection),
        Arc::new(injection::SsiInjection),
        Arc::new(injection::NosqlInjection),
        Arc::new(injection::LdapInjection),
        Arc::new(injection::XpathInjection),
        Arc::new(injection::Deserialization),
        Arc::new(injection::FormatString),
        Arc::new(injection::IntegerOverflow),
        Arc::new(injection::BufferOverflow),
        Arc::new(server::path_traversal::PathTraversal),
        Arc::new(server::file_inclusion::FileInclusion),
        Arc::new(server::ssrf::Ssrf),
        Arc::new(xss_reflected::XssReflected),
        Arc::new(open_redirect::OpenRedirect),
        Arc::new(headers::crlf::Crlf),
        Arc::new(headers::mail::MailHeader),
        Arc::new(strain::page_size::PageSize),
        Arc::new(strain::redos::Redos),
    ];
    let requests: [Arc<dyn RequestCheck>; _] = [
        Arc::new(injection::PrototypePollution),
        Arc::new(server::xxe::Xxe),
        Arc::new(cross_site::cors::Cors),
        Arc::new(headers::host::Host::Reset),
        Arc::new(headers::host::Host::Page),
        Arc::new(headers::crlf_path::CrlfPath),
        Arc::new(headers::cache_poisoning::CachePoisoning),
        Arc::new(headers::cache_deception::CacheDeception),
        Arc::new(strain::graphql_get::GraphqlGet),
        Arc::new(strain::graphql::GraphqlLimits),
        Arc::new(cross_site::csrf::Csrf),
        Arc::new(server::upload::Upload),
    ];
    let sites: [Arc<dyn SiteCheck>; _] = [
        Arc::new(exposed::access_bypass::AccessBypass),
        Arc::new(exposed::backup_files::BackupFiles),
        Arc::new(exposed::listing::Listing),
        Arc::new(exposed::methods::Methods),
        Arc::new(exposed::method_override::MethodOverride),
        Arc::new(exposed::trace::Trace),
        Arc::new(raw::smuggling::RequestSmuggling),
        Arc::new(cross_site::websocket::WebSocketOrigin),
        Arc::new(headers::csp::Csp::NonceReused),
        Arc::new(headers::csp::Csp::OwnHost),
        Arc::new(xss_stored::XssStored),
        Arc::new(injection::SqliSecondOrder),
        Arc::new(dom::xss::XssDom),
        Arc::new(dom::messages::PostMessageOrigin),
        Arc::new(tls::agreement::Agreement::OldVersion),
        Arc::new(tls::agreement::Agreement::WeakSuite),
        Arc::new(tls::agreement::Agreement::NoForwardSecrecy),
        Arc::new(tls::agreement::Agreement::SmallPrime),
        Arc::new(tls::certificate::Certificate::Untrusted),
        Arc::new(tls::certificate::Certificate::WrongName),
        Arc::new(tls::certificate::Certificate::Expired),
        Arc::new(tls::certificate::Certificate::ExpiresSoon),
        Arc::new(tls::certificate::Certificate::Weak),
        Arc::new(tls::redirect::NotRedirected),
        Arc::new(access::matrix::Matrix),
        Arc::new(access::excessive::ExcessiveData),
        Arc::new(access::graphql::GraphqlAuthorization),
        Arc::new(access::forced_browsing::ForcedBrowsing),
        Arc::new(access::function_level::FunctionLevel),
        Arc::new(access::bola::Bola),
        Arc::new(access::mass_assignment::MassAssignment),
        Arc::new(access::predictable_address::PredictableAddress),
        Arc::new(session::jwt::Jwt::Unverified),
        Arc::new(session::jwt::Jwt::WeakKey),
        Arc::new(session::jwt::Jwt::KeyConfusion),
        Arc::new(session::jwt::Jwt::Expiry),
        Arc::new(session::cookie_credentials::CookieCredentials),
        Arc::new(session::predictable::SessionIdPredictable),
        Arc::new(session::fixation::SessionFixation),
        Arc::new(session::logout::LogoutIneffective),
        Arc::new(session::password_in_url::PasswordInUrl),
        Arc::new(session::enumeration::UserEnumeration),
        Arc::new(access::bola_write::BolaWrite),
        Arc::new(access::race::RaceCondition),
        Arc::new(session::unlimited::LoginUnlimited),
        Arc::new(session::default_credentials::DefaultCredentials),
    ];
    let points = points.into_iter().map(NativeCheck::Point);
    let requests = requests.into_iter().map(NativeCheck::Request);
    // Behind all others, who would be refused where a limit is in force.
    let sites = sites.into_iter().chain(rate_limit::all()).map(NativeCheck::Site);
    points.chain(requests).chain(sites).collect()
}
