"""A machine of known power under a sysroot, for the tests."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from typing import Any

import joulebook


class Plant:
    """80 W package (core inside it at 40 W) and 5 W DRAM, ticking every millisecond."""

    watts = 85.0

    def __enter__(self) -> "Plant":
        self._folder = tempfile.TemporaryDirectory()
        self.sysroot = self._folder.name
        self._process = subprocess.Popen(
            [os.environ["JOULEBOOK_FAKE_PLANT"], self.sysroot, "80", "5"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def open(self, **options: Any) -> joulebook.Session:
        given = {"sysroot": self.sysroot, "period": 0.002, "vendor_libraries": False, **options}
        return joulebook.open(**given)


class OnAPlant(unittest.TestCase):
    """Each test has a machine of its own."""

    def setUp(self) -> None:
        self.plant = self.enterContext_(Plant())

    def enterContext_(self, manager: Any) -> Any:  # unittest has it from Python 3.11 on
        entered = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return entered

    def assertHoldsTruth(self, window: joulebook.Window, watts: float = Plant.watts) -> None:
        true = watts * window.duration_s
        energy = window.energy
        self.assertIsNotNone(energy.value, energy.reason)
        self.assertLessEqual(energy.lo, true)
        self.assertGreaterEqual(energy.hi, true)
