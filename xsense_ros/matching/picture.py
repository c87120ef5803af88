# SPDX-License-Identifier: Apache-2.0
"""What was looked for and where it was found, as a picture for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, as_boxes
from xsense_ros.matching.seeker import TILES, WINDOW, Sighting
from xsense_ros.matching.template import Template
from xsense_ros.senses.levels import stretch_to_8_bit
from xsense_ros.senses.resize import resize

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

# One for each template, again from the first one after the last: told apart by the colour-blind
# too, and bright enough for a dark thermal picture.
COLOURS: tuple[Colour, ...] = ((86, 220, 120), (255, 176, 0), (100, 160, 255), (255, 110, 180))
ASKED: Colour = (255, 255, 255)
_ABSENT: Colour = (255, 96, 80)
_GROUND: Colour = (24, 26, 30)
_LOWEST, _TALLEST = 240, 720  # pixels of a frame in the picture
_STRIP, _THUMBNAIL, _MARGIN = 76, 64, 6
_WHERE = {WINDOW: 'around where it was expected', TILES: 'searched all over the frame'}
_FONT, _LARGE, _SMALL = cv2.FONT_HERSHEY_SIMPLEX, 0.55, 0.42


def draw(
    visible: NDArray[np.uint8] | None,
    infrared: NDArray[Any],
    answers: Sequence[tuple[Template, Sighting]],
    *,
    asked: bool = False,
    truth: Sequence[ArrayLike] = (),
) -> Picture:
    """Both frames side by side with boxes, under a strip that says what became of each template.

    Args:
        visible: RGB uint8 (H, W, 3); None: it is left out.
        infrared: (H, W) of uint8, uint16 or float32.
        answers: what was looked for in this infrared frame.
        asked: also draw the box of the template, where the visible frame is its own.
        truth: boxes (4,) where they really are in the infrared frame, if that is known.

    Returns:
        RGB uint8
    """
    known = [(as_boxes(box), ASKED, 1) for box in truth]
    wanted = [(t.box, ASKED, 1) for t, _ in answers if asked and t.placed]
    for number, (_, sighting) in enumerate(answers):
        colour = COLOURS[number % len(COLOURS)]
        if sighting.box_infrared is not None:
            known.append((sighting.box_infrared, colour, 2))
        if sighting.box_visible is not None:
            wanted.append((sighting.box_visible, colour, 2))
    frames = [(_shown(infrared), known)]
    if visible is not None:
        frames.insert(0, (visible, wanted))
    height = min(max(*(len(frame) for frame, _ in frames), _LOWEST), _TALLEST)
    panels = [_panel(frame, height, boxes) for frame, boxes in frames]
    body = np.concatenate(panels, axis=1)
    rows = [_strip(body.shape[1], number, *answer) for number, answer in enumerate(answers)]
    return np.concatenate([*rows, body])


def _panel(frame: Picture, height: int, boxes: Sequence[tuple[Floats, Colour, int]]) -> Picture:
    """A frame at this height with boxes, of its own pixels, in a colour and thickness."""
    scale = height / len(frame)
    size = (height, max(round(frame.shape[1] * scale), 1))
    panel = frame if size == frame.shape[:2] else resize(frame, *size)
    panel = np.array(panel, order='C')  # the frame itself stays as it is
    for box, colour, thick in boxes:
        _frame(panel, box * scale, colour, thick)
    return panel


def _shown(values: NDArray[Any]) -> Picture:
    """Values of any range as a grey picture."""
    try:
        grey = stretch_to_8_bit(np.asarray(values), zero_is_invalid=False)
    except InputError:  # nothing in it is finite: black
        grey = np.zeros(values.shape, np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _frame(panel: Picture, box: Floats, colour: Colour, thick: int) -> None:
    left, top, width, height = box
    first = (round(left - 0.5), round(top - 0.5))
    last = (round(left + width - 0.5), round(top + height - 0.5))
    cv2.rectangle(panel, first, last, (0, 0, 0), thick + 2, cv2.LINE_AA)
    cv2.rectangle(panel, first, last, colour, thick, cv2.LINE_AA)


def _strip(width: int, number: int, template: Template, sighting: Sighting) -> Picture:
    strip = np.full((_STRIP, width, 3), _GROUND, np.uint8)
    room = min(_THUMBNAIL, width - 2 * _MARGIN)
    if room > 0:
        thumbnail = resize(template.pixels, room, room)
        strip[_MARGIN : _MARGIN + room, _MARGIN : _MARGIN + room] = thumbnail
    colour = COLOURS[number % len(COLOURS)] if sighting.found else _ABSENT
    word = 'found' if sighting.found else 'not found'
    name = f'{template.name}: ' if template.name else ''
    left = _THUMBNAIL + 3 * _MARGIN
    # The only letters that OpenCV can draw are those of ASCII.
    line = f'{name}{word}, probability {sighting.probability:.2f}'.encode('ascii', 'replace')
    cv2.putText(strip, line.decode(), (left, 32), _FONT, _LARGE, colour, 1, cv2.LINE_AA)
    note = sighting.reason or _WHERE[sighting.mode]
    cv2.putText(
        strip, note.encode('ascii', 'replace').decode(), (left, 56), _FONT, _SMALL,
        (200, 200, 200), 1, cv2.LINE_AA,
    )  # fmt: skip
    return strip
