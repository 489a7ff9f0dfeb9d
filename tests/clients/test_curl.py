"""curl: what it sends and what it gets, byte by byte, with the gateway between and without."""
from __future__ import annotations

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from through import DIRECT, PLACES, PRISTINE, SERVED, Through, got

ROUTES = {"/v1/chat/completions": "messages", "/v1/completions": "prompt", "/v1/responses": "input", "/v1/embeddings": "input",
          "/v1/messages": "messages", "/api/chat": "messages", "/api/generate": "prompt", "/api/embed": "input"}
NOTE = re.compile(rb": joulebook (\{.*?\})\n\n")


def curl(url: str, *arguments: str) -> tuple[str, bytes]:
    """The answer's head, without what is another at every time, and its body as it came."""
    with tempfile.TemporaryDirectory() as folder:
        head = pathlib.Path(folder) / "head"
        out = subprocess.run(["curl", "-sS", "-N", "--max-time", "30", "-D", head, *arguments, url], check=True, stdout=subprocess.PIPE)
        lines = [line for line in head.read_text().splitlines() if not line.lower().startswith("date:")]
    return "\n".join(lines), out.stdout


def question(route: str, stream: bool) -> str:
    text = "Why is the sky blue? \u00e9"
    asked = [{"role": "user", "content": text}] if ROUTES[route] == "messages" else text
    return json.dumps({"model": "thinker", "stream": stream, ROUTES[route]: asked}, ensure_ascii=False)


class Curl(Through):
    def setUp(self) -> None:
        got(DIRECT + "/seen")

    def asked(self, place: str, route: str, stream: bool, *more: str):
        """What came back, and what the server had seen of it."""
        head, body = curl(place + route, "-H", "Content-Type: application/json", "-H", "Authorization: Bearer sk-1",
                          *more, "--data-binary", question(route, stream))
        return head, body, got(DIRECT + "/seen")

    def test_pristine_is_as_if_it_were_not_there(self) -> None:
        for route in ROUTES:
            for stream in (False, True):
                with self.subTest(route, stream=stream):
                    self.assertEqual(self.asked(PRISTINE, route, stream), self.asked(DIRECT, route, stream))

    def test_served_adds_an_id_and_a_comment_and_nothing_else(self) -> None:
        for route in ROUTES:
            for stream in (False, True):
                with self.subTest(route, stream=stream):
                    plain_head, plain, plain_seen = self.asked(DIRECT, route, stream)
                    head, body, seen = self.asked(SERVED, route, stream)
                    lines = [line for line in head.splitlines() if not line.lower().startswith("x-joulebook-request-id: ")]
                    self.assertEqual(sorted(lines), sorted(plain_head.splitlines()))
                    asked_for_usage = stream and route in ("/v1/chat/completions", "/v1/completions")
                    came = NOTE.sub(b"", body)
                    # Who is asked for usage says in every other event that it has none.
                    self.assertEqual(came.replace(b', "usage": null', b"") if asked_for_usage else came, plain)
                    self.assertEqual(len(NOTE.findall(body)), int(b"data: " in plain))
                    sent, expected = json.loads(seen[0]["body"]), json.loads(plain_seen[0]["body"])
                    if asked_for_usage:
                        self.assertEqual(sent.pop("stream_options"), {"include_usage": True})
                    else:
                        self.assertEqual(seen, plain_seen)
                    self.assertEqual(sent, expected)

    def test_the_comment_names_the_request(self) -> None:
        head, body, _ = self.asked(SERVED, "/v1/chat/completions", True)
        note = json.loads(NOTE.search(body)[1])
        self.assertIn(f"x-joulebook-request-id: {note['id']}", head)
        self.assertEqual(note["status"], "pending")
        self.noted(SERVED, {"x-joulebook-request-id": note["id"]}, prompt=21, output=11, reasoning=3)

    def test_a_compressed_answer_passes_as_it_came(self) -> None:
        answers = [self.asked(place, "/v1/embeddings", False, "-H", "Accept-Encoding: gzip", "-H", "X-Want-Coding: gzip")[1] for place in PLACES]
        self.assertAllAlike(answers)
        self.assertTrue(answers[0].startswith(b"\x1f\x8b"))

    def test_a_long_body_that_waits_to_be_asked_for(self) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(json.dumps({"model": "mock", "input": "x" * 3_000_000}))
            file.flush()
            answers = [curl(place + "/v1/embeddings", "-H", "Content-Type: application/json", "-H", "Expect: 100-continue",
                            "--data-binary", "@" + file.name)[1] for place in PLACES]
        self.assertAllAlike(answers)

    def test_unknown_paths_and_old_http(self) -> None:
        for path in ("/v1/nothing", "/v1/models/x", "/favicon.ico"):
            self.assertEqual(curl(SERVED + path), curl(DIRECT + path))
        whole = [curl(place + "/v1/embeddings", "--http1.0", "--data-binary", question("/v1/embeddings", False))[1] for place in PLACES]
        self.assertAllAlike(whole)


if __name__ == "__main__":
    unittest.main()
