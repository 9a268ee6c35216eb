//! One value for one field, and the values of a whole form.

use super::file::SampleFile;
use super::file::accepted;
use super::number;
use super::pattern;
use crate::extract::Field;
use crate::scan::careful::split_words;

/// A text that is longer than any limit asks for is cut to this.
const MAX_LENGTH: usize = 1000;

/// Long enough for most rules, with letters of both sizes, a digit and a sign.
const PASSWORD: &str = "Sample-Pass-1";

/// What a form is sent with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Filled {
    /// In document order.
    pub fields: Vec<(String, String)>,
    pub files: Vec<(String, SampleFile)>,
}

/// Fills a form in and presses the button at that place.
pub(crate) fn filled(fields: &[Field], pressed: Option<usize>) -> Filled {
    let mut filled = Filled::default();
    for (place, field) in fields.iter().enumerate().filter(|(_, field)| !field.is_disabled) {
        let is_pressed = pressed == Some(place);
        match field.kind.as_str() {
            "submit" if is_pressed && field.has_value && !field.name.is_empty() => {
                filled.fields.push((field.name.clone(), field.value.clone()));
            }
            "image" if is_pressed => {
                let prefix =
                    if field.name.is_empty() { String::new() } else { format!("{}.", field.name) };
                filled.fields.push((format!("{prefix}x"), "1".to_owned()));
                filled.fields.push((format!("{prefix}y"), "1".to_owned()));
            }
            "submit" | "image" | "button" | "reset" => {}
            _ if field.name.is_empty() => {}
            "file" => {
                let file = accepted(field.limits.accept.as_deref());
                filled.files.push((field.name.clone(), file));
            }
            "radio" => filled.radio(field),
            "select" if field.is_multiple => {
                let chosen: Vec<&str> = field.values().collect();
                let first = field.options.iter().map(|option| option.value.as_str());
                let chosen = if chosen.is_empty() { first.take(1).collect() } else { chosen };
                filled
                    .fields
                    .extend(chosen.into_iter().map(|one| (field.name.clone(), one.to_owned())));
            }
            _ => filled.fields.push((field.name.clone(), filling(field))),
        }
    }
    filled
}

impl Filled {
    /// One button of a group is sent: the checked one, else the first.
    fn radio(&mut self, field: &Field) {
        match self.fields.iter_mut().find(|(name, _)| *name == field.name) {
            Some((_, value)) if field.is_sent => value.clone_from(&field.value),
            Some(_) => {}
            None => self.fields.push((field.name.clone(), field.value.clone())),
        }
    }
}

/// What a field is sent with.
pub(crate) fn filling(field: &Field) -> String {
    let (limits, value) = (&field.limits, &field.value);
    match field.kind.as_str() {
        "hidden" | "checkbox" | "radio" => value.clone(),
        "select" => {
            // An empty option is a prompt ("please choose").
            let offered = field.options.iter().map(|option| &option.value);
            let mut chosen = std::iter::once(value).chain(offered);
            chosen.find(|value| !value.is_empty()).cloned().unwrap_or_default()
        }
        _ if !value.trim().is_empty() => value.clone(),
        "number" => number::number(limits, wanted_number(&field.name)),
        "range" => number::middle(limits),
        "date" => number::moment(limits, "2026-01-15"),
        "datetime-local" => number::moment(limits, "2026-01-15T10:00"),
        "month" => number::moment(limits, "2026-01"),
        "week" => number::moment(limits, "2026-W03"),
        "time" => number::moment(limits, "10:00"),
        "color" => "#336699".to_owned(),
        _ => text(field),
    }
}

/// A text that holds the field's limits.
fn text(field: &Field) -> String {
    let limits = &field.limits;
    let length = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
    let min: usize = length(&limits.min_length).unwrap_or(0).min(MAX_LENGTH);
    let max: usize = length(&limits.max_length).unwrap_or(MAX_LENGTH).clamp(1, MAX_LENGTH);
    let matcher = limits.pattern.as_deref().and_then(pattern::matcher);
    let fits = |text: &str| {
        let length = text.chars().count();
        (min..=max).contains(&length)
            && matcher.as_ref().is_none_or(|matcher| matcher.is_match(text))
    };
    let candidates = candidates(field);
    if let Some(fitting) = candidates.iter().find(|text| fits(text)) {
        return fitting.clone();
    }
    let made = limits.pattern.as_deref().and_then(|text| pattern::matching(text, min, max));
    made.unwrap_or_else(|| {
        let first = candidates.into_iter().next().unwrap_or_default();
        stretched(&first, min, max)
    })
}

