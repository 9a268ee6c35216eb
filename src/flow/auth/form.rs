//! Finds the login form of a page by itself, and fills it in.
//!
//! Nothing is known of the site. What counts: a field for a password, the field for a name before
//! it (by type, `autocomplete` and name), and that registration forms ask for more. Hidden fields
//! (anti-CSRF tokens among them) are sent as they came.

use url::Url;
use url::form_urlencoded;

use super::page::Form;
use super::page::Page;
use crate::extract::Field;
use crate::extract::FormEncoding;
use crate::extract::FormMethod;
use crate::model::Header;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;

/// Names of fields that take a user's name, the likeliest first.
const USER_WORDS: [&str; 12] = [
    "username",
    "user_name",
    "user-name",
    "login",
    "email",
    "e-mail",
    "user",
    "mail",
    "account",
    "ident",
    "uid",
    "name",
];

/// Names of fields that take a one-time password.
const CODE_WORDS: [&str; 9] =
    ["one-time-code", "totp", "otp", "2fa", "mfa", "twofactor", "two_factor", "passcode", "code"];

/// What says that a form is for logging in, and what says that it is for something else.
const LOGIN_WORDS: [&str; 8] =
    ["login", "log-in", "log_in", "signin", "sign-in", "sign_in", "session", "auth"];
const OTHER_WORDS: [&str; 9] = [
    "register",
    "registration",
    "signup",
    "sign-up",
    "sign_up",
    "subscribe",
    "newsletter",
    "search",
    "contact",
];

/// Labels of buttons that log in, or go on to the password.
const GO_WORDS: [&str; 8] =
    ["log in", "login", "log on", "sign in", "signin", "continue", "next", "submit"];

/// What goes into a form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    /// The one-time password of now, where there is one.
    pub(super) code: Option<&'a str>,
    /// Names of the fields, where the plan says them.
    pub(super) user_field: Option<&'a str>,
    pub(super) password_field: Option<&'a str>,
}

/// What a page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Name (unless it knows it already) and password.
    Password,
    /// The name alone; the password comes on another page.
    User,
    /// A one-time password.
    Code,
}

/// A form that was found, and its fields' places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'p> {
    pub(super) form: &'p Form,
    pub(super) asks: Asks,
    user: Option<usize>,
    password: Option<usize>,
    code: Option<usize>,
}

/// The form of the page in which somebody logs in.
pub(super) fn find<'p>(page: &'p Page, filling: &Filling<'_>) -> Option<Found<'p>> {
    let found = page.forms.iter().enumerate().filter_map(|(place, form)| {
        let found = classify(form, filling)?;
        // The first of two that are as good.
        Some((score(&found), std::cmp::Reverse(place), found))
    });
    found.max_by_key(|(score, place, _)| (*score, *place)).map(|(_, _, found)| found)
}

/// Whether a page asks for a password, so that whoever sees it is not logged in.
pub(super) fn asks_for_password(page: &Page) -> bool {
    let nothing =
        Filling { user: "", password: "", code: None, user_field: None, password_field: None };
    find(page, &nothing).is_some_and(|found| found.asks == Asks::Password)
}

fn classify<'p>(form: &'p Form, filling: &Filling<'_>) -> Option<Found<'p>> {
    let named =
        |name: Option<&str>| form.fields.iter().position(|field| Some(&*field.name) == name);
    let password = named(filling.password_field).or_else(|| {
        form.fields.iter().position(|field| field.kind == "password" && has_name(field))
    });
    let user = named(filling.user_field).or_else(|| user_field(form, password));
    if password.is_some() {
        return Some(Found { form, asks: Asks::Password, user, password, code: code_field(form) });
    }
    if let (Some(code), Some(_)) = (code_field(form), filling.code) {
        return Some(Found {
            form,
            asks: Asks::Code,
            user: None,
            password: None,
            code: Some(code),
        });
    }
    // A name alone is asked for in many a form: it must say so.
    let user = user.filter(|user| {
        let field = &form.fields[*user];
        let is_user = is_word(&field.hints, "username")
            || named(filling.user_field) == Some(*user)
            || rank(field).is_some_and(|rank| rank < 8);
        let is_login = has_any(&form.words, &LOGIN_WORDS) || button(form).is_some_and(says_go);
        is_user && is_login && !has_any(&form.words, &OTHER_WORDS)
    });
    user.map(|user| Found { form, asks: Asks::User, user: Some(user), password: None, code: None })
}

