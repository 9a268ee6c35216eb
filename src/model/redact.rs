//! Takes secrets out of what is about to become evidence. The only place that does.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use super::disguise::Disguises;
use super::request::Header;

/// What stands where a secret stood.
const MASK: &str = "[redacted]";

/// Header names whose values are never shown.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// Words in header names whose values are never shown either: `X-Api-Key`, `X-Auth-Token`, ….
const SECRET_WORDS: [&str; 6] = ["token", "secret", "api-key", "apikey", "access-key", "password"];

/// Secrets learnt in a run at most.
const MAX_LEARNT: usize = 1_000;

/// Masks credentials in headers and the plan's secrets anywhere, however they are encoded. Cheap to
/// clone.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Arc<[Secret]>,
    /// What has come up since; copies share it.
    learnt: Arc<RwLock<Vec<Learnt>>>,
}

struct Learnt {
    name: &'static str,
    value: String,
    disguises: Disguises,
}

struct Secret {
    name: String,
    disguises: Disguises,
}

/// How a secret stood in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disguise {
    /// As it is.
    Plain,
    /// With some of its characters percent-encoded or escaped as JSON and HTML do it.
    Encoded,
    /// Within a base64 text, such as that of `user:password`.
    Base64,
}

/// A part of a text that may hold secrets.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// May be shown.
    Shown(&'a [u8]),
    /// Was a secret.
    Hidden {
        /// What the plan calls it.
        name: &'a str,
        /// How it stood there.
        disguise: Disguise,
    },
}

/// A secret that was taken out of a text, and can be put back by who knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Where it stood, in what is left of the text.
    pub at: usize,
    /// What the plan calls it.
    pub name: String,
    /// Which of those with that name it is.
    pub number: usize,
}

/// Where a secret stands.
struct Place<'a> {
    range: std::ops::Range<usize>,
    name: &'a str,
    number: usize,
    disguise: Disguise,
}

impl Redactor {
    /// What stands where a secret stood.
    pub const MASK: &str = MASK;

    /// A shorter secret would match anything.
    pub const MIN_SECRET: usize = 4;

