#!/usr/bin/env python3
"""Pages a second of `crawl` beside wapiti's crawler, and what a crawl of 100,000 pages costs.

    cargo build --release && rustc -O --edition 2024 tests/bench/site/main.rs -o target/bench-site
    python3 -m venv /tmp/wapiti && /tmp/wapiti/bin/pip install wapiti3
    tests/bench/crawl.py target/release/shakedown target/bench-site /tmp/wapiti/bin/wapiti

nginx (Debian's) serves a tree of 20,000 HTML pages of 10 KB from the first core, the crawler runs on
the second. Runs alternate, five of each; what is told is the median, the least and the most. Pages are
counted by nginx, so both are measured by the same. wapiti crawls only (`-m ""`) for ten seconds of each
run, because it would take half a minute; its start is not counted against it. The generated site
(`tests/bench/site`) is crawled with 1,000, 10,000 and 100,000 URLs as the budget: processor time per
page shows whether the cost grows. Everything is on loopback.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

PAGES = 20_000
ROUNDS = 5
NGINX = "127.0.0.1:8097"
SITE = "127.0.0.1:8098"
FILLER = '<p class="text">Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam.</p>\n' * 200


def tree(root):
    """Twenty links to pages all over the tree and one to the next, in ten kilobytes."""
    path = lambda n: f"/d{n % PAGES // 100}/p{n % PAGES}.html"
    for n in range(PAGES):
        os.makedirs(f"{root}/d{n // 100}", exist_ok=True)
        links = "".join(f'<li class="l"><a href="{path(n * 7 + k * 13 + 1)}">page</a></li>' for k in range(20))
        body = (
            f'<!doctype html><html><head><title>Page {n}</title></head><body class="s"><h1>Page {n}</h1>'
            f'<ul class="n">{links}<li><a href="{path(n + 1)}">next</a></li></ul><div class="c">{FILLER}'
        )
        with open(root + path(n), "w") as file:
            file.write(body[:10_200] + "</div></body></html>")
    with open(f"{root}/index.html", "w") as file:
        file.write("".join(f'<a href="{path(k * 100)}">d</a>' for k in range(PAGES // 100)))


def nginx(directory):
    with open(f"{directory}/nginx.conf", "w") as file:
        file.write(
            f"worker_processes 1; daemon off; pid {directory}/pid; error_log {directory}/error.log;\n"
            "events { worker_connections 1024; }\n"
            "http { types { text/html html; } access_log off; sendfile on; keepalive_requests 10000000;\n"
            f" open_file_cache max=500; server {{ listen {NGINX}; root {directory}/www;\n"
            " location = /requests { stub_status; } } }\n"
        )
    return subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", f"{directory}/nginx.conf"])


def served():
    """Requests that nginx has answered."""
    text = urllib.request.urlopen(f"http://{NGINX}/requests").read().decode()
    return int(re.search(r"^\s*\d+ \d+ (\d+)", text, re.M)[1])


def run(command):
    """Seconds, processor seconds, and greatest resident megabytes of a command on the second core."""
    start = time.monotonic()
    child = subprocess.Popen(["taskset", "-c", "1", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def crawl(shakedown, url, urls):
    return [
        shakedown, "crawl", url, "--max-urls", str(urls), "--per-kind", "0", "--depth", "100000",
        "--max-rps", "1000000", "--concurrency", "20", "--no-tui",
    ]  # fmt: skip


def wapiti(program, directory, seconds):
    return [
        program, "-u", f"http://{NGINX}/", "--scope", "folder", "-m", "", "--flush-session",
        "--store-session", f"{directory}/wapiti", "-d", "1000", "--max-links-per-page", "1000000",
        "--max-files-per-dir", "1000000", "--tasks", "20", "--max-scan-time", str(seconds), "-v", "0",
        "-f", "txt", "-o", f"{directory}/report.txt",
    ]  # fmt: skip


def rate(command, seconds_of_work=None):
    before = served()
    seconds, processor, _ = run(command)
    pages = served() - before - 1
    return pages / (seconds_of_work or seconds), pages / processor


def told(name, rates):
    values = [f"{statistics.median(column):,.0f} ({min(column):,.0f}–{max(column):,.0f})" for column in zip(*rates)]
    print(f"| {name} | {' | '.join(values)} |")


def main():
    shakedown, site, other = (os.path.abspath(path) for path in sys.argv[1:4])
    print(f"load average before: {os.getloadavg()[0]:.2f}\n")
    with tempfile.TemporaryDirectory() as directory:
        # nginx's workers are somebody else.
        os.chmod(directory, 0o755)
        tree(f"{directory}/www")
        server = nginx(directory)
        try:
            time.sleep(1)
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(rate(crawl(shakedown, f"http://{NGINX}/", PAGES)))
                theirs.append(rate(wapiti(other, directory, 10), 10))
            print("| crawler | pages a second | pages a second of processor time |\n|--|--|--|")
            told("shakedown", ours)
            told("wapiti", theirs)
            ratio = statistics.median(a[0] / b[0] for a, b in zip(ours, theirs))
            print(f"\nmedian ratio within pairs: {ratio:.1f}\n")
        finally:
            server.terminate()
    server = subprocess.Popen(["taskset", "-c", "0", site, "100000", SITE.split(":")[1]], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        print("| budget | seconds | processor ms per page | peak MB |\n|--|--|--|--|")
        for urls in (1_000, 10_000, 100_000):
            seconds, processor, megabytes = run(crawl(shakedown, f"http://{SITE}/", urls))
            print(f"| {urls:,} | {seconds:.1f} | {processor / urls * 1000:.3f} | {megabytes:.0f} |")
    finally:
        server.kill()


if __name__ == "__main__":
    main()
