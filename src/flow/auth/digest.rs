//! HTTP Digest (RFC 7616): what a server asks, and the answer to it.

use std::fmt::Write as _;

use md5::Md5;
use sha2::Sha256;

use super::challenge::challenges;
use super::hex::hex;

/// A server's challenge, and how often it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestChallenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// As it was named; `None` where the server named none.
    named: Option<String>,
    qop: Option<Qop>,
    userhash: bool,
    /// The last answer was refused only because its nonce was too old.
    pub stale: bool,
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Algorithm {
    hash: Hash,
    session: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
}

/// Quality of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Qop {
    Auth,
    AuthInt,
}

/// What is asked for with an answer.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The request's method.
    pub method: &'a str,
    /// Path and query as sent.
    pub uri: &'a [u8],
    /// For `auth-int`.
    pub body: &'a [u8],
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct DigestUser<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The password.
    pub password: &'a [u8],
}

impl DigestChallenge {
    /// The strongest Digest challenge of these `WWW-Authenticate` values that we can answer; `None`
    /// if there is none.
    pub fn find<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let all = values.flat_map(|value| challenges(&String::from_utf8_lossy(value)));
        let mut best: Option<Self> = None;
        for challenge in all.filter(|challenge| challenge.scheme == "digest") {
            let Some(algorithm) = Algorithm::parse(challenge.get("algorithm")) else { continue };
            let text = |name| challenge.get(name).map(str::to_owned);
            let Some(nonce) = text("nonce").filter(|nonce| fits(nonce)) else { continue };
            let Some(qop) = Qop::choose(challenge.get("qop")) else { continue };
            let found = Self {
                realm: text("realm").unwrap_or_default(),
                nonce,
                opaque: text("opaque"),
                algorithm,
                named: text("algorithm"),
                qop,
                userhash: is_true(challenge.get("userhash")),
                stale: is_true(challenge.get("stale")),
                count: 0,
            };
            let is_usable = fits(&found.realm) && found.opaque.as_deref().is_none_or(fits);
            if is_usable && best.as_ref().is_none_or(|best| best.algorithm.hash < algorithm.hash) {
                best = Some(found);
            }
        }
        best
    }

    /// The `Authorization` value for the next request; `cnonce` is drawn by the caller anew for
    /// each.
    pub fn answer(&mut self, user: DigestUser<'_>, asked: Asked<'_>, cnonce: &str) -> String {
        self.count += 1;
        self.answer_numbered(user, asked, cnonce, self.count)
    }

    fn answer_numbered(
        &self,
        user: DigestUser<'_>,
        asked: Asked<'_>,
        cnonce: &str,
        count: u32,
    ) -> String {
        let Algorithm { hash, session } = self.algorithm;
        let colon = &b":"[..];
        let mut secret = hash.of(&[user.name, colon, self.realm.as_bytes(), colon, user.password]);
        if session {
            let parts = [secret.as_str(), &self.nonce, cnonce].join(":");
            secret = hash.of(&[parts.as_bytes()]);
        }
        let method = asked.method.as_bytes();
        let asked_hash = match self.qop {
            Some(Qop::AuthInt) => {
                let body = hash.of(&[asked.body]);
                hash.of(&[method, colon, asked.uri, colon, body.as_bytes()])
            }
            Some(Qop::Auth) | None => hash.of(&[method, colon, asked.uri]),
        };
        let number = format!("{count:08x}");
        let proof = match self.qop {
            Some(qop) => {
                [&secret, &self.nonce, &number, cnonce, qop.as_str(), &asked_hash].join(":")
            }
            None => [secret.as_str(), &self.nonce, &asked_hash].join(":"),
        };
        let response = hash.of(&[proof.as_bytes()]);
        let name = if self.userhash {
            hash.of(&[user.name, colon, self.realm.as_bytes()])
        } else {
            String::from_utf8_lossy(user.name).into_owned()
        };
        let mut out = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(&name),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(&String::from_utf8_lossy(asked.uri)),
        );
        if let Some(named) = &self.named {
            // Always one of ours, so it is a token.
            push(&mut out, format_args!(", algorithm={named}"));
        }
        if let Some(qop) = self.qop {
            push(
                &mut out,
                format_args!(", qop={}, nc={number}, cnonce=\"{cnonce}\"", qop.as_str()),
            );
        } else if session {
            push(&mut out, format_args!(", cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = &self.opaque {
            push(&mut out, format_args!(", opaque={}", quoted(opaque)));
        }
        if self.userhash {
            out.push_str(", userhash=true");
        }
        out
    }
}

impl Algorithm {
    fn parse(name: Option<&str>) -> Option<Self> {
        let name = name.unwrap_or("MD5").to_ascii_lowercase();
        let (hash, session) = match name.strip_suffix("-sess") {
            Some(hash) => (hash, true),
            None => (name.as_str(), false),
        };
        let hash = match hash {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            _ => return None,
        };
        Some(Self { hash, session })
    }
}

impl Hash {
    fn of(self, parts: &[&[u8]]) -> String {
        fn all<D: sha2::Digest>(parts: &[&[u8]]) -> String {
            let digest = parts.iter().fold(D::new(), D::chain_update);
            hex(&digest.finalize())
        }
        match self {
            Self::Md5 => all::<Md5>(parts),
            Self::Sha256 => all::<Sha256>(parts),
        }
    }
}