fn score(found: &Found<'_>) -> i32 {
    let form = found.form;
    let passwords = form.fields.iter().filter(|field| field.kind == "password").count();
    let texts = form.fields.iter().filter(|field| is_text(field)).count();
    let mut score = match found.asks {
        Asks::Password => 100,
        Asks::Code => 60,
        Asks::User => 50,
    };
    score += if found.user.is_some() { 20 } else { 0 };
    // A second one repeats or changes the first.
    score -= if passwords > 1 { 40 } else { 0 };
    score -= i32::try_from(texts.saturating_sub(1)).unwrap_or(i32::MAX / 100).min(10) * 5;
    score += if has_any(&form.words, &LOGIN_WORDS) { 10 } else { 0 };
    score -= if has_any(&form.words, &OTHER_WORDS) { 30 } else { 0 };
    score + if button(form).is_some_and(says_go) { 10 } else { 0 }
}

fn user_field(form: &Form, password: Option<usize>) -> Option<usize> {
    let texts: Vec<usize> =
        (0..form.fields.len()).filter(|at| is_text(&form.fields[*at])).collect();
    let said = |hint: &str| texts.iter().copied().find(|at| is_word(&form.fields[*at].hints, hint));
    let ranked = || {
        let ranks = texts.iter().filter_map(|at| Some((rank(&form.fields[*at])?, *at)));
        ranks.min().map(|(_, at)| at)
    };
    let before = || {
        let password = password?;
        texts.iter().copied().rfind(|at| *at < password)
    };
    said("username").or_else(ranked).or_else(|| said("email")).or_else(before)
}

/// How likely the field takes a user's name; less is likelier.
fn rank(field: &Field) -> Option<usize> {
    let name = field.name.to_ascii_lowercase();
    let by_name = USER_WORDS.iter().position(|word| name.contains(word));
    let by_kind = (field.kind == "email").then_some(4);
    let ranks = by_name.into_iter().chain(by_kind);
    ranks.min().or_else(|| USER_WORDS.iter().position(|word| field.hints.contains(word)))
}

fn code_field(form: &Form) -> Option<usize> {
    form.fields.iter().position(|field| {
        let name = field.name.to_ascii_lowercase();
        (is_text(field) || field.kind == "number")
            && CODE_WORDS.iter().any(|word| name.contains(word) || is_word(&field.hints, word))
    })
}

fn is_text(field: &Field) -> bool {
    let kinds = ["text", "email", "tel", ""];
    has_name(field) && (kinds.contains(&field.kind.as_str()) || is_unknown(&field.kind))
}

/// Browsers take a type that they do not know for text.
fn is_unknown(kind: &str) -> bool {
    const KNOWN: [&str; 25] = [
        "button",
        "checkbox",
        "color",
        "date",
        "datetime-local",
        "email",
        "file",
        "hidden",
        "image",
        "month",
        "number",
        "password",
        "radio",
        "range",
        "reset",
        "search",
        "submit",
        "tel",
        "text",
        "time",
        "url",
        "week",
        "select",
        "textarea",
        "",
    ];
    !KNOWN.contains(&kind)
}

fn has_name(field: &Field) -> bool {
    !field.name.is_empty()
}

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn is_word(text: &str, word: &str) -> bool {
    text.split_whitespace().any(|one| one == word)
}

/// The button that a browser would press: the one that says so, else the first.
fn button(form: &Form) -> Option<&Field> {
    let mut buttons = form.fields.iter().filter(|field| field.kind == "submit");
    buttons.clone().find(|button| says_go(button)).or_else(|| buttons.next())
}

fn says_go(button: &Field) -> bool {
    let label = button.label.trim().to_lowercase();
    GO_WORDS.iter().any(|word| label.contains(word))
}

