//! What a request is for, by what it takes and where it goes.

use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::scan::careful::split_words;

/// What is done at a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DoorKind {
    /// Name and password are shown.
    Login,
    /// Somebody new is entered.
    Register,
    /// A new password is asked for by name or mail address.
    Reset,
    /// A one-time code is shown.
    Code,
}

/// Names of what takes a user's name, the likeliest first.
const USER_WORDS: [&str; 15] = [
    "username",
    "user_name",
    "user-name",
    "login",
    "email",
    "e-mail",
    "mail",
    "user",
    "account",
    "ident",
    "uid",
    "nick",
    "handle",
    "phone",
    "name",
];

const PASSWORD_PARTS: [&str; 7] =
    ["passw", "passphrase", "pwd", "kennwort", "motdepasse", "contrasen", "wachtwoord"];
const PASSWORD_NAMES: [&str; 4] = ["pass", "pw", "psw", "pin"];

const CODE_WORDS: [&str; 8] =
    ["otp", "totp", "code", "mfa", "2fa", "twofactor", "passcode", "onetime"];

const REGISTER_WORDS: [&str; 9] = [
    "register",
    "registration",
    "signup",
    "enroll",
    "enrol",
    "join",
    "registrieren",
    "inscription",
    "newuser",
];
const REGISTER_PAIRS: [(&str, &str); 5] = [
    ("sign", "up"),
    ("create", "account"),
    ("new", "account"),
    ("create", "user"),
    ("new", "user"),
];
/// A collection of people: to add somebody to it is to register them.
const PEOPLE: [&str; 6] = ["users", "accounts", "members", "customers", "people", "user"];

const LOGIN_WORDS: [&str; 14] = [
    "login",
    "logon",
    "signin",
    "session",
    "sessions",
    "auth",
    "authenticate",
    "authentication",
    "token",
    "tokens",
    "jwt",
    "anmelden",
    "connexion",
    "authorize",
];
const LOGIN_PAIRS: [(&str, &str); 3] = [("log", "in"), ("sign", "in"), ("log", "on")];

const RESET_WORDS: [&str; 8] =
    ["reset", "forgot", "forgotten", "forget", "recover", "recovery", "lost", "remind"];

/// Names of passwords that are not the one that is asked for at a login.
const OTHER_PASSWORD: [&str; 4] = ["old", "current", "new", "previous"];

/// Words of what stands before a password and names nobody.
const NO_USER: [&str; 14] = [
    "csrf", "xsrf", "token", "nonce", "captcha", "next", "return", "redirect", "remember",
    "action", "submit", "code", "lang", "url",
];

/// Most values of a form that is a login by nothing but its password.
const FEW: usize = 3;

/// Whether what has that name takes a password.
pub(crate) fn is_password(name: &str) -> bool {
    let plain = plain(name);
    PASSWORD_PARTS.iter().any(|part| plain.contains(part))
        || PASSWORD_NAMES.contains(&plain.as_str())
}

