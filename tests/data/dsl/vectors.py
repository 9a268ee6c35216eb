#!/usr/bin/env python3
"""Writes vectors.json: expressions of the rule language with the values they must have.

Everything is computed here with Python's own library or with the small independent functions below,
never with the program under test. Run it after adding a vector; the output is committed.
"""

import base64
import binascii
import datetime
import gzip
import hashlib
import hmac
import html
import io
import ipaddress
import json
import pathlib
import re
import struct
import textwrap
import urllib.parse
import zipfile
import zlib

VECTORS = []

TEXTS = [
    "",
    "a",
    "Hello, World!",
    "<b>\"Tom\" & 'Jerry'</b>",
    "line one\nline two\r\n\ttab",
    "naïve Ærøskøbing ñandú",
    "日本語 テキスト",
    "😀 emoji",
    "a" * 100,
    "The quick brown fox jumps over the lazy dog",
    "100% / 7 = ? + &",
    "\x00\x01\x02\x7f",
]
"""Each goes through every function of one text."""


def add(expression, expected, kind=None, **variables):
    """One vector. Bytes are written in hexadecimal, for they need not be text."""
    if kind is None:
        kind = {bool: "bool", int: "number", float: "number", str: "text", bytes: "bytes",
                list: "list"}[type(expected)]
    if isinstance(expected, bytes):
        expected = expected.hex()
    given = {}
    for name, value in variables.items():
        given[name] = {"bytes": value.hex()} if isinstance(value, bytes) else value
    VECTORS.append({"expression": expression, "variables": given, "kind": kind,
                    "expected": expected})


def error(expression, **variables):
    """A vector that has no value."""
    add(expression, "", "error", **variables)


def murmur3(data):
    """MurmurHash3_x86_32 with seed 0, as a signed number."""
    c1, c2, mask = 0xCC9E2D51, 0x1B873593, 0xFFFFFFFF

    def rotate(value, by):
        return ((value << by) | (value >> (32 - by))) & mask

    state = 0
    whole = len(data) // 4
    for (block,) in struct.iter_unpack("<I", data[: whole * 4]):
        block = rotate((block * c1) & mask, 15)
        state = rotate(state ^ ((block * c2) & mask), 13)
        state = (state * 5 + 0xE6546B64) & mask
    rest = data[whole * 4:]
    if rest:
        block = int.from_bytes(rest, "little")
        block = rotate((block * c1) & mask, 15)
        state ^= (block * c2) & mask
    state ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        state ^= state >> shift
        state = (state * factor) & mask
    state ^= state >> 16
    return str(state - (1 << 32) if state & 0x80000000 else state)


def url_encode(text, keep):
    return urllib.parse.quote(text, safe=keep)


def lookup_object(url):
    """A java.util.HashMap with a java.net.URL as key, as java.io.ObjectOutputStream writes it."""
    parts = urllib.parse.urlsplit(url)
    handles = {}
    count = 0
    out = bytearray(b"\xac\xed\x00\x05")

    def utf(text):
        data = text.encode()
        return struct.pack(">H", len(data)) + data

    def string(text):
        nonlocal count
        if text in handles:
            return b"\x71" + struct.pack(">I", 0x7E0000 + handles[text])
        handles[text] = count
        count += 1
        return b"\x74" + utf(text)

    out += b"\x73\x72" + utf("java.util.HashMap") + bytes.fromhex("0507dac1c31660d1")
    count += 1
    out += b"\x03" + struct.pack(">H", 2) + b"F" + utf("loadFactor") + b"I" + utf("threshold")
    out += b"\x78\x70"
    count += 1
    out += struct.pack(">f", 0.75) + struct.pack(">i", 12)
    out += b"\x77\x08" + struct.pack(">ii", 16, 1)
    out += b"\x73\x72" + utf("java.net.URL") + bytes.fromhex("962537361afce472")
    count += 1
    out += b"\x03" + struct.pack(">H", 7) + b"I" + utf("hashCode") + b"I" + utf("port")
    for name in ("authority", "file", "host", "protocol", "ref"):
        out += b"L" + utf(name) + string("Ljava/lang/String;")
    out += b"\x78\x70"
    count += 1
    out += struct.pack(">ii", -1, parts.port if parts.port else -1)
    file = parts.path + ("?" + parts.query if parts.query else "")
    for text in (parts.netloc, file, parts.hostname, parts.scheme):
        out += string(text)
    out += b"\x70\x78" + string(url) + b"\x78"
    return bytes(out)


