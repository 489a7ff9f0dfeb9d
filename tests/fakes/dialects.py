#!/usr/bin/env python3
"""A server that speaks every interface the gateway knows, as its makers document it: OpenAI chat,
completions, responses and embeddings, Anthropic messages, Ollama chat, generate and embed; streamed and
whole, with tools, thinking and several choices. Not a model: it says the same to everybody.

dialects.py [PORT] prints its address and serves until it is ended. Ids and times are fixed, so that two
answers to one question are equal to the last byte. GET /seen gives the requests so far, and forgets them.

What it does depends on the model that is asked for: "thinker" thinks in a field of its own, "marks" between marks in
its text (streamed, and its usage tells of no thinking), "cut" dies in the middle of a stream, "refuse" says 429; any
other one answers.
"""
import base64
import gzip
import http.server
import json
import struct
import sys
import threading

THOUGHT = ["Light", " scatters", "."]
ANSWER = ["The", " sky", " is", " blue", ",", " \u00e9t\u00e9", " \U0001f30d", "."]
CALL = ['{"city"', ': "Pa', 'ris"}']
PROMPT, CACHED = 21, 5
CREATED = 1790000000


def spoken(ask: dict) -> tuple[list[str], list[str], list[str]]:
    """Thinking, answer and tool call, in pieces; one token each."""
    if ask.get("model") == "marks":
        return [], ["<think>", *THOUGHT, "</think>", *ANSWER], []
    thought = THOUGHT if "think" in ask.get("model", "") or ask.get("think") or ask.get("thinking") else []
    return thought, [] if ask.get("tools") else ANSWER, CALL if ask.get("tools") else []


def output(ask: dict) -> int:
    return sum(map(len, spoken(ask))) * ask.get("n", 1)


def openai_usage(ask: dict) -> dict:
    made, n = output(ask), ask.get("n", 1)
    return {"prompt_tokens": PROMPT, "completion_tokens": made, "total_tokens": PROMPT + made,
            "prompt_tokens_details": {"cached_tokens": CACHED},
            "completion_tokens_details": {"reasoning_tokens": len(spoken(ask)[0]) * n}}


