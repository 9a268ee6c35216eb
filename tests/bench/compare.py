#!/usr/bin/env python3
"""How often `compare` is right about pairs of live runs whose truth is known.

Each pair is two loads against two demo shops, side by side, so that what else the machine does hits
both. What a request takes is dialled: the shop's mail program takes 4 ms for each character of an
address, 25 characters for the old run, and as many more for the new one as the change asks for.

    cargo build --release
    tests/bench/compare.py target/release/shakedown --pairs 20 --change 20
    tests/bench/compare.py target/release/shakedown --pairs 20 --change 0
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading

PLAN = """
version: 1
target: ${env.BASE_URL:-http://127.0.0.1:8080}
requests:
  copy:  { post: /billing/copy, form: { email: "${env.ADDRESS}" } }
  again: { post: /billing/copy, form: { email: "${env.ADDRESS}" } }
flows:
  mixed: [ { choose: [ { weight: 2, do: [ { use: copy } ] }, { weight: 1, do: [ { use: again } ] } ] } ]
scenarios:
  load:
    executor: constant-arrival-rate
    exec: mixed
    rate: 20
    timeUnit: 1s
    duration: "${env.LENGTH:-16s}"
    preAllocatedVUs: 20
"""
OLD = 25
HOST = "@example.com"


def address(length):
    return "a" * (length - len(HOST)) + HOST


class Shop:
    """A demo shop on a port of its own."""

    def __init__(self, program):
        command = [program, "demo", "--serve", "--with-parent"]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        self.url = line[line.index("http://"):].split("/ ")[0]

    def end(self):
        self.child.stdin.close()
        self.child.wait()


def load(program, plan, shop, length, seconds, out):
    environment = {"BASE_URL": shop.url, "ADDRESS": address(length), "LENGTH": f"{seconds}s"}
    command = [program, "load", plan, "--no-tui", "-Q", f"--json={out}"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def pair(program, plan, shops, new, seconds, folder, number):
    """Runs a pair; what `compare` says of it."""
    outs = [folder / f"{number}-old.json", folder / f"{number}-new.json"]
    jobs = list(zip(shops, [OLD, new], outs))
    random.Random(number).shuffle(jobs)
    runs = [load(program, plan, shop, length, seconds, out) for shop, length, out in jobs]
    codes = [run.wait() for run in runs]
    if any(codes):
        sys.exit(f"a load ended with {codes}")
    compared = subprocess.run([program, "compare", *outs, "-f", "json"], capture_output=True, text=True)
    document = json.loads(compared.stdout)
    worse = [change for change in document["changes"] if change["kind"] == "worse"]
    better = [change for change in document["changes"] if change["kind"] == "better"]
    return compared.returncode, worse, better, document


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--lanes", type=int, default=4, help="pairs at once")
    parser.add_argument("--seconds", type=int, default=16)
    parser.add_argument("--change", type=int, default=20, help="per cent, in steps of 4")
    parser.add_argument("--keep", type=pathlib.Path, help="leave the reports in this folder")
    arguments = parser.parse_args()
    new = OLD + round(OLD * arguments.change / 100)
    results, lock = [], threading.Lock()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.keep or pathlib.Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        plan = folder / "dial.yml"
        plan.write_text(PLAN)
        waiting = iter(range(arguments.pairs))

        def lane():
            shops = [Shop(arguments.program), Shop(arguments.program)]
            while True:
                with lock:
                    number = next(waiting, None)
                if number is None:
                    break
                result = pair(arguments.program, plan, shops, new, arguments.seconds, folder, number)
                with lock:
                    results.append(result)
                    code, worse, better, document = result
                    whole = {c["figure"]: c for c in document["changes"] if c["subject"]["kind"] == "whole"}
                    shown = " ".join(
                        f"{figure} {whole[figure]['change']:+.1%} ({whole[figure]['kind']})"
                        for figure in ("med", "p(95)")
                        if figure in whole
                    )
                    print(f"pair {number}: exit {code}, {len(worse)} worse, {len(better)} better, {shown}", flush=True)
            for shop in shops:
                shop.end()

        lanes = [threading.Thread(target=lane) for _ in range(arguments.lanes)]
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()
    flagged = sum(bool(worse) for _, worse, _, _ in results)
    code = sum(code == 82 for code, *_ in results)
    invalid = sum(code == 84 for code, *_ in results)
    print(
        f"{new * 4 - OLD * 4:+} ms on {OLD * 4} ms: worse in {flagged} of {len(results)} pairs,"
        f" exit 82 in {code}, exit 84 in {invalid}"
    )


if __name__ == "__main__":
    main()