def token(claims, algorithm, secret):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = json.dumps({"alg": algorithm, "typ": "JWT"}, separators=(",", ":"))
    body = json.dumps(claims, separators=(",", ":"), sort_keys=True)
    signed = part(head.encode()) + "." + part(body.encode())
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.get(algorithm)
    signature = hmac.new(secret.encode(), signed.encode(), digest).digest() if digest else b""
    return signed + "." + part(signature)


# --- AES, from FIPS 197, for there is no cipher in Python's library ---

def aes_tables():
    box = [0] * 256
    p = q = 1
    while True:
        p = p ^ ((p << 1) & 0xFF) ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        rotated = [((q << n) | (q >> (8 - n))) & 0xFF for n in range(5)]
        box[p] = rotated[0] ^ rotated[1] ^ rotated[2] ^ rotated[3] ^ rotated[4] ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


BOX = aes_tables()


def double(byte):
    return ((byte << 1) ^ (0x1B if byte & 0x80 else 0)) & 0xFF


def aes_block(key, block):
    words = [list(key[i:i + 4]) for i in range(0, len(key), 4)]
    size = len(words)
    rounds = size + 6
    constant = 1
    for i in range(size, 4 * (rounds + 1)):
        word = list(words[i - 1])
        if i % size == 0:
            word = [BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = double(constant)
        elif size > 6 and i % size == 4:
            word = [BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - size], word)])
    keys = [sum(words[4 * i:4 * i + 4], []) for i in range(rounds + 1)]
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number in range(1, rounds + 1):
        state = [BOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if number < rounds:
            mixed = []
            for column in range(4):
                a = state[4 * column:4 * column + 4]
                for i in range(4):
                    b, c = a[i], a[(i + 1) % 4]
                    mixed.append(double(b) ^ double(c) ^ c ^ a[(i + 2) % 4] ^ a[(i + 3) % 4])
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[number])]
    return bytes(state)


def aes_cbc(text, key, first):
    fill = 16 - len(text) % 16
    text += bytes([fill]) * fill
    out = b""
    for at in range(0, len(text), 16):
        first = aes_block(key, bytes(a ^ b for a, b in zip(text[at:at + 16], first)))
        out += first
    return out


