#!/usr/bin/env python3
"""Whether flaws that show only with volume are found in services that are not made for it: nginx in front of
httpbin, once configured wrongly on purpose and once rightly.

| | wrongly | rightly |
|--|--|--|
| cache | one answer for everybody, whoever it was made for | what is one member's is not kept |
| limit | by the address that a header claims, where one is sent | by the address that asks |

Needs `nginx` on the path and the modules `httpbin` and `gunicorn` of this Python.

    cargo build --release
    tests/bench/under_load_real.py target/release/shakedown --runs 5

Loopback only. A run takes some twenty seconds.
"""

import argparse
import collections
import contextlib
import grp
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

from bottleneck_real import NGINX_HEAD, free_port, wait_for

NGINX = NGINX_HEAD + """    proxy_cache_path {folder}/cache keys_zone=answers:1m max_size=10m;
    map $http_x_forwarded_for $claimed {{
        "" $binary_remote_addr;
        default $http_x_forwarded_for;
    }}
    limit_req_zone {key} zone=limited:1m rate=30r/m;
    limit_req_status 429;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{app};
            proxy_cache answers;
            proxy_cache_key $uri;
            proxy_cache_valid 200 2s;
            {cache}
            add_header X-Cache $upstream_cache_status always;
        }}
        location /uuid {{
            limit_req zone=limited burst=9 nodelay;
            proxy_pass http://127.0.0.1:{app};
        }}
    }}
}}
"""

PLANS = {
    "cache": ("load", """
version: 1
target: ${env.BASE_URL:-http://127.0.0.1:8080}
under_load: { watch: [ bleed, cache ], sample: 10% }
requests:
  mine: { get: /headers, headers: { X-Member: "${canary}" } }
flows:
  visit: [ { use: mine }, { think: 300ms } ]
scenarios:
  # Members who stay: those who come at a rate would all be the first one, who is free again at once.
  members: { executor: constant-vus, exec: visit, vus: 20, duration: 10s }
thresholds: { 'findings{severity:>=high}': [ 'count==0' ] }
""", ["private-answer-cached", "user-bleed"]),
    "limit": ("scan", """
version: 1
target: ${env.BASE_URL:-http://127.0.0.1:8080}
requests:
  uuid: { get: /uuid }
scan:
  crawl: { depth: 0, max_urls: 5 }
  active: [ rate-limit ]
  max_rps: 100
  # Ten at once, then one every two seconds.
  rate_limits: [ { request: uuid, expect: 12/4s } ]
thresholds: { 'findings{severity:>=medium}': [ 'count==0' ] }
""", ["rate-limit-bypass"]),
}
EVERY = {"private-answer-cached", "user-bleed", "rate-limit-bypass", "rate-limit-exceeded", "rate-limit-missing"}


@contextlib.contextmanager
def running(command, url, what, **options):
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        wait_for(url, child, lambda: what)
        yield
    finally:
        child.terminate()
        child.wait()


@contextlib.contextmanager
def service(folder, app, is_wrong):
    port = free_port()
    user = pwd.getpwuid(os.getuid()).pw_name
    group = grp.getgrgid(os.getgid()).gr_name
    text = NGINX.format(
        folder=folder, port=port, app=app, user=user, group=group,
        key="$claimed" if is_wrong else "$binary_remote_addr",
        cache="" if is_wrong else "proxy_no_cache $http_x_member; proxy_cache_bypass $http_x_member;",
    )
    (folder / "nginx.conf").write_text(text)
    url = f"http://127.0.0.1:{port}/"
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    with running([nginx, "-c", folder / "nginx.conf", "-p", folder], url, "nginx"):
        yield url


def measure(program, name, is_wrong, runs, app, folder):
    command, text, wanted = PLANS[name]
    plan, out = folder / f"{name}.yml", folder / "run.json"
    plan.write_text(text)
    found, codes = collections.Counter(), collections.Counter()
    for seed in range(1, 1 + runs):
        # Counters and cache are new each time.
        shutil.rmtree(folder / "cache", ignore_errors=True)
        out.unlink(missing_ok=True)
        with service(folder, app, is_wrong) as url:
            call = [program, command, plan, "--no-tui", "-Q", f"--json={out}", "--seed", str(seed)]
            environment = {**os.environ, "BASE_URL": url}
            ended = subprocess.run(call, env=environment, stderr=subprocess.PIPE, text=True, check=False)
        if not out.exists():
            sys.exit(f"{name} ended with {ended.returncode}: {ended.stderr}")
        report = json.loads(out.read_text())
        rules = {one["rule"] for one in report["findings"]} & EVERY
        found.update(rules)
        codes[ended.returncode] += 1
    how = "wrongly" if is_wrong else "rightly"
    counts = ", ".join(f"{rule} {found[rule]}" for rule in sorted({*wanted, *found})) or "nothing"
    print(f"{name}, configured {how}, of {runs} runs: {counts}; exit codes {dict(codes)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--runs", type=int, default=5, help="of each configuration")
    args = parser.parse_args()
    app = free_port()
    gunicorn = [sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{app}", "httpbin:app"]
    with tempfile.TemporaryDirectory() as temporary, running(gunicorn, f"http://127.0.0.1:{app}/uuid", "gunicorn"):
        for name in PLANS:
            for is_wrong in (True, False):
                measure(args.program, name, is_wrong, args.runs, app, pathlib.Path(temporary))


if __name__ == "__main__":
    main()