/// Those that take a user's name, the likeliest first; where none is called so, what stands before the
/// password.
pub(super) fn users(points: &[InsertionRef]) -> Vec<InsertionRef> {
    let mut ranked: Vec<(usize, &InsertionRef)> =
        points.iter().filter_map(|point| Some((rank(&point.name)?, point))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let known: Vec<_> = ranked.into_iter().map(|(_, point)| point.clone()).collect();
    if known.is_empty() { before_password(points).into_iter().collect() } else { known }
}

/// What a form or an object has right before its only password, as password managers read it: the number of a
/// card, of a customer.
fn before_password(points: &[InsertionRef]) -> Option<InsertionRef> {
    let given: Vec<&InsertionRef> =
        points.iter().filter(|point| point.kind != InsertionKind::Path).collect();
    let mut passwords = (0..given.len()).filter(|at| is_password(&given[*at].name));
    let at = passwords.next()?.checked_sub(1)?;
    let words = split_words(&given[at].name);
    let is_other = words.iter().any(|word| NO_USER.contains(&word.as_str()));
    (passwords.next().is_none() && !is_other).then(|| given[at].clone())
}

/// Those that take a one-time code.
pub(super) fn codes(points: &[InsertionRef]) -> Vec<InsertionRef> {
    let given = points.iter().filter(|point| point.kind != InsertionKind::Path);
    given.filter(|point| is_code(&point.name)).cloned().collect()
}

/// `None` for what is no door.
pub(super) fn of(
    method: &str,
    path: &str,
    page: &str,
    points: &[InsertionRef],
) -> Option<DoorKind> {
    if !matches!(method, "POST" | "GET" | "PUT") {
        return None;
    }
    let own = split_words(path);
    let all: Vec<String> = own.iter().cloned().chain(split_words(page)).collect();
    let given: Vec<&InsertionRef> =
        points.iter().filter(|point| point.kind != InsertionKind::Path).collect();
    let names = || given.iter().map(|point| point.name.as_str());
    let passwords = names().filter(|name| is_password(name)).count();
    let called = names().filter(|name| rank(name).is_some()).count();
    let says = |words: &[&str]| all.iter().any(|word| words.contains(&word.as_str()));
    let says_pair = |pairs: &[(&str, &str)]| {
        all.windows(2).any(|two| pairs.iter().any(|(a, b)| two[0] == *a && two[1] == *b))
    };
    let logs_in = says(&LOGIN_WORDS) || says_pair(&LOGIN_PAIRS);
    let is_before = (logs_in || given.len() <= FEW) && before_password(points).is_some();
    let users = called + usize::from(called == 0 && is_before);
    let takes_code = names().any(is_code);
    if method != "GET" && takes_code && says(&RESET_WORDS) {
        return Some(DoorKind::Code);
    }
    if passwords == 0 {
        return match () {
            () if method == "GET" => None,
            () if says(&RESET_WORDS) && users > 0 => Some(DoorKind::Reset),
            () if takes_code && (says(&CODE_WORDS) || says(&["verify", "factor"])) => {
                Some(DoorKind::Code)
            }
            () => None,
        };
    }
    let is_other = names().any(|name| {
        is_password(name)
            && split_words(name).iter().any(|word| OTHER_PASSWORD.contains(&word.as_str()))
    });
    let has_place = points.iter().any(|point| point.kind == InsertionKind::Path);
    if is_other || says(&RESET_WORDS) || users == 0 {
        return None;
    }
    let registers = says(&REGISTER_WORDS) || says_pair(&REGISTER_PAIRS);
    let adds = own.last().is_some_and(|word| PEOPLE.contains(&word.as_str())) && method == "POST";
    match () {
        () if method != "PUT" && registers => Some(DoorKind::Register),
        () if method != "PUT" && logs_in && passwords == 1 => Some(DoorKind::Login),
        () if has_place => None,
        () if method != "GET" && (adds || passwords == 2 || users > 1 && given.len() > 2) => {
            Some(DoorKind::Register)
        }
        () if method != "PUT" && passwords == 1 && given.len() <= 5 => Some(DoorKind::Login),
        () => None,
    }
}

fn rank(name: &str) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    if is_password(&name) {
        return None;
    }
    let last = name.rsplit('/').next().unwrap_or_default().to_owned();
    USER_WORDS.iter().position(|word| last.contains(word))
}

fn is_code(name: &str) -> bool {
    let plain = plain(name);
    CODE_WORDS.iter().any(|word| plain == *word || plain.ends_with(word)) && plain != "postcode"
}

/// Letters of the name alone; of a JSON pointer, of its last part.
fn plain(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    last.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(method: &str, path: &str, names: &[&str]) -> Option<DoorKind> {
        let points: Vec<InsertionRef> = names
            .iter()
            .map(|name| InsertionRef { kind: InsertionKind::Form, name: (*name).to_owned() })
            .collect();
        of(method, path, "", &points)
    }

    #[test]
    fn doors_are_told_by_what_they_take_and_where_they_lead() {
        use DoorKind::*;
        for (method, path, names, expected) in [
            ("POST", "/login", &["username", "password"][..], Some(Login)),
            ("POST", "/users/v1/login", &["/username", "/password"], Some(Login)),
            ("POST", "/session", &["csrf", "email", "pw"], Some(Login)),
            ("GET", "/enter", &["name", "password", "Login"], Some(Login)),
            ("POST", "/users/v1/register", &["/email", "/password", "/username"], Some(Register)),
            ("POST", "/signup", &["mail", "password", "password2"], Some(Register)),
            ("POST", "/api/users", &["/name", "/password"], Some(Register)),
            ("POST", "/partners/enter", &["csrf", "customer", "password"], Some(Login)),
            ("POST", "/club/login", &["next", "card", "pin", "remember"], Some(Login)),
            ("POST", "/api/club/login", &["/card", "/pin"], Some(Login)),
            ("POST", "/close", &["csrf", "password"], None),
            ("POST", "/profile", &["street", "town", "plans", "password", "save"], None),
            ("POST", "/password/forgot", &["email"], Some(Reset)),
            ("POST", "/login/otp", &["otp"], Some(Code)),
            ("POST", "/password/reset/confirm", &["name", "code"], Some(Code)),
            ("POST", "/reset", &["email", "code", "new_password"], Some(Code)),
            ("POST", "/account/password", &["old_password", "new_password", "user"], None),
            ("PUT", "/users/v1/7/password", &["/password"], None),
            ("POST", "/contact", &["name", "email", "text"], None),
            ("POST", "/address", &["name", "postcode"], None),
            ("GET", "/search", &["name"], None),
        ] {
            assert_eq!(kind(method, path, names), expected, "{method} {path} {names:?}");
        }
    }

    #[test]
    fn the_likeliest_name_comes_first() {
        let points = ["name", "email", "username", "password"]
            .map(|name| InsertionRef { kind: InsertionKind::Form, name: name.to_owned() });
        let names: Vec<String> = users(&points).into_iter().map(|point| point.name).collect();
        assert_eq!(names, ["username", "email", "name"]);
    }
}
