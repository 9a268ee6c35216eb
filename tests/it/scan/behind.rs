//! What stands behind a login: forms that take passwords, tickets, data of scripts, and pages of others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Response;

use super::logins::with;
use super::notes::sessions_as;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

const PLAN: &str = "
auth:
  member: { form: { url: /login, user: '${user}', password: '${pass}' } }
identities:
  ruth: { auth: member, role: admin, vars: { user: ruth, pass: granite-77 } }
  carl: { auth: member, role: customer, vars: { user: carl, pass: lantern-58 } }
";

#[derive(Debug, Default)]
struct State {
    passwords: BTreeMap<String, String>,
    tickets: u64,
    failures: u32,
}

struct Yard {
    flawed: bool,
    state: Mutex<State>,
}

impl Yard {
    fn new(flawed: bool) -> Self {
        let known = [("ruth", "granite-77"), ("carl", "lantern-58")];
        let passwords = known.map(|(name, password)| (name.to_owned(), password.to_owned())).into();
        Self { flawed, state: Mutex::new(State { passwords, ..State::default() }) }
    }

    /// Where a login leads.
    fn next<'a>(&self, asked: &'a str) -> &'a str {
        let is_own = asked.starts_with('/') && !asked.starts_with("//") && !asked.contains('\\');
        if is_own || self.flawed && !asked.is_empty() { asked } else { "/" }
    }

    fn answer(&self, ask: &Ask) -> Response {
        let mut state = self.state.lock().expect("no handler panics");
        let known = |name: &str, password: &str| {
            state.passwords.get(name).is_some_and(|known| known == password)
        };
        let sid = ask.cookie.split("; ").find_map(|pair| pair.strip_prefix("sid=of-"));
        let who = sid.filter(|who| state.passwords.contains_key(*who)).map(str::to_owned);
        match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/login") => {
                return html(
                    "<form method=post action=/login><input type=hidden name=next value=/><input name=user><input type=password name=pass><button>Go</button></form>",
                );
            }
            ("POST", "/login") if known(ask.get("user"), ask.get("pass")) => {
                let cookie = format!("sid=of-{}; HttpOnly; SameSite=None", ask.get("user"));
                return with(redirect(self.next(ask.get("next"))), "Set-Cookie", &cookie);
            }
            ("POST", "/login") => {
                return html(
                    "<p>Wrong.</p><form method=post action=/login><input name=user><input type=password name=pass></form>",
                );
            }
            ("GET", "/people/list") if self.flawed || who.is_some() => {
                return respond(
                    200,
                    "application/json",
                    r#"[{"first_name":"Ada","last_name":"Amber"}]"#,
                );
            }
            ("GET", "/people/people.js") => {
                let script =
                    "var x = new XMLHttpRequest(); x.open('GET', '/people/list'); x.send();";
                return respond(200, "text/javascript", script);
            }
            _ => {}
        }
        let Some(who) = who else { return redirect("/login") };
        let menu = if who == "ruth" { "<a href=/vault>vault</a>" } else { "" };
        let page = |text: &str| {
            html(format!(
                "<p>Hello {who}</p>{menu}<a href=/>start</a><a href=/enter>enter</a><a href=/change>change</a>\
                 <a href=/tickets>tickets</a><a href=/people/>people</a>{text}"
            ))
        };
        let token = ask.get("token") == "t0ken-of-the-form" || self.flawed;
        match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/") => page("<h1>The yard behind the house</h1>"),
            ("GET", "/enter") if ask.get("Login").is_empty() => page(
                "<form action=/enter><input name=username><input type=password name=password>\
                 <input type=submit name=Login value=Login></form>",
            ),
            ("GET", "/enter") if !self.flawed && state.failures >= 3 => page("<p>Too often.</p>"),
            ("GET", "/enter") if known(ask.get("username"), ask.get("password")) => {
                page("<h2>Welcome to the inner room</h2>")
            }
            ("GET", "/enter") => {
                state.failures += 1;
                if self.flawed && ask.get("username").matches('\'').count() % 2 == 1 {
                    return html(
                        "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near",
                    );
                }
                page("<p>Name or password is wrong</p>")
            }
            ("GET", "/change") if ask.get("new_password").is_empty() => page(
                "<form action=/change><input type=hidden name=token value=t0ken-of-the-form>\
                 <input type=password name=new_password><input type=password name=repeat_password>\
                 <input type=submit name=do value=Change></form>",
            ),
            ("GET", "/change")
                if token && ask.get("new_password") == ask.get("repeat_password") =>
            {
                state.passwords.insert(who.clone(), ask.get("new_password").to_owned());
                page("<p>Your password was changed</p>")
            }
            ("GET", "/change") => page("<p>Nothing was changed</p>"),
            ("GET", "/tickets") => {
                page("<form method=post action=/tickets><button>Draw</button></form>")
            }
            ("POST", "/tickets") => {
                state.tickets += 1;
                let value = if self.flawed {
                    state.tickets.to_string()
                } else {
                    format!(
                        "{:x}",
                        state.tickets.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31)
                            ^ 0x5851_f42d_4c95_7f2d
                    )
                };
                with(page("<p>Drawn</p>"), "Set-Cookie", &format!("ticket_session={value}"))
            }
            ("GET", "/people/") => page("<h1>People</h1><script src=/people/people.js></script>"),
            ("GET", "/vault") if self.flawed || who == "ruth" => page(
                "<h1>The vault below the yard</h1><p>Seven bars of silver</p><p>Three crowns of gold</p>",
            ),
            ("GET", "/vault") => respond(403, "text/html", "no"),
            _ => not_found(),
        }
    }
}

