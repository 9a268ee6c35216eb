//! Text for people: suggestions for typos, and foreign text made harmless for a terminal.

/// The candidate nearest to `word`, if it is near enough to be what was meant.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 3 + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The candidates nearest to `word`, at most so many: those that have it in them, then those that were
/// perhaps meant.
pub fn near_words<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let mut near: Vec<(usize, &str)> = Vec::new();
    for candidate in candidates {
        let plain = candidate.to_lowercase();
        let contains = word.chars().count() > 2 && plain.contains(&word);
        let distance = strsim::damerau_levenshtein(&word, &plain);
        let is_near = distance <= plain.len().max(word.len()) / 3 + 1;
        if (contains || is_near) && !near.iter().any(|(_, known)| *known == candidate) {
            near.push((if contains { 0 } else { distance }, candidate));
        }
    }
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// `text` with control characters (terminal escapes above all), line breaks and invisible
/// direction marks shown as `\u{…}`, and cut to `max_chars` with an ellipsis.
pub fn inert(text: &str, max_chars: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max_chars * 4));
    for (shown, character) in text.chars().enumerate() {
        if shown == max_chars {
            out.push('…');
            break;
        }
        if character.is_control() || is_invisible(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            // Separators of lines and paragraphs, then marks of direction.
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            // Tags: a whole alphabet that nobody sees.
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(inert("a\u{1b}[31mb\nc", 99), "a\\u{1b}[31mb\\nc");
        assert_eq!(inert("\u{202e}x", 99), "\\u{202e}x");
        assert_eq!(inert("a\u{2028}b\u{e0041}", 99), "a\\u{2028}b\\u{e0041}");
        assert_eq!(inert("abcdef", 3), "abc…");
    }

    #[test]
    fn what_has_the_word_in_it_comes_before_what_is_only_like_it() {
        let candidates = ["http_req_latency", "latenzy", "message_latency", "vus"];
        let near = ["http_req_latency", "message_latency", "latenzy"];
        assert_eq!(near_words("Latency", candidates, 6), near);
        assert_eq!(near_words("latency", candidates, 1), near[..1]);
        assert!(near_words("v", ["latency"], 6).is_empty());
    }

    #[test]
    fn near_misses_are_suggested_and_far_ones_are_not() {
        assert_eq!(did_you_mean("stage", ["stages", "rate"]), Some("stages"));
        assert_eq!(did_you_mean("zzzzzz", ["stages", "rate"]), None);
    }
}
