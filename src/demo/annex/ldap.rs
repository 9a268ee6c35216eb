//! Search filters of LDAP (RFC 4515) over a directory of people.

/// An entry: attributes and values; names in lower case.
pub(super) type Entry = [(&'static str, &'static str)];

/// Why a filter cannot be read, as client libraries say it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadFilter;

#[derive(Debug, PartialEq, Eq)]
enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// Attribute and the parts between the stars; no star means equality.
    Match(String, Vec<String>),
    AtLeast(String, String),
    AtMost(String, String),
}

const DEPTH: usize = 20;

/// The entries that a filter picks. Like many servers, it reads the first complete filter and
/// leaves what stands behind it.
pub(super) fn search<'a>(
    directory: &'a [&'a Entry],
    filter: &str,
) -> Result<Vec<&'a Entry>, BadFilter> {
    let mut rest = filter.trim();
    let filter = parse(&mut rest, 0)?;
    Ok(directory.iter().copied().filter(|entry| holds(&filter, entry)).collect())
}

/// A value as a filter may carry it (RFC 4515, section 3).
pub(super) fn escaped(value: &str) -> String {
    value.chars().fold(String::new(), |text, character| match character {
        '*' => text + "\\2a",
        '(' => text + "\\28",
        ')' => text + "\\29",
        '\\' => text + "\\5c",
        '\0' => text + "\\00",
        other => text + other.encode_utf8(&mut [0; 4]),
    })
}

fn parse(rest: &mut &str, depth: usize) -> Result<Filter, BadFilter> {
    let inner = rest.strip_prefix('(').filter(|_| depth < DEPTH).ok_or(BadFilter)?;
    *rest = inner;
    let filter = match inner.chars().next().ok_or(BadFilter)? {
        '&' => Filter::And(list(rest, depth)?),
        '|' => Filter::Or(list(rest, depth)?),
        '!' => {
            *rest = &inner[1..];
            Filter::Not(Box::new(parse(rest, depth + 1)?))
        }
        _ => comparison(rest)?,
    };
    *rest = rest.strip_prefix(')').ok_or(BadFilter)?;
    Ok(filter)
}

fn list(rest: &mut &str, depth: usize) -> Result<Vec<Filter>, BadFilter> {
    *rest = &rest[1..];
    let mut filters = Vec::new();
    while rest.starts_with('(') {
        filters.push(parse(rest, depth + 1)?);
    }
    Ok(filters)
}

fn comparison(rest: &mut &str) -> Result<Filter, BadFilter> {
    let end = rest.find(['(', ')']).ok_or(BadFilter)?;
    let (text, after) = rest.split_at(end);
    *rest = after;
    let (attribute, value) = text.split_once('=').ok_or(BadFilter)?;
    let name = |attribute: &str| attribute.trim().to_lowercase();
    if let Some(attribute) = attribute.strip_suffix('>') {
        return Ok(Filter::AtLeast(name(attribute), unescaped(value)?));
    }
    if let Some(attribute) = attribute.strip_suffix('<') {
        return Ok(Filter::AtMost(name(attribute), unescaped(value)?));
    }
    let attribute = name(attribute.trim_end_matches('~'));
    if attribute.is_empty() || attribute.contains(|c: char| !c.is_ascii_alphanumeric()) {
        return Err(BadFilter);
    }
    let parts = value.split('*').map(unescaped).collect::<Result<_, _>>()?;
    Ok(Filter::Match(attribute, parts))
}

fn unescaped(value: &str) -> Result<String, BadFilter> {
    let mut parts = value.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        text.push(char::from(code.ok_or(BadFilter)?));
        text.push_str(&part[2..]);
    }
    Ok(text.to_lowercase())
}

fn holds(filter: &Filter, entry: &Entry) -> bool {
    let values = |wanted: &str| {
        let wanted = wanted.to_owned();
        entry.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| value.to_lowercase())
    };
    match filter {
        Filter::And(all) => all.iter().all(|filter| holds(filter, entry)),
        Filter::Or(any) => any.iter().any(|filter| holds(filter, entry)),
        Filter::Not(filter) => !holds(filter, entry),
        Filter::AtLeast(name, least) => values(name).any(|value| value >= *least),
        Filter::AtMost(name, most) => values(name).any(|value| value <= *most),
        Filter::Match(name, parts) => values(name).any(|value| matches(&value, parts)),
    }
}

fn matches(value: &str, parts: &[String]) -> bool {
    let [first, middle @ .., last] = parts else {
        return parts.first().is_some_and(|part| part == value);
    };
    let Some(mut rest) = value.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        let Some(at) = rest.find(part.as_str()) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::BadFilter;
    use super::Entry;
    use super::escaped;
    use super::search;

    const ANN: &Entry = &[("cn", "Ann Arbour"), ("uid", "ann"), ("room", "2*1")];
    const BEN: &Entry = &[("cn", "Ben Barrow"), ("uid", "ben")];

    fn found(filter: &str) -> Result<usize, BadFilter> {
        search(&[ANN, BEN], filter).map(|entries| entries.len())
    }

    #[test]
    fn filters_of_the_standard() {
        assert_eq!(found("(cn=ann arbour)"), Ok(1));
        assert_eq!(found("(cn=*b*)"), Ok(2));
        assert_eq!(found("(&(uid=*)(!(uid=ben)))"), Ok(1));
        assert_eq!(found("(|(uid=ann)(uid=ben))"), Ok(2));
        assert_eq!(found("(uid>=b)"), Ok(1));
        assert_eq!(found("(&)"), Ok(2));
        assert_eq!(found("(room=2\\2a1)"), Ok(1));
        assert_eq!(found("(uid=ann))(|(cn=x"), Ok(1));
        for bad in ["(uid=ann", "uid=ann", "(uid)", "(=x)", "(uid=\\zz)", ""] {
            assert_eq!(found(bad), Err(BadFilter), "{bad}");
        }
        assert_eq!(found(&"(!".repeat(100)), Err(BadFilter));
    }

    #[test]
    fn an_escaped_value_is_only_itself() {
        assert_eq!(found(&format!("(room={})", escaped("2*1"))), Ok(1));
        assert_eq!(found(&format!("(uid={})", escaped("*)(uid=*"))), Ok(0));
    }
}
