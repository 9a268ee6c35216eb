//! A ZIP archive in memory: local heads with sizes, deflated contents, a central directory. By hand,
//! because the crate that writes archives brings readers, clocks and ciphers.

use flate2::Crc;

use super::compression::deflate;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
const VERSION: u16 = 20;
/// Names are UTF-8.
const UTF8_FLAG: u16 = 1 << 11;
const DEFLATED: u16 = 8;
/// 1 January 1980, which is where the format's time starts.
const DATE: u16 = 0x21;

/// The archive; `None` if a number does not fit into its field.
pub(super) fn archive(entries: &[(&[u8], &[u8])]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in entries {
        let start = u32::try_from(out.len()).ok()?;
        let packed = deflate(content);
        let common = common(name, content, &packed)?;
        out.extend_from_slice(LOCAL);
        out.extend_from_slice(&common);
        out.extend_from_slice(name);
        out.extend_from_slice(&packed);
        directory.extend_from_slice(CENTRAL);
        directory.extend_from_slice(&VERSION.to_le_bytes());
        directory.extend_from_slice(&common);
        // Comment, disk, internal and external attributes: none.
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&start.to_le_bytes());
        directory.extend_from_slice(name);
    }
    let count = u16::try_from(entries.len()).ok()?;
    let start = u32::try_from(out.len()).ok()?;
    let length = u32::try_from(directory.len()).ok()?;
    out.append(&mut directory);
    out.extend_from_slice(END);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    Some(out)
}

/// What stands in both heads of an entry: from the version needed to the length of the extra field.
fn common(name: &[u8], content: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
    let mut crc = Crc::new();
    crc.update(content);
    let mut head = Vec::with_capacity(26);
    for short in [VERSION, UTF8_FLAG, DEFLATED, 0, DATE] {
        head.extend_from_slice(&short.to_le_bytes());
    }
    let sizes = [u32::try_from(packed.len()).ok()?, u32::try_from(content.len()).ok()?];
    for long in [crc.sum(), sizes[0], sizes[1]] {
        head.extend_from_slice(&long.to_le_bytes());
    }
    head.extend_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
    head.extend_from_slice(&[0; 2]);
    Some(head)
}
