//! What targets say to those who log in: challenges, tokens and pages with forms. Whatever it is,
//! what is sent next is a request that stays within its lines, and an attempt comes to an end.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::civil::date;
use shakedown::flow::auth::Account;
use shakedown::flow::auth::Asked;
use shakedown::flow::auth::Came;
use shakedown::flow::auth::DigestChallenge;
use shakedown::flow::auth::DigestUser;
use shakedown::flow::auth::Login;
use shakedown::flow::auth::LoginStep;
use shakedown::flow::auth::Sessions;
use shakedown::flow::auth::Token;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::from_text;

/// More requests than any attempt makes.
const MAX_STEPS: u32 = 200;

static SESSIONS: LazyLock<Sessions> = LazyLock::new(|| {
    let text = "version: 1
target: http://127.0.0.1:9
auth:
  form: { form: { url: /login, user: me, password: lantern }, totp: JBSWY3DPEHPK3PXP }
  oauth2: { oauth2: { token_url: /token, client_id: c, client_secret: s } }
scan: {}
";
    let overrides = Overrides::new(Seed(1), date(2026, 11, 1));
    let plan = from_text("plan.yml", text, &|_| None, &overrides);
    plan.unwrap_or_else(|errors| panic!("{errors}")).sessions
});

/// The first byte says what the rest is: a challenge by the line, or the answers to a form's or to a
/// client's attempt, between them a zero.
pub fn any(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind {
        b'c' => challenges(rest),
        b't' => token(rest),
        b'o' => attempt("oauth2", rest),
        _ => attempt("form", rest),
    }
}

fn challenges(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n');
    let Some(mut challenge) = DigestChallenge::find(lines) else { return };
    let user = DigestUser { name: b"m\"e\\", password: b"lantern" };
    for _ in 0..2 {
        let asked = Asked { method: "GET", uri: b"/a?b=\"c\"", body: b"" };
        let answer = challenge.answer(user, asked, "0123456789abcdef");
        assert!(Header::is_value(&answer), "{answer:?}");
        assert!(answer.starts_with("Digest "), "{answer:?}");
    }
}

fn token(data: &[u8]) {
    match Token::read(&answer(data), 1_800_000_000) {
        Ok(token) => assert!(Header::is_value(&token.access), "{:?}", token.access),
        Err(why) => assert!(!why.is_empty() && why.len() < 2_000 && !why.contains('\n')),
    }
}

/// An attempt that gets these answers, the last of them over and over again.
fn attempt(auth: &str, data: &[u8]) {
    let auth = SESSIONS.auths.iter().find(|known| known.name == auth).expect("it is in the plan");
    let mut account = Account::new(auth, None, 1, 1);
    let mut login = Login::new(1);
    let mut answers = data.split(|byte| *byte == 0);
    let mut last = answer(answers.next().unwrap_or_default());
    let mut step = login.next(auth, &mut account, Came::Nothing, 1_800_000_000);
    for _ in 0..MAX_STEPS {
        let came = match &step {
            LoginStep::Done(_) | LoginStep::Failed(_) => return,
            LoginStep::Wait(_) => Came::Nothing,
            LoginStep::Send(request) => {
                stays_within_its_lines(request);
                Came::Response(&last, Duration::from_millis(1))
            }
        };
        let next = login.next(auth, &mut account, came, 1_800_000_000);
        step = next;
        if let Some(bytes) = answers.next() {
            last = answer(bytes);
        }
    }
    panic!("an attempt has no end");
}

fn stays_within_its_lines(request: &Request) {
    let target = &request.path_and_query;
    assert!(target.first() == Some(&b'/'), "{}", target.escape_ascii());
    assert!(target.iter().all(u8::is_ascii_graphic), "{}", target.escape_ascii());
    for Header { name, value } in &request.headers {
        assert!(Header::is_name(name), "{name:?}");
        assert!(
            !value.iter().any(|byte| matches!(byte, b'\r' | b'\n')),
            "{}",
            value.escape_ascii()
        );
    }
}

/// A page; `> where` in front of it makes a redirect, `! status` another status.
fn answer(data: &[u8]) -> Response {
    let (mut status, mut headers, mut body) = (200, Vec::new(), data);
    headers.push(Header::new("Content-Type", "text/html"));
    if let Some((mark, line, rest)) = first_line(data) {
        match mark {
            b'>' => {
                status = 302;
                headers.push(Header { name: "Location".to_owned(), value: line.to_vec() });
            }
            _ => status = if line.first() == Some(&b'4') { 401 } else { 500 },
        }
        body = rest;
    }
    headers.push(Header::new("Set-Cookie", "sid=1"));
    Response {
        status,
        reason: String::new(),
        version: HttpVersion::Http11,
        headers,
        body: body.to_vec(),
        wire_len: 0,
        truncated: false,
    }
}

fn first_line(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (mark, rest) = data.split_first().filter(|(mark, _)| matches!(**mark, b'>' | b'!'))?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    Some((*mark, rest[..end].trim_ascii(), &rest[end + 1..]))
}
