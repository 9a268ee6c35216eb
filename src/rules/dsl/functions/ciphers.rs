//! Functions that encrypt and sign.

use aes::Aes128;
use aes::Aes192;
use aes::Aes256;
use cbc::cipher::BlockModeEncrypt;
use cbc::cipher::KeyIvInit;
use cbc::cipher::block_padding::Pkcs7;
use rand::RngExt as _;
use ring::aead;

use super::super::environment::Environment;
use super::super::eval::EvalError;
use super::super::value::Value;
use super::{Body, Function, Text};
use super::{function, java, jwt, rsa, texts, unfit, with};

pub(super) static TABLE: &[Function] = &[
    function("aes_cbc", 3..=3, Body::Try(aes_cbc)),
    function("aes_gcm", 2..=2, with(aes_gcm)),
    function("generate_java_gadget", 3..=3, Body::Try(java::gadget)),
    function("generate_jwt", 2..=4, Body::With { run: jwt::generate, looks: 4..=4 }),
    function("rsa_encrypt", 2..=2, with(rsa::encrypt)),
];

/// `aes_cbc(text, key, first block)`, padded as PKCS #7 has it.
fn aes_cbc(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    fn encrypt<C: KeyIvInit + BlockModeEncrypt>(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
        let cipher = C::new_from_slices(&texts[1], &texts[2])
            .map_err(|_| unfit("the third argument has not 16 bytes"))?;
        Ok(cipher.encrypt_padded_vec::<Pkcs7>(&texts[0]))
    }
    match texts[1].len() {
        16 => encrypt::<cbc::Encryptor<Aes128>>(texts),
        24 => encrypt::<cbc::Encryptor<Aes192>>(texts),
        32 => encrypt::<cbc::Encryptor<Aes256>>(texts),
        _ => Err(unfit("the key has not 16, 24 or 32 bytes")),
    }
}

/// `aes_gcm(key, text)`: nonce, encrypted text and tag, one behind the other.
fn aes_gcm<'v>(
    arguments: Vec<Value<'v>>,
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let texts = texts(arguments);
    let algorithm = match texts[0].len() {
        16 => &aead::AES_128_GCM,
        32 => &aead::AES_256_GCM,
        _ => return Err(unfit("the key has not 16 or 32 bytes")),
    };
    let key = aead::UnboundKey::new(algorithm, &texts[0]).map_err(|_| unfit("the key is bad"))?;
    let nonce: [u8; aead::NONCE_LEN] = environment.random.random();
    let mut sealed = texts[1].to_vec();
    aead::LessSafeKey::new(key)
        .seal_in_place_append_tag(
            aead::Nonce::assume_unique_for_key(nonce),
            aead::Aad::empty(),
            &mut sealed,
        )
        .map_err(|_| EvalError::TooLong)?;
    Ok(Value::owned([&nonce[..], &sealed].concat()))
}
