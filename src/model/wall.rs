//! Who stands before a target and refuses: firewalls and bot walls, by the marks that they leave.
//!
//! A status alone says nothing of who gave it: an application refuses too. What is known of the marks
//! comes from the vendors' documentation of their block and challenge pages.

use super::exchange::Response;

/// Statuses with which walls refuse; some challenges come as 202 or 405.
const REFUSALS: [u16; 4] = [403, 406, 429, 503];
const CHALLENGES: [u16; 2] = [202, 405];

/// Bytes of a page that are looked at: a wall says at its beginning what it is.
const LOOKED_AT: usize = 16 << 10;

/// Characters of an id that is shown.
const MAX_ID: usize = 64;

/// A wall that answered in the target's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    /// Whose it is, as its vendor calls it.
    pub by: &'static str,
    /// The id under which its owner finds the refusal again, where it gives one.
    pub id: Option<String>,
}

/// By what one vendor's wall is known: any of it.
struct Marks {
    by: &'static str,
    /// A header that only its refusals have, and what its value has to hold.
    headers: &'static [(&'static str, &'static str)],
    /// Text of its pages, in lower case.
    texts: &'static [&'static str],
    /// What stands before the id in its pages, in lower case, or the header that has it.
    id: Id,
}

/// Whose pages of failures have the marks of their refusals.
const OF_CACHES: [&str; 2] = ["Akamai", "Imperva"];

