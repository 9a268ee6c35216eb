//! Cookies that hold the password of whoever logged in: plainly, encoded, or as a bare hash.
//!
//! Somebody whose password is known logs in anew, and every cookie that they then have is decoded (URL,
//! base64, hexadecimal, one inside the other) and compared. It costs one login.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use data_encoding::HEXLOWER;
use md5::Digest as _;
use md5::Md5;
use percent_encoding::percent_decode_str;
use sha1::Sha1;
use sha2::Sha256;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Outcome;
use crate::scan::probe::Person;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// A shorter password stands in values by chance.
const LEAST: usize = 5;

/// See the module.
pub(in crate::scan::checks) struct CookieCredentials;

impl SiteCheck for CookieCredentials {
    fn id(&self) -> &'static str {
        "cookie-credentials"
    }

    fn budget(&self) -> u64 {
        80
    }

    fn wants_people(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let mut outcome = Outcome::Skipped("nobody's password is known".to_owned());
    for person in probe.one_of_each_way() {
        let come = cookies_of(probe, &person).await?;
        if matches!(outcome, Outcome::Skipped(_)) {
            outcome = come;
        }
    }
    Ok(outcome)
}

async fn cookies_of(probe: &mut SiteProbe, person: &Person) -> Result<Outcome, ProbeStop> {
    let skipped = |why: &str| Ok(Outcome::Skipped(why.to_owned()));
    let Some((user, password)) = person.credentials() else {
        return skipped("nobody's password is known");
    };
    let Some(whom) = probe.enter(person).await? else {
        return skipped("nobody could log in anew");
    };
    let Some(start) = probe.site().nodes().next().map(|node| node.examples[0].clone()) else {
        return Ok(Outcome::Clean);
    };
    // A login of the plan happens when it is needed.
    let shot = probe.ask_as(whom, start.clone(), "", None).await?;
    for (name, value) in probe.cookies(whom) {
        let Some(how) = holds(&value, &user, &password) else { continue };
        let detail = format!(
            "after `{}` has logged in, the cookie `{name}` holds their password: {how}",
            person.name
        );
        let highlight = shot.find(&value);
        let exhibits = vec![Exhibit::marked(EvidenceRole::Attack, shot.clone(), highlight)];
        let proof =
            Proof { confidence: Confidence::Confirmed, detail, exhibits, payloads: Vec::new() };
        let point = InsertionRef { kind: InsertionKind::Cookie, name };
        probe.found_at(start.clone(), Some(point), proof);
    }
    Ok(Outcome::Clean)
}

/// How a value holds the password, if it does.
fn holds(value: &str, user: &str, password: &str) -> Option<String> {
    let hashes = [
        ("MD5", HEXLOWER.encode(&Md5::digest(password))),
        ("SHA-1", HEXLOWER.encode(&Sha1::digest(password))),
        ("SHA-256", HEXLOWER.encode(&Sha256::digest(password))),
    ];
    let mut layers = vec![(value.to_owned(), String::new())];
    for _ in 0..3 {
        let mut next = Vec::new();
        for (text, how) in &layers {
            let is_whole = password.len() >= LEAST || user.len() >= LEAST && text.contains(user);
            if is_whole && text.contains(password) {
                let how = if how.is_empty() { "as it is".to_owned() } else { how.clone() };
                return Some(how);
            }
            let lower = text.to_ascii_lowercase();
            if let Some((name, _)) = hashes.iter().find(|(_, hash)| lower.contains(hash)) {
                return Some(format!(
                    "{how}{}its bare {name}",
                    if how.is_empty() { "" } else { ", " }
                ));
            }
            next.extend(decoded(text).into_iter().map(|(text, name)| {
                let how = if how.is_empty() { name.to_owned() } else { format!("{how}, {name}") };
                (text, how)
            }));
        }
        layers = next;
    }
    None
}

fn decoded(text: &str) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    let url = percent_decode_str(text).decode_utf8_lossy().into_owned();
    if url != text {
        found.push((url, "percent-encoded"));
    }
    let mut bytes = |bytes: Vec<u8>, name| {
        if let Ok(text) = String::from_utf8(bytes) {
            found.push((text, name));
        }
    };
    // The signature of a token is no part of what it says.
    for part in text.split(['.', '|', '"', '&']).chain([text]) {
        let part = part.trim_matches('=');
        if part.len() < 4 {
            continue;
        }
        let encoded =
            BASE64_STANDARD_NO_PAD.decode(part).or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(part));
        if let Ok(raw) = encoded {
            bytes(raw, "base64");
        }
        if let Ok(raw) = HEXLOWER.decode(part.to_ascii_lowercase().as_bytes()) {
            bytes(raw, "hexadecimal");
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_in_what_hides_nothing() {
        let base64 = base64::prelude::BASE64_STANDARD.encode("alice:lantern-58");
        let escaped = base64.replace('=', "%3D");
        let md5 = HEXLOWER.encode(&Md5::digest("lantern-58"));
        for (value, how) in [
            ("lantern-58".to_owned(), "as it is"),
            (base64, "base64"),
            (escaped, "percent-encoded, base64"),
            (HEXLOWER.encode(b"lantern-58"), "hexadecimal"),
            (format!("alice|{md5}"), "its bare MD5"),
        ] {
            assert_eq!(holds(&value, "alice", "lantern-58").as_deref(), Some(how), "{value}");
        }
        for value in ["d41d8cd98f00b204e9800998ecf8427e", "eyJhIjoxfQ.eyJiIjoyfQ.c2ln", "alice", ""]
        {
            assert_eq!(holds(value, "alice", "lantern-58"), None, "{value}");
        }
        // A few digits are no proof by themselves, beside the name they are.
        let both = base64::prelude::BASE64_STANDARD.encode("FF-1002:9716");
        assert_eq!(holds(&both, "FF-1002", "9716").as_deref(), Some("base64"));
        assert_eq!(holds("shelf-9716", "FF-1002", "9716"), None);
    }
}
