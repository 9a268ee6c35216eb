//! Whoever comes to the out-of-band listener: any split of the same bytes tells the same.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::OnceLock;

use shakedown::scan::oob::Conversation;
use shakedown::scan::oob::Identity;
use shakedown::scan::oob::Opening;
use shakedown::scan::oob::Told;
use shakedown::scan::oob::Zone;

/// By the first byte's remainder.
const OPENINGS: [Opening; 4] = [Opening::Any, Opening::Dns, Opening::Ldap, Opening::Smtp];

/// An answer to so many bytes is not longer than this many times that, and a page.
const MOST_ANSWERED: usize = 40;
const PAGE: usize = 400;

/// One is enough for all runs.
fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::new(vec!["oob.example".to_owned()]).expect("a name"))
}

fn heard(opening: Opening, pieces: &[&[u8]]) -> (Vec<Told>, usize) {
    let zone =
        Zone { domain: Some("oob.example".to_owned()), address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let (mut conversation, _) = Conversation::new(opening, &zone, Some(identity()));
    let (mut told, mut answered, mut is_over) = (Vec::new(), 0, false);
    for piece in pieces {
        let turn = conversation.feed(piece);
        assert!(!is_over || turn.told.is_empty() && turn.reply.is_empty() && turn.is_over);
        is_over = turn.is_over;
        answered += turn.reply.len();
        told.extend(turn.told);
    }
    let turn = conversation.end();
    assert!(turn.is_over);
    told.extend(turn.told);
    (told, answered + turn.reply.len())
}

/// A connection. The first byte says how it begins, the second is the length of the pieces.
pub fn any(data: &[u8]) {
    let [opening, piece, bytes @ ..] = data else { return };
    let opening = OPENINGS[usize::from(*opening) % OPENINGS.len()];
    let (whole, answered) = heard(opening, &[bytes]);
    let told: usize = whole.iter().map(|told| told.request.len()).sum();
    assert!(told <= bytes.len(), "nothing is made up");
    assert!(answered <= bytes.len() * MOST_ANSWERED + PAGE, "{answered}");
    for pieces in super::splits(bytes, *piece) {
        assert_eq!(heard(opening, &pieces).0, whole, "in {} pieces", pieces.len());
    }
}
