//! "The server worked it out": a text in the answer that nobody sent.
//!
//! The question holds random operands and no result. What comes back must be the result, twice, with
//! other operands; and the same text without the syntax that makes a server work it out must not bring
//! it, so that a page that adds up whatever it is given is no finding. One request where nothing is.

use memchr::memmem;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Bytes between the two words of an answer at most: digits, and what groups them.
const MAX_BETWEEN: usize = 32;

/// A text that a server has to work out before it can answer with it. In both payloads `«v»` is the
/// value that stands at the point, `«l»` and `«r»` are words around the result, `«a»` and `«b»` its
/// operands, `«m»` and `«n»` further words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Whose syntax it is, for people.
    pub(crate) of: &'a str,
    pub(crate) ask: &'a str,
    /// As much of it as a page can show or add up without being flawed.
    pub(crate) inert: &'a str,
    pub(crate) answer: Answer,
}

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The product of the operands between the words; digits may be grouped.
    Product,
    /// The product, wherever it stands.
    BareProduct,
    /// The sum of the operands between the words.
    Sum,
    /// The first operand in hexadecimal digits between the words.
    Hexadecimal,
    /// The word `«m»` between the words, although it does not stand there in the question.
    Word,
    /// What Java's `String.hashCode` makes of `«m»`, between the words.
    JavaHash,
}

/// What a first question brought.
pub(crate) struct Asked {
    pub(crate) shot: Shot,
    /// Words and operands that were in it.
    pub(crate) filled: Filled,
}

/// One set of words and operands.
#[derive(Debug, Clone)]
pub(crate) struct Filled {
    pub(crate) left: String,
    pub(crate) right: String,
    a: u32,
    b: u32,
    word: String,
    other: String,
}

impl Filled {
    fn draw(probe: &mut Probe) -> Self {
        let mut word = || {
            let mut word = probe.word();
            word.truncate(5);
            word
        };
        let (left, right, word, other) = (word(), word(), word(), word());
        Self { left, right, word, other, a: probe.number(), b: probe.number() }
    }

    fn fill(&self, text: &str, value: &str) -> String {
        text.replace("«v»", value)
            .replace("«l»", &self.left)
            .replace("«r»", &self.right)
            .replace("«a»", &self.a.to_string())
            .replace("«b»", &self.b.to_string())
            .replace("«m»", &self.word)
            .replace("«n»", &self.other)
    }

    fn result(&self, answer: Answer) -> String {
        match answer {
            Answer::Product | Answer::BareProduct => {
                (u64::from(self.a) * u64::from(self.b)).to_string()
            }
            Answer::Sum => (self.a + self.b).to_string(),
            Answer::Hexadecimal => format!("{:x}", self.a),
            Answer::Word => self.word.clone(),
            Answer::JavaHash => java_hash(&self.word).to_string(),
        }
    }

    /// Where the result stands in what came back.
    fn find(&self, answer: Answer, wire: &[u8]) -> Option<std::ops::Range<usize>> {
        let result = self.result(answer);
        if answer == Answer::BareProduct {
            return memmem::find_iter(wire, result.as_bytes())
                .map(|at| at..at + result.len())
                .find(|at| stands_alone(wire, at));
        }
        let starts = memmem::find_iter(wire, self.left.as_bytes());
        starts.map(|start| start..start + self.left.len()).find_map(|left| {
            let rest = &wire[left.end..wire.len().min(left.end + MAX_BETWEEN + self.right.len())];
            let between = memmem::find(rest, self.right.as_bytes())?;
            let is_result = ungrouped(&rest[..between], answer) == result.as_bytes();
            is_result.then(|| left.start..left.end + between + self.right.len())
        })
    }
}

/// Sends a question once; the answer is not judged ([`confirmed`]).
///
/// # Errors
/// As [`Probe::fire`].
pub(crate) async fn ask(
    probe: &mut Probe,
    question: &Question<'_>,
    value: &str,
) -> Result<Asked, ProbeStop> {
    let filled = Filled::draw(probe);
    let shot = probe.fire_and_see(&filled.fill(question.ask, value)).await?;
    Ok(Asked { shot, filled })
}

