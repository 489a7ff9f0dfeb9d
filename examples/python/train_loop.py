"""Measures a training loop: logistic regression by gradient descent, in plain Python.

    python train_loop.py [EPOCHS]

Prints each epoch's loss and joules, then the whole training's. Where no energy can be read, the
figures are absences with a reason; nothing else changes.
"""

import math
import random
import sys

import joulebook


def make_data(rows=2000, columns=8):
    """Points on two sides of a random plane, a tenth of them on the wrong side."""
    rng = random.Random(1)
    plane = [rng.gauss(0, 1) for _ in range(columns)]
    data = []
    for _ in range(rows):
        x = [rng.gauss(0, 1) for _ in range(columns)]
        side = sum(a * b for a, b in zip(plane, x)) > 0
        data.append((x, float(side != (rng.random() < 0.1))))
    return data


def epoch(weights, data, rate=0.05):
    """One pass over the data; the mean loss before each step."""
    loss = 0.0
    for x, y in data:
        score = sum(w * a for w, a in zip(weights, x))
        p = min(max(1 / (1 + math.exp(-score)), 1e-12), 1 - 1e-12)
        loss -= math.log(p if y else 1 - p)
        for i, a in enumerate(x):
            weights[i] -= rate * (p - y) * a
    return loss / len(data)


def show(energy):
    if energy.value is None:
        return f"no reading: {energy.reason.message} ({energy.reason.code})"
    return f"{energy.value:8.3f} J [{energy.lo:.3f}, {energy.hi:.3f}] {energy.tier}"


def main():
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    data = make_data()
    weights = [0.0] * len(data[0][0])
    with joulebook.window("training") as training:
        for number in range(1, epochs + 1):
            with joulebook.window("epoch") as w:
                loss = epoch(weights, data)
            print(f"epoch {number:3d}  loss {loss:.4f}  {show(w.energy)}")
    print(f"training: {show(training.energy).strip()}, boundary {training.energy.boundary}")


if __name__ == "__main__":
    main()
