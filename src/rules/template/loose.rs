//! Scalars and lists as loosely as templates write them: a text may look like a number, a boolean, a
//! date or nothing; a list may be one entry.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::Deserializer;
use serde::de;
use serde_saphyr::Spanned;

/// A text exactly as it stands in the file; nothing is the empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer).map(|text| Self(text.unwrap_or_default()))
    }
}

/// A list of texts with their places; one text is a list of one.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<Spanned<Text>>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists;
        impl<'de> de::Visitor<'de> for Lists {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                }
                Ok(Texts(entries))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                let nowhere = serde_saphyr::Location::UNKNOWN;
                Ok(Texts(vec![Spanned::new(Text(text.to_owned()), nowhere, nowhere)]))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Texts, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Texts, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_unit<E: de::Error>(self) -> Result<Texts, E> {
                Ok(Texts::default())
            }
        }
        deserializer.deserialize_any(Lists)
    }
}

/// Names that stand in a list, or in one text with commas; trimmed and lower-case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let lower = |text: &str| text.trim().to_lowercase();
        Words::deserialize(deserializer)
            .map(|words| Self(words.0.iter().map(|word| lower(word)).collect()))
    }
}

/// The same with their case kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Texts::deserialize(deserializer)?.0;
        let is_one = texts.len() == 1;
        let mut words = Vec::with_capacity(texts.len());
        for text in texts {
            let text = text.value.0;
            let mut add = |word: &str| {
                if !word.trim().is_empty() {
                    words.push(word.trim().to_owned());
                }
            };
            if is_one { text.split(',').for_each(add) } else { add(&text) }
        }
        Ok(Self(words))
    }
}

/// A mapping in the order in which it is written.
#[derive(Debug, Clone)]
pub(super) struct Pairs<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Maps<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Maps<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Pairs<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Text(key), value)) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Pairs<T>, E> {
                Ok(Pairs(Vec::new()))
            }
        }
        deserializer.deserialize_any(Maps(PhantomData))
    }
}

/// A value of `variables`, of `constants` or of metadata.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Loose {
    Text(String),
    Number(f64),
    Bool(bool),
    List(Vec<String>),
    /// A mapping: only metadata has one, and nobody looks at it.
    Other,
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> de::Visitor<'de> for Any {
            type Value = Loose;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Loose, E> {
                Ok(Loose::Bool(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Loose, E> {
                Ok(Loose::Number(value as f64))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Loose, E> {
                Ok(Loose::Number(value as f64))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Loose, E> {
                Ok(Loose::Number(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Loose, E> {
                Ok(Loose::Text(value.to_owned()))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Loose, E> {
                Ok(Loose::Text(String::new()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Loose, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element::<Loose>()? {
                    items.push(item.text());
                }
                Ok(Loose::List(items))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
                while map.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
                Ok(Loose::Other)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Loose {
    /// As text: numbers without exponent, a list with spaces.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::List(items) => items.join(" "),
            Self::Other => String::new(),
        }
    }
}
