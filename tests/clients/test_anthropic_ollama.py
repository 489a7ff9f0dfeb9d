"""The Anthropic SDK and Ollama's client for Python."""
from __future__ import annotations

import unittest

import anthropic
import ollama
from through import PLACES, Through

ASK = [{"role": "user", "content": "Why is the sky blue?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


class Anthropic(Through):
    def client(self, place: str) -> anthropic.Anthropic:
        return anthropic.Anthropic(base_url=place, api_key="sk-test", max_retries=0)

    def ask(self, **more):
        for place in PLACES:
            yield place, self.client(place).messages.with_raw_response.create(max_tokens=99, messages=ASK, **more)

    def whole(self, **more) -> None:
        answers = []
        for place, raw in self.ask(**more):
            message = raw.parse()
            usage = message.usage
            self.noted(place, raw.headers, prompt=usage.input_tokens + usage.cache_read_input_tokens,
                       cached=usage.cache_read_input_tokens, output=usage.output_tokens)
            answers.append(message.model_dump())
        self.assertAllAlike(answers)

    def streamed(self, output: int, reasoning: int | None, **more) -> None:
        answers = []
        for place, raw in self.ask(stream=True, **more):
            events = [event.model_dump() for event in raw.parse()]
            self.assertEqual(events[-2]["usage"]["output_tokens"], output)
            self.noted(place, raw.headers, prompt=21, cached=5, output=output, reasoning=reasoning)
            answers.append(events)
        self.assertAllAlike(answers)

    def test_message(self) -> None:
        self.whole(model="mock")

    def test_message_with_a_tool(self) -> None:
        self.whole(model="mock", tools=[{"name": "weather", "input_schema": SCHEMA}])

    def test_message_streamed(self) -> None:
        self.streamed(8, None, model="mock")

    def test_message_streamed_that_thinks(self) -> None:
        self.streamed(11, 3, model="mock", thinking={"type": "enabled", "budget_tokens": 1024})

    def test_message_streamed_with_a_tool(self) -> None:
        self.streamed(3, None, model="mock", tools=[{"name": "weather", "input_schema": SCHEMA}])

    def test_the_helper_that_gathers_a_stream(self) -> None:
        answers = []
        for place in PLACES:
            with self.client(place).messages.stream(model="mock", max_tokens=9, messages=ASK) as stream:
                self.noted(place, stream.response.headers, output=8)
                answers.append(["".join(stream.text_stream), stream.get_final_message().model_dump()])
        self.assertAllAlike(answers)

    def test_counting_is_no_answer(self) -> None:
        self.assertAllAlike([self.client(place).messages.count_tokens(model="mock", messages=ASK).model_dump() for place in PLACES])


class Ollama(Through):
    def through(self, tokens: dict, ask) -> None:
        """`ask` gives an answer or its pieces; the headers are seen by the HTTP client under Ollama's."""
        answers = []
        for place in PLACES:
            headers: list = []
            client = ollama.Client(place, event_hooks={"response": [lambda response: headers.append(response.headers)]})
            answer = ask(client)
            pieces = list(answer) if hasattr(answer, "__next__") else [answer]
            self.noted(place, headers[0], **tokens)
            answers.append([p.model_dump() for p in pieces])
        self.assertAllAlike(answers)
        last = answers[0][-1]
        self.assertEqual(last["prompt_eval_count"], tokens["prompt"])
        self.assertEqual(last.get("eval_count") or 0, tokens["output"])

    def test_chat(self) -> None:
        self.through({"prompt": 21, "output": 8}, lambda c: c.chat("mock", ASK))

    def test_chat_streamed_that_thinks(self) -> None:
        self.through({"prompt": 21, "output": 11, "reasoning": 3}, lambda c: c.chat("mock", ASK, stream=True, think=True))

    def test_chat_with_a_tool(self) -> None:
        tools = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
        for stream in (False, True):
            self.through({"prompt": 21, "output": 3}, lambda c: c.chat("mock", ASK, tools=tools, stream=stream))

    def test_generate(self) -> None:
        for stream in (False, True):
            self.through({"prompt": 21, "output": 8}, lambda c: c.generate("mock", "Why?", stream=stream))

    def test_embed(self) -> None:
        self.through({"prompt": 21, "output": 0}, lambda c: c.embed("mock", ["a", "b"]))


if __name__ == "__main__":
    unittest.main()