    /// Masks the given secrets too, each with its name; ones shorter than
    /// [`MIN_SECRET`](Self::MIN_SECRET) bytes are ignored.
    pub fn new<N: Into<String>, V: AsRef<str>>(secrets: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut secrets: Vec<(String, V)> =
            secrets.into_iter().map(|(name, value)| (name.into(), value)).collect();
        secrets.retain(|(_, value)| value.as_ref().len() >= Self::MIN_SECRET);
        // Of secrets that begin with one another, the longest is masked whole.
        secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.as_ref().len()));
        let secret =
            |(name, value): (String, V)| Secret { name, disguises: Disguises::of(value.as_ref()) };
        Self { secrets: secrets.into_iter().map(secret).collect(), learnt: Arc::default() }
    }

    /// Masks a secret that has come up since (a password of the plan, a token that a login gave), in
    /// copies too. Where there are too many, the oldest of that name makes room.
    pub fn learn(&self, name: &'static str, value: String) {
        let mut learnt = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        if value.len() < Self::MIN_SECRET || learnt.iter().any(|known| known.value == value) {
            return;
        }
        if learnt.len() == MAX_LEARNT {
            let oldest = learnt.iter().position(|known| known.name == name);
            learnt.remove(oldest.unwrap_or_default());
        }
        let disguises = Disguises::of(&value);
        learnt.push(Learnt { name, value, disguises });
    }

    /// Whether there are no secrets beside those of headers.
    pub fn is_empty(&self) -> bool {
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        self.secrets.is_empty() && learnt.is_empty()
    }

    /// Whether the value of the header named `name` is never shown.
    pub fn is_secret_header(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        SECRET_HEADERS.contains(&name.as_str())
            || SECRET_WORDS.iter().any(|word| name.contains(word))
    }

    /// The header's value as it may be shown. Cookies keep their names and attributes.
    pub fn header_value(&self, header: &Header) -> Vec<u8> {
        if header.is("cookie") {
            return self.bytes(mask_pairs(&header.text(), usize::MAX).as_bytes());
        }
        if header.is("set-cookie") {
            return self.bytes(mask_pairs(&header.text(), 1).as_bytes());
        }
        if header.is("authorization") || header.is("proxy-authorization") {
            let text = header.text();
            // Without one, what looks like a scheme is the credential itself.
            return match text.split_once(' ') {
                Some((scheme, _)) => self.bytes(format!("{scheme} {MASK}").as_bytes()),
                None => MASK.as_bytes().to_vec(),
            };
        }
        if Self::is_secret_header(&header.name) {
            return MASK.as_bytes().to_vec();
        }
        self.bytes(&header.value)
    }

    /// `data` with every secret of the plan masked.
    pub fn bytes(&self, data: &[u8]) -> Vec<u8> {
        if self.is_empty() {
            return data.to_vec();
        }
        let mut out = Vec::with_capacity(data.len());
        for piece in self.pieces(data) {
            out.extend_from_slice(match piece {
                Piece::Shown(bytes) => bytes,
                Piece::Hidden { .. } => MASK.as_bytes(),
            });
        }
        out
    }

    /// Text with every secret of the plan masked.
    pub fn text(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// `data` in pieces: what may be shown, and the secrets between. Shown pieces are never empty.
    pub fn pieces<'a>(&'a self, data: &'a [u8]) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for Place { range, name, disguise, .. } in self.places(data) {
            if range.end <= from {
                continue;
            }
            if range.start > from {
                pieces.push(Piece::Shown(&data[from..range.start]));
            }
            // One that overlaps another has its rest masked too.
            pieces.push(Piece::Hidden { name, disguise });
            from = range.end;
        }
        if from < data.len() {
            pieces.push(Piece::Shown(&data[from..]));
        }
        pieces
    }

    /// `data` without its secrets, for what outlives the run, and which of them stood where. What
    /// stands there in disguise is masked, and cannot be put back.
    pub fn take_out(&self, data: &[u8]) -> (Vec<u8>, Vec<Removed>) {
        if self.is_empty() {
            return (data.to_vec(), Vec::new());
        }
        let (mut left, mut removed) = (Vec::with_capacity(data.len()), Vec::new());
        let mut from = 0;
        for Place { range, name, number, disguise } in self.places(data) {
            if range.end <= from {
                continue;
            }
            left.extend_from_slice(&data[from.min(range.start)..range.start]);
            if range.start >= from && disguise == Disguise::Plain {
                removed.push(Removed { at: left.len(), name: name.to_owned(), number });
            } else {
                left.extend_from_slice(MASK.as_bytes());
            }
            from = range.end;
        }
        left.extend_from_slice(&data[from..]);
        (left, removed)
    }

    /// What [`take_out`](Self::take_out) was given, by the secrets that are known now: where a login
    /// has given another token since, that one, and a mask where nothing is known by that name.
    pub fn put_back(&self, data: &[u8], removed: &[Removed]) -> Vec<u8> {
        let mut whole = Vec::with_capacity(data.len());
        let mut from = 0;
        for secret in removed {
            let at = secret.at.clamp(from, data.len());
            whole.extend_from_slice(&data[from..at]);
            whole.extend_from_slice(self.value(secret).as_bytes());
            from = at;
        }
        whole.extend_from_slice(&data[from..]);
        whole
    }

    fn value(&self, removed: &Removed) -> String {
        let mut of_plan = self.secrets.iter().filter(|secret| secret.name == removed.name);
        if let Some(secret) = of_plan.clone().nth(removed.number).or_else(|| of_plan.next_back()) {
            return secret.disguises.secret().to_owned();
        }
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        let of_name: Vec<&Learnt> =
            learnt.iter().filter(|secret| secret.name == removed.name).collect();
        let known = of_name.get(removed.number).or_else(|| of_name.last());
        known.map_or(MASK, |secret| &secret.value).to_owned()
    }

    /// Where secrets stand, in order; of those that begin at the same place, the longest comes first.
    fn places<'a>(&'a self, data: &[u8]) -> Vec<Place<'a>> {
        let mut found: Vec<Place<'a>> = Vec::new();
        let mut counts: BTreeMap<&'a str, usize> = BTreeMap::new();
        let mut find = |name: &'a str, disguises: &Disguises| {
            let number = *counts.entry(name).and_modify(|count| *count += 1).or_insert(0);
            let places = disguises.find_all(data).into_iter();
            found.extend(places.map(|(range, disguise)| Place { range, name, number, disguise }));
        };
        for secret in self.secrets.iter() {
            find(&secret.name, &secret.disguises);
        }
        for learnt in self.learnt.read().unwrap_or_else(PoisonError::into_inner).iter() {
            find(learnt.name, &learnt.disguises);
        }
        found.sort_by_key(|place| place.range.start);
        found
    }
}

