//! `XPath`: an expression on the first line, a document below it.

use shakedown::extract::XPath;

/// More values than that are not asked for.
const LIMIT: usize = 20;

/// An expression is valid or has a mistake with a place, and a document gives no more than was asked.
pub fn any(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let expression = String::from_utf8_lossy(&data[..end]);
    let document = data.get(end + 1..).unwrap_or_default();
    match XPath::new(&expression) {
        Ok(xpath) => {
            let values = xpath.values(document, None, LIMIT);
            assert!(values.len() <= LIMIT, "{} values", values.len());
            let fewer = xpath.values(document, None, 1);
            assert_eq!(fewer.first(), values.first(), "{expression}");
        }
        Err(error) => {
            let place = error.rsplit(' ').next().and_then(|place| place.parse::<usize>().ok());
            let length = expression.chars().count();
            assert!(place.is_some_and(|place| (1..=length + 1).contains(&place)), "{error}");
        }
    }
}
