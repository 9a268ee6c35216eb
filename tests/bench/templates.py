#!/usr/bin/env python3
"""Whether templates in Nuclei's format say what they should: judged by answers made from what they say.

    cargo build --release
    tests/bench/templates.py target/release/shakedown FOLDER [--only TEXT] [--workers 2] [--failures FILE]

For each template below FOLDER (the community's collection, say) whose matchers are words, status codes,
regular expressions, sizes or comparisons of `contains`, `regex`, `len` and the like, answers are made
that must match, and answers that must not: an empty one, and the first with one needed part left out.
A server on loopback gives them, one after the other, to `shakedown rules run`; whether there is a result
is compared with what was expected. Format, regular expressions and expressions are read by Python here
and by nothing of the tool. Told are the share of templates directed at the target ("U": HTTP only, not
self-contained, no workflow) for which answers could be made, and every disagreement.
"""

import argparse
import collections
import concurrent.futures
import itertools
import os
import re
import re._constants as sre
import re._parser as sre_parser
import socket
import subprocess
import sys
import threading
import time

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OTHERS = ("dns", "tcp", "network", "file", "ssl", "websocket", "whois", "headless", "code", "javascript", "workflows")
REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
ALTERNATIVES = 12


class Uncovered(Exception):
    """Why no answer can be made for a template."""


# ---- expressions

TOKEN = re.compile(r"""\s*(?:(?P<num>\d+(?:\.\d+)?)|(?P<str>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<name>[A-Za-z_][\w.\-]*)|(?P<op>&&|\|\||==|!=|>=|<=|=~|!~|[!<>(),+\-*/]))""", re.S)


def tokens(text):
    at, found = 0, []
    text = text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Uncovered("expression: characters")
        kind = match.lastgroup
        value = match.group(kind)
        if kind == "str":
            value = unescape(value[1:-1])
        elif kind == "name" and "-" in value and not text[match.end():].lstrip().startswith("("):
            raise Uncovered("expression: a name with a dash")
        found.append((kind, value))
        at = match.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return found


ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


def unescape(text):
    def one(match):
        escaped = match.group(1)
        if escaped[0] == "x" and len(escaped) == 3:
            return chr(int(escaped[1:], 16))
        if escaped[0] == "u" and len(escaped) == 5:
            return chr(int(escaped[1:], 16))
        if escaped in ESCAPES:
            return ESCAPES[escaped]
        raise Uncovered("expression: escape")

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", one, text, flags=re.S)


class Parser:
    """`||` binds as `&&` does not: the usual order."""

    def __init__(self, text):
        self.tokens, self.at = tokens(text), 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else (None, None)

    def take(self, value=None):
        token = self.peek()
        if value is not None and token != ("op", value):
            raise Uncovered("expression: form")
        self.at += 1
        return token

    def whole(self):
        tree = self.any()
        if self.at != len(self.tokens):
            raise Uncovered("expression: form")
        return tree

    def any(self):
        parts = [self.all()]
        while self.peek() == ("op", "||"):
            self.take()
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else ("or", parts)

    def all(self):
        parts = [self.compared()]
        while self.peek() == ("op", "&&"):
            self.take()
            parts.append(self.compared())
        return parts[0] if len(parts) == 1 else ("and", parts)

    def compared(self):
        left = self.single()
        kind, value = self.peek()
        if kind == "op" and value in ("==", "!=", ">", "<", ">=", "<="):
            self.take()
            return ("compare", value, left, self.single())
        return left

    def single(self):
        kind, value = self.take()
        if (kind, value) == ("op", "!"):
            return ("not", self.single())
        if (kind, value) == ("op", "("):
            inner = self.any()
            self.take(")")
            return inner
        if kind == "num":
            return ("value", float(value))
        if kind == "str":
            return ("value", value)
        if kind == "name":
            if self.peek() != ("op", "("):
                if value in ("true", "false"):
                    return ("value", value == "true")
                return ("name", value)
            self.take()
            arguments = []
            while self.peek() != ("op", ")"):
                arguments.append(self.any())
                if self.peek() == ("op", ","):
                    self.take()
            self.take(")")
            return ("call", value, arguments)
        raise Uncovered("expression: form")


# ---- what a template asks, as a tree: and, or, not; leaves are ("has", part, text, folded),
# ("first"|"last"|"equals", part, text), ("status", number, allowed), ("regex", part, source),
# ("size", part, operator, number), ("delay", number, operator, seconds), ("version", name, bounds),
# ("always", truth)

