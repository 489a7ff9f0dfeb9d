#!/usr/bin/env python3
"""Runs every recipe of docs/recipes/duckdb.md on the exports in a folder, and holds what comes out against
the exports themselves.

  recipes.py RECIPES.md FOLDER

FOLDER holds requests.csv, requests.jsonl, requests.sql, trials.csv and trials.sql of one ledger. Prints one
line a recipe.
"""
import csv
import json
import math
import os
import re
import sqlite3
import sys

import duckdb


def recipes(path):
    text = open(path, encoding="utf-8").read()
    return [(title.strip(), sql.strip()) for title, body in re.findall(r"^## (.*)\n((?:(?!^## ).*\n?)*)", text, re.M)
            for sql in re.findall(r"```sql\n(.*?)```", body, re.S)]


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def close(a, b):
    assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12), (a, b)


def check(title, sql, result, requests, trials):
    """What a recipe gave, worked out again from the CSV by hand."""
    final = [r for r in requests if r["status"] == "final" and r["fair"]]
    with_figure = [r for r in requests if r["fair"]]
    if title == "Joules by tenant and model":
        for tenant, model, answers, without, joules, each in result:
            mine = [float(r["fair"]) for r in final if r["tenant"] == tenant and r["model"] == model]
            assert answers == len(mine)
            close(joules, math.fsum(mine))
            close(each, math.fsum(mine) / len(mine))
        assert sum(row[2] for row in result) == len(final)
    elif title == "Share of the phases":
        (prefill, answer), = result
        close(prefill + answer, 1)
    elif title == "Why requests have no figure":
        assert sum(row[1] for row in result) == len(requests) - len(with_figure) > 0
        assert all(row[0] for row in result), result
    elif title.startswith("Which share"):
        close(math.fsum(row[1] for row in result), 1)
    elif title == "Parquet" and sql.startswith("SELECT"):
        for tenant, microjoules in result:
            assert microjoules == sum(int(r["posted_uj"]) for r in requests if r["tenant"] == tenant)
    elif title.startswith("Many files") and sql.startswith("SELECT"):
        assert sum(row[1] for row in result) == len(requests)
    elif title.startswith("JSON lines"):
        by_id = {r["id"]: r for r in requests}
        for id_, joules, lo, hi, why in result:
            row = by_id[id_]
            assert (joules is None) == (row["fair"] == ""), row
            if joules is None:
                assert why == row["fair_reason"], (why, row)
            else:
                close(joules, float(row["fair"]))
                close(lo, float(row["fair_lo"]))
    elif title.startswith("A study's arms"):
        for arm, answers, joules, _ in result:
            mine = [float(t["energy"]) for t in trials if t["arm"] == arm and t["energy"] and not t["error"]]
            assert answers == len(mine)
            close(joules, math.fsum(mine) / len(mine))


def same_in_both(script, table, rows):
    """The script loads in SQLite and in DuckDB, twice in a row, with the values of the CSV."""
    text = open(script, encoding="utf-8").read()
    for engine in (sqlite3.connect(":memory:"), duckdb.connect()):
        run = engine.executescript if isinstance(engine, sqlite3.Connection) else engine.execute
        run(text)
        run(text)
        cursor = engine.execute(f'SELECT * FROM "{table}"')
        names = [d[0] for d in cursor.description]
        stored = cursor.fetchall()
        assert len(stored) == 2 * len(rows), (script, len(stored))
        for values, row in zip(stored, rows):
            for name, value in zip(names, values):
                cell = row[name]
                if value is None:
                    assert cell in ("", "inf"), (name, cell)
                elif cell in ("true", "false"):
                    assert bool(value) == (cell == "true"), (name, cell, value)
                elif isinstance(value, (int, float)):
                    assert float(value) == float(cell), (name, cell, value)
                else:
                    assert str(value) == cell, (name, cell, value)


def main(markdown, folder):
    markdown = os.path.abspath(markdown)
    os.chdir(folder)
    requests, trials = rows_of("requests.csv"), rows_of("trials.csv")
    assert len(requests) == len([json.loads(line) for line in open("requests.jsonl", encoding="utf-8")])
    connection = duckdb.connect()
    found = recipes(markdown)
    assert len(found) >= 12, found
    for title, sql in found:
        cursor = connection.execute(sql)
        result = cursor.fetchall()
        if sql.startswith("SELECT"):
            assert result, title
            check(title, sql, result, requests, trials)
        print(f"ok: {title} ({len(result)} rows)")
    same_in_both("requests.sql", "requests", requests)
    same_in_both("trials.sql", "trials", trials)
    print("ok: SQL loads in SQLite and DuckDB alike")


if __name__ == "__main__":
    main(*sys.argv[1:])
