"""Windows on a machine of known power."""

from __future__ import annotations

import gc
import threading
import time
import unittest

import joulebook
from plant import OnAPlant


class Windows(OnAPlant):
    def test_energy_holds_the_truth(self) -> None:
        with self.plant.open() as session:
            with session.window("train") as w:
                time.sleep(0.2)
            energy = w.energy
            self.assertHoldsTruth(w)
            self.assertTrue(0 < energy.lo <= energy.value <= energy.hi < 40 * energy.lo)
            self.assertEqual((energy.unit, energy.tier), ("J", "measured"))
            self.assertEqual(energy.boundary, "package+dram")
            self.assertTrue(energy.method)
            self.assertIsNone(energy.reason)
            self.assertTrue(energy.present)
            self.assertEqual(energy.require(), energy.value)
            self.assertRegex(str(energy), r"^[0-9.]+ J \[[0-9.]+, [0-9.]+\].* measured$")
            self.assertGreaterEqual(w.duration_s, 0.2)
            self.assertAlmostEqual(w.duration_s, (w.end_ns - w.start_ns) / 1e9, places=6)
            self.assertLess(abs(w.end_ns - time.monotonic_ns()), 5e9)

    def test_domains_are_apart_and_nested_ones_not_counted(self) -> None:
        with self.plant.open() as session:
            with session.window("w") as w:
                time.sleep(0.1)
            by_name = {d.domain.split(":")[0]: d for d in w.domains}
            self.assertEqual(sorted(by_name), ["core", "dram", "package"])
            for name, watts in {"package": 80, "core": 40, "dram": 5}.items():
                d = by_name[name]
                self.assertLessEqual(d.energy.lo, watts * w.duration_s)
                self.assertGreaterEqual(d.energy.hi, watts * w.duration_s)
                self.assertEqual(d.mean_power.unit, "W")
                self.assertTrue(d.sensor)
            self.assertEqual([d.top_level for d in (by_name["package"], by_name["core"])], [True, False])
            self.assertIn(by_name["core"].domain, by_name["package"].contains)

    def test_nested_and_overlapping(self) -> None:
        with self.plant.open() as session:
            with session.window("outer") as outer:
                time.sleep(0.05)
                with session.window("inner") as inner:
                    time.sleep(0.05)
                late = session.window("late").begin()
                time.sleep(0.05)
            time.sleep(0.05)
            late.end()
            for w in (outer, inner, late):
                self.assertHoldsTruth(w)
            self.assertLess(outer.start_ns, inner.start_ns)
            self.assertLess(inner.end_ns, outer.end_ns)
            self.assertLess(late.start_ns, outer.end_ns)
            self.assertLess(outer.end_ns, late.end_ns)

    def test_one_name_many_times(self) -> None:
        with self.plant.open() as session:
            with session.window("step") as a:
                with session.window("step") as b:
                    time.sleep(0.03)
                time.sleep(0.03)
            with session.window("step") as c:
                time.sleep(0.03)
            self.assertLess(b.duration_s, a.duration_s)
            self.assertGreater(c.start_ns, a.end_ns)
            for w in (a, b, c):
                self.assertEqual(w.name, "step")
                self.assertHoldsTruth(w)
            names = [w["name"] for w in session.report()["windows"]]
            self.assertEqual(sorted(names), ["step", "step#2", "step#3"])
            with session.window("step") as d:  # all were read, so the name is free again
                time.sleep(0.01)
            self.assertHoldsTruth(d)
            self.assertEqual(session.report()["windows"][-1]["name"], "step")

    def test_laps_tile(self) -> None:
        with self.plant.open() as session:
            laps = []
            for _ in range(3):
                time.sleep(0.03)
                laps.append(session.lap("lap"))
            for before, after in zip(laps, laps[1:]):
                self.assertEqual(before.end_ns, after.start_ns)
            whole = session.report()
            self.assertEqual(whole["end_ns"], laps[-1].end_ns)
            total = sum(w.energy.require() for w in laps)
            self.assertAlmostEqual(total, whole["total"]["value"], places=4)
            for w in laps:
                self.assertHoldsTruth(w)

    def test_threads(self) -> None:
        windows = []
        with self.plant.open() as session:

            def work() -> None:
                for _ in range(5):
                    with session.window("thread") as w:
                        time.sleep(0.02)
                    windows.append((w, w.duration_s))

            threads = [threading.Thread(target=work) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(windows), 30)
            for w, seconds in windows:
                self.assertGreaterEqual(seconds, 0.02)
                self.assertHoldsTruth(w)
            self.assertEqual(len({(w.start_ns, w.end_ns) for w, _ in windows}), 30)

    def test_closing_beside_a_call_waits_for_it(self) -> None:
        session = self.plant.open()
        stop = threading.Event()
        failures = []

        def work() -> None:
            while not stop.is_set():
                try:
                    with session.window("w") as w:
                        pass
                    w.energy
                except joulebook.JoulebookError as error:
                    failures.append(error.code)
                    return

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        session.close()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertLessEqual(set(failures), {"session.closed"})

    def test_an_exception_passes_and_the_window_is_kept(self) -> None:
        with self.plant.open() as session:
            with self.assertRaises(ZeroDivisionError):
                with session.window("w") as w:
                    time.sleep(0.05)
                    raise ZeroDivisionError
            self.assertHoldsTruth(w)

    def test_unread_windows_are_read_at_the_close(self) -> None:
        with self.plant.open() as session:
            with session.window("w") as w:
                time.sleep(0.05)
        self.assertHoldsTruth(w)

    def test_a_forgotten_window_frees_its_name(self) -> None:
        with self.plant.open() as session:
            session.window("w").begin()
            with session.window("x"):
                pass
            gc.collect()
            with session.window("w"), session.window("x"):
                pass
            names = [w["name"] for w in session.report()["windows"]]
            self.assertEqual(names, ["w", "x", "x", "w"])

    def test_misuse_is_named(self) -> None:
        def code(call) -> str:
            with self.assertRaises(joulebook.JoulebookError) as caught:
                call()
            self.assertTrue(caught.exception.message)
            self.assertTrue(caught.exception.cure)
            self.assertIn(caught.exception.code, str(caught.exception))
            return caught.exception.code

        with self.plant.open() as session:
            w = session.window("w")
            self.assertEqual(code(w.end), "window.not_open")
            w.begin()
            self.assertEqual(code(lambda: w.energy), "window.open")
            self.assertEqual(code(w.begin), "window.used")
            w.end()
            self.assertEqual(code(w.end), "window.not_open")
            self.assertEqual(code(session.window("").begin), "region.name")
            self.assertEqual(code(session.window("x" * 500).begin), "region.name")
            self.assertEqual(code(lambda: session.window("a\0b")), "region.name")
        self.assertEqual(code(session.sensors), "session.closed")
        self.assertEqual(code(session.window("w").begin), "session.closed")


if __name__ == "__main__":
    unittest.main()
