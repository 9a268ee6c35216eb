//! What the name of a parameter promises.

/// Whether one of a name's words is one of these or ends in it: `returnUrl`, `doc_path`, `filename`.
pub(crate) fn promises(name: &str, known: &[&str]) -> bool {
    words(name).iter().any(|word| known.iter().any(|known| word == known))
        || known.iter().any(|known| {
            known.len() >= 4
                && words(name).iter().any(|word| word.ends_with(known) || word.starts_with(known))
        })
}

/// Lower-case words, split at everything that is no letter and where `camelCase` rises.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        if !character.is_ascii_alphabetic() || (was_lower && character.is_ascii_uppercase()) {
            words.push(String::new());
        }
        was_lower = character.is_ascii_lowercase();
        if character.is_ascii_alphabetic() {
            let last = words.last_mut().expect("it begins with one");
            last.push(character.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_name_count_and_letters_in_others_do_not() {
        for name in ["file", "doc_path", "fileName", "filename", "X-File", "/a/b/file", "myfile"] {
            assert!(promises(name, &["file", "path", "to"]), "{name}");
        }
        for name in ["profit", "photo", "auto", "id", ""] {
            assert!(!promises(name, &["file", "path", "to"]), "{name}");
        }
    }
}
