//! Queries of a document database over a few documents.

use regex::RegexBuilder;
use serde_json::Value;

/// Why a query is refused, in the server's words.
pub(super) type Refused = String;

/// The first document that a query picks.
pub(super) fn find<'a>(
    documents: &'a [Value],
    query: &Value,
) -> Result<Option<&'a Value>, Refused> {
    let Value::Object(conditions) = query else {
        return Err("MongoServerError: query must be an object".to_owned());
    };
    for document in documents {
        let mut holds = true;
        for (name, condition) in conditions {
            holds &= matches(document, name, condition)?;
        }
        if holds {
            return Ok(Some(document));
        }
    }
    Ok(None)
}

fn matches(document: &Value, name: &str, condition: &Value) -> Result<bool, Refused> {
    match (name, condition) {
        ("$or" | "$and", Value::Array(parts)) => {
            let mut found = Vec::new();
            for part in parts {
                found.push(find(std::slice::from_ref(document), part)?.is_some());
            }
            let any = found.contains(&true);
            return Ok(if name == "$or" { any } else { !found.contains(&false) });
        }
        (name, _) if name.starts_with('$') => {
            return Err(format!("MongoServerError: unknown top level operator: {name}"));
        }
        _ => {}
    }
    let value = &document[name];
    match condition {
        Value::Object(operators) if operators.keys().any(|key| key.starts_with('$')) => {
            for (operator, operand) in operators {
                if !holds(value, operator, operand)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        plain => Ok(value == plain),
    }
}

fn holds(value: &Value, operator: &str, operand: &Value) -> Result<bool, Refused> {
    let contains = |list: &Value| list.as_array().is_some_and(|list| list.contains(value));
    Ok(match operator {
        "$eq" => value == operand,
        "$ne" => value != operand,
        "$gt" => order(value, operand).is_some_and(std::cmp::Ordering::is_gt),
        "$gte" => order(value, operand).is_some_and(std::cmp::Ordering::is_ge),
        "$lt" => order(value, operand).is_some_and(std::cmp::Ordering::is_lt),
        "$lte" => order(value, operand).is_some_and(std::cmp::Ordering::is_le),
        "$in" => contains(operand),
        "$nin" => !contains(operand),
        "$exists" => value.is_null() != operand.as_bool().unwrap_or(true),
        "$not" => !matches(&serde_json::json!({ "v": value }), "v", operand)?,
        "$regex" => {
            let pattern = operand.as_str().unwrap_or_default();
            let pattern = RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|_| {
                "MongoServerError: Regular expression is invalid: unmatched parentheses".to_owned()
            })?;
            value.as_str().is_some_and(|text| pattern.is_match(text))
        }
        "$options" => true,
        other => return Err(format!("MongoServerError: unknown operator: {other}")),
    })
}

/// Values of the same kind have an order.
fn order(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        _ => None,
    }
}