def chat_chunks(ask: dict):
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED, "model": ask["model"]}
    options = ask.get("stream_options") or {}
    more = {"usage": None} if options.get("include_usage") else {}
    thought, answer, call = spoken(ask)
    deltas = [{"role": "assistant", "content": ""}] + [{"reasoning_content": t} for t in thought]
    deltas += [{"content": t} for t in answer]
    if call:
        function = {"name": "weather", "arguments": ""}
        deltas.append({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
    deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": t}}]} for t in call]
    for delta in deltas:
        for i in range(ask.get("n", 1)):
            yield base | {"choices": [{"index": i, "delta": delta, "finish_reason": None}]} | more
    for i in range(ask.get("n", 1)):
        end = "tool_calls" if call else "stop"
        yield base | {"choices": [{"index": i, "delta": {}, "finish_reason": end}]} | more
    if more:
        yield base | {"choices": [], "usage": openai_usage(ask)}


def chat_whole(ask: dict) -> dict:
    thought, answer, call = spoken(ask)
    message = {"role": "assistant", "content": "".join(answer) or None}
    if thought:
        message["reasoning_content"] = "".join(thought)
    if call:
        function = {"name": "weather", "arguments": "".join(call)}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    choices = [{"index": i, "message": message, "finish_reason": "stop"} for i in range(ask.get("n", 1))]
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": CREATED, "model": ask["model"],
            "choices": choices, "usage": openai_usage(ask)}


def completion_chunks(ask: dict):
    base = {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": ask["model"]}
    for text in ANSWER:
        yield base | {"choices": [{"index": 0, "text": text, "finish_reason": None, "logprobs": None}]}
    yield base | {"choices": [{"index": 0, "text": "", "finish_reason": "stop", "logprobs": None}]}
    if (ask.get("stream_options") or {}).get("include_usage"):
        yield base | {"choices": [], "usage": openai_usage(ask)}


def completion_whole(ask: dict) -> dict:
    return {"id": "cmpl-1", "object": "text_completion", "created": CREATED, "model": ask["model"],
            "choices": [{"index": 0, "text": "".join(ANSWER), "finish_reason": "stop", "logprobs": None}],
            "usage": openai_usage(ask)}


def response_of(ask: dict, status: str) -> dict:
    thought, answer, call = spoken(ask)
    items = [{"type": "reasoning", "id": "rs_1", "summary": []}] if thought else []
    if answer:
        text = {"type": "output_text", "text": "".join(answer), "annotations": []}
        items.append({"type": "message", "id": "msg_1", "role": "assistant", "status": status, "content": [text]})
    if call:
        items.append({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather",
                      "arguments": "".join(call), "status": status})
    usage = {"input_tokens": PROMPT, "input_tokens_details": {"cached_tokens": CACHED},
             "output_tokens": output(ask), "output_tokens_details": {"reasoning_tokens": len(thought)},
             "total_tokens": PROMPT + output(ask)}
    return {"id": "resp_1", "object": "response", "created_at": CREATED, "model": ask["model"], "status": status,
            "output": items if status == "completed" else [], "usage": usage if status == "completed" else None,
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": ask.get("tools", [])}


def response_events(ask: dict):
    thought, answer, call = spoken(ask)
    yield {"type": "response.created", "response": response_of(ask, "in_progress")}
    for text in thought:
        yield {"type": "response.reasoning_text.delta", "item_id": "rs_1", "output_index": 0, "content_index": 0, "delta": text}
    for text in answer:
        yield {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
               "delta": text, "logprobs": []}
    for text in call:
        yield {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": text}
    yield {"type": "response.completed", "response": response_of(ask, "completed")}


def embeddings(ask: dict) -> dict:
    texts = ask["input"] if isinstance(ask["input"], list) else [ask["input"]]
    numbers = [0.25, -0.5, 1.0]
    packed = base64.b64encode(struct.pack("<3f", *numbers)).decode()
    data = [{"object": "embedding", "index": i, "embedding": packed if ask.get("encoding_format") == "base64" else numbers}
            for i in range(len(texts))]
    return {"object": "list", "data": data, "model": ask["model"], "usage": {"prompt_tokens": PROMPT, "total_tokens": PROMPT}}


def blocks(ask: dict) -> list[dict]:
    thought, answer, call = spoken(ask)
    found = [{"type": "thinking", "thinking": "".join(thought), "signature": "s"}] if thought else []
    if answer:
        found.append({"type": "text", "text": "".join(answer)})
    if call:
        found.append({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": json.loads("".join(call))})
    return found


def message_whole(ask: dict) -> dict:
    usage = {"input_tokens": PROMPT - CACHED, "cache_read_input_tokens": CACHED, "cache_creation_input_tokens": 0,
             "output_tokens": output(ask)}
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": ask["model"], "content": blocks(ask),
            "stop_reason": "tool_use" if ask.get("tools") else "end_turn", "stop_sequence": None, "usage": usage}


def message_events(ask: dict):
    whole = message_whole(ask)
    begin = whole | {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
    yield {"type": "message_start", "message": begin}
    yield {"type": "ping"}
    thought, answer, call = spoken(ask)
    empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}
    kinds = {"thinking": ("thinking_delta", "thinking", thought), "text": ("text_delta", "text", answer),
             "tool_use": ("input_json_delta", "partial_json", call)}
    for i, block in enumerate(blocks(ask)):
        kind, key, pieces = kinds[block["type"]]
        yield {"type": "content_block_start", "index": i, "content_block": block | empty[block["type"]]}
        for text in pieces:
            yield {"type": "content_block_delta", "index": i, "delta": {"type": kind, key: text}}
        yield {"type": "content_block_stop", "index": i}
    yield {"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
           "usage": {"output_tokens": output(ask)}}
    yield {"type": "message_stop"}


def ollama_lines(ask: dict, chat: bool):
    base = {"model": ask["model"], "created_at": "2026-11-27T00:00:00Z"}
    thought, answer, call = spoken(ask)

    def piece(text: str = "", thinking: str | None = None, calls: list | None = None) -> dict:
        more = {"thinking": thinking} if thinking else {}
        if not chat:
            return {"response": text} | more
        more |= {"tool_calls": calls} if calls else {}
        return {"message": {"role": "assistant", "content": text} | more}

    for text in thought:
        yield base | piece(thinking=text) | {"done": False}
    for text in answer:
        yield base | piece(text) | {"done": False}
    if call:
        calls = [{"function": {"name": "weather", "arguments": json.loads("".join(call))}}]
        yield base | piece(calls=calls) | {"done": False}
    yield base | piece() | {"done": True, "done_reason": "stop", "total_duration": 900_000_000, "load_duration": 1_000_000,
                            "prompt_eval_count": PROMPT, "prompt_eval_duration": 200_000_000,
                            "eval_count": output(ask), "eval_duration": 600_000_000}


def ollama_whole(ask: dict, chat: bool) -> dict:
    lines = list(ollama_lines(ask, chat))
    last = lines[-1]
    thought, answer, _ = spoken(ask)
    more = {"thinking": "".join(thought)} if thought else {}
    if not chat:
        return last | {"response": "".join(answer)} | more
    calls = [line["message"]["tool_calls"] for line in lines if "tool_calls" in line["message"]]
    more |= {"tool_calls": calls[0]} if calls else {}
    return last | {"message": {"role": "assistant", "content": "".join(answer)} | more}


def ollama_embed(ask: dict) -> dict:
    texts = ask["input"] if isinstance(ask["input"], list) else [ask["input"]]
    return {"model": ask["model"], "embeddings": [[0.25, -0.5, 1.0]] * len(texts), "total_duration": 900_000,
            "load_duration": 1_000_000, "prompt_eval_count": PROMPT}


WHOLE = {"/v1/chat/completions": chat_whole, "/v1/completions": completion_whole, "/v1/embeddings": embeddings,
         "/v1/responses": lambda ask: response_of(ask, "completed"), "/v1/messages": message_whole,
         "/v1/messages/count_tokens": lambda ask: {"input_tokens": PROMPT},
         "/api/chat": lambda ask: ollama_whole(ask, True), "/api/generate": lambda ask: ollama_whole(ask, False),
         "/api/embed": ollama_embed}
# How its events are named: without, or by their type.
STREAMED = {"/v1/chat/completions": (chat_chunks, "data"), "/v1/completions": (completion_chunks, "data"),
            "/v1/responses": (response_events, "event"), "/v1/messages": (message_events, "event"),
            "/api/chat": (lambda ask: ollama_lines(ask, True), "line"),
            "/api/generate": (lambda ask: ollama_lines(ask, False), "line")}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Conversation)
        self.seen: list[dict] = []
        self.lock = threading.Lock()


class Conversation(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        if self.path == "/seen":
            with self.server.lock:
                seen, self.server.seen = self.server.seen, []
            return self.whole(seen)
        if self.path.startswith("/v1/models"):
            return self.whole({"object": "list", "data": [{"id": "mock", "object": "model", "created": CREATED, "owned_by": "mock"}]})
        self.whole({"error": {"message": "not here", "type": "not_found"}}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        with self.server.lock:
            self.server.seen.append({"path": self.path, "body": body.decode(), "headers": sorted(
                [name.lower(), value] for name, value in self.headers.items() if name.lower() != "host")})
        ask = json.loads(body)
        if ask.get("model") == "refuse":
            return self.whole({"error": {"message": "too much", "type": "rate_limit_error", "code": "slow"}}, 429)
        if path in STREAMED and ask.get("stream", path.startswith("/api/")):
            return self.streamed(*STREAMED[path], ask)
        if path not in WHOLE:
            return self.whole({"error": {"message": "not here", "type": "not_found"}}, 404)
        self.whole(WHOLE[path](ask))

    def whole(self, answer, status: int = 200) -> None:
        body = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("request-id", "req_1")
        if "gzip" in self.headers.get("Accept-Encoding", "") and self.headers.get("X-Want-Coding"):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def streamed(self, make, kind: str, ask: dict) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if kind == "line" else "text/event-stream; charset=utf-8")
        self.send_header("request-id", "req_1")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, piece in enumerate(make(ask)):
            if ask["model"] == "cut" and number == 4:
                self.close_connection = True  # without the last chunk
                return
            text = json.dumps(piece, ensure_ascii=False)
            name = f"event: {piece['type']}\n" if kind == "event" else ""
            self.chunk(f"{text}\n" if kind == "line" else f"{name}data: {text}\n\n")
        if kind == "data":
            self.chunk("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_) -> None:
        pass


if __name__ == "__main__":
    server = Server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
