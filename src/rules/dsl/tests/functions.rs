//! Functions whose values are not the same everywhere: chance, time, archives, keys.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::functions;
use super::{Environment, Expression, Value, value_with, with_environment};

fn drawn(text: &str, seed: u64) -> String {
    value_with(text, seed, &|_| None).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Drawn from many seeds: what they are made of, and that they are not all the same.
fn draws(text: &str, length: usize, fits: impl Fn(char) -> bool) {
    let all: BTreeSet<String> = (0..50).map(|seed| drawn(text, seed)).collect();
    assert!(all.len() > 5, "{text}: {all:?}");
    for one in &all {
        let inner = one.trim_matches('"');
        assert_eq!(inner.chars().count(), length, "{text}: {one}");
        assert!(inner.chars().all(&fits), "{text}: {one}");
    }
}

#[test]
fn chance_stays_within_what_is_asked_for() {
    draws("rand_base(8)", 8, |c| c.is_ascii_alphanumeric());
    draws("randbase(8, 'abc')", 8, |c| "abc".contains(c));
    draws("rand_base(8, ' ')", 8, |c| c.is_ascii_alphanumeric());
    draws("rand_char()", 1, |c| c.is_ascii_alphanumeric());
    draws("rand_char('0123456789')", 1, |c| c.is_ascii_digit());
    draws("rand_text_alpha(9, 'abc')", 9, |c| c.is_ascii_alphabetic() && !"abc".contains(c));
    draws("rand_text_alphanumeric('12')", 12, |c| c.is_ascii_alphanumeric());
    draws("rand_text_numeric(10, 123)", 10, |c| c.is_ascii_digit() && !"123".contains(c));
    draws("rand_int(100, 999)", 3, |c| c.is_ascii_digit());
    for seed in 0..50 {
        let number: f64 = drawn("rand_int(5, 7)", seed).parse().expect("a number");
        assert!((5.0..7.0).contains(&number) && number.fract() == 0.0);
        let address = drawn("rand_ip('192.0.2.0/28')", seed);
        let last = address.trim_matches('"').strip_prefix("192.0.2.").expect("in the network");
        assert!((1..16).contains(&last.parse().expect("a number")), "{address}");
        assert!(drawn("rand_ip('2001:db8::/64')", seed).starts_with("\"2001:db8::"));
        assert_eq!(drawn("rand_ip('192.0.2.9/32')", seed), "\"192.0.2.9\"");
    }
}

#[test]
fn the_same_seed_gives_the_same_and_nothing_else_does() {
    let text =
        "rand_base(20) + rand_base(20) + rand_int() + hex_encode(aes_gcm('0123456789abcdef', 'x'))";
    assert_eq!(drawn(text, 3), drawn(text, 3));
    assert_ne!(drawn(text, 3), drawn(text, 4));
    let twice = drawn("rand_base(20) == rand_base(20)", 3);
    assert_eq!(twice, "false", "each call draws anew");
}

#[test]
fn what_chance_cannot_give_is_an_error() {
    for text in [
        "rand_int(7, 7)",
        "rand_int(9, 2)",
        "rand_base(-1)",
        "rand_base('x')",
        "rand_base(99999999)",
        "rand_text_numeric(1, '0123456789')",
        "rand_ip('192.0.2.0')",
        "rand_ip('192.0.2.0/33')",
        "rand_ip('x/3')",
    ] {
        assert!(value_with(text, 1, &|_| None).is_err(), "{text}");
    }
}

#[test]
fn time_is_that_of_the_environment() {
    assert_eq!(drawn("unix_time()", 0), "1700000000");
    assert_eq!(drawn("unixtime(-10)", 0), "1699999990");
    assert_eq!(drawn("date_time('%Y-%M-%D')", 0), "\"2023-11-14\"");
    assert_eq!(drawn("date_time('15:04:05')", 0), "\"22:13:20\"");
}

#[test]
fn waiting_is_asked_for_and_not_done() {
    let expression =
        Expression::parse("wait_for(9) && wait_for('5') && wait_for(1000)").expect("one");
    let paused = with_environment(0, |environment| {
        let value = expression.evaluate(&|_| None, environment).map(Value::into_static);
        (value.ok(), environment.pause)
    });
    assert_eq!(paused, (Some(Value::Bool(true)), Duration::from_secs(9 + 5 + 60)));
}

#[test]
fn the_public_address_is_what_the_configuration_says() {
    let expression = Expression::parse("public_ip()").expect("one");
    let with = |environment: &mut Environment<'_>| {
        expression.evaluate(&|_| None, environment).map(Value::into_static).ok()
    };
    assert_eq!(with_environment(0, with), None);
    let known = with_environment(0, |environment| {
        environment.public_ip = Some("192.0.2.1");
        with(environment)
    });
    assert_eq!(known, Some(Value::text("192.0.2.1")));
}

