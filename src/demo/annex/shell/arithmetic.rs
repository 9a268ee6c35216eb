//! Integer arithmetic of `$((…))` and `expr`.

/// The value of an expression with `+ - * / % ( )` and comparisons, or nothing if it is none.
pub(super) fn value(expression: &str) -> Option<i64> {
    let mut rest = expression.trim();
    let value = comparison(&mut rest, 0)?;
    rest.trim().is_empty().then_some(value)
}

const DEPTH: usize = 40;

fn comparison(rest: &mut &str, depth: usize) -> Option<i64> {
    let left = sum(rest, depth)?;
    for (sign, holds) in [
        ("==", i64::eq as fn(&i64, &i64) -> bool),
        ("!=", i64::ne),
        ("<=", i64::le),
        (">=", i64::ge),
        ("=", i64::eq),
        ("<", i64::lt),
        (">", i64::gt),
    ] {
        if take(rest, sign) {
            return Some(i64::from(holds(&left, &sum(rest, depth)?)));
        }
    }
    Some(left)
}

fn sum(rest: &mut &str, depth: usize) -> Option<i64> {
    let mut value = product(rest, depth)?;
    loop {
        if take(rest, "+") {
            value = value.checked_add(product(rest, depth)?)?;
        } else if take(rest, "-") {
            value = value.checked_sub(product(rest, depth)?)?;
        } else {
            return Some(value);
        }
    }
}

fn product(rest: &mut &str, depth: usize) -> Option<i64> {
    let mut value = atom(rest, depth)?;
    loop {
        if take(rest, "*") {
            value = value.checked_mul(atom(rest, depth)?)?;
        } else if take(rest, "/") {
            value = value.checked_div(atom(rest, depth)?)?;
        } else if take(rest, "%") {
            value = value.checked_rem(atom(rest, depth)?)?;
        } else {
            return Some(value);
        }
    }
}

fn atom(rest: &mut &str, depth: usize) -> Option<i64> {
    if depth > DEPTH {
        return None;
    }
    if take(rest, "-") {
        return atom(rest, depth + 1)?.checked_neg();
    }
    if take(rest, "(") {
        let value = comparison(rest, depth + 1)?;
        return take(rest, ")").then_some(value);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(digits);
    *rest = after;
    number.parse().ok()
}

fn take(rest: &mut &str, sign: &str) -> bool {
    *rest = rest.trim_start();
    let Some(after) = rest.strip_prefix(sign) else { return false };
    *rest = after.trim_start();
    true
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn precedence_and_brackets() {
        assert_eq!(value("7 * 7 + 1"), Some(50));
        assert_eq!(value("7*(7+1)"), Some(56));
        assert_eq!(value("-3 - -4"), Some(1));
        assert_eq!(value("9 % 4 == 1"), Some(1));
        assert_eq!(value("1/0"), None);
        assert_eq!(value("1 +"), None);
        assert_eq!(value(&"(".repeat(500)), None);
    }
}
