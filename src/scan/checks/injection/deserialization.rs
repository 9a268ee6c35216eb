//! Deserialisation of what users send.
//!
//! A value that is recognised as an object (`super::serialized`) is broken, to see whether the reader of the
//! format complains, and written in another way, to see whether it is read: as the same object it must keep
//! the page, as none it must not. Python's pickle and YAML, and node-serialize, can be told to wait, which
//! proves that more than data is read; so can whoever reads those without a value to recognise. No other
//! gadget is sent, and nothing is run but a wait.
//!
//! Costs at a clean point: 2 requests (at low strength 1) where no object stands, else 5 to 6.

use std::sync::LazyLock;
use std::time::Duration;

use regex::bytes::Regex;

use super::complaint::Complaint;
use super::complaint::complains;
use super::serialized::Encoding;
use super::serialized::Format;
use super::serialized::Serialized;
use super::serialized::recognise;
use super::truth::Ask;
use super::truth::KnownPage;
use super::truth::PageIs;
use super::truth::Trial;
use super::truth::judged;
use super::truth::known_page;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct Deserialization;

/// Messages of readers, all formats together: which one a value has is known.
static MESSAGES: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)unserialize\(\)|Error at offset \d+ of \d+ bytes|UnpicklingError|pickle data was truncated|Ran out of input|could not find MARK|invalid load key|java\.io\.(?:StreamCorrupted|EOF|InvalidClass|OptionalData|ObjectStream)\w*Exception|invalid stream header|ObjectInputStream|SerializationException|BinaryFormatter|End of Stream encountered before parsing|marshal data too short|incompatible marshal file format|yaml\.(?:scanner|parser|constructor)\.|Psych::(?:SyntaxError|DisallowedClass|BadAlias)|org\.yaml\.snakeyaml|YamlDotNet|could not determine a constructor for the tag|while (?:scanning|parsing) a (?:simple key|block mapping|flow)";
    Regex::new(pattern).expect("the tests compile it")
});

/// Kinds of twins.
const ROUNDS: usize = 3;

impl PointCheck for Deserialization {
    fn id(&self) -> &'static str {
        "deserialization"
    }

    fn root_cause(&self) -> &'static str {
        "deserialization"
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
    let Some(object) = recognise(&value) else { return unrecognised(probe).await };
    if let Some(proof) = waits(probe, &object).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    let page = match known_page(probe, &value, 2).await? {
        Ok(page) => page,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    if let Some(proof) = broken(probe, &page, &object).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    Ok(match read(probe, &page, &object).await? {
        Some(proof) => Outcome::Found(Box::new(proof)),
        None => Outcome::Clean,
    })
}

/// Where nothing tells what is read: what most often is.
async fn unrecognised(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let pickle = |time: Duration| {
        Encoding::Base64Url { padded: true }.write(&[b"\x80\x02", &*sleep(time), b"N."].concat())
    };
    if let Some(proof) = told(probe, "a pickle", &pickle).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    if probe.strength() > Strength::Low
        && let Some(proof) = told(probe, "YAML", &yaml_sleep).await?
    {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    Ok(Outcome::Clean)
}

type Waiting<'a> = dyn Fn(Duration) -> String + Send + Sync + 'a;

async fn told(
    probe: &mut Probe,
    what: &str,
    waiting: &Waiting<'_>,
) -> Result<Option<Proof>, ProbeStop> {
    let proof = probe.waits_as_told(waiting).await?;
    Ok(proof.map(|proof| Proof {
        detail: format!("{what} that is read calls a function: the server {}", proof.detail),
        ..proof
    }))
}

/// The object with a wait in it, where its format has one.
async fn waits(probe: &mut Probe, object: &Serialized) -> Result<Option<Proof>, ProbeStop> {
    let word = probe.word();
    match object.format {
        Format::Pickle => {
            let waiting = |time: Duration| {
                let (start, rest) = object.bytes.split_at(2);
                object.write(&[start, &sleep(time), b"0", rest].concat())
            };
            told(probe, "a pickle", &waiting).await
        }
        Format::Yaml => {
            let waiting = |time: Duration| object.write(yaml_sleep(time).as_bytes());
            told(probe, "YAML", &waiting).await
        }
        Format::Json => {
            let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(&object.bytes)
            else {
                return Ok(None);
            };
            let waiting = |time: Duration| {
                let mut members = members.clone();
                members.insert(word.clone(), serde_json::Value::String(busy(time)));
                object.write(serde_json::Value::Object(members).to_string().as_bytes())
            };
            told(probe, "a function in JSON", &waiting).await
        }
        Format::Java | Format::Php | Format::DotNet | Format::Ruby => Ok(None),
    }
}

/// Leaves what `time.sleep` returns on the stack: GLOBAL, a tuple of one number, REDUCE.
fn sleep(time: Duration) -> Vec<u8> {
    format!("ctime\nsleep\n(I{}\ntR", time.as_secs()).into_bytes()
}

fn yaml_sleep(time: Duration) -> String {
    format!("!!python/object/apply:time.sleep [{}]", time.as_secs())
}

/// For node-serialize, which calls functions that are followed by `()`. There is no other way to wait there
/// than to look at the clock.
fn busy(time: Duration) -> String {
    let millis = time.as_millis();
    format!("_$$ND_FUNC$$_function(){{var e=Date.now()+{millis};while(Date.now()<e);}}()")
}

/// An object that ends too early brings a message of its reader, written otherwise it does not.
async fn broken(
    probe: &mut Probe,
    page: &KnownPage,
    object: &Serialized,
) -> Result<Option<Proof>, ProbeStop> {
    let Some(same) = object.otherwise() else { return Ok(None) };
    let [first, second] = object.truncated().map(|bytes| object.write(&bytes));
    let complaint = Complaint {
        of: object.format.name(),
        messages: &MESSAGES,
        broken: [&first, &second],
        mended: &[object.write(&same)],
    };
    complains(probe, &page.first, &complaint).await
}

/// Whether the object is read, told by twins of it.
async fn read(
    probe: &mut Probe,
    page: &KnownPage,
    object: &Serialized,
) -> Result<Option<Proof>, ProbeStop> {
    if object.twins(0).is_none() || page.is_error().is_some() {
        return Ok(None);
    }
    let pairs = |_: &mut Probe, round: usize| {
        let (same, broken) = object.twins(round).unwrap_or_default();
        (Ask::Value(object.write(&same)), Ask::Value(object.write(&broken)))
    };
    let trial = Trial { pairs: &pairs, rounds: ROUNDS, broken: None, page: PageIs::True };
    let proof = judged(probe, page, &trial).await?;
    Ok(proof.map(|proof| Proof {
        detail: format!(
            "the value is read as an object of {}: the same one written otherwise keeps the page, one \
             that cannot be read does not; {}",
            object.format.name(),
            proof.detail
        ),
        ..proof
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_readers_are_told_from_prose() {
        for text in [
            "Notice: unserialize(): Error at offset 10 of 12 bytes",
            "_pickle.UnpicklingError: pickle data was truncated",
            "java.io.StreamCorruptedException: invalid type code: 00",
            "marshal data too short",
        ] {
            assert!(MESSAGES.is_match(text.as_bytes()), "{text}");
        }
        assert!(!MESSAGES.is_match(b"We preserve fruit; nothing is broken."));
    }
}
