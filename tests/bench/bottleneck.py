#!/usr/bin/env python3
"""How often a load test names the bottleneck that a dial of the demo shop has turned up.

Cases are drawn from a seed: one fault or two, where, how strong, under which load, in a shop whose
work varies. A dial is set by short runs until the endpoints that it hits have a p95 of 1.5, 3 or 8
times what they have without it. A case whose shift is less than five times the noise of such a run is
dropped and drawn again. Half of the seeds are for looking at; the other half is run once, at the end.

    cargo build --release
    tests/bench/bottleneck.py target/release/shakedown --cases 60 --half first
    tests/bench/bottleneck.py target/release/shakedown --prove        # what each dial does to the figures

Loopback only. A case takes one to three minutes, most of them for its dial. On a machine with two cores
two can run at once (`--lanes 2`): a run and its shop take a tenth of one.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import fcntl
import http.client
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PLAN = pathlib.Path(__file__).resolve().parents[2] / "scenarios" / "dials.yml"

PATHS = {
    "home": "/",
    "products": "/products",
    "product": "/product",
    "search": "/search",
    "cart": "/cart",
    "theme": "/static/theme.css",
    "api-products": "/api/products",
    "api-product": "/api/products/{id}",
    "reviews": "/api/products/{id}/reviews",
    "stock": "/api/stock",
}
ALL = list(PATHS)
QUERIES = [name for name in ALL if name not in ("cart", "theme")]
LOCKED = ["cart", "search", "product", "stock", "api-products"]


# A fault: between which values its dial is searched, what should be said, where it can be put or what
# it hits, what belongs to it, and whether more of it is worse.
Dial = collections.namedtuple("Dial", "name low high cause places hits with_it grows of_rate")


def dial(name, low, high, cause, places=(), hits=None, with_it=(), grows=True, of_rate=False):
    return Dial(name, low, high, cause, places, hits, with_it, grows, of_rate)


# Limits go down where the others go up, and are looked for around the profile's rate. A pool is a number of connections; what is turned is how long
# each is busy after its query, which costs nobody anything but those who wait for it.
DIALS = [
    dial("n-plus-one", 0.01, 40, "endpoint", ["products", "search", "api-products"]),
    dial("slow-index", 0.5, 500, "endpoint", [n for n in QUERIES if n != "home"]),
    dial("lock", 0.5, 40, "contention", hits=LOCKED),
    dial("pool-reset", 0.5, 80, "contention", hits=QUERIES, with_it=["pool=2"]),
    dial("backend", 1, 400, "backend", hits=ALL),
    dial("uncached", 0.1, 400, "cache", ["theme", "api-products"]),
    dial("payload", 5, 20000, "payload", ALL),
    dial("no-keep-alive", 1, 200, "connections", hits=ALL),
    dial("rate-limit", 0.3, 2, "rate_limit", hits=ALL, grows=False, of_rate=True),
    dial("rate-shape", 0.6, 2, "rate_limit", hits=ALL, grows=False, of_rate=True),
    dial("network-delay", 0.5, 200, "network", hits=ALL),
    dial("network-bandwidth", 50, 20000, "network", hits=ALL, grows=False),
]
BY_NAME = {one.name: one for one in DIALS}
QUEUES = ["lock", "pool-reset", "rate-shape", "network-bandwidth"]
STRENGTHS = [1.5, 3.0, 8.0]
# A limiter that refuses makes nothing slower: its strength is the share that it refuses.
REFUSED = {1.5: 0.05, 3.0: 0.15, 8.0: 0.40}
CAUSES = ["endpoint", "contention", "backend", "cache", "payload", "connections", "network",
          "rate_limit", "generator"]

NOISE_RUNS = 5
SHORT_HOLD = 4
TRIES = 8
CLOSE_ENOUGH = 0.12
# Near the end of what a lock or a pool can take, one run is not like the other: a run that came out
# too far from what was asked for is a try more, and is done again.
TOO_FAR = 0.35
RUNS = 3


class Fault(collections.namedtuple("Fault", "name place strength")):
    """A dial, where it is put and how strong it shall be."""

    @property
    def dial(self):
        return BY_NAME[self.name]

    @property
    def hits(self):
        return [self.place] if self.place else self.dial.hits

    @property
    def expected(self):
        """What is to be said, and where: nothing where the fault is everybody's."""
        where = "app-3" if self.name == "backend" else self.place
        return self.dial.cause, where

    def settings(self, value):
        at = f"@{PATHS[self.place]}" if self.place else ""
        return [f"{self.name}={value:.3f}{at}", *self.dial.with_it]

    def __str__(self):
        at = f"@{self.place}" if self.place else ""
        return f"{self.name}{at} x{self.strength:g}"


