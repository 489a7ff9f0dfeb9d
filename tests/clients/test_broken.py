"""Clients that go, a server that dies in the middle of its answers and comes back, a gateway that is killed: the real
llama-server, the live path, and a ledger in which every joule is still somewhere."""
from __future__ import annotations

import time
import unittest

import stage
from real_server import WORDS, Question, RealServer, all_at_once


class Broken(RealServer):
    def until(self, questions: list[Question], events: int) -> None:
        """Some of each answer has come."""
        for _ in range(1200):
            if all(q.events >= events for q in questions):
                return
            time.sleep(0.05)
        self.fail(f"no answers: {[q.events for q in questions]}")

    def test_clients_that_go_and_a_server_that_dies(self) -> None:
        whole = [Question(WORDS, 24) for _ in range(4)]
        gone = [Question(WORDS, 400, cancel_after=6) for _ in range(4)]
        with all_at_once(self.url, whole + gone):
            pass
        for question in whole:
            self.assertTrue(question.whole)
            document = self.final(question)
            self.assertEqual((document["outcome"], document["tokens"]["answer"]), ("complete", 24))
        for question in gone:
            document = self.document(question.id)
            self.assertEqual(document["outcome"], "cancelled")
            self.assertLess(document["tokens"]["answer"], 400)
            if document["status"] == "final":  # all that it used was for nothing
                self.assertAlmostEqual(self.joules(document, "wasted"), document["fair"]["value"])

        cut = [Question(WORDS, 400) for _ in range(4)]
        with all_at_once(self.url, cut):
            self.until(cut, 4)
            self.server.kill()
            self.server.wait()
        for question in cut:
            self.assertFalse(question.whole)
            document = self.document(question.id)
            self.assertEqual(document["outcome"], "failed")
            if document["status"] == "void":
                self.assertTrue(document["reason"]["code"] and document["reason"]["cure"], document)
        refused = Question(WORDS, 4).ask(self.url)
        self.assertGreaterEqual(refused.status, 500)

        port = int(self.direct.rsplit(":", 1)[1])
        self.server, _ = stage.llama(self.stack, self.folder, self.slots, port)
        for _ in range(100):  # an upstream that failed rests for a while
            back = Question(WORDS, 12).ask(self.url)
            if back.whole:
                break
            time.sleep(0.2)
        self.assertEqual(self.final(back)["tokens"]["answer"], 12)
        self.stop()
        self.assertConserved()
        ends = self.rows("SELECT status, reason_code, outcome FROM requests_ended")
        self.assertGreaterEqual(len(ends), 13)
        for status, reason, outcome in ends:
            self.assertEqual(status == "void", reason is not None, (status, reason, outcome))

    def test_a_gateway_that_is_killed(self) -> None:
        done = Question(WORDS, 12).ask(self.url)
        before = self.final(done)
        time.sleep(1.5)  # written
        cut = [Question(WORDS, 400) for _ in range(4)]
        with all_at_once(self.url, cut):
            self.until(cut, 4)
            time.sleep(1.5)  # settled windows hold some of their joules
            self.gateway.kill()
            self.gateway.wait()
        self.assertConserved()
        self.serve()  # makes good what was left
        kept = self.document(done.id)
        self.assertEqual(kept["status"], "final")
        self.assertEqual(kept["posted_uj"], before["posted_uj"])
        for question in cut:
            document = self.document(question.id)
            self.assertEqual((document["status"], document["reason"]["code"]), ("void", "serve.killed"), document)
        self.assertTrue(Question(WORDS, 4).ask(self.url).whole)
        self.stop()
        self.assertConserved()
        self.assertEqual(self.rows("SELECT count(*) FROM requests_begun b LEFT JOIN requests_ended e USING (request) WHERE e.request IS NULL"), [(0,)])


if __name__ == "__main__":
    unittest.main()
