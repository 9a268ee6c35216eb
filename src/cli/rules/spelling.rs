//! Nuclei's long flags have one dash: `-tags`. They are given a second one before they are read, so
//! that `-tags` is not taken for `-t ags`.

use std::ffi::OsString;

/// What clap shall read in place of the process's arguments.
pub(in crate::cli) fn respelt(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let words: Vec<&str> =
        arguments.iter().skip(1).filter_map(|word| word.to_str()).take(8).collect();
    let names: Vec<&str> = words.into_iter().filter(|word| !word.starts_with('-')).collect();
    if names.first() != Some(&"rules") {
        return arguments;
    }
    for argument in arguments.iter_mut().skip(1) {
        let Some(text) = argument.to_str() else { continue };
        if text == "--" {
            break;
        }
        let Some(name) = text.strip_prefix('-') else { continue };
        let is_long = name.len() > 1
            && !name.starts_with('-')
            && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && !is_short_with_value(name);
        if is_long {
            *argument = format!("--{name}").into();
        }
    }
    arguments
}

/// `-c10`, `-H'A: b'` and the like: a short flag and its value in one word.
fn is_short_with_value(name: &str) -> bool {
    let (flag, value) = name.split_at(1);
    match flag {
        "c" => value.bytes().all(|byte| byte.is_ascii_digit()),
        "H" => value.contains(':'),
        "u" => value.contains("://"),
        "V" => value.contains('='),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelt_text(text: &str) -> String {
        let words = text.split(' ').map(OsString::from);
        let words: Vec<String> =
            respelt(words).into_iter().filter_map(|word| word.into_string().ok()).collect();
        words.join(" ")
    }

    #[test]
    fn one_dash_is_as_good_as_two_and_short_flags_stay() {
        assert_eq!(
            respelt_text(
                "shakedown rules run -tags cve -t a -rl 10 -severity=high -u x -c10 -etags b"
            ),
            "shakedown rules run --tags cve -t a --rl 10 --severity=high -u x -c10 --etags b"
        );
        assert_eq!(
            respelt_text("shakedown rules run -Hx:y -- -tags"),
            "shakedown rules run -Hx:y -- -tags"
        );
        assert_eq!(
            respelt_text("shakedown --quiet rules run -ni"),
            "shakedown --quiet rules run --ni"
        );
    }

    #[test]
    fn other_commands_are_left_alone() {
        let text = "shakedown load -z10s -tags http://rules/ rules";
        assert_eq!(respelt_text(text), text);
    }
}
