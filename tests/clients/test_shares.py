"""Whose joules they were, on the real llama-server. Judged by shares of one meter, never by time."""
from __future__ import annotations

import time
import unittest

from real_server import WORDS, Question, RealServer, all_at_once

TRIES = 4


class Shares(RealServer):
    slots = 5

    def lockstep(self, tokens: int) -> list[dict]:
        """Four alike that are worked on in the same steps from their prompt on: they come while a long prompt keeps
        the server busy, and are taken up together."""
        for _ in range(TRIES):
            blocker = Question(WORDS * 40, 1)
            alike = [Question(WORDS, tokens) for _ in range(4)]
            with all_at_once(self.url, [blocker]):
                time.sleep(0.4)
                with all_at_once(self.url, alike):
                    pass
            documents = [self.final(q) for q in alike]
            firsts = [d["times"]["first_token_ns"] for d in documents]
            lasts = [d["times"]["last_token_ns"] for d in documents]
            if max(firsts) - min(firsts) < (max(lasts) - min(firsts)) / tokens:
                return documents
        self.fail(f"four questions were never worked on in the same steps in {TRIES} tries: the machine is too busy")

    def test_lockstep_is_shared_alike_and_alone_is_borne_alone(self) -> None:
        together = self.lockstep(48)
        each = [self.joules(d, "answer") / d["tokens"]["answer"] for d in together]
        self.assertLess(max(each) / min(each), 1.05, each)
        whole = [d["fair"]["value"] for d in together]
        self.assertLess(max(whole) / min(whole), 1.05, whole)
        alone = [self.final(Question(WORDS, 48).ask(self.url)) for _ in range(2)]
        for document in together + alone:
            self.assertTrue(document["rule"].startswith("physics:"), document["rule"])
            self.assertEqual(document["tokens"]["answer"], 48)
        # Alone, it bears all of what was above idle.
        for document in alone:
            self.assertLess(document["unattributed"], 0.01)
            self.assertGreater(document["marginal"]["value"], 0)
        # What is cheaper in company is printed, not judged: between two times the load of this machine differs.
        dear = [self.joules(d, "answer") / d["tokens"]["answer"] for d in alone]
        print(f"mJ/token alone {1e3 * min(dear):.1f}, among four {1e3 * sum(each) / 4:.1f}")
        self.stop()
        self.assertConserved()

    def test_ten_times_the_prompt_is_charged_for_its_prefill(self) -> None:
        short, long = (self.final(Question(prompt, 8).ask(self.url)) for prompt in (WORDS, WORDS * 37))
        tokens = long["tokens"]["prompt"] / short["tokens"]["prompt"]
        self.assertGreater(tokens, 9)
        for document in (short, long):
            prefill = next(p for p in document["phases"] if p["phase"] == "prefill")
            self.assertEqual(prefill["tokens"], document["tokens"]["prompt"] - document["tokens"]["cached"])
        # The answers are as long, so the prompt against the answer, each within its own request, tells: what else this
        # machine did meanwhile is on both sides.
        against = [self.joules(d, "prefill") / self.joules(d, "answer") for d in (short, long)]
        self.assertGreater(against[1] / against[0], tokens / 3, against)
        self.assertLess(against[1] / against[0], tokens * 3, against)
        self.assertGreater(against[1], 1)
        self.stop()
        self.assertConserved()


if __name__ == "__main__":
    unittest.main()
