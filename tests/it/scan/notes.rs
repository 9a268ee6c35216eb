//! An interface with people and their notes, with flaws of access that can be switched on.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::json;
use shakedown::flow::auth::Sessions;
use shakedown::model::Response;
use shakedown::model::Seed;
use shakedown::plan::Overrides;

use super::site::Ask;
use super::site::Setup;
use super::site::TARGET;
use super::site::html;
use super::site::respond;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flaw of its own")]
pub(super) struct Flaws {
    /// Others read notes.
    pub read: bool,
    /// Others change notes.
    pub write: bool,
    /// Others set passwords and addresses.
    pub takeover: bool,
    /// Every list has the notes of all, so they are meant for all.
    pub shared: bool,
    /// Whoever asks is shown notes, logged in or not.
    pub public: bool,
    /// A change is answered as if it had been made.
    pub lies: bool,
    /// Members of a registration are taken as they come.
    pub assign: bool,
    /// Nobody can register.
    pub closed: bool,
    /// Everybody is shown the passwords of all.
    pub debug: bool,
    /// Members are shown the names and addresses of all.
    pub lists: bool,
    /// The ordinary member is shown the pages of administrators.
    pub function: bool,
    /// A login says whether the name or the password is wrong.
    pub tells: bool,
    /// Logins are refused for a while after so many wrong passwords.
    pub locks_after: Option<u32>,
}

#[derive(Debug, Clone)]
struct User {
    password: String,
    email: String,
    admin: bool,
    failures: u32,
}

#[derive(Debug, Clone)]
struct Note {
    owner: String,
    title: String,
    secret: String,
}

#[derive(Debug, Default)]
struct State {
    users: BTreeMap<String, User>,
    tokens: BTreeMap<String, String>,
    notes: Vec<Note>,
}

/// See the module.
pub(super) struct Notes {
    flaws: Flaws,
    state: Mutex<State>,
}

pub(super) const PEOPLE: &str = "
auth:
  member:
    login:
      - { post: /api/login, json: { username: '${user}', password: '${pass}' }, extract: { token: { jsonpath: $.token } } }
    apply: { header: { Authorization: 'Bearer ${token}' } }
identities:
  alice: { auth: member, role: customer, vars: { user: alice, pass: lantern-58 } }
  bob: { auth: member, role: customer, vars: { user: bob, pass: harbour-31 } }
";

/// Logins of a plan in which `who` looks at the site.
pub(super) fn sessions_as(who: &str, text: &str) -> Sessions {
    let text = format!("version: 1\ntarget: {TARGET}\nscan: {{ as: {who} }}\n{text}");
    let overrides = Overrides::new(Seed(1), Date::constant(2026, 1, 1));
    let plan = shakedown::plan::from_text("plan.yml", &text, &|_| None, &overrides);
    plan.unwrap_or_else(|errors| panic!("{errors}")).sessions
}