/// The text cut, or written again and again, to that length.
fn stretched(text: &str, min: usize, max: usize) -> String {
    let length = text.chars().count();
    if length >= min {
        return text.chars().take(max).collect();
    }
    let glue = if text.contains('@') { "a" } else { " " };
    let more: String = std::iter::repeat_n(format!("{glue}sample"), min).collect();
    let tail: String = more.chars().take(min.saturating_sub(length)).collect();
    // What ends in a space is cut to less by many a server.
    let whole = if text.contains('@') { format!("{tail}{text}") } else { format!("{text}{tail}") };
    let whole = if whole.ends_with(' ') { format!("{}s", whole.trim_end()) } else { whole };
    whole.chars().take(max).collect()
}

/// What could be meant, the best first.
fn candidates(field: &Field) -> Vec<String> {
    let limits = &field.limits;
    let mut found: Vec<String> =
        field.suggestions.iter().filter(|text| !text.is_empty()).cloned().collect();
    let token = limits.autocomplete.split_ascii_whitespace().rev().find(|word| *word != "webauthn");
    found.extend(token.and_then(by_autocomplete).map(str::to_owned));
    found.extend(by_type(&field.kind).map(str::to_owned));
    // "12345" shows the way, "Your name" does not.
    let shows = |text: &str| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-./:+".contains(&byte));
        is_plain && text.bytes().filter(u8::is_ascii_digit).count() >= 3
    };
    if shows(&limits.placeholder) {
        found.push(limits.placeholder.clone());
    }
    found.push(by_name(&field.name).to_owned());
    found
}

/// <https://html.spec.whatwg.org/#autofill>
fn by_autocomplete(token: &str) -> Option<&'static str> {
    Some(match token {
        "name" | "cc-name" => "Sample Person",
        "given-name" | "cc-given-name" | "nickname" => "Sample",
        "family-name" | "cc-family-name" => "Person",
        "username" => "sample",
        "new-password" | "current-password" => PASSWORD,
        "one-time-code" => "123456",
        "organization" => "Sample Works",
        "street-address" | "address-line1" => "1 Sample Street",
        "address-line2" | "address-line3" => "Rear building",
        "address-level1" => "NY",
        "address-level2" => "Sampletown",
        "postal-code" => "10001",
        "country" => "US",
        "country-name" => "United States",
        "email" => "user@example.com",
        "tel" | "tel-national" => "+12125550100",
        "url" | "photo" | "impp" => "https://example.com/",
        // A number that is for tests, and of no card.
        "cc-number" => "4111111111111111",
        "cc-exp" => "12/34",
        "cc-exp-month" => "12",
        "cc-exp-year" => "2034",
        "cc-csc" => "123",
        "cc-type" => "Visa",
        "bday" => "1990-01-15",
        "bday-day" => "15",
        "bday-year" => "1990",
        "language" => "en",
        "transaction-currency" => "USD",
        "bday-month" | "transaction-amount" => "1",
        _ => return None,
    })
}

fn by_type(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "email" => "user@example.com",
        "tel" => "5550100",
        "url" => "https://example.com/",
        "search" => "a",
        "password" => PASSWORD,
        _ => return None,
    })
}