impl fmt::Debug for Redactor {
    /// Names alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.secrets.iter().map(|secret| &secret.name)).finish()
    }
}

/// Masks the values of the first `count` `name=value` pairs of a cookie header.
fn mask_pairs(text: &str, count: usize) -> String {
    text.split(';')
        .enumerate()
        .map(|(index, pair)| match pair.split_once('=') {
            Some((name, _)) if index < count => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_values_go_and_attributes_stay() {
        let redactor = Redactor::default();
        let set = Header::new("Set-Cookie", "sid=abc123; Path=/; HttpOnly");
        assert_eq!(redactor.header_value(&set), b"sid=[redacted]; Path=/; HttpOnly");
        let cookie = Header::new("Cookie", "sid=abc; theme=dark");
        assert_eq!(redactor.header_value(&cookie), b"sid=[redacted]; theme=[redacted]");
        let auth = Header::new("authorization", "Bearer eyJ");
        assert_eq!(redactor.header_value(&auth), b"Bearer [redacted]");
        let bare = Header::new("Authorization", "eyJ");
        assert_eq!(redactor.header_value(&bare), b"[redacted]");
        let key = Header::new("X-Service-Api-Key", "k-12345");
        assert_eq!(redactor.header_value(&key), b"[redacted]");
        let plain = Header::new("Authentication-Info", "nextnonce");
        assert_eq!(redactor.header_value(&plain), b"nextnonce");
    }

    #[test]
    fn secrets_of_the_plan_go_wherever_they_stand() {
        let redactor = Redactor::new([("A", "hunter22"), ("B", "x")]);
        assert_eq!(redactor.bytes(b"a=hunter22&x"), b"a=[redacted]&x");
        assert_eq!(format!("{redactor:?}"), r#"["A"]"#);
    }

    #[test]
    fn what_is_taken_out_comes_back_by_what_is_known_then() {
        let redactor = Redactor::new([("A", "hunter22"), ("B", "lantern")]);
        redactor.learn("TOKEN", "tok-one".to_owned());
        redactor.learn("TOKEN", "tok-two".to_owned());
        let text = b"lantern:tok-two hunter22 aHVudGVyMjI= tok-one";
        let (left, removed) = redactor.take_out(text);
        assert_eq!(left, b":  [redacted]= ");
        assert_eq!(
            redactor.put_back(&left, &removed),
            b"lantern:tok-two hunter22 [redacted]= tok-one"
        );
        let later = Redactor::new([("A", "hunter22"), ("B", "lantern")]);
        later.learn("TOKEN", "tok-new".to_owned());
        let known = b"lantern:tok-new hunter22 [redacted]= tok-new";
        assert_eq!(later.put_back(&left, &removed), known);
        let nobody = Redactor::default().put_back(&left, &removed);
        assert_eq!(nobody, b"[redacted]:[redacted] [redacted] [redacted]= [redacted]");
        let own = removed[..1].iter().map(|one| Removed { at: 999, ..one.clone() });
        assert_eq!(redactor.put_back(b"x", &own.collect::<Vec<_>>()), b"xlantern");
    }

    #[test]
    fn secrets_within_others_and_over_others_leave_nothing() {
        let redactor = Redactor::new([("A", "hunter22"), ("B", "hunter"), ("C", "r22-more")]);
        assert_eq!(
            redactor.text("hunter22, hunter, r22-more"),
            "[redacted], [redacted], [redacted]"
        );
        assert_eq!(redactor.text("<hunter22-more>"), "<[redacted][redacted]>");
        assert_eq!(
            redactor.pieces(b"hunter22!"),
            [Piece::Hidden { name: "A", disguise: Disguise::Plain }, Piece::Shown(b"!"),]
        );
    }
}
