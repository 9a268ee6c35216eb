//! Encryption with an RSA public key: PKCS #1 version 1.5 (RFC 8017 §7.2.1). By hand over the big
//! numbers that are in the tree already: the crate that has it stands under an advisory for what it
//! does with private keys, which are never used here.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use num_bigint::BigUint;
use rand::RngExt as _;

use super::super::environment::Environment;
use super::super::eval::EvalError;
use super::super::value::Value;
use super::{texts, unfit, utf8};

/// Longer keys would take seconds.
const MAX_KEY: usize = 1024;

/// `rsa_encrypt(text, key)`: base64 of the text, encrypted with the public key in PEM.
pub(super) fn encrypt<'v>(
    arguments: Vec<Value<'v>>,
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let texts = texts(arguments);
    let key = pem(&utf8(&texts[1])).ok_or_else(|| unfit("the key is no public key in PEM"))?;
    let (modulus, exponent) =
        public_key(&key).ok_or_else(|| unfit("the key is no RSA public key"))?;
    let length = modulus.len();
    if length > MAX_KEY || exponent.len() > 8 {
        return Err(unfit("the key is too long"));
    }
    let padding = length.checked_sub(texts[0].len() + 3).filter(|padding| *padding >= 8);
    let padding = padding.ok_or_else(|| unfit("the text is too long for the key"))?;
    let mut block = vec![0, 2];
    block.extend((0..padding).map(|_| environment.random.random_range(1..=u8::MAX)));
    block.push(0);
    block.extend_from_slice(&texts[0]);
    let number = |bytes: &[u8]| BigUint::from_bytes_be(bytes);
    let sealed = number(&block).modpow(&number(exponent), &number(modulus)).to_bytes_be();
    let mut out = vec![0; length - sealed.len().min(length)];
    out.extend_from_slice(&sealed);
    Ok(Value::from(BASE64_STANDARD.encode(out)))
}

/// What stands between the first line that begins a public key and the one that ends it.
fn pem(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (digits, _) = rest.split_once("-----END PUBLIC KEY-----")?;
    let digits: String = digits.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(digits).ok()
}

/// Modulus and exponent out of a `SubjectPublicKeyInfo`, neither zero.
fn public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    let (info, _) = element(der, 0x30)?;
    let (algorithm, rest) = element(info, 0x30)?;
    let (oid, _) = element(algorithm, 0x06)?;
    let (bits, _) = element(rest, 0x03)?;
    let (key, _) = element(bits.strip_prefix(&[0])?, 0x30)?;
    let (modulus, rest) = element(key, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    let plain = |number: &'_ [u8]| number.iter().take_while(|byte| **byte == 0).count();
    let (modulus, exponent) = (&modulus[plain(modulus)..], &exponent[plain(exponent)..]);
    (oid == RSA && !modulus.is_empty() && !exponent.is_empty()).then_some((modulus, exponent))
}

/// The content of an element with that tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        let fits = digits.len() <= 3;
        let length = digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        (fits.then_some(length)?, rest)
    };
    (*first == tag).then(|| rest.split_at_checked(length)).flatten()
}