impl Qop {
    /// `Some(None)` is a server of RFC 2069 that knows none; `None` is one that wants what we do not
    /// know.
    #[expect(clippy::option_option, reason = "none that is known, and none that is wanted")]
    fn choose(offered: Option<&str>) -> Option<Option<Self>> {
        let Some(offered) = offered else { return Some(None) };
        let has = |word: &str| offered.split(',').any(|one| one.trim().eq_ignore_ascii_case(word));
        if has("auth") {
            Some(Some(Self::Auth))
        } else if has("auth-int") {
            Some(Some(Self::AuthInt))
        } else {
            None
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// What we send back must not break out of its header.
fn fits(text: &str) -> bool {
    text.len() <= 4096 && !text.contains(char::is_control)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use sha2::Digest as _;

    use super::*;

    fn challenge(line: &str) -> DigestChallenge {
        DigestChallenge::find(std::iter::once(line.as_bytes())).expect("one of ours")
    }

    fn response(answer: &str) -> &str {
        let at = answer.find("response=\"").expect("always there") + 10;
        answer[at..].split('"').next().expect("one")
    }

    const MUFASA: DigestUser<'static> = DigestUser { name: b"Mufasa", password: b"Circle of Life" };
    const INDEX: Asked<'static> = Asked { method: "GET", uri: b"/dir/index.html", body: b"" };

    /// RFC 7616 §3.9.1.
    #[test]
    fn the_rfcs_answers_come_out() {
        let of = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let md5 = challenge(&of("MD5")).answer(MUFASA, INDEX, cnonce);
        assert_eq!(response(&md5), "8ca523f5e9506fed4657c9700eebdbec");
        let sha = challenge(&of("SHA-256")).answer(MUFASA, INDEX, cnonce);
        assert_eq!(
            response(&sha),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
        assert!(sha.contains("algorithm=SHA-256, qop=auth, nc=00000001"), "{sha}");
        assert!(sha.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""), "{sha}");
    }

    /// RFC 2617 §3.5, and RFC 2069's form without `qop`.
    #[test]
    fn older_servers_are_answered_too() {
        let line = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
                    nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let user = DigestUser { password: b"Circle Of Life", ..MUFASA };
        let answer = challenge(line).answer(user, INDEX, "0a4f113b");
        assert_eq!(response(&answer), "6629fae49393a05397450978507c4ef1");
        assert!(!answer.contains("algorithm"), "the server named none: {answer}");
        let old = challenge(&line.replace("qop=\"auth,auth-int\", ", ""));
        let answer = old.clone().answer(user, INDEX, "0a4f113b");
        assert_eq!(response(&answer), "670fd8c2df070c60b045671b8b24ff02");
        assert!(!answer.contains("nc=") && !answer.contains("cnonce"), "{answer}");
    }

    #[test]
    fn the_strongest_that_we_know_is_taken() {
        let lines = [
            &b"Basic realm=x, Digest realm=a, nonce=1, algorithm=MD5"[..],
            b"Digest realm=b, nonce=2, algorithm=SHA-256-sess, qop=auth-int",
            b"Digest realm=c, nonce=3, algorithm=SHA-512-256",
            b"Digest realm=d, nonce=4, qop=new",
        ];
        let found = DigestChallenge::find(lines.into_iter()).expect("two of them");
        assert_eq!((found.realm.as_str(), found.qop), ("b", Some(Qop::AuthInt)));
        assert!(found.algorithm.session);
        assert_eq!(DigestChallenge::find(lines[2..].iter().copied()), None);
    }

    #[test]
    fn bodies_and_sessions_change_the_answer_and_the_count_goes_up() {
        let line = "Digest realm=r, nonce=n, algorithm=MD5-sess, qop=auth-int, stale=TRUE";
        let mut asked = challenge(line);
        assert!(asked.stale);
        let post = |body| Asked { method: "POST", uri: b"/", body };
        let one = asked.answer_numbered(MUFASA, post(b"a"), "c", 1);
        let other = asked.answer_numbered(MUFASA, post(b"b"), "c", 1);
        assert_ne!(response(&one), response(&other));
        assert!(asked.answer(MUFASA, INDEX, "c").contains("nc=00000001"));
        assert!(asked.answer(MUFASA, INDEX, "c").contains("nc=00000002"));
    }

    /// RFC 7616 §3.4.4: the name does not go over the wire.
    #[test]
    fn a_hashed_name_is_sent_hashed() {
        let line =
            "Digest realm=\"api@example.org\", qop=auth, algorithm=SHA-256, nonce=n, userhash=true";
        let user = DigestUser { name: "J\u{e4}s\u{f8}n Doe".as_bytes(), password: b"x" };
        let answer = challenge(line).answer(user, INDEX, "c");
        let hashed = hex(&Sha256::digest("J\u{e4}s\u{f8}n Doe:api@example.org"));
        assert!(answer.contains(&hashed) && answer.ends_with("userhash=true"), "{answer}");
        assert!(!answer.contains("Doe"), "{answer}");
    }

    proptest! {
        #[test]
        fn whatever_a_server_asks_the_answer_stays_in_its_line(
            realm in ".{0,20}", nonce in ".{1,20}", opaque in ".{0,20}",
        ) {
            let line = format!("Digest realm={realm:?}, nonce={nonce:?}, opaque={opaque:?}, qop=auth");
            if let Some(mut found) = DigestChallenge::find(std::iter::once(line.as_bytes())) {
                let answer = found.answer(MUFASA, INDEX, "c");
                prop_assert!(!answer.contains(char::is_control), "{answer}");
            }
        }
    }
}
