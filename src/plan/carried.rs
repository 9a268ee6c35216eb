//! Whether the plan's connections can carry what its requests speak.

use super::document::{Entry, Value};
use super::flags::FlagError;
use super::protocol;
use super::reader::{Fields, Reader};
use super::types::{Connection, Plan, Protocol};
use crate::model::ConnectionReuse;
use crate::model::Conversation;
use crate::model::RequestTemplate;

/// Why a request cannot be carried, and what to do.
struct Unfit {
    why: &'static str,
    cure: &'static str,
}

/// Refuses requests that connections cannot carry, the first of each kind.
pub(super) fn carried(
    plan: &Fields<'_>,
    requests: &[RequestTemplate],
    connection: &Connection,
    reader: &mut Reader,
) {
    let mut told = Vec::new();
    for template in requests {
        let Some(unfit) = unfit(template, connection) else { continue };
        if told.contains(&unfit.why) {
            continue;
        }
        told.push(unfit.why);
        let at = entry(plan, template).map_or(&plan.at, |entry| &entry.key_at);
        reader.problem_with_help(at, unfit.why, unfit.cure);
    }
}

/// Whether the plan's requests can be sent as flags want connections to be.
///
/// # Errors
/// The first request that cannot.
pub fn requests_fit(plan: &Plan) -> Result<(), FlagError> {
    for template in &plan.requests {
        if let Some(unfit) = unfit(template, &plan.connection) {
            let (name, why) = (&template.name, unfit.why);
            return Err(FlagError::Usage(format!("`{name}` cannot be sent so: {why}")));
        }
    }
    Ok(())
}

fn unfit(template: &RequestTemplate, connection: &Connection) -> Option<Unfit> {
    let protocol = connection.protocol_of(template);
    match template.conversation {
        Conversation::WebSocket(_) | Conversation::Events(_) if protocol != Protocol::USUAL => {
            return Some(Unfit {
                why: "a session or an event stream has its connection alone, over HTTP/1.1: \
                      WebSocket over HTTP/2 (RFC 8441) is not supported, nor are streams on \
                      connections that others share",
                cure: "write `http: 1.1` beside it, and leave out `pipeline`",
            });
        }
        Conversation::Grpc(_) if connection.reuse == ConnectionReuse::Off => {
            return Some(Unfit {
                why: "gRPC calls share HTTP/2 connections that are kept: one for each call is not \
                      supported",
                cure: "leave out `keepalive: false`",
            });
        }
        Conversation::WebSocket(_)
        | Conversation::Events(_)
        | Conversation::Grpc(_)
        | Conversation::Response => {}
    }
    if let Some(why) = protocol::unfit_origin(protocol, &template.request.origin) {
        return Some(Unfit { why, cure: "or leave out `http`" });
    }
    // What connections are in general has been judged as such.
    template.version?;
    let why = protocol::check(connection, protocol).err()?;
    Some(Unfit { why, cure: "leave out its `http`, or change `connection`" })
}

/// Where the plan has the request.
fn entry<'a>(plan: &Fields<'a>, template: &RequestTemplate) -> Option<&'a Entry> {
    match &plan.get("requests")?.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == template.name),
        Value::List(_) | Value::Scalar(_) | Value::Unsubstituted => None,
    }
}