/// Search fields get a single frequent letter, because a search that finds something shows more.
fn by_name(name: &str) -> &'static str {
    let words = split_words(name);
    let whole = words.concat();
    let is = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let has = |known: &[&str]| known.iter().any(|word| whole.contains(word));
    match whole.as_str() {
        "q" | "s" | "k" | "term" | "query" => "a",
        _ if has(&["mail"]) => "user@example.com",
        _ if has(&["pass", "pwd"]) => PASSWORD,
        _ if has(&["search", "keyword"]) || is(&["find", "filter"]) => "a",
        _ if has(&["phone", "mobile"]) || is(&["tel", "fax", "cell"]) => "5550100",
        _ if has(&["zip", "postal", "postcode"]) => "10001",
        _ if has(&["website", "homepage"]) || is(&["url", "uri", "link", "site"]) => {
            "https://example.com/"
        }
        _ if has(&["birth", "bday"]) || is(&["dob", "born"]) => "1990-01-15",
        _ if is(&["date", "day", "from", "until", "since"]) || has(&["date"]) => "2026-01-15",
        _ if is(&["month"]) => "2026-01",
        _ if is(&["year"]) => "2026",
        _ if is(&["time", "hour"]) => "10:00",
        _ if has(&["cardnumber", "ccnumber", "cardno"]) => "4111111111111111",
        _ if is(&["cvc", "cvv", "csc"]) => "123",
        _ if is(&["age"]) => "30",
        _ if is(&[
            "qty", "quantity", "amount", "count", "num", "number", "page", "size", "limit",
            "offset", "price", "total", "sum", "rate", "rating", "score", "weight", "width",
            "height", "id",
        ]) || name.to_ascii_lowercase().ends_with("id") =>
        {
            "1"
        }
        _ if is(&["country"]) => "US",
        _ if is(&["city", "town"]) => "Sampletown",
        _ if is(&["street", "address"]) => "1 Sample Street",
        _ => "sample",
    }
}

fn wanted_number(name: &str) -> f64 {
    by_name(name).parse().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Forms;
    use crate::extract::Markup;
    use crate::extract::Scripting;

    fn fields(html: &str) -> Vec<Field> {
        let html = format!("<form>{html}</form>");
        Forms::read(&Markup::parse(&html, Scripting::Off)).list.remove(0).fields
    }

    fn value(html: &str) -> String {
        filled(&fields(html), None).fields.remove(0).1
    }

    #[test]
    fn limits_hold_whatever_is_asked_for() {
        for (html, expected) in [
            ("<input name=zip pattern='[0-9]{5}'>", "10001"),
            ("<input name=x pattern='[A-Z]{2}'>", "AA"),
            ("<input type=email name=m pattern='.+@shop\\.example'>", "a@shop.example"),
            ("<input name=nick minlength=6 maxlength=8>", "sample"),
            ("<input name=nick minlength=9 maxlength=9>", "sample sa"),
            ("<input name=code maxlength=3>", "sam"),
            ("<input name=c list=l><datalist id=l><option value=red></datalist>", "red"),
            ("<input name=f autocomplete='shipping postal-code'>", "10001"),
            ("<input name=birthday placeholder='YYYY-MM-DD'>", "1990-01-15"),
            ("<input name=ref placeholder='12-345'>", "12-345"),
            ("<input type=number name=age>", "30"),
            ("<input type=date name=d min=2031-01-01>", "2031-01-01"),
            ("<input name=message>", "sample"),
            ("<input name=country>", "US"),
            ("<input name=lastName>", "sample"),
            ("<textarea name=story minlength=20>\n</textarea>", "sample sample sampl"),
        ] {
            let value = value(html);
            if html.contains("textarea") {
                assert!(value.starts_with(expected) && value.len() >= 20, "{value}");
            } else {
                assert_eq!(value, expected, "{html}");
            }
        }
    }

    #[test]
    fn repeated_fields_get_the_same_value() {
        let html =
            "<input type=password name=password minlength=12><input type=password name=password2>";
        let fields = filled(&fields(html), None).fields;
        assert_eq!(fields[0].1, fields[1].1);
    }

    #[test]
    fn what_a_browser_does_not_send_is_left_out() {
        let html = "<input name=off disabled value=x><input type=radio name=r value=1>\
            <input type=radio name=r value=2 checked><select name=m multiple><option selected>a\
            <option selected>b</select><button name=go value=1>x</button><input type=image name=at>\
            <input type=file name=f accept=image/png>";
        let list = fields(html);
        let names = |pressed: Option<usize>| -> Vec<String> {
            let filled = filled(&list, pressed);
            filled.fields.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        assert_eq!(names(None), ["r=2", "m=a", "m=b"]);
        assert_eq!(names(Some(4)), ["r=2", "m=a", "m=b", "go=1"]);
        assert_eq!(names(Some(5)), ["r=2", "m=a", "m=b", "at.x=1", "at.y=1"]);
        assert_eq!(filled(&list, None).files[0].1.name, "sample.png");
    }
}