assert aes_block(bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")).hex() == \
    "69c4e0d86a7b0430d8cdb78070b4c55a", "FIPS 197, appendix C.1"


def unix(year, month=1, day=1, hour=0, minute=0, second=0, offset=0):
    zone = datetime.timezone(datetime.timedelta(minutes=offset))
    return datetime.datetime(year, month, day, hour, minute, second, tzinfo=zone).timestamp()


def of_one_text():
    for text in TEXTS:
        data = text.encode()
        add("md5(x)", hashlib.md5(data).hexdigest(), x=text)
        add("sha1(x)", hashlib.sha1(data).hexdigest(), x=text)
        add("sha256(x)", hashlib.sha256(data).hexdigest(), x=text)
        add("sha512(x)", hashlib.sha512(data).hexdigest(), x=text)
        add("mmh3(x)", murmur3(data), x=text)
        add("base64(x)", base64.b64encode(data).decode(), x=text)
        add("base64_py(x)", base64.encodebytes(data).decode() or "\n", x=text)
        add("mmh3(base64_py(x))", murmur3(base64.encodebytes(data) or b"\n"), x=text)
        add("base64_decode(x)", data, x=base64.b64encode(data).decode())
        add("hex_encode(x)", data.hex(), x=text)
        add("hexdecode(x)", data, x=data.hex().upper())
        add("url_encode(x)", url_encode(text, "-_.!~*'()"), x=text)
        add("url_decode(x)", data, x=url_encode(text, ""))
        add("html_unescape(x)", text, x=html.escape(text))
        add("reverse(x)", text[::-1], x=text)
        add("len(x)", len(data), x=text)
        add("to_upper(x)", text.upper(), x=text)
        add("tolower(x)", text.lower(), x=text)
        add("trim_space(x)", text.strip(), x="  " + text.strip() + "\t\r\n ")
        add("gzip_decode(x)", data, x=gzip.compress(data, mtime=0))
        add("zlib_decode(x)", data, x=zlib.compress(data))
        add("inflate(x)", data, x=zlib.compress(data, wbits=-15))
        add("gzip_decode(gzip(x)) == x && zlib_decode(zlib(x)) == x", True, x=text)
        add("inflate(deflate(x)) == x", True, x=text)


def of_hashes():
    for algorithm in ("sha1", "sha256", "sha512", "sha-1", "sha-256", "sha-512"):
        for text, key in (("message", "key"), ("", ""), ("x" * 200, "k" * 200)):
            digest = hmac.new(key.encode(), text.encode(), algorithm.replace("-", "")).hexdigest()
            add(f"hmac('{algorithm}', text, key)", digest, text=text, key=key)
    error("hmac('md5', 'a', 'b')")
    data = bytes(range(256))
    add("md5(x)", hashlib.md5(data).hexdigest(), x=data)
    add("mmh3(x)", murmur3(data), x=data)
    add("hex_encode(x)", data.hex(), x=data)
    add("hex_encode('AZ', 'x')", "".join(f"\\x{b:02x}" for b in b"AZ"))
    error("hex_decode('abc')")
    error("hex_decode('zz')")
    error("base64_decode('*')")
    error("base64_decode('YQ')")
    add("base64_decode('YW\\\r\\\nJj')", "abc")


def of_ciphers():
    for size in (16, 24, 32):
        key, first = bytes(range(size)), bytes(range(100, 116))
        for text in (b"", b"attack at dawn", b"0123456789abcdef", b"y" * 50):
            add("aes_cbc(text, key, first)", aes_cbc(text, key, first), text=text, key=key,
                first=first)
    error("aes_cbc('a', 'short', '0123456789abcdef')")
    error("aes_cbc('a', '0123456789abcdef', 'short')")
    for claims in ({"name": "John Doe", "foo": "bar"}, {"sub": "1", "n": 5, "list": [1, "a", None]},
                   {"outer": {"z": True, "a": {"y": 0, "b": []}}}):
        for algorithm in ("HS256", "HS384", "HS512"):
            add(f"generate_jwt(claims, '{algorithm}', 'hello-world')",
                token(claims, algorithm, "hello-world"), claims=json.dumps(claims))
        add("generate_jwt(claims, 'none')", token(claims, "none", ""), claims=json.dumps(claims))
    add("generate_jwt('{}', 'hs256', 's')", token({}, "HS256", "s"))
    add("generate_jwt('{}', 'None')", token({}, "None", ""))
    error("generate_jwt('[]', 'HS256', 's')")
    error("generate_jwt('{}', 'RS256', 's')")
    for left, right in ((b"\x01\x02", b"\x02\x01"), (b"\x01\x02\x03\x04", b"\x02\x01"),
                        (b"\x05", b"\x01\x02\x03")):
        width = max(len(left), len(right))
        both = bytes(left[i % len(left)] ^ right[i % len(right)] for i in range(width))
        add("xor(a, b)", both, a=left, b=right)
    error("xor('a', '')")
    for url in ("http://abc.example", "https://abc.example:8443/x/y?z=1", "http://a.b.example/"):
        for encoding, written in (
            ("raw", lambda data: data),
            ("hex", lambda data: data.hex()),
            ("base64-raw", lambda data: base64.b64encode(data).decode()),
            ("base64", lambda data: base64.b64encode(data).decode().replace("+", "%2B")),
        ):
            add(f"generate_java_gadget('dns', url, '{encoding}')", written(lookup_object(url)),
                url=url)
        add("gzip_decode(generate_java_gadget('dns', url, 'gzip'))", lookup_object(url), url=url)
    error("generate_java_gadget('groovy1', 'id', 'raw')")


def of_texts():
    text = "The cat sat on the mat; the CAT left."
    for part in ("cat", "CAT", "dog", "", "The", "."):
        add("contains(text, part)", part in text, text=text, part=part)
        add("starts_with(text, part)", text.startswith(part), text=text, part=part)
        add("ends_with(text, part)", text.endswith(part), text=text, part=part)
        add("count(text, part)", text.count(part), text=text, part=part)
        add("replace(text, part, '-')", text.replace(part, "-"), text=text, part=part)
        add("trim_prefix(text, part)", text.removeprefix(part), text=text, part=part)
        add("trim_suffix(text, part)", text.removesuffix(part), text=text, part=part)
    for wanted in (["cat", "mat"], ["cat", "dog"], ["dog"]):
        names = dict(zip("abc", wanted))
        add(f"contains_all(text, {', '.join(names)})", all(w in text for w in wanted), text=text,
            **names)
        add(f"contains_any(text, {', '.join(names)})", any(w in text for w in wanted), text=text,
            **names)
        add(f"equals_any(text, {', '.join(names)}, text)", True, text=text, **names)
    lines = "alpha beta\ngamma delta\nepsilon"
    for part in ("gamma", "amma", "beta", "delta", "psilon"):
        add("line_starts_with(lines, part)", any(l.startswith(part) for l in lines.split("\n")),
            lines=lines, part=part)
        add("line_ends_with(lines, part)", any(l.endswith(part) for l in lines.split("\n")),
            lines=lines, part=part)
    for pattern in (r"c.t", r"^The", r"\d", r"(?i)cAt l", r"t\.$"):
        add("regex(pattern, text)", bool(re.search(pattern, text)), text=text, pattern=pattern)
        add("regex_any(pattern, 'q', text)", bool(re.search(pattern, text)), text=text,
            pattern=pattern)
        add("regex_all(pattern, 'q', text)", False, text=text, pattern=pattern)
    add(r"replace_regex(text, '(c)at', 'b$1')", re.sub("(c)at", r"b\1", text), text=text)
    add(r"replace_regex('He123llo', '(\\d+)', '')", re.sub(r"(\d+)", "", "He123llo"))
    for cut in ("ad", "d", "x", ""):
        add("trim('aaaHelloddd', cut)", "aaaHelloddd".strip(cut) if cut else "aaaHelloddd", cut=cut)
        add("trim_left('aaaHelloddd', cut)", "aaaHelloddd".lstrip(cut) if cut else "aaaHelloddd",
            cut=cut)
        add("trim_right('aaaHelloddd', cut)", "aaaHelloddd".rstrip(cut) if cut else "aaaHelloddd",
            cut=cut)
    add("trim('ééaéb', 'é')", "ééaéb".strip("é"))
    add("remove_bad_chars('abcdbc', 'bc')", "abcdbc".translate({98: None, 99: None}))
    add("repeat('ab', 3)", "ab" * 3)
    add("repeat('../', '5')", "../" * 5)
    add("repeat(5, 5)", "5" * 5)
    error("repeat('a', -1)")
    error("repeat('a', 'x')")
    for start, end in ((0, 3), (2, 2), (4, 9)):
        add(f"substr('xxtestxxx', {start}, {end})", "xxtestxxx"[start:end])
        add(f"substr('xxtestxxx', {start})", "xxtestxxx"[start:])
    error("substr('abc', 4)")
    error("substr('abc', 2, 1)")
    error("substr('', 0)")
    add("padding('A', 'b', 3, 'suffix')", "A".ljust(3, "b"))
    add("padding('A', 'b', 3, 'prefix')", "A".rjust(3, "b"))
    add("padding('A', 'xyz', 6, 'prefix')", "xyzxyA")
    add("padding('long enough', 'b', 3, 'prefix')", "long enough")
    error("padding('A', 'b', 3, 'middle')")
    add("concat('a', 1, 2.5, true, 'z')", "a12.5truez")
    add("concat()", "")
    for words in ("pRoJeCt dIsCoVeRy", "welcome to the jungle", "ÉCOLE élan"):
        add("to_title(words)", words.title(), words=words)
    add("index('abc', 1)", "abc"[1])
    error("index('abc', 3)")
    add("url_encode('a_b-c d', true)", "a%5Fb%2Dc%20d")
    add("url_decode('a%2Fb+%zz%4')", "a/b+%zz%4")
    add("html_unescape('&lt;&#98;&#x6F;&copy;&notit;&amp')", html.unescape(
        "&lt;&#98;&#x6F;&copy;&notit;&amp"))
    for text in ("&nbsp;&eacute;&hearts;", "&#128;&#0;&#xD800;", "&bogus; & &;", "&NotEqualTilde;"):
        add("html_unescape(x)", html.unescape(text), x=text)
    for text in ("<script>alert('x')</script>", "a & b = \"c\"", "é → ∀ x"):
        add("html_unescape(html_escape(x))", text, x=text)
        add("html_unescape(html_escape(x, true))", text.encode(), x=text) if text.isascii() else None
    add("html_escape('<a href=\"x\">')", "&lt;a href&equals;&quot;x&quot;&gt;")


def of_lists():
    address = "192.0.2.17"
    add("split(address, '.')", address.split("."), address=address)
    add("split(address, '.', -1)", address.split("."), address=address)
    add("split(address, '.', 2)", address.split(".", 1), address=address)
    add("split(address, '.', 1)", [address], address=address)
    add("split('abcdefg', 2)", textwrap.wrap("abcdefg", 2))
    add("split('abc', '')", list("abc"))
    add("split('abc', 'x')", ["abc"])
    add("index(split(address, '.'), 3)", address.split(".")[3], address=address)
    add("len(split(address, '.'))", 4, address=address)
    add("join(', ', split(hex_encode('abcdefg'), 2))", "abcdefg".encode().hex(" ").replace(" ", ", "))
    add("join('_', 'Hello', 123, 'world')", "_".join(["Hello", "123", "world"]))
    add("sort('a1b2c3')", "".join(sorted("a1b2c3")))
    add("sort(12453)", "".join(sorted("12453")))
    add("sort('b', 'a', '2', 'c')", sorted(["b", "a", "2", "c"]))
    add("uniq('abcabdaabbccd')", "".join(dict.fromkeys("abcabdaabbccd")))
    add("uniq('ab', 'cd', 'ab')", list(dict.fromkeys(["ab", "cd", "ab"])))
    add("join(' ', sort('b', 'a', 'c'))", "a b c")
    add("join(' ', uniq('b', 'b', 'c'))", "b c")
    error("index(split('a.b', '.'), 2)")


def of_numbers():
    for number in (0, 1, 255, 4096, 7001, -255):
        add(f"dec_to_hex({number})", format(number, "x"))
        add(f"hex_to_dec('{number:x}')", number)
        add(f"oct_to_dec('{number:o}')", number)
        add(f"bin_to_dec('{number:b}')", number)
    add("hex_to_dec('0xff')", int("0xff", 0))
    add("oct_to_dec('0o1234567')", int("0o1234567", 0))
    add("bin_to_dec('0b1010')", int("0b1010", 0))
    error("hex_to_dec('xyz')")
    for text in ("4", "-17", "+3", "2.5", "1e3", ".5", "007"):
        add(f"to_number('{text}')", float(text))
    error("to_number('12px')")
    error("to_number('')")
    error("to_number(' 1')")
    for text in ("true", "1", "T", " true "):
        add(f"to_bool('{text}')", True)
    for text in ("false", "0", "x", "", "TrUe", "2"):
        add(f"to_bool('{text}')", False)
    add("to_bool(1)", True)
    add("to_bool(0)", False)
    for number in (0, 1, -1, 1.5, 100000, 1e20, 0.000001, 123456789.125):
        written = f"{number:.6f}".rstrip("0").rstrip(".")
        add(f"to_string({written})", written)
        add(f"concat({written})", written)
    add("'' + 100000000000000000000", "1e+20".replace("1e+20", "100000000000000000000"))
    add("'' + 1000000000000000000000", "1e+21")
    add("'' + 0.00001", "1e-05")
    add("'' + 0.0001", "0.0001")
    add("'n' + 1.50", "n1.5")
    data = bytes.fromhex("acd709d0fe01807f")
    for letter, python in (("b", "b"), ("B", "B"), ("h", "h"), ("H", "h"), ("i", "i"), ("I", "i"),
                           ("l", "i"), ("q", "q"), ("f", "f"), ("d", "d"), ("?", "b")):
        for order in "<>":
            (value,) = struct.unpack_from(order + python, data)
            value = value > 0 if letter == "?" else value
            add(f"unpack('{order}{letter}', data)", value, data=data)
    error("unpack('>I', 'abc')")
    error("unpack('>', 'abcd')")
    four = ipaddress.ip_address("127.0.0.1")
    add("ip_format('127.0.0.1', 1)", str(four))
    add("ip_format('127.0.0.1', 3)", "0177.0.0.01")
    add("ip_format('127.0.0.1', 4)", ".".join(hex(part) for part in four.packed))
    add("ip_format('127.0.0.1', 5)", str(int(four)))
    add("ip_format('127.0.0.1', 6)", format(int(four), "b"))
    add("ip_format('127.0.0.1', 9)", "".join(f"%{ord(c):02X}" for c in "127.0.0.1"))
    add("ip_format('127.0.0.1', 10)", ".".join(f"{part:03}" for part in four.packed))
    add("ip_format('127.0.1.0', 11)", "127.0.256")
    add("ip_format('2001:0db8::0:1', 1)", str(ipaddress.ip_address("2001:0db8::0:1")))
    add("ip_format('2001:db8::1', 5)", str(int(ipaddress.ip_address("2001:db8::1"))))
    add("ip_format('127.0.0.1', 2)", "127.1")
    error("ip_format('127.0.0.1', 12)")
    error("ip_format('no', 1)")
    add("getNetworkPort('9000', '22')", "9000")
    add("getNetworkPort('443', '22')", "22")


def of_json():
    for text in ('{  "name":  "John Doe",   "foo":  "bar"     }', '{"b":[1,2.5,{"z":null,"a":true}]}',
                 '{"big":100000,"neg":-0.5}', '{"u":"\\u00e9 \\n"}'):
        add("json_minify(x)", json.dumps(json.loads(text), separators=(",", ":"), sort_keys=True,
                                         ensure_ascii=False), x=text)
    for text in ('{"foo":"bar","name":"John Doe"}', '[1,[],{},{"a":[true,null]}]', '"x"', '{"a":"{[,:"}'):
        add("json_prettify(x)", json.dumps(json.loads(text), indent=4), x=text)
    error("json_minify('[1]')")
    error("json_minify('{')")
    error("json_prettify('{,}')")


def of_archives():
    # The other way round: what the program packs is read in its own test; here is what is known of
    # every archive with one deflated entry.
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("aaa.txt"), "abcd")
    data = memory.getvalue()
    add("substr(zip('aaa.txt', 'abcd'), 0, 4)", data[:4])
    add("substr(hex_encode(zip('aaa.txt', 'abcd')), 28, 36)", struct.pack(
        "<I", binascii.crc32(b"abcd")).hex())
    add("len(zip('aaa.txt', 'abcd')) > 100", True)
    error("zip('a', 'b', 'c')")
    stamped = gzip.compress(b"x", mtime=1700000000)
    add("gzip_mtime(x)", 1700000000, x=stamped)
    add("gzip_mtime(gzip('x'))", 0)
    add("gzip_decode(x, 4)", "Hell", x=gzip.compress(b"Hello", mtime=0))
    add("zlib_decode(x, 4)", "Hell", x=zlib.compress(b"Hello"))
    add("inflate(x, 4)", "Hell", x=zlib.compress(b"Hello", wbits=-15))
    error("gzip_decode('no')")
    error("zlib_decode('no')")


