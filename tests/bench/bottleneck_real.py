#!/usr/bin/env python3
"""Whether a load test names the bottleneck of services that are not made for it.

nginx as a caching proxy before two shops of which one is slow, or of which a resource is not cached;
datasette on a table of a million rows whose filtered column has no index. Beside each the same service
without the fault, of which nothing should be claimed.

Needs `nginx` on the path and the module `datasette` of this Python (`pip install datasette`); what is
missing is said and left out.

    cargo build --release
    tests/bench/bottleneck_real.py target/release/shakedown [nginx-healthy nginx-slow-upstream …]

Loopback only. Each run takes about a minute.
"""

import argparse
import collections
import contextlib
import importlib.util
import grp
import json
import os
import pathlib
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import bottleneck

# What every nginx here begins with; it writes to its own folder alone.
NGINX_HEAD = """
user {user} {group};
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
"""

NGINX = NGINX_HEAD + """    proxy_cache_path {folder}/cache keys_zone=shop:1m max_size=10m inactive=60s;
    upstream shops {{ server {first}; server {second}; keepalive 64; }}
    # Seconds with three digits become the milliseconds of Server-Timing.
    map $upstream_header_time $upstream_ms {{
        default "";
        "~^0\\.0*(?<ms>[0-9]+)$" "upstream;dur=$ms";
        "~^(?<s>[1-9][0-9]*)\\.(?<rest>[0-9]+)$" "upstream;dur=$s$rest";
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://shops;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_next_upstream off;
            proxy_cache shop;
            # Kept so long that few requests miss, and so briefly that every run has some that do.
            proxy_ignore_headers Cache-Control Expires Set-Cookie;
            proxy_cache_valid 200 20s;
            set $skip 1;
            if ($uri ~ "^/static/") {{ set $skip {skip}; }}
            proxy_cache_bypass $skip;
            proxy_no_cache $skip;
            proxy_hide_header Server-Timing;
            proxy_hide_header X-Served-By;
            proxy_hide_header X-Cache;
            proxy_hide_header Cache-Status;
            proxy_hide_header Age;
            add_header X-Upstream $upstream_addr always;
            add_header X-Cache $upstream_cache_status always;
            add_header Server-Timing $upstream_ms always;
        }}
    }}
}}
"""

SHOP_PLAN = bottleneck.PLAN.read_text().replace("X-Served-By", "X-Upstream")

DATASETTE_PLAN = """
version: 1
target: ${env.BASE_URL:-http://127.0.0.1:8080}
requests:
  tables:   { get: /bench.json }
  visit:    { get: "/bench/visits/${rand.int(1,100000)}.json" }
  customer: { get: /bench/visits.json, query: { customer: "${rand.int(1,20000)}", _size: 20, _nofacet: 1, _nosuggest: 1 } }
  page:     { get: /bench/visits.json, query: { page: "p${rand.int(1,20000)}", _size: 20, _nofacet: 1, _nosuggest: 1 } }
flows:
  any:
    - choose:
        - { weight: 1, use: tables }
        - { weight: 1, use: visit }
        - { weight: 1, use: customer }
        - { weight: 1, use: page }
scenarios:
  visitors:
    executor: ramping-arrival-rate
    exec: any
    startRate: ${env.LOW:-3}
    preAllocatedVUs: 20
    maxVUs: 200
    gracefulStop: 10s
    stages:
      - { target: "${env.LOW:-3}", duration: "${env.HOLD:-10s}" }
      - { target: "${env.HALF:-5}", duration: "1s" }
      - { target: "${env.HALF:-5}", duration: "${env.HOLD:-10s}" }
      - { target: "${env.FULL:-10}", duration: "1s" }
      - { target: "${env.FULL:-10}", duration: "${env.HOLD:-10s}" }
"""
ROWS = 1_000_000

Service = collections.namedtuple("Service", "url plan rates expected about")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, child, problem):
    for _ in range(300):
        if child.poll() is not None:
            sys.exit(f"{problem()}: ended with {child.returncode}")
        # Whatever it answers, it is there.
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            try:
                urllib.request.urlopen(url, timeout=10).read()
            except urllib.error.HTTPError:
                pass
            return
        time.sleep(0.1)
    sys.exit(f"{problem()}: did not answer")


