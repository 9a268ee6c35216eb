#!/usr/bin/env python3
"""How long a large report takes in every format, how much memory, and how long a browser needs to show it.

    cargo build --release
    tests/bench/report.py target/release/shakedown [--findings 10000] [--seconds 3600] [--keep FOLDER]

The report is `reports/example.json`, grown: as many findings, each with its proof, and as many windows of
one second. It is turned into every format by `shakedown report`, one after the other; told are the time,
the greatest resident memory of the process, and the size of the file. Reading the report is part of it.
Then Chromium opens the page from the file, five times, with the cache cold for the first: told is the median
time until it was loaded, and until the first frame after that was drawn. The bars (2 s, 200 MB) end it with 1.
"""

import argparse
import copy
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATS = ("text", "json", "html", "md", "sarif", "junit", "csv", "gitlab-load", "gitlab-metrics",
           "gitlab-dast", "har")
MAX_SECONDS, MAX_MB = 2.0, 200
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def grown(findings, seconds):
    """The example with that many findings and windows."""
    report = json.loads((ROOT / "reports/example.json").read_text())
    own = report["findings"]
    report["findings"] = []
    for number in range(findings):
        finding = copy.deepcopy(own[number % len(own)])
        path = f"/shop/{number}/items"
        finding["url"] = f"http://127.0.0.1:8080{path}?q=lamp"
        finding["path_template"] = path
        finding["fingerprint"] = hashlib.sha256(path.encode()).hexdigest()[:32]
        finding["id"] = f"SD-{finding['fingerprint'][:10]}"
        for exchange in finding["evidence"]:
            response = exchange.get("response")
            if response and response["encoding"] == "utf8":
                response["data"] += "\n<li>row of a page, as any page has them</li>" * 25
        report["findings"].append(finding)
    rank = ["critical", "high", "medium", "low", "info"].index
    report["findings"].sort(key=lambda one: rank(one["severity"]))
    timeline = report["timeline"]
    counted = [point for point in timeline if not point.get("warmup")]
    start = timeline[0]["from_ms"]
    report["timeline"] = []
    for number in range(seconds):
        point = dict(counted[number % len(counted)])
        point["from_ms"], point["to_ms"] = start + number * 1000, start + (number + 1) * 1000
        report["timeline"].append(point)
    return report


def measured(command):
    """Seconds and megabytes of a command."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return took, usage.ru_maxrss / 1024


class Browser:
    """A Chromium, spoken to through pipes."""

    def __init__(self, program, profile):
        calls, self.calls = os.pipe()
        self.replies, replies = os.pipe()
        flags = ["--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
                 "--disable-extensions", f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")

        def wire():
            # 3 and 4 are what Chromium reads and writes; the ends may have these numbers already.
            reading, writing = os.dup(calls), os.dup(replies)
            high = [os.dup2(reading, 200), os.dup2(writing, 201)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen([program, *flags, "about:blank"], preexec_fn=wire, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(calls)
        os.close(replies)
        self.number, self.rest, self.events = 0, b"", []

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.replies, 1 << 20)
            if not part:
                sys.exit("the browser hung up")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **params):
        self.number += 1
        call = {"id": self.number, "method": method, "params": params}
        if session:
            call["sessionId"] = session
        os.write(self.calls, json.dumps(call).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def opened(self, file):
        """Seconds until the page was loaded, and until the next frame was drawn."""
        window = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=window, flatten=True)["sessionId"]
        self.call("Page.enable", session)
        start = time.monotonic()
        self.call("Page.navigate", session, url=f"file://{file}")
        self.call("Runtime.evaluate", session, awaitPromise=True, expression="""
            new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))""")
        loaded = time.monotonic() - start
        self.call("Runtime.evaluate", session, awaitPromise=True, expression="""
            new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))""")
        drawn = time.monotonic() - start
        result = self.call("Runtime.evaluate", session, returnByValue=True, expression="""({
            findings: document.querySelectorAll('details.finding').length,
            plots: document.querySelectorAll('canvas').length })""")
        self.call("Target.closeTarget", targetId=window)
        return loaded, drawn, result["result"]["value"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--findings", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=3_600)
    parser.add_argument("--keep", type=pathlib.Path, help="leave the files in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / "run.json"
        source.write_text(json.dumps(grown(arguments.findings, arguments.seconds)))
        print(f"{arguments.findings:,} findings, {arguments.seconds:,} windows: "
              f"{source.stat().st_size / 1e6:.1f} MB of JSON\n")
        print("| format | time | memory | file |\n|--|--:|--:|--:|")
        failed = False
        for name in FORMATS:
            target = folder / f"run.{name}"
            took, memory = measured([arguments.program, "report", str(source), "-f", name, "-o", str(target)])
            failed |= took > MAX_SECONDS or memory > MAX_MB
            print(f"| {name} | {took:.2f} s | {memory:.0f} MB | {target.stat().st_size / 1e6:.1f} MB |", flush=True)
        program = os.environ.get("SHAKEDOWN_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
        if program is None:
            print("\nnot measured: no Chromium")
        else:
            browser = Browser(program, pathlib.Path(temporary) / "profile")
            runs = [browser.opened((folder / "run.html").resolve()) for _ in range(5)]
            browser.call("Browser.close")
            browser.process.wait()
            if runs[0][2] != {"findings": arguments.findings, "plots": 5}:
                sys.exit(f"the page does not show all: {runs[0][2]}")
            loaded, drawn = (statistics.median(run[at] for run in runs) for at in (0, 1))
            print(f"\nChromium: loaded after {loaded:.2f} s, drawn after {drawn:.2f} s (median of 5; "
                  f"the first {runs[0][0]:.2f} s and {runs[0][1]:.2f} s)")
            failed |= drawn > MAX_SECONDS
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