def of_dates():
    moments = [(2022, 1, 13, 16, 30, 10), (1999, 12, 31, 23, 59, 59), (2024, 2, 29, 0, 5, 6),
               (1970, 1, 1, 12, 0, 0)]
    layouts = [("02-01-2006 15:04:05", "%d-%m-%Y %H:%M:%S"), ("Jan 2, 2006", None),
               ("2006/01/02", "%Y/%m/%d"), ("Monday, January 02 2006 03:04:05 PM",
                                           "%A, %B %d %Y %I:%M:%S %p"),
               ("Mon Jan 02 06", "%a %b %d %y"), ("2006-01-02T15:04:05Z07:00", "%Y-%m-%dT%H:%M:%SZ"),
               ("15h04 -0700 MST", "%Hh%M +0000 UTC"), ("002", "%j")]
    for parts in moments:
        seconds = int(unix(*parts))
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        for go, python in layouts:
            shown = moment.strftime(python) if python else f"{moment:%b} {moment.day}, {moment:%Y}"
            add("date_time(layout, seconds)", shown, layout=go, seconds=seconds)
            if "2006" in go and "MST" not in go and "T15" in go:
                add("to_unix_time(shown, layout)", seconds, shown=shown, layout=go)
        add("date_time('%Y-%M-%D %H:%m:%S', seconds)", f"{moment:%Y-%m-%d %H:%M:%S}", seconds=seconds)
        add("date_time('%Y%M%D', seconds)", f"{moment:%Y%m%d}", seconds=str(seconds))
        add("to_unix_time(text)", seconds, text=f"{moment:%Y-%m-%d %H:%M:%S}")
        add("to_unix_time(text)", seconds, text=f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        add("to_unix_time(text)", int(unix(*parts[:3])), text=f"{moment:%Y-%m-%d}")
        for text in (f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                     f"{moment:%Y-%m-%dT%H:%M:%S}+0000", f"{moment:%Y-%m-%d %H:%M:%S}+00:00",
                     f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S %Y}",
                     f"{moment:%a %b} {moment.day:2} {moment:%H:%M:%S} UTC {moment:%Y}",
                     f"{moment:%a %b %d %H:%M:%S} +0000 {moment:%Y}",
                     f"{moment:%Y-%m-%dT%H:%M:%S}.250Z"):
            add(f"'{text}' == {seconds}", True)
        add(f"'{moment:%Y-%m-%d}' == {int(unix(*parts[:3]))}", True)
        add(f"'{moment:%Y-%m-%d %H:%M}' <= {seconds}", True)
    for text, offset in (("2022-01-13 16:30:10 +01:00", 60), ("2022-01-13 16:30:10 -03:30", -210)):
        add("to_unix_time(text)", int(unix(2022, 1, 13, 16, 30, 10, offset)), text=text)
    add("to_unix_time('13-01-2022 -03:30', '02-01-2006 Z07:00')", int(unix(2022, 1, 13, offset=-210)))
    add("to_unix_time(1700000000)", 1700000000)
    error("to_unix_time('2022-02-30')")
    error("to_unix_time('soon')")
    error("date_time('%Q', 0)")
    add("contains('2022-01-13', '1642032000')", True)
    add("len('2022-13-13')", 10)


