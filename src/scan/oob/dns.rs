//! DNS (RFC 1035): every name below the domain has the listener's own address.

use std::fmt::Write as _;
use std::net::IpAddr;

use simple_dns::rdata::{MX, NS, RData, TXT};
use simple_dns::{
    CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, TYPE,
};

use super::conversation::Told;
use super::id::candidates;
use super::interaction::OobProtocol;

/// Nobody may keep an answer: each lookup is to come here.
const TTL: u32 = 0;

/// Records and questions beyond are not written out as text.
const MAX_LINES: usize = 20;

/// What the name server is responsible for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// In lower case; without one, names with an id in them are answered.
    pub domain: Option<String>,
    /// What its names resolve to.
    pub address: IpAddr,
}

/// The answer to a message; `None` if it is no query.
pub(super) fn answered(message: &[u8], zone: &Zone) -> Option<Told> {
    let query = Packet::parse(message).ok()?;
    let question = query.questions.first()?;
    if query.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let mut reply = Packet::new_reply(query.id());
    if query.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    *reply.opcode_mut() = query.opcode();
    reply.questions.push(question.clone());
    let name = name_text(&question.qname);
    if query.opcode() != OPCODE::StandardQuery {
        *reply.rcode_mut() = RCODE::NotImplemented;
    } else if !zone.has(&name) || !matches!(question.qclass, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY)
    {
        *reply.rcode_mut() = RCODE::Refused;
    } else {
        reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
        let records = zone.records(question);
        let record = |data| ResourceRecord::new(question.qname.clone(), CLASS::IN, TTL, data);
        reply.answers.extend(records.into_iter().map(record));
    }
    let response = reply.build_bytes_vec_compressed().ok()?;
    let question = format!("{name} {}", type_text(question.qtype));
    Some(Told { protocol: OobProtocol::Dns, question, request: message.to_vec(), response })
}

impl Zone {
    fn has(&self, name: &str) -> bool {
        match &self.domain {
            Some(domain) => {
                let before = name.strip_suffix(domain.as_str());
                before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
            }
            None => candidates(name.as_bytes()).next().is_some(),
        }
    }

    fn records<'q>(&self, question: &Question<'q>) -> Vec<RData<'q>> {
        let address = match self.address {
            IpAddr::V4(address) => RData::A(address.into()),
            IpAddr::V6(address) => RData::AAAA(address.into()),
        };
        let name = || question.qname.clone();
        match question.qtype {
            QTYPE::ANY => vec![address],
            QTYPE::TYPE(TYPE::A | TYPE::AAAA)
                if question.qtype == QTYPE::TYPE(address.type_code()) =>
            {
                vec![address]
            }
            QTYPE::TYPE(TYPE::MX) => vec![RData::MX(MX { preference: 10, exchange: name() })],
            QTYPE::TYPE(TYPE::NS) => vec![RData::NS(NS(name()))],
            QTYPE::TYPE(TYPE::TXT) => {
                vec![RData::TXT(TXT::new().with_string("out-of-band").unwrap_or_default())]
            }
            _ => Vec::new(),
        }
    }
}

/// In lower case, with dots; a label is foreign bytes, so a dot in one is none.
fn name_text(name: &Name<'_>) -> String {
    name.to_string().to_ascii_lowercase()
}

fn type_text(kind: QTYPE) -> String {
    match kind {
        QTYPE::TYPE(kind) => format!("{kind:?}"),
        other => format!("{other:?}"),
    }
}

/// A message in the form of a zone file; empty if it is none.
pub(super) fn text(message: &[u8]) -> String {
    let Ok(packet) = Packet::parse(message) else { return String::new() };
    let mut text = format!(";; id: {}, {:?}\n;; QUESTION SECTION:\n", packet.id(), packet.rcode());
    for question in packet.questions.iter().take(MAX_LINES) {
        _ = writeln!(text, ";{}.\tIN\t{}", question.qname, type_text(question.qtype));
    }
    if !packet.answers.is_empty() {
        text.push_str(";; ANSWER SECTION:\n");
    }
    for record in packet.answers.iter().take(MAX_LINES) {
        let data = match &record.rdata {
            RData::A(address) => IpAddr::V4(address.address.into()).to_string(),
            RData::AAAA(address) => IpAddr::V6(address.address.into()).to_string(),
            other => format!("{:?}", other.type_code()),
        };
        let kind = record.rdata.type_code();
        _ = writeln!(text, "{}.\t{}\tIN\t{kind:?}\t{data}", record.name, record.ttl);
    }
    text
}
