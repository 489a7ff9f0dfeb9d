"""Draws with Stable Diffusion, kept running: a line {"text"} in, "WIDTH x HEIGHT" as a JSON text out.

    diffusion.py MODEL WIDTH HEIGHT STEPS [PICTURE]

Two passes a step, with the words and without, as its guidance asks. PICTURE: where the last one is left.
"""
import json
import os
import sys

from stable_diffusion_cpp import StableDiffusion


def main(model, width, height, steps, picture=None):
    drawer = StableDiffusion(
        model_path=model,
        vae_decode_only=True,
        n_threads=len(os.sched_getaffinity(0)),
        verbose=False,
    )
    print("ready", flush=True)
    for line in sys.stdin:
        drawn = drawer.generate_image(
            prompt=json.loads(line)["text"],
            width=int(width),
            height=int(height),
            sample_method="euler",
            sample_steps=int(steps),
            cfg_scale=7.0,
            seed=1,
        )[0]
        if picture:
            drawn.save(picture)
        print(json.dumps(f"{drawn.width} x {drawn.height}"), flush=True)


main(*sys.argv[1:])
