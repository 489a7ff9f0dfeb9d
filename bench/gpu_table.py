"""What bench/gpu.sh measured, in Markdown: gpu_table.py FOLDER."""
import json
import os
import sqlite3
import sys

folder = sys.argv[1]


def load(name):
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def lines(name):
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError:
        return []


def told(q, scale=1.0):
    """A quantity with its interval, or the code of what is missing."""
    if q is None:
        return ""
    if q["value"] is None:
        return q["reason"]["code"]
    hi = f"{q['hi'] * scale:.4g}" if q["hi"] is not None else "any"
    return f"{q['value'] * scale:.4g} [{q['lo'] * scale:.4g}, {hi}]"


def sensors():
    print("## Sensors\n\n| test | seen |\n| --- | --- |")
    for line in lines("device.jsonl"):
        test = json.loads(line)
        print(f"| {test['test']} | `{json.dumps(test['values'])}` |")
    print("\n| sensor | readings | median µs | p95 | most | CPU µs |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    for line in lines("reads.txt"):
        print("| " + " | ".join(line.split()) + " |")
    print("\n| rounds every | share of one core |\n| ---: | ---: |")
    for line in lines("cost.txt"):
        words = line.split()
        print(f"| {int(words[0]) / 1000:g} ms | {words[2]} % |")
    found = load("calibrate.json")
    for sensor in found["calibration"]["sensors"] if found else []:
        if sensor["id"].startswith("nvml:"):
            print(f"\n{sensor['domain']}: tick {told(sensor['tick'], 1e3)} ms, averages {told(sensor['averaging'], 1e3)} ms, at rest "
                  f"{told(sensor['idle'])} W, with a context {told(sensor['idle_context'])} W")


def fixed():
    study = load("study.json")
    if not study:
        return
    print("\n## Fixed lengths\n\n| arm | trials | tokens/s | J/token | W |\n| --- | ---: | ---: | --- | --- |")
    for arm in study["arms"]:
        print(f"| {arm['spec']['name']} | {arm['trials']} | {arm['tokens_per_second']:.5g} | {told(arm['j_per_total_token']['these'])} | "
              f"{told(arm['mean_power'])} |")


def accounts(begin, end):
    """Mean W of each account over the gateway's windows inside [begin, end) ns."""
    sums, seconds = {}, 0.0
    with sqlite3.connect(f"file:{folder}/serve.db?mode=ro", uri=True) as ledger:
        rows = ledger.execute("SELECT settlement, begin_ns, end_ns FROM settlements WHERE domain LIKE 'gpu:%' AND begin_ns >= ? AND end_ns <= ?",
                              (begin, end)).fetchall()
        for settlement, since, until in rows:
            seconds += (until - since) * 1e-9
            for account, uj in ledger.execute("SELECT account, amount_uj FROM postings WHERE settlement = ?", (settlement,)):
                name = "requests" if account.startswith("request:") else account
                sums[name] = sums.get(name, 0) + uj * 1e-6
    return {name: joules / seconds for name, joules in sums.items()} if seconds else {}


def batch():
    found = load("load.json")
    if not found:
        return
    predicted = {p["batch"]: p for p in (load("predict.json") or {}).get("predictions", [])}
    print("\n## J/token against batch\n\n| in flight | steady | tokens/s | predicted | W | predicted | J/output token, gross | predicted | "
          "by request | W by account |\n| ---: | --- | ---: | ---: | --- | ---: | --- | --- | --- | --- |")
    for point in found["points"]:
        repeat = point["repeats"][0]
        figures = point["figures"] if point.get("steady_repeats") else repeat["figures"]
        p = predicted.get(point["plan"]["concurrency"])
        split = accounts(repeat["start_ns"], repeat["start_ns"] + int(repeat["duration_s"] * 1e9))
        print(f"| {point['plan']['concurrency']} | {repeat['steady']['verdict']} | {figures['output_per_s']['value']:.4g} | "
              f"{p['tokens_per_s']:.4g} | {told(figures['power'])} | {p['power']['value']:.4g} | " if p else
              f"| {point['plan']['concurrency']} | {repeat['steady']['verdict']} | {figures['output_per_s']['value']:.4g} | | "
              f"{told(figures['power'])} | | ", end="")
        print(f"{told(figures['gross']['per_output_token'])} | {told(p['per_token']) if p else ''} | "
              f"{told((figures.get('by_request') or {}).get('per_output_token'))} | "
              + ", ".join(f"{name} {watts:.1f}" for name, watts in sorted(split.items())) + " |")
    for line in lines("verify.txt"):
        print("\n" + line)


sensors()
fixed()
batch()
