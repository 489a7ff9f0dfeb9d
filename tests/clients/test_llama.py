"""The OpenAI SDK for Python in front of the real llama-server: the same text and the same counts through the
gateway as without; the document's tokens are those that the SDK was told of, its prompt's joules those of reading it."""
from __future__ import annotations

import unittest

from test_openai import client, counts
from through import PLACES, SERVED, Through, got, settled

ASK = [{"role": "user", "content": "Why is the sky blue? Answer in one sentence."}]
# The same text each time: greedy, and nothing left of the question before.
SAME = {"temperature": 0, "seed": 7, "extra_body": {"cache_prompt": False}}


def timeless(piece) -> dict:
    """Without what is another each time: ids, times, and `usage: null`."""
    told = piece.model_dump()
    return {k: v for k, v in told.items() if k not in ("id", "created", "timings") and (k, v) != ("usage", None)}


class LlamaServer(Through):
    def whole(self, ask) -> None:
        answers = []
        for place in PLACES:
            raw = ask(client(place))
            answer = raw.parse()
            self.assertGreater(answer.usage.prompt_tokens, 1)
            self.noted(place, raw.headers, prompt=answer.usage.prompt_tokens, output=answer.usage.completion_tokens)
            answers.append(timeless(answer))
        self.assertAllAlike(answers)

    def streamed(self, usage: bool, make) -> None:
        answers = []
        more = {"stream_options": {"include_usage": True}} if usage else {}
        for place in PLACES:
            raw = make(client(place))(stream=True, **more, **SAME)
            pieces = list(raw.parse())
            seen = [p.usage for p in pieces if p.usage]
            self.assertTrue(seen or not usage)
            told = counts(seen[-1]) if seen else {"output": 12}
            self.noted(place, raw.headers, **told)
            answers.append([timeless(p) for p in pieces])
        self.assertAllAlike(answers)

    def test_chat(self) -> None:
        self.whole(lambda c: c.chat.completions.with_raw_response.create(model="m", messages=ASK, max_tokens=12, **SAME))

    def test_completions(self) -> None:
        self.whole(lambda c: c.completions.with_raw_response.create(model="m", prompt="The sky is", max_tokens=12, **SAME))

    def test_chat_streamed(self) -> None:
        for usage in (False, True):
            self.streamed(usage, lambda c: lambda **more: c.chat.completions.with_raw_response.create(
                model="m", messages=ASK, max_tokens=12, **more))

    def test_completions_streamed(self) -> None:
        for usage in (False, True):
            self.streamed(usage, lambda c: lambda **more: c.completions.with_raw_response.create(
                model="m", prompt="The sky is", max_tokens=12, **more))

    def test_what_came_from_the_cache_is_told(self) -> None:
        text = [{"role": "user", "content": "Say after me: " + "one two three four five six seven eight nine ten " * 4}]
        ids = []
        for _ in range(2):
            raw = client(SERVED).chat.completions.with_raw_response.create(model="m", messages=text, max_tokens=4, temperature=0)
            answer = raw.parse()
            ids.append((raw.headers["x-joulebook-request-id"], answer.usage.prompt_tokens))
        (first, prompt), (second, _) = ids
        self.assertLess(settled(first)["tokens"]["cached"], prompt / 2)
        document = settled(second)
        self.assertEqual(document["tokens"]["prompt"], prompt)
        self.assertGreater(document["tokens"]["cached"], prompt / 2)
        phases = {p["phase"]: p for p in document["phases"]}
        self.assertEqual(phases["prefill"]["tokens"] + phases["cached"]["tokens"], prompt)

    def test_its_models(self) -> None:
        listed = [got(place + "/v1/models") for place in PLACES]
        self.assertAllAlike([[model["id"] for model in models["data"]] for models in listed])


if __name__ == "__main__":
    unittest.main()