def of_versions():
    known = ["0.9", "1.0.0", "1.2", "1.2.3", "1.10.0", "2.0.0"]

    def key(version):
        return tuple(int(part) for part in version.split(".")) + (0,) * (3 - version.count(".") - 1)

    for version in known:
        for other in ("1.2.0", "1.2.3", "v1.10"):
            bare = other.lstrip("v")
            for operator, holds in (("<", key(version) < key(bare)), (">", key(version) > key(bare)),
                                    ("<=", key(version) <= key(bare)),
                                    (">=", key(version) >= key(bare)),
                                    ("=", key(version) == key(bare)), ("", key(version) == key(bare)),
                                    ("!=", key(version) != key(bare))):
                add(f"compare_versions('{version}', '{operator} {other}')", holds)
    add("compare_versions('1.5.0', '>= 1.0, < 2.0')", True)
    add("compare_versions('1.5.0', '>= 1.0', '< 1.4')", False)
    add("compare_versions('1.4.5', '~> 1.4.2')", True)
    add("compare_versions('1.5.0', '~> 1.4.2')", False)
    add("compare_versions('1.9', '~> 1.4')", True)
    add("compare_versions('1.2.3-beta', '< 1.2.3')", False)
    add("compare_versions('1.2.3-beta.2', '> 1.2.3-beta.1')", True)
    add("compare_versions('1.2.3-beta', '!= 1.2.3')", True)
    add("compare_versions('1.0.0.1', '> 1.0')", True)
    add("compare_versions('1.0.0.0', '= 1')", True)
    add("compare_versions('1.0+build7', '= 1.0')", True)
    add("compare_versions('1.0.0rc1', '= 1.0.0-rc1')", True)
    error("compare_versions('', '> 1')")
    error("compare_versions('1.x', '> 1')")
    error("compare_versions('1.0', '== 1')")
    error("compare_versions('1.0', '')")


