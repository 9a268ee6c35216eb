//! What is somebody's own: by the names of members, and by the form of values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::members::members_of;
use crate::model::Response;

/// Parts of names of what others should not see.
const PRIVATE: [&str; 26] = [
    "secret",
    "private",
    "passw",
    "token",
    "apikey",
    "api_key",
    "note",
    "card",
    "iban",
    "ssn",
    "phone",
    "mobile",
    "address",
    "street",
    "salary",
    "medical",
    "diagnosis",
    "birth",
    "email",
    "mail",
    "account",
    "balance",
    "message",
    "tax",
    "passport",
    "pin",
];

/// Mail addresses, IBANs, and numbers of cards.
static VALUES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b[A-Za-z0-9._%+-]{2,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63})+\b
        | \b[A-Z]{2}\d{2}(?:\ ?[A-Z0-9]{4}){3,7}(?:\ ?[A-Z0-9]{1,4})?\b
        | \b\d{4}[\ -]?\d{4}[\ -]?\d{4}[\ -]?\d{4}\b",
    )
    .expect("a valid pattern")
});

/// Whether a member of that name is somebody's own affair.
pub(super) fn is_private(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    PRIVATE.iter().any(|part| name.contains(part))
}

/// Names of members of which two and more in one object are about a person, letters alone.
const OF_PEOPLE: [&str; 14] = [
    "firstname",
    "lastname",
    "surname",
    "givenname",
    "familyname",
    "fullname",
    "username",
    "userid",
    "email",
    "mail",
    "phone",
    "birthday",
    "dateofbirth",
    "address",
];

/// Whether an answer is JSON with an object about a person.
pub(super) fn is_about_people(response: &Response) -> bool {
    let mut objects: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for member in members_of(response).into_iter().filter(|member| !member.value.is_empty()) {
        let letters = member.name.chars().filter(char::is_ascii_alphabetic);
        let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
        let (object, _) = member.pointer.rsplit_once('/').unwrap_or_default();
        if OF_PEOPLE.contains(&name.as_str()) {
            objects.entry(object.to_owned()).or_default().insert(name);
        }
    }
    objects.values().any(|names| names.len() > 1)
}

/// Values of a text that are about one person.
pub(super) fn personal_values(text: &str) -> BTreeSet<String> {
    VALUES
        .find_iter(text)
        .map(|found| found.as_str().to_owned())
        .filter(|it| is_sound(it))
        .collect()
}

/// What is made up of digits must add up.
fn is_sound(value: &str) -> bool {
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    let is_number = value.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
    !is_number || luhn(&digits)
}

/// The check digit of card numbers (ISO/IEC 7812-1, Annex B).
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_are_told_from_numbers() {
        let text =
            "anna@shop.example 4111 1111 1111 1111 1234567890123456 DE89 3704 0044 0532 0130 00";
        let found = personal_values(text);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.contains("4111 1111 1111 1111") && found.contains("anna@shop.example"));
        assert!(is_private("/customer/homeAddress") && !is_private("/title"));
    }
}
