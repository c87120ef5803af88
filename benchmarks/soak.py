# SPDX-License-Identifier: Apache-2.0
"""A minute of 30 Hz camera and 16 kHz sound: what is answered, and whether memory stays flat."""

from __future__ import annotations

import time

import numpy as np
from xsense_ros.msg import MatchArray

from benchmarks.rig import Rig, image_message
from benchmarks.samples import noise_frame
from xsense_ros.bench.rows import HIGHER, Row

SECONDS = 60.0
FRAME_RATE = 30
SOUND_RATE = 16_000
CHUNK_SECONDS = 0.1
SETTLE_SECONDS = 35.0  # by then the ring buffer of sound has filled its 31 s


def run(scale: float = 1.0) -> list[Row]:
    """Publish on a fixed grid of times, count answers per sense, sample memory each second."""
    seconds, settling = SECONDS * scale, SETTLE_SECONDS * scale
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
            if elapsed >= len(times) * scale:
                times.append(elapsed)
                memory.append(rig.memory_mb())
            time.sleep(0.002)
        time.sleep(1.0)

    late = np.array(times) >= settling
    slope = float(np.polyfit(np.array(times)[late], np.array(memory)[late], deg=1)[0]) * 60
    windows = (chunks * CHUNK_SECONDS - 2.0) / 0.5 + 1  # of 2 s, one each half second
    name = f'a minute of camera {FRAME_RATE} Hz and sound'

    def row(figure: str, value: float, unit: str, goal: str, better: str = HIGHER) -> Row:
        value = float(f'{value:.4g}')
        return Row('soak', name, '', figure, value, unit, better=better, goal=goal)

    return [
        row('pictures answered', answers['image'] / images, 'share', 'value >= 0.99'),
        row('sounds answered', answers['sound'] / max(windows, 1.0), 'share', 'value >= 0.97'),
        # Shrinking is no fault.
        row('growth of memory', max(slope, 0.0), 'MB/min', 'value <= 1', 'lower'),
        row('memory', memory[-1], 'MB', '', 'lower'),
    ]