FOLD = {"tolower", "to_lower"}


def place(tree):
    """The part that an expression names, and whether in lower case."""
    if tree[0] == "name":
        return tree[1], False
    if tree[0] == "call" and tree[1] in FOLD and len(tree[2]) == 1 and tree[2][0][0] == "name":
        return tree[2][0][1], True
    raise Uncovered("expression: " + (tree[1] if tree[0] == "call" else tree[0]))


KNOWN = {}
"""What payloads of one value stand for, in the template that is looked at."""


def know(document, root):
    KNOWN.clear()
    for block in blocks_of(document):
        for name, source in (block.get("payloads") or {}).items():
            values = source if isinstance(source, list) else []
            if isinstance(source, str) and os.path.isfile(os.path.join(root, source)):
                with open(os.path.join(root, source), encoding="utf-8", errors="replace") as file:
                    values = file.read().splitlines()
            if len(values) == 1:
                KNOWN[name] = str(values[0])


def text_of(tree):
    if tree[0] == "call" and tree[1] == "concat":
        return "".join(text_of(part) for part in tree[2])
    if tree[0] == "name" and tree[1] in KNOWN:
        return KNOWN[tree[1]]
    if tree[0] == "value" and isinstance(tree[1], str):
        if "{{" in tree[1]:
            raise Uncovered("words with expressions")
        return tree[1]
    raise Uncovered("expression: a computed text")


def asked(tree):
    kind = tree[0]
    if kind in ("and", "or"):
        return (kind, [asked(part) for part in tree[1]])
    if kind == "not":
        return ("not", asked(tree[1]))
    if kind == "compare":
        return comparison(*tree[1:])
    if kind == "call":
        return called(tree[1], tree[2])
    raise Uncovered("expression: " + kind)


MIRRORED = {"==": "==", "!=": "!=", ">": "<", "<": ">", ">=": "<=", "<=": ">="}


def comparison(operator, left, right):
    if left[0] == "value":
        left, right, operator = right, left, MIRRORED[operator]
    if left[0] == right[0] == "name" and {left[1].lower(), right[1].lower()} <= {"host", "hostname", "ip"} and operator in ("==", "!="):
        # The server is called by a name that is not its address.
        return ("always", compare(operator, left[1].lower() == "ip", right[1].lower() == "ip"))
    if right[0] != "value":
        raise Uncovered("expression: two names")
    value = right[1]
    if left[0] == "name" and suffix(left[1])[0] == "duration" and isinstance(value, float):
        return ("delay", suffix(left[1])[1], operator, value)
    if left[0] == "name" and left[1].startswith("status_code") and isinstance(value, float):
        allowed = [code for code in range(200, 600) if compare(operator, code, value)]
        return ("status", suffix(left[1])[1], allowed)
    if left[0] == "call" and left[1] == "len" and isinstance(value, float):
        return ("size", place(left[2][0])[0], operator, value)
    if left[0] == "name" and left[1] in ("content_length",) and isinstance(value, float):
        return ("size", "body", operator, value)
    if isinstance(value, str) and operator in ("==", "!="):
        text_of(right)
        part, _ = place(left)
        leaf = ("equals", part, value)
        return leaf if operator == "==" else ("not", leaf)
    if isinstance(value, bool) and operator in ("==", "!="):
        inner = asked(left)
        return inner if value == (operator == "==") else ("not", inner)
    raise Uncovered("expression: comparison")


