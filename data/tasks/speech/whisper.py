"""Answers items with Whisper, kept running: a line {"text", "file"} in, the words as a JSON text out.

    whisper.py MODEL TOKENS

At most TOKENS tokens a sound, no second try at another temperature: a model of random weights neither
ends by itself nor rambles on. Sounds: WAV, 16 kHz, one channel, 16 bits.
"""
import json
import os
import sys
import wave

import _pywhispercpp as whisper
import numpy


def sound(path):
    with wave.open(path) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (16000, 1, 2):
            raise SystemExit(f"{path} is not 16 kHz, one channel, 16 bits")
        return numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(numpy.float32) / 32768


def settings(tokens):
    params = whisper.whisper_full_default_params(whisper.whisper_sampling_strategy.WHISPER_SAMPLING_GREEDY)
    params.n_threads = len(os.sched_getaffinity(0))
    params.max_tokens = tokens
    params.temperature_inc = 0.0
    params.no_timestamps = True
    params.single_segment = True
    params.no_context = True
    params.print_progress = params.print_realtime = params.print_timestamps = False
    return params


def main(model, tokens):
    context = whisper.whisper_init_from_file_with_params(model, whisper.whisper_context_default_params())
    params = settings(int(tokens))
    print("ready", flush=True)
    for line in sys.stdin:
        samples = sound(json.loads(line)["file"])
        if whisper.whisper_full(context, params, samples, samples.size) != 0:
            raise SystemExit("whisper could not hear it")
        parts = [whisper.whisper_full_get_segment_text(context, i) for i in range(whisper.whisper_full_n_segments(context))]
        words = b"".join(p if isinstance(p, bytes) else p.encode() for p in parts).decode(errors="replace")
        print(json.dumps(words), flush=True)


main(*sys.argv[1:])
