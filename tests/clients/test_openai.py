"""The OpenAI SDK for Python."""
from __future__ import annotations

import unittest

import openai
from through import PLACES, Through

ASK = [{"role": "user", "content": "Why is the sky blue?"}]
TOOL = {"name": "weather", "description": "of a city", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


def client(place: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=place + "/v1", api_key="sk-test", max_retries=0)


def counts(usage) -> dict:
    """Of a usage object of any of its interfaces, in the words of a request's document."""
    if usage is None:
        return {}
    told = usage.model_dump()
    prompt, output = (told.get(f"{a}_tokens", told.get(f"{b}_tokens")) for a, b in (("prompt", "input"), ("completion", "output")))
    return {"prompt": prompt, "output": output or 0} | (
        {"cached": d["cached_tokens"]} if (d := told.get("prompt_tokens_details") or told.get("input_tokens_details")) else {})


class OpenAi(Through):
    def whole(self, ask) -> None:
        answers = []
        for place in PLACES:
            raw = ask(client(place))
            answer = raw.parse()
            self.noted(place, raw.headers, **counts(answer.usage))
            answers.append(answer.model_dump())
        self.assertAllAlike(answers)

    def streamed(self, ask, **expected: int) -> None:
        """`expected`: tokens that only the gateway is told of, since the client did not ask for usage."""
        answers = []
        for place in PLACES:
            raw = ask(client(place))
            pieces = list(raw.parse())
            told = [usage for p in pieces if (usage := getattr(p, "usage", None) or getattr(getattr(p, "response", None), "usage", None))]
            self.noted(place, raw.headers, **(counts(told[-1]) if told else expected))
            answers.append([p.model_dump() for p in pieces])
        self.assertAllAlike(answers)

    def test_chat(self) -> None:
        self.whole(lambda c: c.chat.completions.with_raw_response.create(model="mock", messages=ASK))

    def test_chat_that_thinks_in_two_choices(self) -> None:
        self.whole(lambda c: c.chat.completions.with_raw_response.create(model="thinker", messages=ASK, n=2))

    def test_chat_with_a_tool(self) -> None:
        tools = [{"type": "function", "function": TOOL}]
        self.whole(lambda c: c.chat.completions.with_raw_response.create(model="mock", messages=ASK, tools=tools))

    def test_chat_streamed(self) -> None:
        self.streamed(lambda c: c.chat.completions.with_raw_response.create(model="mock", messages=ASK, stream=True),
                      prompt=21, cached=5, output=8, reasoning=None)

    def test_chat_streamed_that_thinks(self) -> None:
        self.streamed(lambda c: c.chat.completions.with_raw_response.create(model="thinker", messages=ASK, stream=True),
                      prompt=21, output=11, reasoning=3, answer=8)

    def test_chat_streamed_that_thinks_between_marks(self) -> None:
        self.streamed(lambda c: c.chat.completions.with_raw_response.create(model="marks", messages=ASK, stream=True),
                      prompt=21, output=13, reasoning=5, answer=8)

    def test_a_stream_that_is_cut_is_seen_to_be_cut(self) -> None:
        ends = []
        for place in PLACES:
            raw = client(place).chat.completions.with_raw_response.create(model="cut", messages=ASK, stream=True)
            self.noted(place, raw.headers, answer=3)
            pieces = []
            with self.assertRaises(Exception) as cut:
                for piece in raw.parse():
                    pieces.append(piece.model_dump())
            ends.append([pieces, type(cut.exception).__name__])
        self.assertAllAlike(ends)
        self.assertEqual(len(ends[0][0]), 4)

    def test_chat_streamed_with_usage(self) -> None:
        self.streamed(lambda c: c.chat.completions.with_raw_response.create(
            model="mock", messages=ASK, stream=True, stream_options={"include_usage": True}))

    def test_chat_streamed_in_two_choices(self) -> None:
        self.streamed(lambda c: c.chat.completions.with_raw_response.create(model="thinker", messages=ASK, stream=True, n=2),
                      prompt=21, output=22, reasoning=6)

    def test_chat_streamed_with_a_tool(self) -> None:
        tools = [{"type": "function", "function": TOOL}]
        self.streamed(lambda c: c.chat.completions.with_raw_response.create(model="mock", messages=ASK, stream=True, tools=tools),
                      prompt=21, output=3)

    def test_completions(self) -> None:
        self.whole(lambda c: c.completions.with_raw_response.create(model="mock", prompt="The sky"))

    def test_completions_streamed(self) -> None:
        self.streamed(lambda c: c.completions.with_raw_response.create(model="mock", prompt="The sky", stream=True),
                      prompt=21, output=8)

    def test_responses(self) -> None:
        self.whole(lambda c: c.responses.with_raw_response.create(model="thinker", input="Why?"))

    def test_responses_with_a_tool(self) -> None:
        self.whole(lambda c: c.responses.with_raw_response.create(model="mock", input="Why?", tools=[{"type": "function", **TOOL}]))

    def test_responses_streamed(self) -> None:
        self.streamed(lambda c: c.responses.with_raw_response.create(model="thinker", input="Why?", stream=True))

    def test_embeddings(self) -> None:
        self.whole(lambda c: c.embeddings.with_raw_response.create(model="mock", input=["a", "b"]))

    def test_refused(self) -> None:
        told = []
        for place in PLACES:
            with self.assertRaises(openai.RateLimitError) as refused:
                client(place).chat.completions.create(model="refuse", messages=ASK)
            self.noted(place, refused.exception.response.headers)
            told.append([refused.exception.status_code, refused.exception.body])
        self.assertAllAlike(told)

    def test_models_pass(self) -> None:
        self.assertAllAlike([[m.model_dump() for m in client(place).models.list()] for place in PLACES])


if __name__ == "__main__":
    unittest.main()
