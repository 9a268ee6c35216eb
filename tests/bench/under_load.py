#!/usr/bin/env python3
"""How often what shows only under load is found in the flawed shop, and whether its safe twin is silent.

Each run starts a shop of its own and runs `scenarios/under-load.yml` with a new seed: from 20 to 400 visitors
a second. Loopback only; a run takes some 30 seconds.

    cargo build --release
    tests/bench/under_load.py target/release/shakedown --runs 20
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PLAN = pathlib.Path(__file__).resolve().parents[2] / "scenarios" / "under-load.yml"
WANTED = ["fail-open", "leak-under-load", "private-answer-cached", "protection-inconsistent", "user-bleed"]


def run(program, is_safe, seed, folder):
    """The rules that found something, and the run's exit code."""
    command = [program, "demo", "--serve", "--with-parent", *(["--safe"] if is_safe else [])]
    shop = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = shop.stdout.readline()
    if "http://" not in line:
        sys.exit("the shop did not start")
    out = folder / "run.json"
    environment = {**os.environ, "BASE_URL": line[line.index("http://"):].split("/ ")[0]}
    out.unlink(missing_ok=True)
    load = [program, "load", PLAN, "--no-tui", "-Q", f"--json={out}", "--seed", str(seed)]
    ended = subprocess.run(load, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    shop.stdin.close()
    shop.wait()
    if not out.exists():
        sys.exit(f"a load ended with {ended.returncode}: {ended.stderr}")
    report = json.loads(out.read_text())
    return report, ended.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--runs", type=int, default=20, help="of each shop")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for is_safe in (False, True):
            found, codes = collections.Counter(), collections.Counter()
            for seed in range(1, 1 + args.runs):
                report, code = run(args.program, is_safe, seed, pathlib.Path(temporary))
                rules = sorted({one["rule"] for one in report["findings"]})
                found.update(rules)
                codes[code] += 1
                print(f"{'safe' if is_safe else 'flawed'} {seed}: exit {code}: {', '.join(rules) or 'nothing'}", flush=True)
            name = "safe twin" if is_safe else "flawed shop"
            counts = ", ".join(f"{rule} {found[rule]}" for rule in sorted({*WANTED, *found}))
            print(f"{name}, of {args.runs} runs: {counts}; exit codes {dict(codes)}\n")


if __name__ == "__main__":
    main()