enum Id {
    Behind(&'static str),
    Header(&'static str),
    None,
}

const WALLS: &[Marks] = &[
    Marks {
        by: "Cloudflare",
        headers: &[("cf-mitigated", "")],
        texts: &["attention required! | cloudflare", "cf-error-details", "_cf_chl_opt"],
        id: Id::Header("cf-ray"),
    },
    Marks {
        by: "AWS WAF",
        headers: &[("x-amzn-waf-action", "")],
        texts: &["request blocked. we can't connect to the server for this app", "awswafcaptcha"],
        id: Id::Header("x-amz-cf-id"),
    },
    Marks {
        by: "Akamai",
        headers: &[("server", "akamaighost")],
        texts: &["errors.edgesuite.net"],
        id: Id::Behind("reference&#32;&#35;"),
    },
    Marks {
        by: "Imperva",
        headers: &[],
        texts: &["incapsula incident id"],
        id: Id::Behind("incident id: "),
    },
    Marks {
        by: "F5 BIG-IP ASM",
        headers: &[],
        texts: &["the requested url was rejected. please consult with your administrator"],
        id: Id::Behind("support id is: "),
    },
    Marks {
        by: "Sucuri",
        headers: &[("x-sucuri-block", "")],
        texts: &["sucuri website firewall"],
        id: Id::Header("x-sucuri-id"),
    },
    Marks {
        by: "Azure Front Door",
        headers: &[],
        texts: &["<h2>the request is blocked.</h2>"],
        id: Id::Header("x-azure-ref"),
    },
    Marks {
        by: "DataDome",
        headers: &[("x-dd-b", "")],
        texts: &["captcha-delivery.com"],
        id: Id::None,
    },
    Marks { by: "HUMAN", headers: &[], texts: &["px-captcha"], id: Id::None },
    Marks {
        by: "FortiWeb",
        headers: &[],
        texts: &["fgd_icon", "web page blocked!"],
        id: Id::Behind("attack id: "),
    },
    Marks {
        by: "ModSecurity",
        headers: &[("server", "mod_security")],
        texts: &["mod_security", "modsecurity"],
        id: Id::None,
    },
    Marks {
        by: "a CAPTCHA",
        headers: &[],
        texts: &["g-recaptcha", "h-captcha", "cf-turnstile"],
        id: Id::None,
    },
];

impl Wall {
    /// The wall that gave this answer, if one did.
    pub fn of(response: &Response) -> Option<Self> {
        let is_refusal = REFUSALS.contains(&response.status);
        let is_challenge = CHALLENGES.contains(&response.status);
        if !is_refusal && !is_challenge {
            return None;
        }
        let body = &response.body[..response.body.len().min(LOOKED_AT)];
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        // Of a network of caches, 503 is the origin's failure.
        let is_failure = |marks: &Marks| response.status == 503 && OF_CACHES.contains(&marks.by);
        let marks = WALLS.iter().filter(|marks| !is_failure(marks)).find(|marks| {
            marks.headers.iter().any(|(name, value)| {
                let has = |text: &str| text.to_ascii_lowercase().contains(value);
                response.headers_named(name).any(|header| has(&header.text()))
            }) || is_refusal && marks.texts.iter().any(|mark| text.contains(mark))
        })?;
        Some(Self { by: marks.by, id: marks.id.of(response, &text) })
    }

    /// `Cloudflare (8f2c…)`: whose it is, with the id of this refusal.
    pub fn named(&self) -> String {
        match &self.id {
            Some(id) => format!("{} ({id})", self.by),
            None => self.by.to_owned(),
        }
    }
}

impl Id {
    fn of(&self, response: &Response, text: &str) -> Option<String> {
        let found = match self {
            Self::Header(name) => response.header(name)?.text().into_owned(),
            Self::Behind(words) => text.split_once(words)?.1.to_owned(),
            Self::None => return None,
        };
        let is_of_id = |c: &char| c.is_ascii_alphanumeric() || "-_.:#;&+/=".contains(*c);
        let id: String = found.chars().take_while(is_of_id).take(MAX_ID).collect();
        (!id.is_empty()).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::HttpVersion;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: body.as_bytes().to_vec(),
            wire_len: 0,
            truncated: false,
        }
    }

    fn by(status: u16, headers: &[(&str, &str)], body: &str) -> Option<String> {
        Wall::of(&response(status, headers, body)).map(|wall| wall.named())
    }

    #[test]
    fn a_wall_is_known_by_its_marks_with_its_id() {
        let challenge = [("CF-Mitigated", "challenge"), ("CF-RAY", "8f2c01aa-FRA")];
        assert_eq!(by(403, &challenge, ""), Some("Cloudflare (8f2c01aa-FRA)".to_owned()));
        assert_eq!(by(202, &[("x-amzn-waf-action", "challenge")], ""), Some("AWS WAF".to_owned()));
        let page = "<p>Please consult with your administrator.</p>The requested URL was rejected. \
            Please consult with your administrator.<br>Your support ID is: 7419273<br>";
        assert_eq!(by(403, &[], page), Some("F5 BIG-IP ASM (7419273)".to_owned()));
        assert_eq!(
            by(403, &[("Server", "AkamaiGHost")], "Access Denied"),
            Some("Akamai".to_owned())
        );
        assert_eq!(by(429, &[], "<div class=\"h-captcha\">"), Some("a CAPTCHA".to_owned()));
    }

    #[test]
    fn refusals_of_an_application_are_no_wall() {
        assert_eq!(by(403, &[("Server", "nginx")], "<h1>403 Forbidden</h1>"), None);
        assert_eq!(by(429, &[("Retry-After", "3")], "Too many requests"), None);
        assert_eq!(by(503, &[], "We are busy"), None);
        assert_eq!(by(503, &[("Server", "AkamaiGHost")], "Service Unavailable"), None);
        // Behind the same vendor, and let in; a login form with a CAPTCHA.
        assert_eq!(by(200, &[("Server", "cloudflare"), ("CF-RAY", "8f2c01aa-FRA")], "Hello"), None);
        assert_eq!(by(200, &[], "<div class=\"g-recaptcha\">"), None);
        // Some pages are long, and hold anything far below.
        assert_eq!(by(403, &[], &format!("{}mod_security", " ".repeat(LOOKED_AT))), None);
    }
}