class Profile(collections.namedtuple("Profile", "rate work query")):
    """A shop and the load on it."""

    def settings(self, seed):
        return [f"work={self.work}", f"query={self.query}", "cache=1", f"seed={seed}"]


class Shop:
    """A dialled safe twin on a port of its own."""

    def __init__(self, program, settings):
        command = [program, "demo", "--serve", "--safe", "--with-parent"]
        command += [part for setting in settings for part in ("--dial", setting)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        if "http://" not in line:
            sys.exit(f"the shop did not start with {' '.join(settings)}")
        self.url = line[line.index("http://"):].split("/ ")[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait()


class Bed:
    """Runs loads, and knows what a profile's endpoints do without a fault."""

    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.numbers = iter(range(1 << 30))
        self.healthy = {}
        self.tried = collections.defaultdict(list)
        self.calibrating = collections.defaultdict(threading.Lock)
        self.repeated = 0

    @contextlib.contextmanager
    def turn(self):
        """The machine, where others want it too."""
        if not self.args.lock:
            yield
            return
        with open(self.args.lock, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def run(self, profile, settings, hold, sample=None):
        """One load; its report, and the Server-Timing of `sample` if asked for. What the report itself
        calls invalid is run again, as it asks to be."""
        for _ in range(RUNS):
            report, timings = self.load(profile, settings, hold, sample)
            if report["validity"]["valid"]:
                break
            self.repeated += 1
        return (report, timings) if sample else report

    def load(self, profile, settings, hold, sample):
        out = self.folder / f"{next(self.numbers)}.json"
        levels = {"LOW": profile.rate // 4, "HALF": profile.rate // 2, "FULL": profile.rate}
        environment = {name: str(level) for name, level in levels.items()}
        environment["HOLD"] = f"{hold:g}s"
        bare = ["bare=1"] if self.args.bare else []
        with self.turn(), Shop(self.args.program, [*settings, *bare]) as shop:
            environment["BASE_URL"] = shop.url
            command = [self.args.program, "load", PLAN, "--no-tui", "-Q", f"--json={out}"]
            command += ["--seed", str(random.Random(str(settings)).randrange(1 << 30))]
            load = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
            timings = sampled(shop.url, sample, load) if sample else None
            problem = load.communicate()[1]
        if load.returncode != 0:
            sys.exit(f"a load ended with {load.returncode}: {problem}")
        report = {**json.loads(out.read_text()), "file": out.name}
        if not self.args.keep:
            out.unlink()
        return report, timings

    def know(self, profile):
        """Healthy reports of short runs, as many as noise is measured from."""
        with self.calibrating[profile]:
            if profile not in self.healthy:
                self.healthy[profile] = [
                    self.run(profile, profile.settings(seed), SHORT_HOLD) for seed in range(1, 1 + NOISE_RUNS)
                ]
        return self.healthy[profile]

    def base(self, profile, fault):
        """What the fault's figure is without it, and its noise from run to run."""
        figures = [figure(report, fault) for report in self.know(profile)]
        return statistics.mean(figures), statistics.stdev(figures)

    def calibrate(self, profile, fault):
        """The value at which the fault is as strong as asked for, and how strong it was there."""
        key = profile, fault.name, fault.place
        with self.calibrating[key]:
            tried = self.tried[key]
            for _ in range(TRIES):
                if tried and miss(nearest(tried, fault)[1], fault) <= CLOSE_ENOUGH:
                    break
                value = between(tried, fault, profile)
                tried.append((value, self.strength(profile, fault, value)))
            return nearest(tried, fault)

    def strength(self, profile, fault, value):
        settings = profile.settings(7) + fault.settings(value)
        # A queue grows as long as the load lasts: what makes one is tried at full length.
        hold = self.args.hold if fault.name in QUEUES else SHORT_HOLD
        report = self.run(profile, settings, hold)
        return relative(figure(report, fault), fault, self.base(profile, fault)[0])


def wanted(fault):
    return REFUSED[fault.strength] if fault.name == "rate-limit" else fault.strength


def miss(reached, fault):
    """How far off, in logarithms."""
    return abs(math.log(max(reached, 1e-6) / wanted(fault)))


def nearest(tried, fault):
    return min(tried, key=lambda one: miss(one[1], fault))


def between(tried, fault, profile):
    """The next value to try. What a dial adds grows about as its value does, so one try says where to
    look; else the middle, in logarithms, of the nearest values that were too little and too much."""
    grows = fault.dial.grows
    below = [value for value, reached in tried if (reached < wanted(fault)) == grows]
    above = [value for value, reached in tried if (reached < wanted(fault)) != grows]
    unit = profile.rate if fault.dial.of_rate else 1
    low, high = max([fault.dial.low * unit, *below]), min([fault.dial.high * unit, *above])
    # Where chance has turned them round, between them is still where to look.
    middle = math.sqrt(low * high)
    value, reached = nearest(tried, fault) if tried else (middle, 1)
    if not grows or fault.name == "rate-limit" or reached < 1.05:
        return middle
    guess = value * (wanted(fault) - 1) / (reached - 1)
    room = (high / low) ** 0.1
    return guess if low * room < guess < high / room else middle


def sampled(url, request, load):
    """Server-Timing of one endpoint while the load runs."""
    timings = collections.defaultdict(list)
    method, body = ("POST", '{"sku":"GAR-1002"}') if request == "stock" else ("GET", None)
    path = PATHS[request].replace("{id}", "7") + ("?q=a" if request == "search" else "")
    path += "?id=7" if request == "product" else ""
    while load.poll() is None:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request(method, path, body, {"content-type": "application/json"} if body else {})
            answer = connection.getresponse()
            answer.read()
            for part in (answer.getheader("server-timing") or "").split(", "):
                name, _, rest = part.partition(";dur=")
                if rest:
                    timings[name].append(float(rest.split(";")[0]))
                if "queries=" in part:
                    timings["queries"].append(int(part.split("queries=")[1].split()[0]))
                    timings["scanned"].append(int(part.split("scanned=")[1].strip('"').split('"')[0]))
            timings["x-cache " + (answer.getheader("x-cache") or "none")].append(1)
        connection.close()
        time.sleep(0.2)
    return timings


def endpoints(report):
    return {one["request"]: one for one in report["endpoints"]}


def p95(endpoint, phase=None):
    """Milliseconds of the whole request or of one phase; nought where there were none."""
    values = endpoint["phases"].get(phase) if phase else endpoint["duration"]
    return values["values"].get("p(95)", 0) if values else 0


def refused(report):
    every = endpoints(report).values()
    return sum(one["status"].get("429", 0) for one in every) / sum(one["requests"] for one in every)


def figure(report, fault):
    """The p95 of what the fault hits, the middle one of several; of a refusing limiter the share refused."""
    if fault.name == "rate-limit":
        return refused(report)
    known = endpoints(report)
    return statistics.median(p95(known[name]) for name in fault.hits)


def relative(reached, fault, base):
    return reached if fault.name == "rate-limit" else reached / base


def doubt(reached, fault, base, noise):
    """What is unclear: a shift below five times the noise, or hardly any refusals."""
    if fault.name == "rate-limit":
        return None if reached >= 0.02 else f"{fault}: {reached:.0%} refused"
    if reached * base - base >= 5 * noise:
        return None
    return f"{fault}: {reached * base:.2f} after {base:.2f}, noise {noise:.2f}"


Case = collections.namedtuple("Case", "number kind profile faults seed")


def profiles(seed):
    """Three shops of different speed under different loads."""
    chance = random.Random(f"{seed}/profiles")
    rates = [120, 150, 180]
    chance.shuffle(rates)
    return [
        Profile(rate, round(chance.uniform(2.5, 4.5), 2), round(chance.uniform(0.5, 1.5), 2))
        for rate in rates
    ]


def draw_fault(chance, name, strength):
    places = BY_NAME[name].places
    return Fault(name, chance.choice(places) if places else None, strength)


def draw(seed, number, kind, attempt, bare):
    """One case; the same for the same seed, however many others there are."""
    chance = random.Random(f"{seed}/{kind}/{number}/{attempt}")
    profile = chance.choice(profiles(seed))
    # Without names nothing tells backends apart, and nothing a cache from none.
    names = [one.name for one in DIALS if not (bare and one.name in ("backend", "uncached"))]
    faults = []
    if kind == "single":
        # Each dial and strength comes before one comes again.
        deck = [(name, strength) for name in names for strength in STRENGTHS]
        random.Random(f"{seed}/deck/{number // len(deck)}").shuffle(deck)
        name, strength = deck[number % len(deck)]
        if attempt:
            strength = chance.choice(STRENGTHS)
        faults = [draw_fault(chance, name, strength)]
    while kind == "pair" and len(faults) < 2:
        faults = [draw_fault(chance, name, chance.choice(STRENGTHS)) for name in chance.sample(names, 2)]
        if faults[0].expected == faults[1].expected:
            faults = []
    return Case(number, kind, profile, tuple(faults), chance.randrange(4_000_000))


def cases(args):
    """Which are to be run: a third of the faults are pairs."""
    pairs = args.cases // 3
    every = [("single", n) for n in range(args.cases - pairs)]
    every += [("pair", n) for n in range(pairs)] + [("healthy", n) for n in range(args.healthy)]
    random.Random(f"{args.seed}/order").shuffle(every)
    middle = len(every) // 2
    return {"first": every[:middle], "second": every[middle:], "all": every}[args.half]


def names(claim, fault):
    """Whether a claim names the fault."""
    cause, where = fault.expected
    place = claim.get("where") or {}
    if claim["cause"] != cause:
        return False
    said = [place.get("request"), place.get("value"), claim.get("backend")]
    return where is None or where in said


def judge(case, claims):
    if case.kind == "healthy":
        return not claims
    if case.kind == "single":
        return bool(claims) and names(claims[0], case.faults[0])
    first = claims[:2]
    return all(any(names(claim, fault) for claim in first) for fault in case.faults)


def run_case(bed, seed, kind, number):
    """Draws until the shift is clear, calibrates, runs; what came of it."""
    dropped = []
    for attempt in range(20):
        case = draw(seed, number, kind, attempt, bed.args.bare)
        values, unclear = [], None
        for fault in case.faults:
            value, reached = bed.calibrate(case.profile, fault)
            base, noise = bed.base(case.profile, fault)
            unclear = unclear or doubt(reached, fault, base, noise)
            values.append(value)
        if unclear:
            dropped.append(unclear)
            continue
        settings, values, report, reached = plant(bed, case, values)
        doubts = [doubt(one, fault, *bed.base(case.profile, fault)) for one, fault in zip(reached, case.faults)]
        if case.kind == "pair" and not any(doubts):
            both = reached
            single = [alone(bed, case, fault, value) for fault, value in zip(case.faults, values)]
            reached = [share(bed, case, fault, one) for fault, one in zip(case.faults, single)]
            doubts = [astray(one, fault) for one, fault in zip(reached, case.faults)]
            doubts += [hidden(bed, case, fault, *shifts) for fault, *shifts in zip(case.faults, both, single[::-1])]
        if any(doubts):
            dropped += filter(None, doubts)
            continue
        claims = report["bottlenecks"]
        return {"kind": kind, "number": number, "faults": [str(fault) for fault in case.faults],
                "expected": [fault.expected for fault in case.faults], "profile": case.profile._asdict(),
                "settings": settings, "values": values, "reached": reached, "claims": claims,
                "dropped": dropped, "valid": report["validity"]["valid"], "report": report["file"],
                "right": judge(case, claims)}
    sys.exit(f"{kind} {number}: nothing clear in twenty draws: {dropped}")


def alone(bed, case, fault, value):
    """One of a pair in that very shop, under that very load: near its limit a queue is there or not by
    chance, and what does nothing was not planted."""
    return bed.run(case.profile, case.profile.settings(case.seed) + fault.settings(value), bed.args.hold)


def share(bed, case, fault, report):
    return relative(figure(report, fault), fault, bed.base(case.profile, fault)[0])


def astray(reached, fault):
    far = miss(reached, fault) > TOO_FAR
    return f"{fault}: {reached:.2f} by itself in the case, {wanted(fault):g} was wanted" if far else None


def hidden(bed, case, fault, both, other):
    """A fault of a pair is as strong as what it adds to the other one: below five times the noise of
    what is measured with that one alone, it is not there. Noise grows with what is measured."""
    if fault.name == "rate-limit":
        return None
    base, noise = bed.base(case.profile, fault)
    without = share(bed, case, fault, other)
    if both - without >= 5 * noise / base * without:
        return None
    return f"{fault}: {both:.2f} beside {without:.2f} without it, noise {noise / base * without:.2f}"


def plant(bed, case, values):
    """Runs a case; a single fault until it is about as strong as asked for."""
    done = []
    while True:
        settings = case.profile.settings(case.seed)
        settings += [part for fault, value in zip(case.faults, values) for part in fault.settings(value)]
        report = bed.run(case.profile, settings, bed.args.hold)
        reached = [relative(figure(report, fault), fault, bed.base(case.profile, fault)[0])
                   for fault in case.faults]
        done.append((settings, values, report, reached))
        if case.kind != "single":
            return done[0]
        fault = case.faults[0]
        if len(done) == RUNS or miss(reached[0], fault) <= min(TOO_FAR, math.log(fault.strength) / 2):
            return min(done, key=lambda one: miss(one[3][0], fault))
        key = case.profile, fault.name, fault.place
        with bed.calibrating[key]:
            bed.tried[key].append((values[0], reached[0]))
            values = [between(bed.tried[key], fault, case.profile)]


def told(claim):
    place = claim.get("where") or {}
    where = place.get("request") or place.get("value") or place.get("kind") or ""
    share = claim.get("explains_p95")
    share = f" {share:.0%}" if share is not None else ""
    return f"{claim['cause']}@{where}{share} {claim.get('confidence', '')}".strip()


def matrix(results):
    """Rows planted, columns first claimed."""
    columns = [*CAUSES, "nothing"]
    counts = collections.defaultdict(collections.Counter)
    for result in results:
        planted = " + ".join(cause.split("@")[0].split(" ")[0] for cause in result["faults"]) or "healthy"
        if result["kind"] == "pair":
            planted = "a pair: " + " + ".join(sorted(cause for cause, _ in result["expected"]))
        claims = result["claims"]
        counts[planted][claims[0]["cause"] if claims else "nothing"] += 1
    print("| planted | " + " | ".join(columns) + " |\n|--" + "|--:" * len(columns) + "|")
    for planted in sorted(counts):
        row = counts[planted]
        print(f"| {planted} | " + " | ".join(str(row[c]) if row[c] else "" for c in columns) + " |")


def summary(results):
    matrix(results)
    print()
    for kind in ("single", "pair", "healthy"):
        some = [result for result in results if result["kind"] == kind]
        if some:
            right = sum(result["right"] for result in some)
            print(f"{kind}: {right} of {len(some)} right ({right / len(some):.0%})")
    faults = [result for result in results if result["kind"] != "healthy"]
    if faults:
        right = sum(result["right"] for result in faults)
        print(f"with a fault: {right} of {len(faults)} right ({right / len(faults):.0%})")
    print(f"drawn again, for a shift below five times the noise: {sum(len(r['dropped']) for r in results)}")
    invalid = sum(not result["valid"] for result in results)
    if invalid:
        print(f"runs that the report itself calls invalid: {invalid}")
    for result in results:
        if not result["right"]:
            line(result)


def line(result):
    faults = ", ".join(
        f"{fault} ({'refused' if fault.startswith('rate-limit') else 'reached'} {reached:.2f}, value {value:.3g})"
        for fault, reached, value in zip(result["faults"], result["reached"], result["values"])
    )
    claims = "; ".join(told(claim) for claim in result["claims"][:4])
    verdict = "right" if result["right"] else "MISS"
    print(f"{verdict}: {result['kind']} {result['number']}: {faults or 'healthy'} -> {claims or 'nothing'}",
          flush=True)


def prove(bed, chosen):
    """What every dial does to the report's own figures, at each strength."""
    profile = profiles(bed.args.seed)[0]
    print(f"Load {profile.rate}/s, work {profile.work} ms, query {profile.query} ms. All of it p95 in ms, but "
          "for the last columns; `others` are the endpoints that it does not hit. Server-Timing: medians.\n")
    print("| dial | wanted | value | hit | healthy | others | wait | receive | connections per request "
          "| bytes per answer | refused | Server-Timing |")
    print("|--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--|")
    for one in chosen:
        place = one.places[0] if one.places else None
        for strength in STRENGTHS:
            fault = Fault(one.name, place, strength)
            value, _ = bed.calibrate(profile, fault)
            settings = profile.settings(3) + fault.settings(value)
            report, timings = bed.run(profile, settings, bed.args.hold, sample=fault.hits[0])
            row(fault, value, report, bed.base(profile, fault)[0], timings)
    report, timings = bed.run(profile, profile.settings(3), bed.args.hold, sample="product")
    row(Fault("lock", None, 1.0), 0, report, bed.base(profile, Fault("lock", None, 1.0))[0], timings,
        "none (lock's endpoints)")


def middle(figures):
    return statistics.median(figures) if figures else float("nan")


def row(fault, value, report, base, timings, name=None):
    known = endpoints(report)
    hit = [known[name] for name in fault.hits]
    others = [one for name, one in known.items() if name not in fault.hits]
    requests = sum(one["requests"] for one in known.values())
    connections = sum(one["connections"] for one in known.values()) / requests
    size = sum(one["bytes_received"] for one in hit) / sum(one["requests"] for one in hit)
    base = "" if fault.name == "rate-limit" else f"{base:.1f}"
    shown = ", ".join(
        f"{key} {statistics.median(found):.4g}" for key, found in timings.items() if not key.startswith("x-")
    )
    cache = ", ".join(f"{len(found)} {key}" for key, found in timings.items() if key.startswith("x-cache "))
    shown += f"; {cache}" if fault.name == "uncached" else ""
    print(f"| {name or fault.name + ('@' + fault.place if fault.place else '')} | {fault.strength:g} | {value:.3g} "
          f"| {middle([p95(one) for one in hit]):.1f} | {base} | {middle([p95(one) for one in others]):.1f} "
          f"| {middle([p95(one, 'wait') for one in hit]):.1f} | {middle([p95(one, 'receive') for one in hit]):.1f} "
          f"| {connections:.2f} | {size:.0f} | {refused(report):.0%} | {shown} |", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--cases", type=int, default=60, help="with a fault; a third of them are pairs")
    parser.add_argument("--healthy", type=int, default=20, help="without one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", choices=["first", "second", "all"], default="first")
    parser.add_argument("--hold", type=float, default=9, help="seconds at each of the three loads")
    parser.add_argument("--lanes", type=int, default=1, help="cases at once; more than one for each core disturb each other")
    parser.add_argument("--bare", action="store_true", help="answers say nothing of where their time went")
    parser.add_argument("--json", type=pathlib.Path, help="where all results go, as they come in")
    parser.add_argument("--resume", action="store_true", help="keep what the file of --json has, and go on")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder in which all reports stay")
    parser.add_argument("--lock", help="a file to lock for each run, on a machine with other users of it")
    parser.add_argument("--prove", action="store_true", help="no cases: what each dial does to the figures")
    parser.add_argument("--dial", action="append", choices=BY_NAME, help="with --prove: only these")
    parser.add_argument("--list", action="store_true", help="only say which cases there are")
    return parser.parse_args()


def main():
    args = arguments()
    if args.list:
        for kind, number in cases(args):
            case = draw(args.seed, number, kind, 0, args.bare)
            print(kind, number, case.profile.rate, ", ".join(str(fault) for fault in case.faults))
        return
    with tempfile.TemporaryDirectory() as temporary:
        if args.keep:
            args.keep.mkdir(parents=True, exist_ok=True)
        bed = Bed(args, args.keep or pathlib.Path(temporary))
        if args.prove:
            return prove(bed, [one for one in DIALS if not args.dial or one.name in args.dial])
        results = json.loads(args.json.read_text()) if args.resume else []
        done = {(result["kind"], result["number"]) for result in results}
        left = [case for case in cases(args) if case not in done]
        for turn in reversed(range(RUNS)):
            put_off = []
            with concurrent.futures.ThreadPoolExecutor(args.lanes) as lanes:
                jobs = [lanes.submit(run_case, bed, args.seed, kind, number) for kind, number in left]
                for job in concurrent.futures.as_completed(jobs):
                    result = job.result()
                    if turn and not result["valid"]:
                        # The machine had other things to do just then, and the report says so.
                        put_off.append((result["kind"], result["number"]))
                        continue
                    results.append(result)
                    line(result)
                    if args.json:
                        args.json.write_text(json.dumps(results, indent=1))
            left = put_off
        print()
        summary(results)
        print(f"runs done again because their report called them invalid: {bed.repeated}")


if __name__ == "__main__":
    main()