def of_language():
    add("1 + 2 * 3 - 4 / 2", 1 + 2 * 3 - 4 / 2)
    add("(1 + 2) * 3 % 4", (1 + 2) * 3 % 4)
    add("2 ** 10", 2 ** 10)
    add("0xff & 15 | 16", 0xFF & 15 | 16)
    add("1 << 10 >> 3", 1 << 10 >> 3)
    add("-5 + ~7", -5 + ~7)
    add("status_code == 200 && contains(body, 'ok')", True, status_code=200, body="it is ok")
    add("status_code == 404 || len(body) > 3", True, status_code=200, body="it is ok")
    add("!(status_code != 200)", True, status_code=200)
    add("status_code in (200, 302)", True, status_code=302)
    add("status_code == '200'", False, status_code=200)
    add("'b' > 'a' && 'B' < 'a'", True)
    add("body =~ 'i[st] ok' && body !~ '^ok'", True, body="it is ok")
    add("yes ? 'a' : 'b'", "a", yes=True)
    add("'{{name}}-{{name}}'", "it's \"x\"-it's \"x\"", name="it's \"x\"")
    add("contains(body, '{{name}}')", True, body="a\\'b", name="\\'")
    add("'{{md5(name)}}'", hashlib.md5(b"x").hexdigest(), name="x")
    add("'{{unknown}}'", "{{unknown}}")
    error("missing == 1")
    error("1 + true")
    error("'a' < 1")
    error("!'a'  == 1" if False else "!1")


def main():
    for part in (of_one_text, of_hashes, of_ciphers, of_texts, of_lists, of_numbers, of_json,
                 of_archives, of_dates, of_versions, of_language):
        part()
    path = pathlib.Path(__file__).with_suffix(".json")
    lines = ",\n".join(json.dumps(vector, ensure_ascii=True) for vector in VECTORS)
    path.write_text(f"[\n{lines}\n]\n")
    print(len(VECTORS), "vectors")


main()
