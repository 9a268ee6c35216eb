//! Members that are sent along with what belongs into a request, and what has become of them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::record::Record;
use crate::model::Request;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::insertion_points;

/// Members that decide rights or money, letters alone, with what is sent where it is not known what
/// they hold.
const GENERIC: [(&str, &str); 12] = [
    ("admin", "true"),
    ("is_admin", "true"),
    ("isAdmin", "true"),
    ("role", "\"admin\""),
    ("roles", "[\"admin\"]"),
    ("is_staff", "true"),
    ("verified", "true"),
    ("is_verified", "true"),
    ("approved", "true"),
    ("balance", "7919"),
    ("credit", "7919"),
    ("owner_id", "7919"),
];

/// Parts of names of members that do so.
const GRAVE: [&str; 18] = [
    "admin",
    "role",
    "staff",
    "superuser",
    "verified",
    "approved",
    "balance",
    "credit",
    "owner",
    "permission",
    "privilege",
    "group",
    "level",
    "discount",
    "paid",
    "active",
    "enabled",
    "price",
];

/// What is added to a request.
pub(super) struct Extra {
    pub(super) members: Vec<(String, Value)>,
    /// The name that means nothing.
    pub(super) junk: String,
}

impl Extra {
    /// Of the record that nothing was added to: another value for each grave member; and the list.
    pub(super) fn for_record(probe: &mut SiteProbe, control: &Record, body: &Request) -> Self {
        let own: Vec<String> = insertion_points(body)
            .iter()
            .map(|it| it.reference.name.rsplit('/').next().unwrap_or_default().to_owned())
            .collect();
        let known = control.object.as_object().into_iter().flatten();
        let mut members: Vec<(String, Value)> = known
            .filter(|(name, _)| is_grave(name) && !own.contains(name))
            .filter_map(|(name, value)| Some((name.clone(), other_than(value)?)))
            .collect();
        for (name, value) in GENERIC {
            let is_new = !members.iter().any(|(known, _)| known == name);
            let is_own = own.iter().any(|known| known == name);
            if is_new && !is_own {
                members.push((name.to_owned(), serde_json::from_str(value).unwrap_or_default()));
            }
        }
        Self { members, junk: format!("x{}", probe.sender().word()) }
    }

    /// Of one's own record: what it has, the request does not take, and whoever has more of may do more;
    /// nothing that could lock somebody out. `None` where there is no such thing.
    pub(super) fn to_gain(
        probe: &mut SiteProbe,
        record: &Record,
        body: &Map<String, Value>,
    ) -> Option<Self> {
        let known = record.object.as_object().into_iter().flatten();
        let members: Vec<(String, Value)> = known
            .filter(|(name, value)| {
                is_grave(name)
                    && !body.contains_key(*name)
                    && !name.to_ascii_lowercase().contains("owner")
                    && **value != Value::Bool(true)
            })
            .filter_map(|(name, value)| Some((name.clone(), other_than(value)?)))
            .collect();
        let junk = format!("x{}", probe.sender().word());
        (!members.is_empty()).then_some(Self { members, junk })
    }

    /// Everything that is sent along.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, Value)> {
        let junk = (self.junk.clone(), json!("1"));
        self.members.iter().cloned().chain(std::iter::once(junk))
    }

    /// What makes it undone: values of before, and no junk where it has come to stand there.
    pub(super) fn undone(&self, before: &Record, after: Option<&Record>) -> Map<String, Value> {
        let of_before = |(name, _): &(String, Value)| {
            let now = after.map(|after| after.object.get(name));
            let had = before.object.get(name)?;
            (now != Some(Some(had))).then(|| (name.clone(), had.clone()))
        };
        let mut undone: Map<String, Value> = self.members.iter().filter_map(of_before).collect();
        if after.is_some_and(|after| after.object.get(&self.junk).is_some()) {
            undone.insert(self.junk.clone(), Value::Null);
        }
        undone
    }

    /// Whether any of it has another value now.
    pub(super) fn has_changed(&self, before: &Record, after: &Record) -> bool {
        let differs = |name: &String| after.object.get(name) != before.object.get(name);
        self.members.iter().any(|(name, _)| differs(name))
            || after.object.get(&self.junk).is_some_and(|value| !value.is_null())
    }

    pub(super) fn added(&self, request: &Request) -> Option<Request> {
        let members = self.all();
        let mut request = request.clone();
        if let Ok(Value::Object(mut body)) = serde_json::from_slice(&request.body) {
            body.extend(members);
            request.body = Value::Object(body).to_string().into_bytes();
        } else {
            let is_form = request.header("content-type").is_some_and(|header| {
                header.text().starts_with("application/x-www-form-urlencoded")
            });
            if !is_form {
                return None;
            }
            for (name, value) in members {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let pair: String = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair(&name, &value)
                    .finish();
                request.body.push(b'&');
                request.body.extend_from_slice(pair.as_bytes());
            }
        }
        request.headers.retain(|header| !header.is("content-length"));
        Some(request)
    }

    /// The member that was set, and its value before.
    pub(super) fn set_in(
        &self,
        record: &Record,
        control: &Record,
    ) -> Option<(String, Value, Value)> {
        if record.object.get(&self.junk).is_some() {
            return None;
        }
        self.members.iter().find_map(|(name, sent)| {
            let now = record.object.get(name)?;
            let before = control.object.get(name).cloned().unwrap_or(Value::Null);
            (same(now, sent) && !same(&before, sent)).then(|| (name.clone(), sent.clone(), before))
        })
    }
}

pub(super) fn is_grave(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    GRAVE.iter().any(|part| name.contains(part))
}

/// Another value of the same kind.
pub(super) fn other_than(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(it) => Some(json!(!it)),
        Value::Number(it) => Some(json!(it.as_i64().unwrap_or_default() + 7919)),
        Value::String(it) if it == "admin" => Some(json!("administrator")),
        Value::String(_) => Some(json!("admin")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether both say the same, as a number, a truth or a text.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())
        }
        other => other.to_string(),
    };
    text(one) == text(other)
}
