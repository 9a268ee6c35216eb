//! Restores values from the text of PHP's `serialize`, objects included.

use std::collections::BTreeMap;

/// A restored value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Restored {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Map(BTreeMap<String, Restored>),
    /// Class and properties.
    Object(String, BTreeMap<String, Restored>),
}

impl Restored {
    /// An entry of a map, or a property of an object.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) | Self::Object(_, members) => members.get(name),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => None,
        }
    }

    /// The value as a page shows it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => u8::from(*value).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Map(_) => "Array".to_owned(),
            Self::Object(class, _) => format!("Object of class {class}"),
        }
    }

    /// Every object in it, the outer ones first.
    pub(super) fn objects(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        match self {
            Self::Object(_, members) | Self::Map(members) => {
                if matches!(self, Self::Object(..)) {
                    found.push(self);
                }
                found.extend(members.values().flat_map(Self::objects));
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => {}
        }
        found
    }
}

const DEPTH: usize = 16;

/// The value of a text, or the offset at which it is none.
pub(super) fn restore(text: &str) -> Result<Restored, usize> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0).ok_or(reader.at)?;
    // PHP leaves what follows a whole value.
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn until(&mut self, end: char) -> Option<&'a str> {
        let (text, _) = self.text.get(self.at..)?.split_once(end)?;
        self.at += text.len() + end.len_utf8();
        Some(text)
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        let found = self.text.get(self.at..)?.starts_with(token);
        found.then(|| self.at += token.len())
    }

    fn value(&mut self, depth: usize) -> Option<Restored> {
        if depth > DEPTH {
            return None;
        }
        let kind = self.text.get(self.at..self.at + 2)?;
        match kind {
            "N;" => {
                self.at += 2;
                Some(Restored::Null)
            }
            "b:" => {
                self.at += 2;
                self.until(';').map(|value| Restored::Bool(value == "1"))
            }
            "i:" | "d:" => {
                self.at += 2;
                let start = self.at;
                let number = self.until(';')?.parse().ok();
                if number.is_none() {
                    self.at = start;
                }
                number.map(Restored::Number)
            }
            "s:" => {
                self.at += 2;
                let text = self.string()?;
                self.expect(";")?;
                Some(Restored::Text(text))
            }
            "S:" => {
                self.at += 2;
                let text = self.escaped_string()?;
                self.expect(";")?;
                Some(Restored::Text(text))
            }
            "a:" => {
                self.at += 2;
                self.members(depth).map(Restored::Map)
            }
            "O:" => {
                self.at += 2;
                let class = self.string()?;
                self.expect(":")?;
                Some(Restored::Object(class, self.members(depth)?))
            }
            _ => None,
        }
    }

    /// `5:"theme"`: a length in bytes, and as many bytes.
    fn string(&mut self) -> Option<String> {
        let length: usize = self.until(':')?.parse().ok()?;
        self.expect("\"")?;
        let text = self.text.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        self.expect("\"")?;
        Some(text.to_owned())
    }

    /// `5:"\74heme"`: as many characters, each of which may stand as a backslash and two digits.
    fn escaped_string(&mut self) -> Option<String> {
        let length: usize = self.until(':')?.parse().ok()?;
        self.expect("\"")?;
        let mut text = String::new();
        for _ in 0..length {
            let next = self.text.get(self.at..)?.chars().next()?;
            self.at += next.len_utf8();
            let is_escape = next == '\\';
            text.push(if is_escape {
                let digits = self.text.get(self.at..self.at + 2)?;
                self.at += 2;
                char::from(u8::from_str_radix(digits, 16).ok()?)
            } else {
                next
            });
        }
        self.expect("\"")?;
        Some(text)
    }

    fn members(&mut self, depth: usize) -> Option<BTreeMap<String, Restored>> {
        let count: usize = self.until(':')?.parse().ok()?;
        self.expect("{")?;
        let mut members = BTreeMap::new();
        for _ in 0..count {
            let key = self.value(depth + 1)?.text();
            members.insert(key, self.value(depth + 1)?);
        }
        self.expect("}")?;
        Some(members)
    }
}

#[cfg(test)]
mod tests {
    use super::restore;

    #[test]
    fn what_serialize_writes_is_restored() {
        let text = "a:2:{s:5:\"theme\";s:5:\"light\";i:0;O:3:\"Box\":1:{s:1:\"n\";i:7;}}";
        let value = restore(text).expect("whole");
        assert_eq!(value.member("theme").map(super::Restored::text).as_deref(), Some("light"));
        assert_eq!(value.objects().len(), 1);
        let text = "a:1:{S:5:\"\\74heme\";S:1:\"\\78\";}";
        let escaped = restore(text).expect("whole");
        assert_eq!(escaped.member("theme").map(super::Restored::text).as_deref(), Some("x"));
        assert!(restore("S:2:\"\\78\";").is_err());
        assert!(restore("a:1:{s:9:\"x\";}").is_err());
        assert_eq!(restore("x"), Err(0));
        assert_eq!(restore(""), Err(0));
    }
}