@contextlib.contextmanager
def child(command, url, log):
    with open(log, "w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        wait_for(url, process, lambda: log.read_text()[-2000:])
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def behind_nginx(args, folder, dials, skip, expected):
    """Two shops, the second with dials of its own, behind nginx; `expected` may need their addresses."""
    # The style sheet is made slowly by both; that is seen where nobody keeps it.
    base = ["work=4", "query=1", "uncached=60", "seed=5"]
    with bottleneck.Shop(args.program, base) as one, bottleneck.Shop(args.program, base + dials) as two:
        port = free_port()
        first, second = (shop.url.removeprefix("http://") for shop in (one, two))
        config = folder / "nginx.conf"
        # Else its workers, started by root, are somebody who may not write here.
        user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        config.write_text(NGINX.format(
            folder=folder, first=first, second=second, port=port, skip=skip, user=user, group=group,
        ))
        url = f"http://127.0.0.1:{port}"
        command = ["nginx", "-p", str(folder), "-c", str(config)]
        with child(command, url, folder / "nginx.log"):
            answer = urllib.request.urlopen(url)
            seen = {name: answer.headers[name] for name in ("X-Upstream", "X-Cache", "Server-Timing")}
            yield Service(url, SHOP_PLAN, (30, 60, 120), expected(second), f"{second} has {dials}; {seen}")


def table(path, index):
    """Visits by customer and page; the page is looked for without an index, unless `index`."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(f"""
            CREATE TABLE visits (id INTEGER PRIMARY KEY, customer INTEGER, page TEXT, seconds INTEGER);
            WITH RECURSIVE visit (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM visit WHERE n < {ROWS})
                INSERT INTO visits SELECT n, n % 20011, 'p' || (n * 7919 % 20011), n % 600 FROM visit;
            CREATE INDEX visits_by_customer ON visits (customer);
            {"CREATE INDEX visits_by_page ON visits (page);" if index else ""}
        """)


@contextlib.contextmanager
def datasette(args, folder, index, expected):
    path = folder / "bench.db"
    table(path, index)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "datasette", "serve", str(path), "-h", "127.0.0.1", "-p", str(port),
               "--setting", "sql_time_limit_ms", "5000"]
    with child(command, f"{url}/bench.json", folder / "datasette.log"):
        yield Service(url, DATASETTE_PLAN, (3, 5, 10), expected, f"{ROWS} rows")


CASES = {
    "nginx-healthy": ("nginx", lambda args, folder: behind_nginx(args, folder, [], 0, lambda _: None)),
    "nginx-slow-upstream": (
        "nginx",
        lambda args, folder: behind_nginx(args, folder, ["work=30"], 0, lambda second: ("backend", second)),
    ),
    "nginx-uncached": (
        "nginx",
        lambda args, folder: behind_nginx(args, folder, [], 1, lambda _: ("cache", "theme")),
    ),
    "datasette-healthy": ("datasette", lambda args, folder: datasette(args, folder, True, None)),
    "datasette-no-index": (
        "datasette",
        lambda args, folder: datasette(args, folder, False, ("endpoint", "page")),
    ),
}


def missing(needs):
    if needs == "nginx":
        return shutil.which("nginx") is None
    return importlib.util.find_spec("datasette") is None


def run(args, name, folder):
    needs, service = CASES[name]
    with service(args, folder) as service:
        plan, out = folder / "plan.yml", folder / "report.json"
        plan.write_text(service.plan)
        levels = {key: str(rate) for key, rate in zip(("LOW", "HALF", "FULL"), service.rates)}
        environment = {**os.environ, **levels, "BASE_URL": service.url, "HOLD": f"{args.hold:g}s"}
        command = [args.program, "load", plan, "--no-tui", "-Q", f"--json={out}"]
        load = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if load.returncode != 0:
        sys.exit(f"{name}: the load ended with {load.returncode}: {load.stderr}")
    report = json.loads(out.read_text())
    statuses = collections.Counter()
    for one in report["endpoints"]:
        statuses.update(one["status"])
    if set(statuses) != {"200"}:
        sys.exit(f"{name}: the bed itself is broken: {dict(statuses)}")
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        shutil.copy(out, args.keep / f"{name}.json")
    show(name, service, report)


def show(name, service, report):
    print(f"{name}: {service.about}")
    for one in report["endpoints"]:
        values = one["duration"]["values"]
        print(f"    {one['request']:<14} {one['requests']:>5} requests, med {values['med']:.1f}, "
              f"p95 {values['p(95)']:.1f} ms, {one['status']}")
    claims = report["bottlenecks"]
    if service.expected is None:
        verdict = "MISS" if claims else "right"
    else:
        cause, where = service.expected
        first = claims[0] if claims else {}
        said = [*(first.get("where") or {}).values(), first.get("backend")]
        is_right = first.get("cause") == cause and where in said
        verdict = "right" if is_right else "MISS"
    said = "; ".join(bottleneck.told(claim) for claim in claims) or "nothing"
    print(f"  expected {service.expected or 'nothing'}, claimed {said}: {verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--hold", type=float, default=15, help="seconds at each of the three loads")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder in which the reports stay")
    args = parser.parse_args()
    unknown = set(args.cases) - set(CASES)
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    for name in args.cases:
        needs = CASES[name][0]
        if missing(needs):
            print(f"{name}: left out, {needs} is not installed")
            continue
        with tempfile.TemporaryDirectory() as folder:
            run(args, name, pathlib.Path(folder))


if __name__ == "__main__":
    main()