impl Found<'_> {
    /// What a browser sends once the form is filled in.
    ///
    /// # Errors
    /// A form that leads nowhere.
    pub(super) fn request(&self, filling: &Filling<'_>, page: &Url) -> Result<Request, String> {
        let pairs = self.pairs(filling);
        let origin = Origin::of(&self.form.action).map_err(|error| error.to_string())?;
        let mut action = self.form.action.clone();
        if self.form.method == FormMethod::Get {
            action.set_query(Some(&urlencoded(&pairs)));
            let mut request = Request::get(origin, path_and_query(&action));
            request.headers.push(Header::new("Referer", page.as_str()));
            return Ok(request);
        }
        let (content_type, body) = match self.form.encoding {
            FormEncoding::UrlEncoded => {
                ("application/x-www-form-urlencoded".to_owned(), urlencoded(&pairs).into_bytes())
            }
            FormEncoding::Multipart => multipart(&pairs),
            FormEncoding::Plain => {
                let lines = pairs.iter().map(|(name, value)| format!("{name}={value}\r\n"));
                ("text/plain".to_owned(), lines.collect::<String>().into_bytes())
            }
        };
        // Servers with an anti-CSRF check of their own look at where a form came from.
        let headers = vec![
            Header::new("Content-Type", content_type),
            Header::new("Origin", page.origin().ascii_serialization()),
            Header::new("Referer", page.as_str()),
        ];
        Ok(Request {
            origin,
            method: Method::new("POST"),
            path_and_query: path_and_query(&action).into_bytes(),
            headers,
            body,
        })
    }

    fn pairs(&self, filling: &Filling<'_>) -> Vec<(String, String)> {
        let pressed = button(self.form).map(std::ptr::from_ref);
        let mut pairs = Vec::new();
        for (at, field) in self.form.fields.iter().enumerate() {
            let at = Some(at);
            if !has_name(field) {
                continue;
            }
            let mut push = |value: &str| pairs.push((field.name.clone(), value.to_owned()));
            if at == self.password {
                push(filling.password);
            } else if at == self.user && !filling.user.is_empty() {
                push(filling.user);
            } else if let (true, Some(code)) = (at == self.code, filling.code) {
                push(code);
            } else if field.is_sent || pressed == Some(std::ptr::from_ref(field)) {
                field.values().for_each(push);
            }
        }
        pairs
    }
}

fn urlencoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn multipart(pairs: &[(String, String)]) -> (String, Vec<u8>) {
    let mut boundary = "shakedown-login".to_owned();
    while pairs.iter().any(|(name, value)| name.contains(&boundary) || value.contains(&boundary)) {
        boundary.push('x');
    }
    let escaped = |name: &str| name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let parts = pairs.iter().map(|(name, value)| {
        let name = escaped(name);
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    });
    let body = parts.collect::<String>() + &format!("--{boundary}--\r\n");
    (format!("multipart/form-data; boundary={boundary}"), body.into_bytes())
}

