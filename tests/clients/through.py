"""What every test of a client asks: the same through the gateway as without, and the request's document."""
from __future__ import annotations

import json
import os
import time
import unittest
import urllib.request

DIRECT, SERVED, PRISTINE = (os.environ[f"JOULEBOOK_{name}"] for name in ("DIRECT", "SERVED", "PRISTINE"))
PLACES = (DIRECT, SERVED, PRISTINE)
SETTLED_S = 60


def got(url: str):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def settled(request: str) -> dict:
    """Its document once it is not pending any more."""
    until = time.monotonic() + SETTLED_S
    while (document := got(f"{SERVED}/joulebook/v1/requests/{request}"))["status"] == "pending":
        if time.monotonic() > until:
            raise AssertionError(f"{request} was never settled: {document}")
        time.sleep(0.05)
    return document


class Through(unittest.TestCase):
    """Each test notes what it asked; what became of it is looked at when all have asked."""

    asked: list[tuple[str, str, dict]] = []

    def noted(self, place: str, headers, **tokens: int | None) -> None:
        """The id is there behind the gateway and nowhere else; what the client was told of tokens is kept."""
        request = headers.get("x-joulebook-request-id")
        if place != SERVED:
            return self.assertIsNone(request)
        self.assertRegex(request, r"^jb-[0-9a-f]{32}$")
        Through.asked.append((self.id(), request, tokens))

    def assertAllAlike(self, answers: list) -> None:
        self.assertEqual(len(answers), len(PLACES))
        self.assertTrue(answers[0])
        for answer in answers[1:]:
            self.assertEqual(answer, answers[0])

    @classmethod
    def tearDownClass(cls) -> None:
        test = cls("assertDocument")
        for name, request, tokens in Through.asked:
            with test.subTest(name):
                test.assertDocument(settled(request), tokens)
        Through.asked.clear()

    def assertDocument(self, document: dict, tokens: dict) -> None:
        self.assertIn(document["status"], ("final", "void"))
        if document["status"] == "void":
            self.assertTrue(document["reason"]["message"] and document["reason"]["cure"], document)
        else:
            fair = document["fair"]
            self.assertEqual(fair["tier"], "apportioned", document)
            self.assertEqual(fair["boundary"], "package+dram", document)
            self.assertLessEqual(0, fair["lo"])
            self.assertLessEqual(fair["lo"], fair["value"])
            self.assertLessEqual(fair["value"], fair["hi"])
        counted = document["tokens"]
        for name, expected in tokens.items():
            value = (counted["answer"] or 0) + (counted["reasoning"] or 0) if name == "output" else counted[name]
            self.assertEqual(value, expected, f"{name} of {document}")
