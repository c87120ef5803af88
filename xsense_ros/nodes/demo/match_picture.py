# SPDX-License-Identifier: Apache-2.0
"""Draws some answers of the matching node: template, both frames, what was found, the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage

from xsense_ros.matching.boxes import Floats
from xsense_ros.matching.geometry import square_around
from xsense_ros.matching.matcher import Kept
from xsense_ros.matching.picture import draw
from xsense_ros.matching.seeker import Sighting
from xsense_ros.matching.template import BORDER, Template
from xsense_ros.msg import Box, HeterologousMatch
from xsense_ros.nodes.conversions import compressed_to_rgb, stamp_to_ns
from xsense_ros.nodes.demo.sightings import Sightings
from xsense_ros.recording import Recording
from xsense_ros.senses.infrared import decode_infrared_compressed

_VISIBLE, _INFRARED = '/visible/image/compressed', '/infrared/image/compressed'
_WITH, _WITHOUT = 2, 1  # answers a template to frames with it, and to frames without it
_TEMPLATE = 64  # pixels
_QUALITY = 88

Answers = Mapping[tuple[str, int], HeterologousMatch]  # template and stamp of the frame -> answer
Picture = NDArray[np.uint8]


def draw_sightings(
    recording: Recording, sightings: Sightings, answers: Answers, file: Path
) -> None:
    """A row a template, of answers that are evenly spaced over the flight and not chosen.

    Args:
        recording: with the frames, compressed.
        sightings: truth of it.
        answers: of its first round.
        file: to write, .jpg.
    """
    frames: dict[tuple[str, int], CompressedImage] = {}
    for message in recording.messages((_VISIBLE, _INFRARED)):
        frame = deserialize_message(message.data, CompressedImage)
        frames[message.topic, stamp_to_ns(frame.header.stamp)] = frame
    rows = []
    for shown_ns, boxes in sightings.shown.items():
        shown = compressed_to_rgb(frames[_VISIBLE, shown_ns])
        for name, box in boxes.items():
            template = _template(name, shown, box)
            tiles = [
                _tile(frames, template, answers[name, stamp_ns], sightings.box(name, stamp_ns))
                for stamp_ns in _spaced(sightings, name, answers)
            ]
            if tiles:
                rows.append(np.concatenate(tiles, axis=1))
    if rows:
        width = max(row.shape[1] for row in rows)
        padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
        quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        cv2.imwrite(str(file), np.concatenate(padded)[..., ::-1], quality)


def _spaced(sightings: Sightings, name: str, answers: Answers) -> list[int]:
    """Stamps of some frames with the template, and of some without it where there are any."""
    stamps = sorted(stamp_ns for other, stamp_ns in answers if other == name)
    there = [at for at in stamps if sightings.box(name, at) is not None]
    gone = _evenly([at for at in stamps if at not in there], _WITHOUT)
    return _evenly(there, _WITH + _WITHOUT - len(gone)) + gone


def _evenly(stamps: Sequence[int], count: int) -> list[int]:
    places = (np.arange(count) + 0.5) * len(stamps) / count
    return [stamps[place] for place in dict.fromkeys(places.astype(int)) if stamps]


def _tile(
    frames: Mapping[tuple[str, int], CompressedImage],
    template: Template,
    answer: HeterologousMatch,
    truth: Sequence[float] | None,
) -> Picture:
    light = frames.get((_VISIBLE, stamp_to_ns(answer.visible_header.stamp)))
    heat = frames[_INFRARED, stamp_to_ns(answer.header.stamp)]
    sighting = Sighting(
        bool(answer.found),
        float(answer.score),
        _found(answer, answer.box_visible),
        _found(answer, answer.box_infrared),
        answer.mode,
        answer.reason,
        tiles_left=0,
    )
    return draw(
        None if light is None else compressed_to_rgb(light),
        decode_infrared_compressed(heat.data, heat.format),
        [(template, sighting)],
        truth=[] if truth is None else [truth],
    )


def _found(answer: HeterologousMatch, box: Box) -> Floats | None:
    return np.array([box.x, box.y, box.width, box.height]) if answer.found else None


def _template(name: str, shown: Picture, box: Any) -> Template:
    """As the node cut it; only its picture is drawn."""
    square = square_around(box, _TEMPLATE)
    size = (shown.shape[1], shown.shape[0])
    return Template(name, np.array(box), square, square.cut(shown, BORDER), Kept({}, 0.0), size)
