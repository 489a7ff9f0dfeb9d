"""The real llama-server behind a gateway that meters this machine: what tests ask of it, all at once or in turn."""
from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import stage

WORDS = "one two three four five six seven eight nine ten".split()
BUILD = pathlib.Path(os.environ["JOULEBOOK_BUILD"])
SETTLED_S = 90


class Question:
    """One streamed question. `cancel_after`: the client goes after so many events."""

    def __init__(self, prompt: list[str], tokens: int, cancel_after: int | None = None) -> None:
        self.asked = {"model": "m", "stream": True, "max_tokens": tokens, "ignore_eos": True, "cache_prompt": False,
                      "temperature": 0, "messages": [{"role": "user", "content": " ".join(prompt)}]}
        self.cancel_after = cancel_after
        self.id: str | None = None
        self.status = 0
        self.events = 0
        self.whole = False

    def ask(self, url: str) -> "Question":
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=SETTLED_S)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/v1/chat/completions", json.dumps(self.asked), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            self.status, self.id = answer.status, answer.headers["x-joulebook-request-id"]
            for line in answer:
                self.events += line.startswith(b"data: ")
                self.whole = self.whole or line == b"data: [DONE]\n"
                if self.cancel_after is not None and self.events > self.cancel_after:
                    break
        return self


def all_at_once(url: str, questions: list[Question]) -> contextlib.AbstractContextManager:
    """Asks them side by side; the block runs meanwhile, and is over when all are answered."""
    @contextlib.contextmanager
    def asking():
        with concurrent.futures.ThreadPoolExecutor(len(questions)) as pool:
            for question in questions:
                pool.submit(question.ask, url)
            yield
    return asking()


class RealServer(unittest.TestCase):
    slots = 4

    def setUp(self) -> None:
        self.stack = self.enterContext(contextlib.ExitStack())
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.server, self.direct = stage.llama(self.stack, self.folder, self.slots)
        self.serve()

    def serve(self) -> None:
        self.gateway, self.url = stage.gateway(self.stack, BUILD, self.folder, self.direct, "--shape", stage.model())

    def stop(self) -> None:
        self.gateway.terminate()
        self.assertEqual(self.gateway.wait(60), 0, (self.folder / "ledger.log").read_text())

    def document(self, request: str) -> dict:
        """Once it is not pending any more."""
        until = time.monotonic() + SETTLED_S
        while True:
            connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=30)
            with contextlib.closing(connection):
                connection.request("GET", f"/joulebook/v1/requests/{request}")
                document = json.load(connection.getresponse())
            if document["status"] != "pending":
                return document
            self.assertLess(time.monotonic(), until, document)
            time.sleep(0.1)

    def final(self, question: Question) -> dict:
        document = self.document(question.id)
        self.assertEqual(document["status"], "final", document)
        return document

    def joules(self, document: dict, phase: str) -> float:
        return next(p["energy"]["value"] for p in document["phases"] if p["phase"] == phase)

    def rows(self, query: str) -> list:
        """Of the ledger, read by somebody else."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/ledger.db?mode=ro", uri=True)) as ledger:
            return ledger.execute(query).fetchall()

    def assertConserved(self) -> None:
        """Every window's accounts sum to its meter, and every request's joules are those posted to it, to the last
        microjoule, as SQL says and as `ledger verify` says."""
        sums = self.rows("SELECT meter_uj, (SELECT sum(amount_uj) FROM postings p WHERE p.settlement = s.settlement) FROM settlements s")
        self.assertGreater(len(sums), 3)
        for meter, posted in sums:
            self.assertEqual(posted or 0, meter)
        for request, ended, posted in self.rows(
                "SELECT b.id, e.posted_uj, (SELECT sum(amount_uj) FROM request_amounts a WHERE a.request = b.request) "
                "FROM requests_begun b JOIN requests_ended e USING (request)"):
            self.assertEqual(posted or 0, ended, request)
        verify = subprocess.run([BUILD / "bin/joulebook", "ledger", "verify", "--ledger", self.folder / "ledger.db"],
                                capture_output=True, text=True)
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)
