"""Sessions: options, absences, recording, the default one, forks."""

from __future__ import annotations

import ast
import math
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import joulebook
from joulebook import _quantity
from plant import OnAPlant

PROJECT = Path(__file__).resolve().parents[2]


def python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


class Sessions(OnAPlant):
    def test_sensors_lists_what_is_read(self) -> None:
        with self.plant.open() as session:
            found = session.sensors()
            self.assertEqual(len(found["sensors"]), 3)
            self.assertIn("findings", found)

    def test_chosen_sensors_are_the_boundary(self) -> None:
        with self.plant.open() as session:
            ids = [s["id"] for s in session.sensors()["sensors"] if s["domain"].startswith("dram")]
        with self.plant.open(sensors=ids) as session:
            with session.window("w") as w:
                time.sleep(0.05)
            self.assertEqual(w.energy.boundary, "dram")
            self.assertHoldsTruth(w, watts=5)

    def test_a_recording_replays_the_same_figures(self) -> None:
        trace = os.path.join(self.plant.sysroot, "trace")
        with self.plant.open(record=trace) as session:
            with session.window("w"):
                time.sleep(0.05)
            session.mark("tail")
            live = session.report()
        with joulebook.open(replay=trace) as session:
            again = session.report()
            self.assertEqual(again["total"], live["total"])
            self.assertEqual(len(again["windows"]), 2)
            for before, after in zip(live["windows"], again["windows"]):
                for member in ("name", "start_ns", "end_ns", "domains", "total"):
                    self.assertEqual(before[member], after[member])
            with self.assertRaises(joulebook.JoulebookError) as caught:
                session.window("w").begin()
            self.assertEqual(caught.exception.code, "run.replay")

    def test_the_default_session_opens_by_itself_and_ends_with_the_interpreter(self) -> None:
        said = python(
            "import joulebook, time\n"
            "with joulebook.window('a') as a:\n"
            "    time.sleep(0.05)\n"
            "with joulebook.window('b') as b:\n"
            "    joulebook.mark('m')\n"
            "assert joulebook.default_session() is joulebook.default_session()\n"
            "print(a.energy.lo <= 85 * a.duration_s <= a.energy.hi, a.energy.boundary)\n"
            "print(len(joulebook.sensors()['sensors']), len(joulebook.report()['windows']))\n",
            JOULEBOOK_SYSROOT=self.plant.sysroot,
            JOULEBOOK_PERIOD_MS="2",
        )
        self.assertEqual(said.splitlines(), ["True package+dram", "3 3"])

    def test_a_fork_opens_its_own(self) -> None:
        said = python(
            "import joulebook, os, sys, time\n"
            "before = joulebook.window('before').begin()\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    try:\n"
            "        before.end()\n"
            "    except joulebook.JoulebookError as error:\n"
            "        print(error.code)\n"
            "    with joulebook.window('w') as w:\n"
            "        time.sleep(0.05)\n"
            "    print(w.energy.lo <= 85 * w.duration_s <= w.energy.hi, flush=True)\n"
            "    sys.exit(0)\n"
            "assert os.waitpid(child, 0)[1] == 0\n"
            "before.end()\n"
            "print(before.energy.lo <= 85 * before.duration_s <= before.energy.hi)\n",
            JOULEBOOK_SYSROOT=self.plant.sysroot,
        )
        self.assertEqual(said.splitlines(), ["session.forked", "True", "True"])

    def test_the_training_loop_example(self) -> None:
        done = subprocess.run(
            [sys.executable, str(PROJECT / "examples/python/train_loop.py"), "3"],
            env={**os.environ, "JOULEBOOK_SYSROOT": self.plant.sysroot},
            stdout=subprocess.PIPE,
            text=True,
            timeout=120,
            check=True,
        )
        lines = done.stdout.splitlines()
        epochs = [line for line in lines if line.startswith("epoch")]
        self.assertEqual(len(epochs), 3)
        for line in epochs:
            self.assertRegex(line, r"loss +[0-9.]+ .* J \[.*\].* measured")
        self.assertRegex(lines[-1], r"^training: .* J \[.*measured.*package\+dram")


class Absences(unittest.TestCase):
    def test_no_sensor_is_a_reason_and_never_zero(self) -> None:
        with tempfile.TemporaryDirectory() as nothing:
            with joulebook.open(
                sysroot=nothing, vendor_libraries=False, machine_model=False
            ) as session:
                with session.window("w") as w:
                    pass
        energy = w.energy
        self.assertIsNone(energy.value)
        self.assertFalse(energy.present)
        self.assertIsNotNone(energy.reason)
        self.assertEqual(energy.reason.code, "sensor.none")
        self.assertTrue(energy.reason.message)
        self.assertTrue(energy.reason.cure)
        self.assertIn("sensor.none", str(energy))
        self.assertEqual(w.above_idle.reason.code, "sensor.none")
        with self.assertRaises(joulebook.JoulebookError) as caught:
            energy.require()
        self.assertEqual(caught.exception.code, "sensor.none")

    def test_bad_options_are_refused(self) -> None:
        for options, code in [
            ({"period": -1}, "meter.period"),
            ({"period": math.nan}, "meter.period"),
            ({"replay": "/no/such/trace"}, None),
            ({"record": "/no/such/folder/trace"}, None),
            ({"sensors": "rapl"}, "option.type"),
        ]:
            with self.subTest(options=options):
                with self.assertRaises(joulebook.JoulebookError) as caught:
                    joulebook.open(**options)
                if code:
                    self.assertEqual(caught.exception.code, code)

    def test_an_unbounded_figure_has_an_infinite_end(self) -> None:
        q = _quantity.quantity({"value": 1, "lo": 0, "hi": None, "unit": "J", "own": [0, None]})
        self.assertEqual((q.hi, q.own), (math.inf, (0, math.inf)))
        q = _quantity.quantity(
            {"value": None, "lo": 3, "unit": "J", "reason": {"code": "a.b", "message": "m"}}
        )
        self.assertEqual((q.value, q.lo, q.hi), (None, 3, None))


class Package(unittest.TestCase):
    def test_it_is_typed_and_carries_its_library(self) -> None:
        folder = Path(joulebook.__file__).parent
        self.assertNotIn(PROJECT / "python", folder.parents)  # the wheel, not the source tree
        self.assertTrue((folder / "py.typed").exists())
        self.assertTrue((folder / "libjoulebook.so").exists())
        self.assertRegex(joulebook.version(), r"^[0-9.]+ \(.+\)$")

    def test_the_source_is_python_3_9(self) -> None:
        for file in (PROJECT / "python/joulebook").glob("*.py"):
            ast.parse(file.read_text(), str(file), feature_version=(3, 9))

    def test_a_missing_library_says_so(self) -> None:
        said = python(
            "import joulebook\n"
            "try:\n    joulebook.sensors()\n"
            "except joulebook.JoulebookError as error:\n    print(error.code)\n",
            JOULEBOOK_LIBRARY="/no/such/library.so",
        )
        self.assertEqual(said, "library.missing\n")


if __name__ == "__main__":
    unittest.main()
