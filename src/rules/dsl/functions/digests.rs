//! Hashes and message authentication codes.

use data_encoding::HEXLOWER;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac;
use md5::Md5;
use sha1::Sha1;
use sha2::Digest;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

use super::super::eval::EvalError;
use super::{Body, Function, Text};
use super::{function, unfit};

pub(super) static TABLE: &[Function] = &[
    function("hmac", 3..=3, Body::Try(hmac_hex)),
    function("md5", 1..=1, Body::Map(|t| hex(&Md5::digest(&t[0])))),
    function("mmh3", 1..=1, Body::Map(|t| signed(murmur3(&t[0])).to_string().into())),
    function("sha1", 1..=1, Body::Map(|t| hex(&Sha1::digest(&t[0])))),
    function("sha256", 1..=1, Body::Map(|t| hex(&Sha256::digest(&t[0])))),
    function("sha512", 1..=1, Body::Map(|t| hex(&Sha512::digest(&t[0])))),
];

fn hex(bytes: &[u8]) -> Vec<u8> {
    HEXLOWER.encode(bytes).into_bytes()
}

/// `hmac(algorithm, text, key)`
fn hmac_hex(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let algorithm = match &texts[0][..] {
        b"sha1" | b"sha-1" => "SHA1",
        b"sha256" | b"sha-256" => "SHA256",
        b"sha512" | b"sha-512" => "SHA512",
        _ => return Err(unfit("the algorithm is sha1, sha256 or sha512")),
    };
    mac(algorithm, &texts[2], &texts[1]).map(|code| hex(&code))
}

/// The code of `text` under `key`.
pub(super) fn mac(algorithm: &str, key: &[u8], text: &[u8]) -> Result<Vec<u8>, EvalError> {
    fn code<M: Mac>(mac: Result<M, hmac::digest::InvalidLength>, text: &[u8]) -> Vec<u8> {
        let mut mac = mac.expect("any length of key will do");
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    }
    Ok(match algorithm {
        "SHA1" => code(Hmac::<Sha1>::new_from_slice(key), text),
        "SHA256" => code(Hmac::<Sha256>::new_from_slice(key), text),
        "SHA384" => code(Hmac::<Sha384>::new_from_slice(key), text),
        "SHA512" => code(Hmac::<Sha512>::new_from_slice(key), text),
        _ => return Err(unfit("there is no such algorithm")),
    })
}

#[expect(clippy::cast_possible_wrap, reason = "the bits are shown as a signed number")]
fn signed(hash: u32) -> i32 {
    hash as i32
}

/// `MurmurHash3`, 32 bits, without a seed: what search engines index icons by. By hand, because the
/// crates that have it are not kept.
fn murmur3(text: &[u8]) -> u32 {
    fn scramble(block: u32) -> u32 {
        block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
    }
    let mut hash = 0_u32;
    let (blocks, tail) = text.as_chunks::<4>();
    for block in blocks {
        hash ^= scramble(u32::from_le_bytes(*block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let rest = tail.iter().rev().fold(0, |rest, byte| rest << 8 | u32::from(*byte));
    hash ^= scramble(rest);
    #[expect(clippy::cast_possible_truncation, reason = "the length modulo 2^32")]
    let length = text.len() as u32;
    hash ^= length;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}
