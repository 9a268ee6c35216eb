#!/usr/bin/env python3
"""How often what shows only with volume, or with several users, is found in the flawed shop, and whether its
safe twin is silent.

Each run starts a shop of its own and runs a plan of `scenarios` with a new seed. Loopback only.

    cargo build --release
    tests/bench/under_load.py target/release/shakedown --runs 20
    tests/bench/under_load.py target/release/shakedown --only race --only rate-limit

| bed | plan | a run takes |
|--|--|--|
| under-load | load from 20 to 400 visitors a second | 30 s |
| collateral | load with a few audits of all books | 50 s |
| race | a coupon, redeemed 20 times at one instant | 3 s |
| rate-limit | two limits, verified | 20 s |
| access | the safe twin's matrix, compared | 5 s |
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PLANS = pathlib.Path(__file__).resolve().parents[2] / "scenarios"

Bed = collections.namedtuple("Bed", "command wanted")
BEDS = {
    "under-load": Bed("load", ["fail-open", "leak-under-load", "private-answer-cached",
                               "protection-inconsistent", "user-bleed"]),
    "collateral": Bed("load", ["collateral"]),
    "race": Bed("scan", ["race"]),
    "rate-limit": Bed("scan", ["rate-limit-bypass", "rate-limit-exceeded", "rate-limit-header"]),
    "access": Bed("scan", ["access-matrix"]),
}
# What is looked for; what passive rules say of the shop beside it is another matter.
EVERY = sorted(rule for bed in BEDS.values() for rule in bed.wanted) + ["rate-limit-key", "rate-limit-missing"]


class Shop:
    """One of the twins, on a port of its own."""

    def __init__(self, program, is_safe):
        command = [program, "demo", "--serve", "--with-parent", *(["--safe"] if is_safe else [])]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        if "http://" not in line:
            sys.exit("the shop did not start")
        self.url = line[line.index("http://"):].split("/ ")[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait()


def shakedown(program, command, plan, url, *flags):
    """A run; its report and exit code."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run.json"
        call = [program, command, plan, "--no-tui", "-Q", f"--json={out}", *flags]
        environment = {**os.environ, "BASE_URL": url}
        ended = subprocess.run(call, env=environment, stderr=subprocess.PIPE, text=True, check=False)
        if not out.exists():
            sys.exit(f"{' '.join(map(str, call))} ended with {ended.returncode}: {ended.stderr}")
        return json.loads(out.read_text()), ended.returncode


def plan_of(name, program, folder):
    """The bed's plan; of the matrix one that holds the safe twin's."""
    plan = PLANS / f"{name}.yml"
    if name != "access":
        return plan
    matrix = folder / "matrix.yml"
    with Shop(program, is_safe=True) as shop:
        shakedown(program, "scan", plan, shop.url, "--write-access", str(matrix))
    compared = folder / "access.yml"
    compared.write_text(plan.read_text().replace("    include:", f"    matrix: {matrix}\n    include:"))
    return compared


def measure(name, program, runs, folder):
    bed, plan = BEDS[name], plan_of(name, program, folder)
    for is_safe in (False, True):
        twin = "safe twin" if is_safe else "flawed shop"
        found, codes = collections.Counter(), collections.Counter()
        for seed in range(1, 1 + runs):
            with Shop(program, is_safe) as shop:
                report, code = shakedown(program, bed.command, plan, shop.url, "--seed", str(seed))
            rules = sorted({one["rule"] for one in report["findings"]} & set(EVERY))
            found.update(rules)
            codes[code] += 1
            print(f"{name}, {twin} {seed}: exit {code}: {', '.join(rules) or 'nothing'}", flush=True)
        counts = ", ".join(f"{rule} {found[rule]}" for rule in sorted({*bed.wanted, *found}))
        print(f"{name}, {twin}, of {runs} runs: {counts}; exit codes {dict(codes)}\n", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--runs", type=int, default=20, help="of each shop")
    parser.add_argument("--only", action="append", choices=BEDS, help="these beds")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for name in args.only or BEDS:
            measure(name, args.program, args.runs, pathlib.Path(temporary))


if __name__ == "__main__":
    main()
