//! Requests that go through a door, and what comes back.

use super::Door;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::model::Response;
use crate::scan::point::insertion_points;
use crate::scan::point::with_point;

/// Names of members that hold what stands for a login, the likeliest first.
const TOKEN_NAMES: [&str; 9] = [
    "accesstoken",
    "authtoken",
    "sessiontoken",
    "token",
    "jwt",
    "idtoken",
    "bearer",
    "apikey",
    "authenticationtoken",
];

/// A shorter value is no token.
const LEAST_TOKEN: usize = 8;

impl Door {
    /// The request with a name and a password.
    pub(crate) fn filled(&self, user: &str, password: &str) -> Request {
        let mut request = self.base.clone();
        let values = insertion_points(&self.base);
        // A button that is called "Login" is no name.
        let is_button = |point: &InsertionRef| {
            let mut known = values.iter().filter(|known| known.reference == *point);
            known.any(|known| known.value.eq_ignore_ascii_case(&point.name))
        };
        let users = || self.users.iter().filter(|point| !is_button(point));
        for (index, point) in users().enumerate() {
            // Of several, those for an address get one, and those for a name the name.
            let wants_address = point.name.to_ascii_lowercase().contains("mail");
            let name = user.split('@').next().unwrap_or_default();
            let value = match (users().count() > 1, wants_address, user.contains('@')) {
                (true, true, false) => format!("{user}@example.com"),
                (true, false, true) if index > 0 => name.to_owned(),
                _ => user.to_owned(),
            };
            request = with_point(&request, point, &value).unwrap_or(request);
        }
        for point in &self.passwords {
            request = with_point(&request, point, password).unwrap_or(request);
        }
        request
    }

    /// The request with a name and a one-time code.
    pub(crate) fn filled_with_code(&self, user: &str, code: &str) -> Request {
        let filled = self.filled(user, code);
        self.codes
            .iter()
            .fold(filled, |request, point| with_point(&request, point, code).unwrap_or(request))
    }

    /// The same door on a page that was just asked for: with its tokens.
    pub(crate) fn renewed(&self, response: &Response) -> Option<Self> {
        let page = self.page.as_ref()?;
        let doors = Self::on_page(page, response);
        let is_it = |door: &Self| {
            if self.is_read() { door.is_same(self) } else { door.kind == self.kind }
        };
        let fresh = doors.into_iter().find(is_it)?;
        Some(Self { allowed: self.allowed, ..fresh })
    }
}

/// What an answer gives to whoever logs in, to be sent with what follows; cookies are another matter.
pub(crate) fn bearer(response: &Response) -> Option<String> {
    if let Some(header) = response.header("authorization") {
        let text = header.text().into_owned();
        let token = text.strip_prefix("Bearer ").unwrap_or(&text).trim().to_owned();
        return (token.len() >= LEAST_TOKEN).then_some(token);
    }
    let body: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
    let mut found: Vec<(usize, String)> = Vec::new();
    tokens(&body, 0, &mut found);
    found.sort();
    found.into_iter().next().map(|(_, token)| token)
}

fn tokens(value: &serde_json::Value, depth: usize, found: &mut Vec<(usize, String)>) {
    if depth > 4 {
        return;
    }
    let serde_json::Value::Object(members) = value else { return };
    for (name, member) in members {
        let plain: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match member {
            serde_json::Value::String(text) if text.len() >= LEAST_TOKEN && !text.contains(' ') => {
                if let Some(rank) = TOKEN_NAMES.iter().position(|known| plain == *known) {
                    found.push((rank, text.clone()));
                }
            }
            _ => tokens(member, depth + 1, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;
    use crate::model::Target;

    fn page(html: &str) -> Response {
        Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: vec![Header::new("Content-Type", "text/html")],
            body: html.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        }
    }

    #[test]
    fn a_form_is_filled_in_with_the_token_of_its_page() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let at = Request::get(origin, "/enter");
        let form = |token: &str| {
            page(&format!(
                "<form method=post action=/login><input type=hidden name=csrf value={token}>\
                 <input name=user><input type=password name=pw></form>"
            ))
        };
        let doors = Door::on_page(&at, &form("one"));
        let [door] = doors.as_slice() else { panic!("{doors:?}") };
        let fresh = door.renewed(&form("two")).expect("it is still there");
        let sent = fresh.filled("alice", "p&ss");
        assert_eq!(String::from_utf8_lossy(&sent.body), "csrf=two&user=alice&pw=p%26ss");
    }

    #[test]
    fn a_button_is_no_name() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let at = Request::get(origin, "/enter");
        let form = "<form action=/enter><input name=username><input type=password name=password>\
                    <input type=submit name=Login value=Login></form>";
        let doors = Door::on_page(&at, &page(form));
        let [door, ..] = doors.as_slice() else { panic!("none") };
        let sent = door.filled("alice", "secret");
        assert_eq!(sent.path_and_query_text(), "/enter?username=alice&password=secret&Login=Login");
    }

    #[test]
    fn tokens_are_found_by_name() {
        let mut response = page(r#"{"data":{"token":"abcdefgh","user":"x"},"csrf":"12345678901"}"#);
        assert_eq!(bearer(&response).as_deref(), Some("abcdefgh"));
        response.body = br#"{"message":"no token for you","token":null}"#.to_vec();
        assert_eq!(bearer(&response), None);
        response.headers.push(Header::new("Authorization", "Bearer 0123456789"));
        assert_eq!(bearer(&response).as_deref(), Some("0123456789"));
    }
}