/// Alice looks at the site, and Bob is there.
pub(super) fn with_two(checks: &[&'static str]) -> Setup {
    Setup { sessions: sessions_as("alice", PEOPLE), ..with_nobody(checks) }
}

/// Nobody looks at the site.
pub(super) fn with_nobody(checks: &[&'static str]) -> Setup {
    Setup { active: checks.to_vec(), allow_unsafe: true, ..Setup::default() }
}

fn answer(status: u16, body: &Value) -> Response {
    respond(status, "application/json", body.to_string())
}

fn refused() -> Response {
    answer(401, &json!({"error": "log in"}))
}

impl Notes {
    pub(super) fn new(flaws: Flaws) -> Self {
        let user = |password: &str, email: &str, admin| User {
            password: password.to_owned(),
            email: email.to_owned(),
            admin,
            failures: 0,
        };
        let people = [
            ("alice", user("lantern-58", "alice@notes.example", false)),
            ("bob", user("harbour-31", "bob@notes.example", false)),
            ("root", user("granite-77", "root@notes.example", true)),
        ];
        let users = people.map(|(name, user)| (name.to_owned(), user)).into();
        let note = |owner: &str| Note {
            owner: owner.to_owned(),
            title: format!("first of {owner}"),
            secret: format!("kept by {owner}"),
        };
        let notes = vec![note("alice"), note("bob"), note("root")];
        let state = Mutex::new(State { users, notes, ..State::default() });
        Self { flaws, state }
    }

    pub(super) fn password(&self, user: &str) -> String {
        self.state.lock().expect("no handler panics").users[user].password.clone()
    }

    pub(super) fn email(&self, user: &str) -> String {
        self.state.lock().expect("no handler panics").users[user].email.clone()
    }

    pub(super) fn users(&self) -> usize {
        self.state.lock().expect("no handler panics").users.len()
    }

    pub(super) fn answer(&self, ask: &Ask) -> Response {
        let mut state = self.state.lock().expect("no handler panics");
        let state = &mut *state;
        let body: Value = serde_json::from_slice(&ask.request.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let token = ask.authorization.strip_prefix("Bearer ").unwrap_or_default();
        let who = state.tokens.get(token).cloned();
        let segments: Vec<&str> = ask.path.trim_matches('/').split('/').collect();
        match (ask.method.as_str(), segments.as_slice()) {
            ("GET", [""]) => html("<a href=/openapi.json>description</a>"),
            ("GET", ["openapi.json"]) => answer(200, &description()),
            ("POST", ["api", "register"]) if !self.flaws.closed => {
                let (Some(name), Some(password)) = (text("username"), text("password")) else {
                    return answer(400, &json!({"error": "incomplete"}));
                };
                if state.users.contains_key(&name) {
                    return answer(409, &json!({"error": "taken"}));
                }
                let admin = self.flaws.assign && body["admin"] == json!(true);
                let email = text("email").unwrap_or_default();
                state.users.insert(name, User { password, email, admin, failures: 0 });
                answer(201, &json!({"message": "welcome"}))
            }
            ("POST", ["api", "login"]) => self.login(state, &body),
            ("GET", ["api", "me"]) => match who {
                None => refused(),
                Some(who) => {
                    let user = &state.users[&who];
                    let shown = json!({"username": who, "email": user.email, "admin": user.admin});
                    answer(200, &shown)
                }
            },
            ("GET", ["api", "debug"]) if self.flaws.debug => {
                let of = |(name, user): (&String, &User)| json!({"username": name, "password": user.password});
                answer(200, &json!({"users": state.users.iter().map(of).collect::<Vec<_>>()}))
            }
            ("GET", ["api", "everybody"]) if self.flaws.lists && who.is_some() => {
                let of =
                    |(name, user): (&String, &User)| json!({"username": name, "email": user.email});
                answer(200, &json!({"users": state.users.iter().map(of).collect::<Vec<_>>()}))
            }
            ("GET", ["api", "admin", "users"]) => match who {
                None => refused(),
                Some(who) if state.users[&who].admin || self.flaws.function => {
                    answer(200, &json!({"users": state.users.keys().collect::<Vec<_>>()}))
                }
                Some(_) => answer(403, &json!({"error": "not for you"})),
            },
            (method, ["api", "notes", ..]) => {
                self.notes(state, (method, &segments[2..]), who, &body)
            }
            ("PUT", ["api", "users", name, what]) => self.change(state, (name, what), who, &body),
            _ => answer(404, &json!({"error": "no such thing"})),
        }
    }

    fn login(&self, state: &mut State, body: &Value) -> Response {
        let name = body["username"].as_str().unwrap_or_default().to_owned();
        let wrong = |text: &str| answer(401, &json!({"error": text}));
        let unknown = if self.flaws.tells { "no such user" } else { "wrong name or password" };
        let Some(user) = state.users.get_mut(&name) else { return wrong(unknown) };
        if self.flaws.locks_after.is_some_and(|after| user.failures >= after) {
            return answer(429, &json!({"error": "too many attempts"}));
        }
        if body["password"].as_str() != Some(&user.password) {
            user.failures += 1;
            return wrong(if self.flaws.tells { "wrong password" } else { unknown });
        }
        user.failures = 0;
        let token = format!("tok-{name}-{:06}", state.tokens.len() * 7919);
        state.tokens.insert(token.clone(), name);
        answer(200, &json!({"token": token}))
    }

    fn notes(
        &self,
        state: &mut State,
        (method, rest): (&str, &[&str]),
        who: Option<String>,
        body: &Value,
    ) -> Response {
        let flaws = self.flaws;
        let Some(who) = who.or_else(|| flaws.public.then(String::new)) else { return refused() };
        let number = rest.first().and_then(|id| id.parse::<usize>().ok());
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match (method, number) {
            ("GET", None) if rest.is_empty() => {
                let mine = state
                    .notes
                    .iter()
                    .enumerate()
                    .filter(|(_, note)| note.owner == who || flaws.shared);
                let shown = mine.map(|(id, note)| json!({"id": id, "title": note.title}));
                answer(200, &json!({"notes": shown.collect::<Vec<_>>()}))
            }
            ("POST", None) if rest.is_empty() => {
                let (title, secret) = (text("title"), text("secret"));
                state.notes.push(Note { owner: who, title, secret });
                answer(201, &json!({"id": state.notes.len() - 1}))
            }
            ("GET", Some(id)) => match state.notes.get(id) {
                Some(note) if note.owner == who || flaws.read || flaws.shared || flaws.public => {
                    let (title, secret) = (&note.title, &note.secret);
                    answer(200, &json!({"id": id, "title": title, "text": secret}))
                }
                Some(_) => answer(403, &json!({"error": "not yours"})),
                None => answer(404, &json!({"error": "no such note"})),
            },
            ("PUT", Some(id)) => match state.notes.get_mut(id) {
                Some(note) if note.owner == who || flaws.write => {
                    (note.title, note.secret) = (text("title"), text("secret"));
                    answer(200, &json!({"ok": true}))
                }
                Some(_) if flaws.lies => answer(200, &json!({"ok": true})),
                Some(_) => answer(403, &json!({"error": "not yours"})),
                None => answer(404, &json!({"error": "no such note"})),
            },
            _ => answer(404, &json!({"error": "no such thing"})),
        }
    }

    fn change(
        &self,
        state: &mut State,
        (name, what): (&str, &str),
        who: Option<String>,
        body: &Value,
    ) -> Response {
        let Some(who) = who else { return refused() };
        // The careful one takes whoever asks for the one that is meant.
        let target = if self.flaws.takeover { name.to_owned() } else { who };
        let Some(user) = state.users.get_mut(&target) else {
            return answer(404, &json!({"error": "no such user"}));
        };
        match (what, body["password"].as_str(), body["email"].as_str()) {
            ("password", Some(password), _) => password.clone_into(&mut user.password),
            ("email", _, Some(email)) => email.clone_into(&mut user.email),
            _ => return answer(400, &json!({"error": "incomplete"})),
        }
        respond(204, "application/json", "")
    }
}

/// What it says of itself.
fn description() -> Value {
    let texts = |names: &[&str]| {
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        let schema = json!({"type": "object", "properties": properties});
        json!({"required": true, "content": {"application/json": {"schema": schema}}})
    };
    let place = |name: &str, kind: &str| json!([{"name": name, "in": "path", "required": true, "schema": {"type": kind}}]);
    let ok = json!({"200": {"description": "ok"}});
    let user = place("username", "string");
    json!({
        "openapi": "3.0.0",
        "info": {"title": "notes", "version": "1"},
        "paths": {
            "/api/register": {"post": {"requestBody": texts(&["username", "password", "email"]), "responses": ok}},
            "/api/login": {"post": {"requestBody": texts(&["username", "password"]), "responses": ok}},
            "/api/me": {"get": {"responses": ok}},
            "/api/debug": {"get": {"responses": ok}},
            "/api/admin/users": {"get": {"responses": ok}},
            "/api/everybody": {"get": {"responses": ok}},
            "/api/notes": {
                "get": {"responses": ok},
                "post": {"requestBody": texts(&["title", "secret"]), "responses": ok},
            },
            "/api/notes/{id}": {
                "get": {"parameters": place("id", "integer"), "responses": ok},
                "put": {"parameters": place("id", "integer"), "requestBody": texts(&["title", "secret"]), "responses": ok},
            },
            "/api/users/{username}/password": {
                "put": {"parameters": user, "requestBody": texts(&["password"]), "responses": ok},
            },
            "/api/users/{username}/email": {
                "put": {"parameters": user, "requestBody": texts(&["email"]), "responses": ok},
            },
        },
    })
}