def compare(operator, left, right):
    return {"==": left == right, "!=": left != right, ">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[operator]


def called(name, arguments):
    if name == "contains" and len(arguments) != 2:
        raise Uncovered("expression: contains with more than two values")
    if name in ("contains", "contains_all", "contains_any", "starts_with", "ends_with") and len(arguments) >= 2:
        part, folded = place(arguments[0])
        texts = [text_of(argument) for argument in arguments[1:]]
        kind = {"starts_with": "first", "ends_with": "last"}.get(name, "has")
        leaves = [(kind, part, text, folded) for text in texts]
        return ("and" if name in ("contains", "contains_all") else "or", leaves)
    if name == "compare_versions" and arguments[0][0] == "name":
        return ("version", arguments[0][1], [text_of(argument) for argument in arguments[1:]])
    if name == "regex" and len(arguments) == 2:
        return ("regex", place(arguments[1])[0], text_of(arguments[0]))
    raise Uncovered("expression: " + name)


def listed(value):
    if value is None:
        return []
    return [str(item) if not isinstance(item, bool) else str(item).lower() for item in (value if isinstance(value, list) else [value])]


def matcher(entry):
    kind = entry.get("type")
    part = str(entry.get("part") or "body")
    joint = "and" if str(entry.get("condition") or "or").lower() == "and" else "or"
    if entry.get("match-all"):
        raise Uncovered("match-all")
    if kind == "word":
        folded = bool(entry.get("case-insensitive"))
        words = listed(entry.get("words"))
        if any("{{" in word or "§" in word for word in words):
            raise Uncovered("words with expressions")
        if entry.get("encoding") == "hex":
            raise Uncovered("words in hexadecimal")
        leaves = (joint, [("has", part, word.lower() if folded else word, folded) for word in words])
    elif kind == "status":
        leaves = ("status", None, [int(code) for code in listed(entry.get("status"))])
    elif kind == "regex":
        leaves = (joint, [("regex", part, source) for source in listed(entry.get("regex"))])
    elif kind == "size":
        leaves = ("or", [("size", part, "==", float(size)) for size in listed(entry.get("size"))])
    elif kind == "dsl":
        leaves = (joint, [asked(Parser(line).whole()) for line in listed(entry.get("dsl"))])
    else:
        raise Uncovered(f"matcher of type {kind}")
    return ("not", leaves) if entry.get("negative") else leaves


# ---- answers

def suffix(part):
    """`body_2` is the body of the second request's answer."""
    match = re.fullmatch(r"(.+?)_(\d+)", part)
    return (match.group(1), int(match.group(2))) if match else (part, None)


BODY = {"body", "all", "raw", "response"}
HEAD = {"header", "all_headers", "headers"}
NOT_HEADERS = re.compile(r"interactsh|duration|^request$|cookie_?jar|^type$|^matched|template|^ip$")


def place_of(part):
    stem, number = suffix(part)
    if stem in BODY:
        return "body", number
    if stem in HEAD:
        return "header", number
    if NOT_HEADERS.search(stem) or not re.fullmatch(r"[A-Za-z][\w\-]*", stem):
        raise Uncovered(f"part {stem}")
    return stem.lower(), number


class Answer:
    """One response, in parts."""

    def __init__(self):
        self.status, self.first, self.middle, self.end, self.whole, self.lines, self.size = 200, "", [], "", None, [], None
        self.delay, self.found = 0, {}

    def body(self):
        if self.whole is not None:
            return self.whole
        text = "\n".join([part for part in (self.first, *self.middle) if part]) + self.end
        if self.size is not None and len(text.encode()) < self.size:
            text += "\n" + "." * (self.size - len(text.encode()) - 1)
        return text

    def head(self):
        reason = REASONS.get(self.status, "Status")
        return "".join([f"HTTP/1.1 {self.status} {reason}\r\n", *(f"{line}\r\n" for line in self.lines)])

    def value(self, place):
        if place == "body":
            return self.body()
        if place == "header":
            return self.head()
        values = [value.strip() for name, _, value in (line.partition(":") for line in self.lines) if name.lower().replace("-", "_") == place.replace("-", "_")]
        return ", ".join(values) if values else None

    def bytes(self):
        body = self.body().encode()
        head = self.head().encode()
        return head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


def canonical(name):
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def put(answer, leaf):
    kind = leaf[0]
    if kind == "status":
        if not leaf[2]:
            raise Uncovered("no such status")
        if answer.status not in leaf[2] or answer.chosen_status:
            allowed = [code for code in leaf[2] if 200 <= code < 600]
            if answer.chosen_status:
                allowed = [code for code in allowed if code == answer.status]
            if not allowed:
                raise Uncovered("status that no response can have")
            answer.status = allowed[0]
        answer.chosen_status = True
        return
    if kind == "always":
        if not leaf[1]:
            raise Uncovered("never true")
        return
    if kind == "delay":
        if leaf[2] in (">", ">=", "=="):
            if leaf[3] > 12:
                raise Uncovered("a delay of more than twelve seconds")
            answer.delay = max(answer.delay, leaf[3] + 0.3)
        return
    if kind == "version":
        answer.found[leaf[1]] = fitting(leaf[2])
        return
    where, _ = place_of(leaf[1])
    if where == "host":
        return
    if kind == "size":
        _, _, operator, number = leaf
        if where != "body":
            raise Uncovered("size of a header")
        wanted = int(number) + (operator == ">") - (operator == "<")
        if operator in ("==", ">", ">="):
            answer.size = max(answer.size or 0, wanted)
        return
    text = sample(leaf[2]) if kind == "regex" else leaf[2]
    if where == "body":
        if kind == "equals":
            answer.whole = text
        elif kind == "first" or (kind == "regex" and leaf[2].lstrip("(?imsU)").startswith(("^", "\\A"))):
            answer.first = text
        elif kind == "last":
            answer.end = text
        elif text not in answer.middle:
            answer.middle.append(text)
    elif where == "header":
        if text != text.strip():
            raise Uncovered("a header that ends in a space")
        status = re.match(r"HTTP/[\d.]+ (\d{3})", text)
        if status:
            put(answer, ("status", None, [int(status.group(1))]))
            return
        for line in re.split(r"\r?\n", text):
            name, colon, value = line.partition(":")
            if colon and re.fullmatch(r"[A-Za-z][A-Za-z0-9\-]*", name) and name.lower() not in ("http", "https"):
                answer.lines.append(f"{canonical(name)}:{value if value.startswith(' ') or not value else ' ' + value}")
            elif line:
                answer.lines.append(f"X-Part: {line}")
    else:
        if re.search(r"[\r\n]", text):
            raise Uncovered("a header with a line break")
        if where in ("content_length",):
            raise Uncovered("content length as text")
        answer.lines.append(f"{canonical(where.replace('_', '-'))}: {text}")


def holds(tree, answers, last):
    kind = tree[0]
    if kind == "and":
        return all([holds(part, answers, last) for part in tree[1]])
    if kind == "or":
        return any([holds(part, answers, last) for part in tree[1]])
    if kind == "not":
        return not holds(tree[1], answers, last)
    if kind == "status":
        answer = answers.get(tree[1] or last)
        return answer is not None and answer.status in tree[2]
    if kind == "always":
        return tree[1]
    if kind == "delay":
        answer = answers.get(tree[1] or last)
        return answer is not None and compare(tree[2], answer.delay or 0.02, tree[3])
    if kind == "version":
        found = answers[last].found.get(tree[1])
        return found is not None and all(fits(found, bound) for bound in tree[2])
    where, number = place_of(tree[1])
    answer = answers.get(number or last)
    text = ("localhost" if where == "host" else answer.value(where)) if answer else None
    if text is None:
        return False
    if suffix(tree[1])[0] in ("all", "raw", "response"):
        text = answer.head() + "\r\n" + text
    if kind == "size":
        return compare(tree[2], len(text.encode()), tree[3])
    if kind == "regex":
        return go_regex(tree[2]).search(text) is not None
    wanted = tree[2]
    if kind == "equals":
        return text == wanted
    text = text.lower() if tree[3] else text
    return {"has": wanted in text, "first": text.startswith(wanted), "last": text.endswith(wanted)}[kind]


def ways(tree, wanted=True):
    """Sets of leaves that make a tree true, the cheapest first; what must not be is left to chance and
    looked at afterwards."""
    kind = tree[0]
    if kind == "not":
        return ways(tree[1], not wanted)
    if kind in ("and", "or"):
        if (kind == "and") == wanted:
            parts = [ways(part, wanted) for part in tree[1]]
            return [tuple(itertools.chain(*chosen)) for chosen in itertools.islice(itertools.product(*parts), ALTERNATIVES)]
        return list(itertools.chain(*(ways(part, wanted) for part in tree[1])))[:ALTERNATIVES]
    if wanted:
        return [(tree,)]
    if kind in ("has", "first", "last", "equals") and place_of(tree[1])[0] not in ("body", "header", "host"):
        # What is not there is an error in an expression, not a text without the word.
        return [(("has", tree[1], "none", False),)]
    if kind == "always":
        return [(("always", not tree[1]),)]
    if kind == "version":
        raise Uncovered("not a version")
    if kind == "status":
        return [(("status", tree[1], [code for code in (200, 418, 404, 500) if code not in tree[2]]),)]
    if kind == "size":
        opposite = {"==": "!=", "!=": "==", ">": "<=", "<": ">=", ">=": "<", "<=": ">"}
        return [(("size", tree[1], opposite[tree[2]], tree[3]),)]
    return [()]


# ---- versions

def numbers(version):
    if not re.fullmatch(r"v?\d+(\.\d+)*", version):
        raise Uncovered("a version that is not numbers alone")
    return [int(number) for number in version.lstrip("v").split(".")]


def bound_of(text):
    match = re.fullmatch(r"\s*(==|=|!=|>=|<=|=>|=<|>|<|)\s*([\w.\-]+)\s*", text)
    if not match:
        raise Uncovered("a version's bound")
    return match.group(1), numbers(match.group(2))


def fits(version, text):
    operator, bound = bound_of(text)
    width = max(len(version), len(bound))
    left, right = ([*parts, *[0] * (width - len(parts))] for parts in (version, bound))
    operator = {"": "==", "=": "==", "=>": ">=", "=<": "<="}.get(operator, operator)
    return compare(operator, left, right)


def fitting(bounds):
    """A version within the bounds: one of theirs, or the next above or below it."""
    for bound in bounds:
        _, parts = bound_of(bound)
        above = [*parts[:-1], parts[-1] + 1]
        below = next(([*parts[:at], parts[at] - 1, *[0] * (len(parts) - at - 1)] for at in reversed(range(len(parts))) if parts[at]), parts)
        for version in (parts, below, above):
            if all(fits(version, text) for text in bounds):
                return version
    raise Uncovered("no version within the bounds")


# ---- regular expressions

def go_regex(source):
    source = re.sub(r"\\z", r"\\Z", source).replace("(?U)", "")
    for name, inner in (("alpha", "A-Za-z"), ("digit", "0-9"), ("alnum", "A-Za-z0-9"), ("space", r"\s"), ("xdigit", "0-9A-Fa-f"), ("upper", "A-Z"), ("lower", "a-z"), ("punct", r"!-/:-@\[-`{-~")):
        source = source.replace(f"[:{name}:]", inner)
    flags = re.ASCII
    while match := re.match(r"\(\?([ims]+)\)", source):
        for flag in match.group(1):
            flags |= {"i": re.I, "m": re.M, "s": re.S}[flag]
        source = source[match.end():]
    if not flags & re.M:
        # Python's `$` lets a line break follow.
        source = re.sub(r"(?<!\\)\$(?=$|\)|\|)", r"\\Z", source)
    try:
        return re.compile(source, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise Uncovered("regular expression that Python does not read") from error


def sample(source, least=0, group=None, value=None):
    """A text that a pattern finds; with `value` for one of its groups."""
    if "{{" in source:
        raise Uncovered("regular expressions with values")
    pattern = go_regex(source)
    for times in (least, 1 - least):
        text = "".join(pieces(sre_parser.parse(pattern.pattern, pattern.flags), times, group, value))
        for around in (text, f"\n{text}\n", f"\r\n{text}\r\n"):
            match = pattern.search(around)
            if match and (group is None or match.group(group) == value):
                return text
    raise Uncovered("regular expression without a sample")


CLASSES = {sre.CATEGORY_DIGIT: "7", sre.CATEGORY_WORD: "a", sre.CATEGORY_SPACE: " ", sre.CATEGORY_NOT_DIGIT: "a", sre.CATEGORY_NOT_WORD: "-", sre.CATEGORY_NOT_SPACE: "a"}
PROBES = "a7-A _/.:\"'<>=;,x0Z|{}()[]&%$#@!?*+~^`\\\t\n"


def member(items):
    test = lambda char: any(in_class(item, char) for item in items if item[0] != sre.NEGATE)
    is_negated = any(item[0] == sre.NEGATE for item in items)
    for char in PROBES if is_negated else itertools.chain(PROBES, map(chr, range(32, 0x3000))):
        if test(char) != is_negated:
            return char
    raise Uncovered("regular expression: class")


def in_class(item, char):
    kind, value = item
    if kind == sre.LITERAL:
        return ord(char) == value
    if kind == sre.RANGE:
        return value[0] <= ord(char) <= value[1]
    digit, word, space = char in "0123456789", char.isalnum() and char.isascii() or char == "_", char in " \t\n\r\f\v"
    return {sre.CATEGORY_DIGIT: digit, sre.CATEGORY_WORD: word, sre.CATEGORY_SPACE: space, sre.CATEGORY_NOT_DIGIT: not digit, sre.CATEGORY_NOT_WORD: not word, sre.CATEGORY_NOT_SPACE: not space}[value]


def pieces(parsed, least, group=None, text=None):
    for kind, value in parsed:
        if kind == sre.LITERAL:
            yield chr(value)
        elif kind == sre.NOT_LITERAL:
            yield "a" if value != ord("a") else "b"
        elif kind == sre.ANY:
            yield "a"
        elif kind == sre.IN:
            yield member(value)
        elif kind == sre.BRANCH:
            yield "".join(pieces(value[1][0], least, group, text))
        elif kind == sre.SUBPATTERN:
            is_given = group is not None and value[0] == group
            yield text if is_given else "".join(pieces(value[3], least, group, text))
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            fewest, most, inner = value
            times = max(fewest, least if most else 0)
            if times > 5000:
                raise Uncovered("regular expression: long")
            yield "".join("".join(pieces(inner, least, group, text)) for _ in range(times))
        elif kind == sre.AT:
            continue
        else:
            raise Uncovered("regular expression: " + str(kind))


# ---- templates

def blocks_of(document):
    return document.get("http") or document.get("requests") or []


def is_in_scope(document):
    """In U."""
    return bool(blocks_of(document)) and not any(document.get(key) for key in OTHERS) and not document.get("self-contained")


def tree_of(block):
    """What makes the block hold, and whether a result of it is told."""
    entries = block.get("matchers") or []
    if not entries:
        sources = [(str(e.get("part") or "body"), source) for e in block.get("extractors") or [] if e.get("type") == "regex" for source in listed(e.get("regex"))]
        if not sources:
            raise Uncovered("no matchers")
        told = any(not e.get("internal") for e in block.get("extractors") or [])
        return ("or", [("regex", part, source) for part, source in sources]), told
    joint = "and" if str(block.get("matchers-condition") or "or").lower() == "and" else "or"
    return (joint, [matcher(entry) for entry in entries]), not all(entry.get("internal") for entry in entries)


def goes_elsewhere(block):
    """Whether a request names a host that is not the target's."""
    hosts = re.findall(r"(?m)^@[Hh]ost: *(\S+)", "\n".join(listed(block.get("raw"))))
    return any("{{" not in host for host in hosts) or any(re.match("https?://", path) for path in listed(block.get("path")))


def request_lines(document):
    """Patterns of the requests' first lines, for templates whose rounds may be under way at once."""
    blocks = blocks_of(document)
    if not any(block.get("payloads") for block in blocks):
        return None
    if len(blocks) > 1 or request_count(blocks[0]) == 1:
        return None if len(blocks) > 1 else [b""]
    patterns = []
    for text in listed(blocks[0].get("raw")):
        line = next((line for line in text.splitlines() if line.strip() and not line.startswith("@")), "")
        method, _, path = line.strip().rpartition(" HTTP/")[0].partition(" ")
        fixed = [re.escape(part) for part in re.split(r"\{\{.*?\}\}|§.*?§", f"{method} {path.strip()}")]
        patterns.append(".*".join(fixed).encode() + b"( |$)")
    samples = [re.sub(rb"\\(.)", rb"\1", pattern.removesuffix(b"( |$)").replace(b".*", b"")) for pattern in patterns]
    pairs = itertools.product(enumerate(patterns), enumerate(samples))
    if not patterns or any(at != of and re.match(pattern, sample) for (at, pattern), (of, sample) in pairs):
        raise Uncovered("requests with payloads that look alike")
    return patterns


def request_count(block):
    return len(block.get("raw") or []) or len(listed(block.get("path")))


def taken_out(block, answers, is_needed):
    """Puts into each answer what extractors look for: versions that were chosen, and what later requests
    need."""
    for entry in block.get("extractors") or []:
        name = str(entry.get("name") or "")
        chosen = [answer.found.get(name) for answer in answers.values()]
        is_version = name and any(chosen)
        if not is_version and not (entry.get("internal") and is_needed):
            continue
        if entry.get("type") != "regex":
            raise Uncovered(f"values taken out by {entry.get('type')}")
        source, group = listed(entry.get("regex"))[0], int(entry.get("group") or 0)
        for answer, version in zip(answers.values(), chosen):
            text = ".".join(map(str, version)) if version else None
            if version and not group:
                raise Uncovered("a version that is a whole match")
            found = sample(source, 1, group if version else None, text)
            put(answer, ("has", str(entry.get("part") or "body"), found, False))
            # The first that is found counts.
            answer.middle.sort(key=lambda text: text != found)
    names = {str(entry.get("name") or "") for entry in block.get("extractors") or []}
    if any(name not in names for answer in answers.values() for name in answer.found):
        raise Uncovered("a version that is not taken out")


def made(leaves, block, is_needed):
    """An answer for each request; the last is what matchers without a number see."""
    count = request_count(block)
    if not count:
        raise Uncovered("no requests")
    answers = {number: Answer() for number in range(1, count + 1)}
    for answer in answers.values():
        answer.chosen_status = False
    for leaf in leaves:
        number = number_of(leaf)
        if number is not None and number not in answers:
            raise Uncovered("the answer to a request that is not sent")
        is_last_only = any(number_of(one) for one in leaves)
        for answer in [answers[number]] if number else ([answers[count]] if is_last_only else answers.values()):
            put(answer, leaf)
    taken_out(block, answers, is_needed)
    for answer in answers.values():
        if answer.status in (204, 205, 304) and answer.body():
            raise Uncovered("a body with a status that has none")
    return answers


def number_of(leaf):
    if leaf[0] in ("status", "delay"):
        return leaf[1]
    return None if leaf[0] in ("always", "version") else place_of(leaf[1])[1]


def reported(tree, answers):
    """Whether any answer of a block, as they come in, makes the tree true."""
    return any(holds(tree, {number: answers[number] for number in range(1, last + 1)}, last) for last in answers)


def chosen_answers(block, tree, is_needed):
    follows = block.get("redirects") or block.get("host-redirects")
    why = Uncovered("no way")
    for leaves in ways(tree):
        try:
            answers = made(leaves, block, is_needed)
        except Uncovered as reason:
            why = reason
            continue
        if follows and any(300 <= answer.status < 400 for answer in answers.values()):
            why = Uncovered("redirects that are followed")
        elif holds(tree, answers, len(answers)):
            return leaves, answers
        else:
            why = Uncovered("parts that exclude one another")
    raise why


def empty(block):
    answers = {number: Answer() for number in range(1, request_count(block) + 1)}
    for answer in answers.values():
        answer.status = 418
    return answers


def examples(document):
    """Answers, a list in the order of the requests, and whether they must match."""
    blocks, flow = blocks_of(document), str(document.get("flow") or "").strip()
    is_chain = flow == " && ".join(f"http({number})" for number in range(1, len(blocks) + 1))
    if flow and not is_chain:
        raise Uncovered("flow that is not a chain")
    for block in blocks:
        if "fuzzing" in block:
            raise Uncovered("fuzzing")
        if block.get("global-matchers") or block.get("race") or block.get("digest-username"):
            raise Uncovered("global matchers, race, digest")
        if block.get("payloads") and len(blocks) > 1 and block is not blocks[-1]:
            raise Uncovered("payloads before another block")
    trees = [tree_of(block) for block in blocks]
    if not any(told for _, told in trees):
        raise Uncovered("internal matchers alone")
    answers, broken = [], []
    for block, (tree, told) in zip(blocks, trees):
        is_needed = block is not blocks[-1] or request_count(block) > 1
        leaves, here = chosen_answers(block, tree, is_needed)
        answers.append(here)
        for left_out in range(len(leaves)):
            less = made([leaf for at, leaf in enumerate(leaves) if at != left_out], block, is_needed)
            if leaves[left_out][0] == "status":
                for answer in less.values():
                    answer.status = 418
            if told and not broken and not reported(tree, less):
                broken = [*answers[:-1], less]
        if not is_chain and len(blocks) > 1 and told:
            # The first block is enough; the others get what makes them say nothing.
            answers += [empty(one) for one in blocks[len(answers):]]
            break
    alike = lambda lists: [answer for one in lists for answer in one.values()]
    yield True, alike(answers)
    nothing = [empty(block) for block in blocks]
    if not any(reported(tree, here) for (tree, told), here in zip(trees, nothing) if told):
        yield False, alike(nothing[:1] if is_chain else nothing)
    rest = [empty(block) for block in blocks[len(broken):]]
    if broken and not any(told and reported(tree, here) for (tree, told), here in zip(trees, [*broken[:-1], *[None], *rest]) if here and not is_chain):
        yield False, alike([*broken, *rest])


# ---- running

class Server:
    """Answers the requests that come one after the other with the answers that it has; the last again."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.answers, self.given, self.lines, self.lock = [], 0, None, threading.Lock()
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            connection.settimeout(15)
            try:
                read = b""
                while b"\r\n\r\n" not in read:
                    more = connection.recv(65536)
                    if not more:
                        break
                    read += more
                if not read:
                    return
                head, _, body = read.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                while length and len(body) < int(length.group(1)):
                    more = connection.recv(65536)
                    if not more:
                        break
                    body += more
                with self.lock:
                    at = min(self.given, len(self.answers) - 1)
                    if self.lines:
                        at = next((at for at, line in enumerate(self.lines) if re.match(line, head)), at)
                    answer, delay = self.answers[at]
                    self.given += 1
                time.sleep(delay)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except OSError:
                pass


LOCAL = threading.local()


def run(tool, path, answers, lines):
    if not hasattr(LOCAL, "server"):
        LOCAL.server = Server()
    server = LOCAL.server
    with server.lock:
        server.answers, server.given, server.lines = [(answer.bytes(), answer.delay) for answer in answers], 0, lines
    command = [tool, "rules", "run", "-t", path, "-u", f"http://localhost:{server.port}/", "-jsonl", "-ni", "-silent", "-no-index", "-rl", "10000", "-timeout", "20", "-var", "username=reader", "-var", "password=lantern", "-var", "email=reader@shop.example", "-include-templates", path]
    ended = subprocess.run(command, capture_output=True, timeout=120)
    if ended.returncode not in (0,):
        return None, ended.stderr.decode(errors="replace")
    return bool(ended.stdout.strip()), f"{server.given} requests"


def judged(task):
    tool, path, expected, answers, lines = task
    try:
        got, note = run(tool, path, answers, lines)
    except subprocess.TimeoutExpired:
        got, note = None, "did not end"
    return path, expected, got, note, answers


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("tool")
    arguments.add_argument("folder")
    arguments.add_argument("--only", default="", help="templates whose path has this in it")
    arguments.add_argument("--every", type=int, default=1, help="every n-th template only")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--failures", help="where disagreements are written, with the answers")
    arguments.add_argument("--list", help="where the templates without answers are written, with why")
    options = arguments.parse_args()
    total, covered, with_both, reasons, tasks, without = 0, 0, 0, collections.Counter(), [], []
    for folder, _, names in sorted(os.walk(options.folder)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not name.endswith((".yaml", ".yml")) or options.only not in path:
                continue
            try:
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                    document = yaml.load(text, Loader)
            except (yaml.YAMLError, ValueError):
                continue
            if not isinstance(document, dict) or "id" not in document or not is_in_scope(document):
                continue
            total += 1
            if total % options.every:
                continue
            try:
                if "interactsh-" in text:
                    raise Uncovered("calls from outside")
                if any(goes_elsewhere(block) for block in blocks_of(document)):
                    raise Uncovered("requests to other hosts")
                know(document, options.folder)
                made_here, lines = list(examples(document)), request_lines(document)
            except Uncovered as reason:
                reasons[str(reason)] += 1
                without.append(f"{path}\t{reason}")
                continue
            covered += 1
            with_both += any(not expected for expected, _ in made_here)
            tasks += [(options.tool, path, expected, answers, lines) for expected, answers in made_here]
    seen = total // options.every
    print(f"{total} templates in U, {seen} looked at; answers for {covered} ({covered / max(seen, 1):.1%}), of them {with_both} with one that must not match; {len(tasks)} runs")
    for reason, count in reasons.most_common(25):
        print(f"  {count:5} without: {reason}")
    if options.list:
        with open(options.list, "w") as file:
            file.write("\n".join(without))
    agreed, failures, not_run = collections.Counter(), [], collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        for done, (path, expected, got, note, answers) in enumerate(pool.map(judged, tasks), 1):
            if got is expected:
                agreed[expected] += 1
            elif got is None:
                not_run[note.strip().split("\n")[-1][:120]] += 1
            else:
                failures.append((path, expected, got, note, answers))
            if done % 500 == 0:
                print(f"  {done} of {len(tasks)}, {len(failures)} disagree", file=sys.stderr, flush=True)
    print(f"must match: {agreed[True]} of {sum(1 for task in tasks if task[2])}; must not: {agreed[False]} of {sum(1 for task in tasks if not task[2])}")
    for note, count in not_run.most_common():
        print(f"  {count:5} not judged: {note}")
    for path, expected, got, note, _ in failures[:40]:
        print(f"  {path}: expected {expected}, got {got}; {note.strip()[:200]}")
    if options.failures:
        with open(options.failures, "w") as file:
            for path, expected, got, note, answers in failures:
                file.write(f"=== {path}: expected {expected}, got {got}; {note}\n")
                for answer in answers:
                    file.write(answer.bytes().decode(errors="replace") + "\n---\n")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