/// Nonce, text and tag; opened with the same cipher from the other side.
#[test]
fn what_aes_gcm_seals_can_be_opened() {
    use ring::aead;
    let expression = Expression::parse("aes_gcm(key, 'attack at dawn')").expect("one");
    for (length, algorithm) in [(16, &aead::AES_128_GCM), (32, &aead::AES_256_GCM)] {
        let key = vec![7_u8; length];
        let lookup = |_: &str| Some(Value::owned(key.clone()));
        let sealed = with_environment(5, |environment| {
            expression.evaluate(&lookup, environment).expect("a value").into_text().into_owned()
        });
        let (nonce, rest) = sealed.split_at(aead::NONCE_LEN);
        let opening = aead::UnboundKey::new(algorithm, &key).expect("a key");
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).expect("a nonce");
        let mut rest = rest.to_vec();
        let opened = aead::LessSafeKey::new(opening)
            .open_in_place(nonce, aead::Aad::empty(), &mut rest)
            .expect("it opens");
        assert_eq!(opened, b"attack at dawn");
    }
}

/// With an exponent of one, encrypting is only padding, so the padded block can be looked at.
#[test]
fn what_rsa_encrypts_is_padded_with_bytes_that_are_not_zero() {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    let modulus = [vec![0, 0xff], vec![0x55; 63]].concat();
    let number = |bytes: &[u8]| [&[2, u8::try_from(bytes.len()).expect("short")], bytes].concat();
    let sequence = |tag: u8, bytes: &[u8]| {
        [&[tag, 0x81, u8::try_from(bytes.len()).expect("short")], bytes].concat()
    };
    let key = sequence(0x30, &[number(&modulus), number(&[1])].concat());
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bits = sequence(3, &[&[0], &key[..]].concat());
    let info = sequence(0x30, &[&algorithm[..], &bits].concat());
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        BASE64_STANDARD.encode(info)
    );
    let expression = Expression::parse("base64_decode(rsa_encrypt('text', key))").expect("one");
    let lookup = |_: &str| Some(Value::from(pem.clone()));
    let block = with_environment(5, |environment| {
        expression.evaluate(&lookup, environment).expect("a value").into_text().into_owned()
    });
    assert_eq!((block.len(), &block[..2], &block[59..]), (64, &[0, 2][..], &b"\0text"[..]));
    assert!(block[2..59].iter().all(|byte| *byte != 0));
    assert!(value_with("rsa_encrypt('a', 'no key')", 0, &|_| None).is_err());
}

#[test]
fn a_token_with_an_end_says_when_it_was_made() {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let token = drawn("generate_jwt('{\"a\":1}', 'HS256', 's', 1800000000)", 0);
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
    assert_eq!(payload, br#"{"a":1,"iat":1700000000,"exp":1800000000}"#);
}

#[test]
fn archives_say_where_their_entries_are() {
    let expression = Expression::parse("zip('a.txt', 'abcd', 'b/c', body)").expect("one");
    let body = "long ".repeat(1000);
    let lookup = |_: &str| Some(Value::from(body.clone()));
    let archive = with_environment(0, |environment| {
        expression.evaluate(&lookup, environment).expect("a value").into_text().into_owned()
    });
    let number = |at: usize| {
        usize::try_from(u32::from_le_bytes(archive[at..at + 4].try_into().expect("four")))
            .expect("fits")
    };
    let end = archive.len() - 22;
    assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
    let mut entry = number(end + 16);
    for (name, content) in [("a.txt", "abcd"), ("b/c", &body)] {
        assert_eq!(&archive[entry..entry + 4], b"PK\x01\x02");
        let (packed, unpacked, local) =
            (number(entry + 20), number(entry + 24), number(entry + 42));
        assert_eq!((&archive[local..local + 4], unpacked), (&b"PK\x03\x04"[..], content.len()));
        let data = local + 30 + name.len();
        assert_eq!(&archive[local + 30..data], name.as_bytes());
        let mut out = Vec::new();
        let mut decoder = flate2::read::DeflateDecoder::new(&archive[data..data + packed]);
        std::io::Read::read_to_end(&mut decoder, &mut out).expect("it unpacks");
        assert_eq!(out, content.as_bytes());
        entry += 46 + name.len();
    }
    assert_eq!(entry, end);
}

#[test]
fn what_is_unpacked_is_bounded() {
    let bomb = "len(gzip_decode(gzip(repeat('a', 16000000)))) == 10 * 1024 * 1024";
    assert_eq!(drawn(bomb, 0), "true");
}

/// The names of all functions, with what is refused; a change is one of the language.
#[test]
fn every_function_answers_to_its_name_without_underscores() {
    for name in functions::Function::names() {
        let bare = name.replace('_', "");
        let found = functions::Function::named(&bare).map(functions::Function::name);
        assert_eq!(found, Some(name));
    }
    assert!(functions::Function::names().count() >= 93);
}