/// Whether an answer holds what the server had to work out: once more with other operands, and not
/// without the syntax.
///
/// # Errors
/// As [`Probe::fire`].
pub(crate) async fn confirmed(
    probe: &mut Probe,
    question: &Question<'_>,
    value: &str,
    asked: Asked,
) -> Result<Option<Proof>, ProbeStop> {
    let Asked { shot: attack, filled } = asked;
    let Some(mark) = filled.find(question.answer, &attack.response().to_wire()) else {
        return Ok(None);
    };
    let Asked { shot: replay, filled: again } = ask(probe, question, value).await?;
    let Some(replay_mark) = again.find(question.answer, &replay.response().to_wire()) else {
        return Ok(None);
    };
    // With words of its own: what was stored before may still be shown.
    let inert = Filled::draw(probe);
    let control = probe.fire_and_see(&inert.fill(question.inert, value)).await?;
    if inert.find(question.answer, &control.response().to_wire()).is_some() {
        return Ok(None);
    }
    let baseline = probe.baseline().await?;
    let (result, result_again) = (filled.result(question.answer), again.result(question.answer));
    let detail = format!(
        "the server works out {}: `{}` brought {result}, which does not stand in it, `{}` brought \
         {result_again}; `{}`, the same without the syntax, does not",
        question.of, attack.value, replay.value, control.value
    );
    let payloads = [&attack, &replay, &control].iter().map(|shot| shot.value.clone()).collect();
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline),
            Exhibit::marked(EvidenceRole::Attack, attack, Some(mark)),
            Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)),
            Exhibit::new(EvidenceRole::Control, control),
        ],
        payloads,
    }))
}

/// Asks one question and confirms its answer.
///
/// # Errors
/// As [`Probe::fire`].
pub(crate) async fn works_out(
    probe: &mut Probe,
    question: &Question<'_>,
    value: &str,
) -> Result<Option<Proof>, ProbeStop> {
    let asked = ask(probe, question, value).await?;
    confirmed(probe, question, value, asked).await
}

/// Template engines group digits by the server's locale: `12,345,678`, with a space, with a point.
fn ungrouped(between: &[u8], answer: Answer) -> Vec<u8> {
    if answer != Answer::Product && answer != Answer::Sum {
        return between.to_vec();
    }
    let text = String::from_utf8_lossy(between);
    let text: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '.' | ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’' | '_'))
        .collect();
    text.into_bytes()
}

/// Not as a part of a longer number or word.
fn stands_alone(wire: &[u8], at: &std::ops::Range<usize>) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    !is_word(at.start.checked_sub(1).and_then(|before| wire.get(before)))
        && !is_word(wire.get(at.end))
}

/// <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/lang/String.html#hashCode()>
fn java_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Filled {
        let text = str::to_owned;
        Filled {
            left: text("lll"),
            right: text("rrr"),
            a: 1234,
            b: 5678,
            word: text("hello"),
            other: text("nnn"),
        }
    }

    fn finds(answer: Answer, text: &str) -> bool {
        filled().find(answer, text.as_bytes()).is_some()
    }

    #[test]
    fn results_are_found_between_their_words() {
        for text in [
            "lll7006652rrr",
            "<p>lll 7,006,652 rrr",
            "lllrrr lll7.006.652rrr",
            "lll7\u{a0}006\u{a0}652rrr",
        ] {
            assert!(finds(Answer::Product, text), "{text}");
        }
        for text in ["lll1234*5678rrr", "7006652", "lll7006652", "lll70066520rrr", "lllx7006652rrr"]
        {
            assert!(!finds(Answer::Product, text), "{text}");
        }
        assert!(finds(Answer::Sum, "lll6912rrr") && finds(Answer::Hexadecimal, "lll4d2rrr"));
        assert!(finds(Answer::Word, "lllhellorrr") && finds(Answer::JavaHash, "lll99162322rrr"));
        assert!(!finds(Answer::Word, "lll hello rrr"));
    }

    #[test]
    fn a_bare_result_stands_alone() {
        assert!(finds(Answer::BareProduct, "<pre>7006652\n</pre>"));
        assert!(!finds(Answer::BareProduct, "17006652") && !finds(Answer::BareProduct, "7006652x"));
    }
}
