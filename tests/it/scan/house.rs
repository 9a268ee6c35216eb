//! A house with a door: a form, sessions in cookies or tokens, and flaws that can be switched on.

use std::collections::BTreeMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::KeyInit as _;
use hmac::Mac as _;
use sha2::Digest as _;
use shakedown::model::Response;

use super::logins::with;
use super::notes::sessions_as;
use super::site::Ask;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flaw of its own")]
pub(super) struct Flaws {
    /// The session of before is logged in.
    pub keeps_id: bool,
    /// A logout takes the cookie away, and the session stays.
    pub stays_in: bool,
    /// Session ids are counted.
    pub counts: bool,
    /// A cookie has the password, encoded.
    pub remembers: bool,
    /// The form sends the password in its address.
    pub gets: bool,
    /// Who is unknown is told so.
    pub tells: bool,
    /// The form asks for a picture after three failures.
    pub asks_people: bool,
}

#[derive(Debug, Default)]
struct State {
    /// Sessions, and who is logged in with them.
    sessions: BTreeMap<String, Option<String>>,
    given: u64,
    failures: u32,
}

/// See the module.
pub(super) struct House {
    flaws: Flaws,
    state: Mutex<State>,
}

const PEOPLE: [(&str, &str); 2] = [("alice", "lantern-58"), ("bob", "harbour-31")];

const PLAN: &str = "
auth:
  member: { form: { url: /login, user: '${user}', password: '${pass}' } }
identities:
  alice: { auth: member, vars: { user: alice, pass: lantern-58 } }
  bob: { auth: member, vars: { user: bob, pass: harbour-31 } }
";

/// Alice looks at the house, and Bob is there.
pub(super) fn visited(checks: &[&'static str]) -> Setup {
    let sessions = sessions_as("alice", PLAN);
    Setup { sessions, active: checks.to_vec(), allow_unsafe: true, ..Setup::default() }
}

impl House {
    pub(super) fn new(flaws: Flaws) -> Self {
        Self { flaws, state: Mutex::default() }
    }

    pub(super) fn answer(&self, ask: &Ask) -> Response {
        let mut state = self.state.lock().expect("no handler panics");
        let state = &mut *state;
        let session = ask.cookie.split("; ").find_map(|pair| pair.strip_prefix("sid="));
        let session = session.filter(|id| state.sessions.contains_key(*id)).map(str::to_owned);
        let who = session.as_ref().and_then(|id| state.sessions[id].clone());
        let answer = match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/") => html("<h1>House</h1><a href=/login>log in</a><a href=/me>me</a>"),
            ("GET", "/login") if !self.flaws.gets || ask.get("password").is_empty() => {
                self.form(state, "")
            }
            (_, "/login") => return self.log_in(state, ask, session),
            ("GET", "/logout") => {
                if let Some(id) = session.filter(|_| !self.flaws.stays_in) {
                    state.sessions.remove(&id);
                }
                return with(redirect("/"), "Set-Cookie", "sid=gone; Max-Age=0");
            }
            ("GET", "/me") => match &who {
                Some(who) => html(format!(
                    "<h1>Your page</h1><p>{who}@house.example</p><a href=/logout>log out</a>"
                )),
                None => redirect("/login"),
            },
            _ => not_found(),
        };
        if session.is_none() {
            let id = self.new_id(state);
            state.sessions.insert(id.clone(), None);
            return with(answer, "Set-Cookie", &format!("sid={id}; HttpOnly"));
        }
        answer
    }

    fn new_id(&self, state: &mut State) -> String {
        state.given += 1;
        if self.flaws.counts {
            return format!("{:08x}", 0x0a00_0000 + state.given);
        }
        let hash = sha2::Sha256::digest(format!("seed {}", state.given));
        data_encoding::HEXLOWER.encode(&hash)[..32].to_owned()
    }

    fn form(&self, state: &State, complaint: &str) -> Response {
        let method = if self.flaws.gets { "get" } else { "post" };
        let picture = if self.flaws.asks_people && state.failures >= 3 {
            "<p>What is in the picture?</p><input name=answer>"
        } else {
            ""
        };
        html(format!(
            "<h1>Log in</h1><p class=error>{complaint}</p><form method={method} action=/login>\
             <input name=username><input type=password name=password>{picture}<button>Log in</button></form>"
        ))
    }

    fn log_in(&self, state: &mut State, ask: &Ask, session: Option<String>) -> Response {
        let known = PEOPLE.iter().find(|(name, _)| *name == ask.get("username"));
        let is_stopped = self.flaws.asks_people && state.failures >= 3;
        let right = known.filter(|(_, password)| *password == ask.get("password") && !is_stopped);
        let Some((name, password)) = right else {
            state.failures += 1;
            let complaint = match known {
                None if self.flaws.tells => "There is no such user.",
                _ => "Wrong name or password.",
            };
            return self.form(state, complaint);
        };
        let id = match session {
            Some(id) if self.flaws.keeps_id => id,
            old => {
                if let Some(old) = old {
                    state.sessions.remove(&old);
                }
                self.new_id(state)
            }
        };
        state.sessions.insert(id.clone(), Some((*name).to_owned()));
        let answer = with(redirect("/me"), "Set-Cookie", &format!("sid={id}; HttpOnly"));
        if self.flaws.remembers {
            let value = BASE64_STANDARD.encode(format!("{name}:{password}"));
            return with(answer, "Set-Cookie", &format!("remember={value}"));
        }
        answer
    }
}

