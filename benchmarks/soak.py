# SPDX-License-Identifier: Apache-2.0
"""A minute of 30 Hz camera and 16 kHz sound: what is answered, and whether memory stays flat."""

from __future__ import annotations

import time

import numpy as np
from xsense_ros.msg import MatchArray

from benchmarks.report import Result
from benchmarks.rig import Rig, image_message, noise_frame

SECONDS = 60.0
FRAME_RATE = 30
SOUND_RATE = 16_000
CHUNK_SECONDS = 0.1
SETTLE_SECONDS = 35.0  # by then the ring buffer of sound has filled its 31 s


def run(seconds: float = SECONDS) -> list[Result]:
    """Publish on a fixed grid of times, count answers per sense, sample memory each second."""
    answers = {'image': 0, 'sound': 0}

    def on_match(message: MatchArray, _: float) -> None:
        answers[message.query_modality] += 1

    frames = [image_message(noise_frame(number)) for number in range(8)]
    tone = np.random.default_rng(0).normal(0, 3000, round(SOUND_RATE * CHUNK_SECONDS))
    chunk = tone.astype(np.int16)
    times: list[float] = []
    memory: list[float] = []
    images = chunks = 0
    with Rig(on_match) as rig:
        begin = time.monotonic()
        while (elapsed := time.monotonic() - begin) < seconds:
            if elapsed * FRAME_RATE >= images:
                frame = frames[images % len(frames)]
                rig.stamp(frame)
                rig.images.publish(frame)
                images += 1
            if elapsed / CHUNK_SECONDS >= chunks:
                rig.publish_sound(chunk, SOUND_RATE)
                chunks += 1
            if elapsed >= len(times):
                times.append(elapsed)
                memory.append(rig.memory_mb())
            time.sleep(0.002)
        time.sleep(1.0)

    settled = [(t, m) for t, m in zip(times, memory, strict=True) if t >= SETTLE_SECONDS]
    slope = float(np.polyfit(*np.array(settled).T, deg=1)[0]) if len(settled) > 2 else float('nan')
    share = answers['image'] / images
    windows = (chunks * CHUNK_SECONDS - 2.0) / 0.5 + 1  # of 2 s, one each half second
    return [
        Result(
            name=f'soak {seconds:.0f} s: camera {FRAME_RATE} Hz',
            ours=f'{answers["image"]} answers',
            bare=f'{images} frames sent',
            figure=f'{share:.1%} answered',
            goal='>= 99 %',
            met=share >= 0.99,
            samples=images,
        ),
        Result(
            name=f'soak {seconds:.0f} s: sound 16 kHz',
            ours=f'{answers["sound"]} answers',
            bare=f'{windows:.0f} windows due',
            figure=f'{answers["sound"] / windows:.1%} answered',
            goal='>= 97 %',
            met=answers['sound'] >= 0.97 * windows,
            samples=chunks,
        ),
        Result(
            name=f'soak {seconds:.0f} s: memory of the node',
            ours=f'{memory[-1]:.0f} MB at the end',
            bare=f'{settled[0][1]:.0f} MB after {SETTLE_SECONDS:.0f} s',
            figure=f'{slope * 60:+.2f} MB/min',
            goal='|slope| <= 1 MB/min',
            met=abs(slope * 60) <= 1.0,
            samples=len(memory),
        ),
    ]