const CHECKS: [&str; 7] = [
    "sqli-error",
    "open-redirect",
    "csrf",
    "session-id-predictable",
    "forced-browsing",
    "function-level-access",
    "login-unlimited",
];

async fn scanned(flawed: bool) -> (Scanned, Arc<Yard>) {
    let yard = Arc::new(Yard::new(flawed));
    let site = Arc::clone(&yard);
    let sessions = sessions_as("ruth", PLAN);
    let setup = Setup { sessions, active: CHECKS.to_vec(), allow_unsafe: true, ..Setup::default() };
    (scan(setup, move |ask| site.answer(ask)).await, yard)
}

#[tokio::test]
async fn what_is_behind_a_login_is_tested_as_who_is_there() {
    let (scanned, yard) = scanned(true).await;
    for (rule, template) in [
        ("sqli-error", "/enter"),
        // Only whoever shows the right password is led on.
        ("open-redirect", "/login"),
        ("csrf", "/change"),
        ("session-id-predictable", "/tickets"),
        ("forced-browsing", "/people/list"),
        ("function-level-access", "/vault"),
        ("login-unlimited", "/enter"),
    ] {
        let found = scanned.found(rule);
        let at = found.iter().find(|it| it.path_template == template);
        let Some(at) = at else {
            panic!("{rule}: {found:?} {:?} {:?}", scanned.outcome(rule), scanned.notices())
        };
        assert!(at.confidence >= Confidence::Firm, "{rule}");
    }
    let passwords = yard.state.lock().expect("no handler panics").passwords.clone();
    assert_eq!(passwords["ruth"], "granite-77");
    assert_eq!(passwords["carl"], "lantern-58", "nobody has set it for him");
}

#[tokio::test]
async fn a_careful_yard_raises_nothing() {
    let (scanned, yard) = scanned(false).await;
    for rule in CHECKS {
        let found = scanned.found(rule);
        // Nothing stands against guesses at the door, nor against tickets drawn for others.
        let known = ["/login", "/tickets"];
        let inside: Vec<_> =
            found.iter().filter(|it| !known.contains(&it.path_template.as_str())).collect();
        assert!(inside.is_empty(), "{rule}: {inside:?}");
    }
    assert!(scanned.found("session-id-predictable").is_empty());
    assert!(scanned.found("open-redirect").is_empty());
    let passwords = yard.state.lock().expect("no handler panics").passwords.clone();
    assert_eq!((&*passwords["ruth"], &*passwords["carl"]), ("granite-77", "lantern-58"));
}
