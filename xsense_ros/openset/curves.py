# SPDX-License-Identifier: Apache-2.0
"""Accept rate against false accepts, drawn: one line a pair, a dot where the threshold is."""

from __future__ import annotations

import numpy as np

from xsense_ros.openset.calibrating import Calibrated, Found
from xsense_ros.openset.canvas import COLOURS, FAINT, INK, Canvas
from xsense_ros.openset.thresholds import Rates

_SIZE, _LEFT, _TOP = 460, 66, 46
_LEGEND = 330
_LINE = 20


def draw_curves(calibrated: Calibrated, most_false: float) -> Canvas:
    """Known things accepted and right [0, 1] over strangers accepted [0, 1]."""
    found = calibrated.found
    height = max(_SIZE + _TOP + 62, _TOP + _LINE * (2 * len(found) + 3))
    canvas = Canvas(_LEFT + _SIZE + 30 + _LEGEND, height)
    canvas.text(f'Accepting in this gallery: {calibrated.items} items', _LEFT, 26, 0.55)
    for tick in np.linspace(0, 1, 6):
        x, y = _place(tick, 0.0), _place(0.0, tick)
        canvas.line(np.array([x, _place(tick, 1.0)]), FAINT)
        canvas.line(np.array([y, _place(1.0, tick)]), FAINT)
        canvas.text(f'{tick:.1f}', x[0] - 10, x[1] + 18, 0.4)
        canvas.text(f'{tick:.1f}', y[0] - 32, y[1] + 5, 0.4)
    canvas.line(np.array([_place(most_false, 0.0), _place(most_false, 1.0)]), INK)
    canvas.text('strangers accepted', _LEFT + _SIZE / 2 - 60, _TOP + _SIZE + 42)
    canvas.text('known accepted and right', _LEFT - 60, _TOP - 8, 0.4)
    for number, one in enumerate(found):
        colour = COLOURS[number % len(COLOURS)]
        points = np.array([_at(rates) for rates in one.curve])
        canvas.line(points, colour, 2 if one.used else 1)
        right, down = _at(one.thresholds.rates)
        canvas.dot(right, down, colour)
        canvas.text(str(number + 1), right + 8, down - 6, 0.4, colour)
        top = _TOP + _LINE * (2 * number + 1)
        left = _LEFT + _SIZE + 30
        canvas.dot(left, top - 4, colour)
        where = f'in {one.space}' if one.space else 'together'
        canvas.text(f'{number + 1}  {one.name} {where}', left + 12, top)
        canvas.text(_told(one), left + 32, top + _LINE - 3, 0.38)
    return canvas


def _told(one: Found) -> str:
    chosen = one.thresholds
    if not chosen.rates.accepted_right:
        return 'nothing can be accepted'
    return (
        f'p >= {chosen.min_probability:.3f}, margin >= {chosen.min_margin:.3f}: '
        f'{chosen.rates.accepted_right:.0%} / {chosen.rates.false_accepts:.1%}'
    )


def _at(rates: Rates) -> tuple[float, float]:
    x, y = _place(rates.false_accepts, rates.accepted_right)
    return x, y


def _place(false_accepts: float, accepted: float) -> tuple[float, float]:
    return _LEFT + _SIZE * false_accepts, _TOP + _SIZE * (1 - accepted)