/// How tokens are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verifies {
    /// As they should be, with a key that nobody guesses.
    Well,
    /// The same with a word.
    Word,
    /// The same, and old ones are taken.
    WordForEver,
    /// Not at all.
    Never,
    /// What says that it has no signature needs none.
    None,
    /// With the file that the token names.
    File,
    /// With the key that a query for the token's name of it gives.
    Query,
    /// The same, with the name bound.
    Bound,
    /// With a pair of keys of which one is published as JSON, by the algorithm that is agreed on.
    Pair,
    /// The same by the token's algorithm: for HS256 the published key, as OpenSSL writes it, is the secret.
    PairByToken,
    /// The same with a key that is published as it is held, without a last line's end.
    PemByToken,
}

impl Verifies {
    fn is_pair(self) -> bool {
        matches!(self, Self::Pair | Self::PairByToken | Self::PemByToken)
    }
}

/// The modulus of RFC 7517 §A.1's second key.
const MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

/// The same key by `openssl rsa -pubin`.
const PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX
ZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS
oc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt
7/RN5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0
zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0f
M4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDK
gwIDAQAB
-----END PUBLIC KEY-----
";

/// Stands for the private key: whoever holds it signs, and verifies with the other.
const PRIVATE: &[u8] = b"the private half";

fn sign(key: &[u8], text: &str) -> String {
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// An interface with tokens.
pub(super) fn tokens(verifies: Verifies) -> impl Fn(&Ask) -> Response + Send + Sync {
    let key: &[u8] = match verifies {
        Verifies::Word | Verifies::WordForEver => b"changeme",
        _ => b"kJ8!x2hq-0Zt4vWm",
    };
    move |ask| {
        let json = |status, value: serde_json::Value| {
            respond(status, "application/json", value.to_string())
        };
        match ask.path.as_str() {
            "/api/login" => {
                let body = String::from_utf8_lossy(&ask.request.body).into_owned();
                let known = PEOPLE
                    .iter()
                    .find(|(name, password)| body.contains(name) && body.contains(password));
                let Some((name, _)) = known else {
                    return json(401, serde_json::json!({"error": "wrong"}));
                };
                let algorithm = if verifies.is_pair() { "RS256" } else { "HS256" };
                let key = if verifies.is_pair() { PRIVATE } else { key };
                let header = serde_json::json!({"alg": algorithm, "typ": "JWT", "kid": "main"});
                let claims = serde_json::json!({"sub": name, "exp": 4_000_000_000_u64});
                let part =
                    |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
                let signed = format!("{}.{}", part(&header), part(&claims));
                let token = format!("{signed}.{}", sign(key, &signed));
                json(200, serde_json::json!({"token": token}))
            }
            "/" => html("<a href=/api/me>me</a>"),
            "/.well-known/jwks.json"
                if matches!(verifies, Verifies::Pair | Verifies::PairByToken) =>
            {
                let key =
                    serde_json::json!({"kty": "RSA", "n": MODULUS, "e": "AQAB", "kid": "main"});
                json(200, serde_json::json!({"keys": [key]}))
            }
            "/public.pem" if verifies == Verifies::PemByToken => {
                respond(200, "application/x-pem-file", PEM.trim())
            }
            "/api/me" => match verified(verifies, key, ask) {
                Some(name) => json(200, serde_json::json!({"username": name})),
                None => json(401, serde_json::json!({"error": "log in"})),
            },
            _ => not_found(),
        }
    }
}

fn verified(verifies: Verifies, key: &[u8], ask: &Ask) -> Option<String> {
    let token = ask.authorization.strip_prefix("Bearer ")?;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { return None };
    let read = |part: &str| -> Option<serde_json::Value> {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let signed = format!("{header}.{claims}");
    let (header, claims) = (read(header)?, read(claims)?);
    let is_signed = *signature == sign(key, &signed);
    let is_right = match verifies {
        Verifies::Well | Verifies::WordForEver => is_signed,
        Verifies::Word => is_signed && !is_past(&claims),
        Verifies::Never => true,
        Verifies::None => is_signed || header["alg"] == "none" && signature.is_empty(),
        Verifies::File => {
            let kid = header["kid"].as_str()?;
            is_signed || kid.ends_with("/dev/null") && *signature == sign(b"", &signed)
        }
        Verifies::Query | Verifies::Bound => {
            let key = key_of(header["kid"].as_str()?, verifies == Verifies::Bound, key)?;
            *signature == sign(&key, &signed)
        }
        Verifies::Pair => header["alg"] == "RS256" && *signature == sign(PRIVATE, &signed),
        Verifies::PairByToken | Verifies::PemByToken => match header["alg"].as_str()? {
            "RS256" => *signature == sign(PRIVATE, &signed),
            "HS256" if verifies == Verifies::PemByToken => {
                *signature == sign(PEM.trim().as_bytes(), &signed)
            }
            "HS256" => *signature == sign(PEM.as_bytes(), &signed),
            _ => false,
        },
    };
    is_right.then(|| claims["sub"].as_str().map(str::to_owned))?
}

/// The key of that name out of a table that has one.
fn key_of(kid: &str, is_bound: bool, key: &[u8]) -> Option<Vec<u8>> {
    let database = rusqlite::Connection::open_in_memory().expect("it needs no file");
    database.execute_batch("CREATE TABLE keys (name TEXT, key TEXT)").expect("it is new");
    let text = std::str::from_utf8(key).expect("text");
    database.execute("INSERT INTO keys VALUES ('main', ?1)", [text]).expect("it fits");
    let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let found = if is_bound {
        database.query_row("SELECT key FROM keys WHERE name = ?1", [kid], read)
    } else {
        let query = format!("SELECT key FROM keys WHERE name = '{kid}'");
        database.query_row(&query, [], read)
    };
    Some(found.ok()?.into_bytes())
}

/// Whether it has ended: all that are given out end far in the future.
fn is_past(claims: &serde_json::Value) -> bool {
    claims["exp"].as_u64().is_none_or(|exp| exp < 3_900_000_000)
}
