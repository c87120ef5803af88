# SPDX-License-Identifier: Apache-2.0
"""Samples per second of drawing and of training, and which of the two holds the other up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ENOUGH = 1.5  # samples/s of the loader over those of the step; below it drawing may be felt


@dataclass
class Throughput:
    """Adds up, over a run, samples and seconds; validations and checkpoints are not counted.

    `draw_seconds` is the time to draw, wherever that happens; `step_seconds` the time from a batch
    being there to the weights being changed. `processes` scales both to all processes.
    """

    processes: int = 1
    samples: int = 0
    draw_seconds: float = 0.0
    step_seconds: float = 0.0

    def summary(self) -> dict[str, float]:
        """'loader samples/s', 'step samples/s', 'ratio', 'samples'; zeros where nothing ran."""
        samples = self.samples * self.processes
        loader = samples / self.draw_seconds if self.draw_seconds else 0.0
        step = samples / self.step_seconds if self.step_seconds else 0.0
        return {
            'loader samples/s': loader,
            'step samples/s': step,
            'ratio': loader / step if step else 0.0,
            'samples': float(samples),
        }

    def write(self, path: Path) -> str:
        """Save the summary as JSON; the same in one line for a person."""
        found = self.summary()
        path.write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
        loader, step, ratio = found['loader samples/s'], found['step samples/s'], found['ratio']
        line = f'loader {loader:.0f} samples/s, step {step:.0f} samples/s, ratio {ratio:.2f}'
        if 0 < ratio < ENOUGH:
            line += f' (below {ENOUGH}: the loader holds the step up)'
        return line