/// Path and query of a URL as sent.
pub(super) fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url() -> Url {
        Url::parse("http://127.0.0.1:1/app/sign-in?next=/x").expect("a URL")
    }

    const ALICE: Filling<'static> = Filling {
        user: "alice",
        password: "p&ss",
        code: None,
        user_field: None,
        password_field: None,
    };

    fn sent_with(html: &str, filling: &Filling<'_>) -> Option<String> {
        let page = Page::parse(&url(), html);
        let found = find(&page, filling)?;
        let request = found.request(filling, &url()).expect("it leads somewhere");
        let body = String::from_utf8(request.body.clone()).expect("a form");
        Some(format!("{} {} {body}", request.method, request.path_and_query_text()))
    }

    fn sent(html: &str) -> Option<String> {
        sent_with(html, &ALICE)
    }

    #[test]
    fn a_token_in_a_hidden_field_and_the_buttons_name_go_along() {
        let html = r#"<form action="sign-in" method="post"><fieldset>
            <label>Username</label> <input type="text" class="loginInput" size="20" name="username"><br>
            <input type="password" class="loginInput" AUTOCOMPLETE="off" size="20" name="password"><br>
            <p class="submit"><input type="submit" value="Login" name="Login"></p></fieldset>
            <input type='hidden' name='csrf_key' value='73a9e6' /></form>"#;
        assert_eq!(
            sent(html).as_deref(),
            Some("POST /app/sign-in username=alice&password=p%26ss&Login=Login&csrf_key=73a9e6")
        );
    }

    #[test]
    fn the_login_is_found_among_other_forms() {
        let html = r"
            <form action=/search><input name=q></form>
            <form action=/register method=post><input name=email type=email><input name=name>
              <input type=password name=password><input type=password name=repeat></form>
            <form method=post id=signin><input type=email name=mail><input type=checkbox name=stay>
              <input type=password name=pw><button name=go value=1>Sign in</button></form>
            <form action=/newsletter method=post><input name=email type=email><button>Subscribe</button></form>";
        assert_eq!(
            sent(html).as_deref(),
            Some("POST /app/sign-in?next=/x mail=alice&pw=p%26ss&go=1")
        );
    }

    #[test]
    fn the_name_is_told_from_other_texts() {
        let of = |fields: &str| {
            let html =
                format!("<form method=post action=/l>{fields}<input type=password name=p></form>");
            sent(&html).expect("a form")
        };
        assert!(
            of("<input name=tenant value=t><input name=x autocomplete=username>")
                .contains("tenant=t&x=alice")
        );
        assert!(
            of("<input name=company><input name=os_username>")
                .contains("company=&os_username=alice")
        );
        assert!(
            of("<input name=a><input name=b>").contains("a=&b=alice"),
            "the one before the password"
        );
        assert!(of("<input type=tel name=phone>").contains("phone=alice"));
        // It asks for the password alone.
        assert_eq!(of("<input type=hidden name=user value=alice>"), "POST /l user=alice&p=p%26ss");
    }

    #[test]
    fn fields_that_the_plan_names_go_before_guesses() {
        let html = "<form method=post action=/l><input name=user><input name=alias>\
                    <input name=secret><input type=password name=p></form>";
        let filling =
            Filling { user_field: Some("alias"), password_field: Some("secret"), ..ALICE };
        assert_eq!(
            sent_with(html, &filling).as_deref(),
            Some("POST /l user=&alias=alice&secret=p%26ss&p=")
        );
    }

    #[test]
    fn a_name_alone_is_asked_for_on_the_first_of_two_pages() {
        let html = "<form method=post action=/identify><input type=hidden name=t value=1>\
                    <input type=email name=identifier><button>Next</button></form>";
        let page = Page::parse(&url(), html);
        assert_eq!(find(&page, &ALICE).map(|found| found.asks), Some(Asks::User));
        assert_eq!(sent(html).as_deref(), Some("POST /identify t=1&identifier=alice"));
        assert_eq!(
            sent(
                "<form action=/newsletter><input type=email name=email><button>Next</button></form>"
            ),
            None
        );
    }

    #[test]
    fn a_code_is_asked_for_where_there_is_one() {
        let html = "<form method=post action=/2fa><input name=otp inputmode=numeric><button>Go</button></form>";
        assert_eq!(sent(html), None);
        let filling = Filling { code: Some("287082"), ..ALICE };
        assert_eq!(sent_with(html, &filling).as_deref(), Some("POST /2fa otp=287082"));
        let one = "<form method=post action=/l><input name=u><input type=password name=p><input name=totp></form>";
        assert_eq!(
            sent_with(one, &filling).as_deref(),
            Some("POST /l u=alice&p=p%26ss&totp=287082")
        );
    }

    #[test]
    fn methods_encodings_and_controls_are_those_of_browsers() {
        let fields = "<select name=s><option value=1>a<option value=2 selected>b</select>\
            <select name=o><option>first</option><option>second</option></select>\
            <input type=radio name=r value=1><input type=radio name=r value=2 checked>\
            <textarea name=a>text</textarea><input name=off disabled value=x>\
            <input name=u><input type=password name=p>";
        let get = format!("<form action='/l?old=1#f'>{fields}</form>");
        assert_eq!(sent(&get).as_deref(), Some("GET /l?s=2&o=first&r=2&a=text&u=alice&p=p%26ss "));
        let multipart = "<form method=post enctype=multipart/form-data><input name='u\"'><input type=password name=p></form>";
        let body = sent(multipart).expect("a form");
        assert!(body.contains("name=\"u%22\"\r\n\r\nalice\r\n--shakedown-login\r\n"), "{body}");
        assert!(body.ends_with("name=\"p\"\r\n\r\np&ss\r\n--shakedown-login--\r\n"), "{body}");
        let outside = "<form id=f method=post action=/l></form><input form=f name=u><input form=f type=password name=p>";
        assert_eq!(sent(outside).as_deref(), Some("POST /l u=alice&p=p%26ss"));
    }

    #[test]
    fn pages_say_what_they_are() {
        let page = Page::parse(
            &url(),
            "<title> Log\n in </title><p class='Login-Error'><b>Wrong password.</b></p>\
             <input type=password name=p><form action='javascript:x()'><input type=password></form>",
        );
        assert_eq!((page.title.as_str(), page.forms.len()), ("Log in", 0));
        assert_eq!(page.complaint.as_deref(), Some("Wrong password."));
        assert!(page.has_loose_password);
        assert!(!asks_for_password(&page));
    }

    proptest! {
        #[test]
        fn no_page_stops_the_reader(
            html in "(<form[ >]|</form>|<input name=|type=password|<option|<select |<button>|form=f|[ >='\"a-zé]){0,60}",
        ) {
            let page = Page::parse(&url(), &html);
            if let Some(found) = find(&page, &ALICE) {
                prop_assert!(found.request(&ALICE, &url()).is_ok());
            }
        }
    }
}
