# SPDX-License-Identifier: Apache-2.0
"""The table of the retrieval node's parameters: it declares, documents and checks each of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.validate_topic_name import validate_topic_name

from xsense_ros.engines.backends import BACKENDS
from xsense_ros.names import BUNDLES, MODALITIES

# When a parameter may change.
ANY_TIME = 'at any time'
INACTIVE = 'while the node is inactive or unconfigured'
UNCONFIGURED = 'while the node is unconfigured'
AT_START = 'at start only'

Check = Callable[[Any], str]
"""Returns what would have been accepted, or '' where the value is good."""


@dataclass(frozen=True)
class ParameterSpec:
    """A row of the table; ``limits`` are inclusive, and its floats are those of the descriptor."""

    name: str
    default: Any
    description: str
    changes: str = ANY_TIME
    limits: tuple[float, float] | None = None
    check: Check | None = None


def _some_of(*known: str) -> Check:
    def check(values: Any) -> str:
        good = bool(values) and len(set(values)) == len(values) and set(values) <= set(known)
        return '' if good else f'at least one of {list(known)}, none twice'

    return check


def _names(values: Any) -> str:
    good = bool(values) and all(value.strip() for value in values)
    return '' if good else 'at least one name or path, none of them empty'


def _topics(values: Any) -> str:
    try:
        good = bool(values) and all(validate_topic_name(value) for value in values)
    except InvalidTopicNameException as error:
        return f'names of topics ({str(error).splitlines()[0]})'
    return '' if good and len(set(values)) == len(values) else 'at least one topic, none twice'


def _path(value: Any) -> str:
    return '' if value.strip() and '\0' not in value else "a file name, or ':memory:'"


def _share_or_default(value: Any) -> str:
    return '' if value == -1.0 or value >= 0.0 else '-1.0, or 0.0 to 1.0'


def default_gallery() -> str:
    """Where the XDG base directory specification puts what a program remembers for its user."""
    base = os.environ.get('XDG_DATA_HOME') or Path.home() / '.local' / 'share'
    return str(Path(base) / 'xsense' / 'gallery.db')


def _targets(modality: str, asked: str, *default: str) -> ParameterSpec:
    meaning = f'Modalities of the remembered views that may answer {asked}.'
    return ParameterSpec(
        f'{modality}.targets', list(default), meaning, check=_some_of(*MODALITIES)
    )


def _max_rate(modality: str, asked: str, unlimited: str = 'no limit') -> ParameterSpec:
    meaning = f'Most {asked} asked a second [Hz]; 0: {unlimited}.'
    return ParameterSpec(f'{modality}.max_rate', 0.0, meaning, limits=(0.0, 1000.0))


PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec(
        'bundles',
        list(BUNDLES),
        'Model bundles to load, by name or path.',
        UNCONFIGURED,
        check=_names,
    ),
    ParameterSpec(
        'gallery',
        default_gallery(),
        "File of what is remembered; made where missing. ':memory:' forgets at cleanup.",
        UNCONFIGURED,
        check=_path,
    ),
    ParameterSpec(
        'backends',
        ['onnxruntime'],
        'Inference backends, in order of preference.',
        INACTIVE,
        check=_some_of(*sorted(BACKENDS)),
    ),
    ParameterSpec(
        'strict_backend',
        False,
        'Fail where the first backend cannot serve, instead of falling back to the next.',
        INACTIVE,
    ),
    ParameterSpec(
        'threads',
        0,
        "Threads within one operator of a model; 0: the backend's choice.",
        INACTIVE,
        (0, 256),
    ),
    ParameterSpec(
        'senses',
        list(MODALITIES),
        'Senses to subscribe to, among those that the bundles offer.',
        INACTIVE,
        check=_some_of(*MODALITIES),
    ),
    _targets('image', 'a picture', 'image'),
    _targets('sketch', 'a sketch', 'image'),
    _targets('sound', 'a sound', 'image', 'sound'),
    _targets('text', 'a text', 'image'),
    _targets('touch', 'a touch', 'image'),
    _targets('impact', 'a knock', 'image'),
    ParameterSpec('top_k', 5, 'Most matches in an answer.', limits=(1, 1000)),
    ParameterSpec(
        'min_probability',
        -1.0,
        'Least probability of an accepted match; -1: calibrated by the bundle.',
        limits=(-1.0, 1.0),
        check=_share_or_default,
    ),
    ParameterSpec(
        'min_margin',
        -1.0,
        'Least lead of an accepted match over the next item; -1: calibrated by the bundle.',
        limits=(-1.0, 1.0),
        check=_share_or_default,
    ),
    _max_rate('image', 'pictures', 'as many as the machine can'),
    _max_rate('sketch', 'sketches'),
    _max_rate('text', 'texts'),
    ParameterSpec(
        'sound.window_seconds',
        2.0,
        'Length of the sound that is asked [s].',
        limits=(0.1, 30.0),
    ),
    ParameterSpec(
        'sound.hop_seconds',
        0.5,
        'A window is asked whenever so much new sound was heard [s].',
        limits=(0.02, 30.0),
    ),
    ParameterSpec(
        'sound.silence_dbfs',
        -50.0,
        'Windows quieter than this (RMS, dB below full scale) are not asked.',
        limits=(-200.0, 0.0),
    ),
    ParameterSpec(
        'touch.topics',
        ['touch'],
        'Topics of the tactile sensors, one a sensor.',
        INACTIVE,
        check=_topics,
    ),
    ParameterSpec(
        'touch.profiles',
        ['gelsight'],
        'Kinds of the sensors, by name or path: one for all, or one a topic.',
        INACTIVE,
        check=_names,
    ),
    ParameterSpec(
        'touch.backgrounds',
        '',
        "Folder of pictures of sensors without contact, SERIAL.png each; '': learn them all.",
        INACTIVE,
    ),
    ParameterSpec(
        'touch.event_seconds',
        0.3,
        'What is felt within this time of the first contact is one touch [s].',
        INACTIVE,
        (0.0, 60.0),
    ),
    ParameterSpec(
        'touch.presses',
        1,
        'Most frames of each sensor that are fused to one question; the best are taken.',
        INACTIVE,
        (1, 100),
    ),
    ParameterSpec(
        'touch.repeat_seconds',
        0.0,
        'A touch that lasts is asked again after so long [s]; 0: it is asked once.',
        INACTIVE,
        (0.0, 3600.0),
    ),
    ParameterSpec(
        'touch.silent_seconds',
        1.0,
        'A sensor without frames for so long is reported, and its touch is over [s].',
        INACTIVE,
        (0.05, 60.0),
    ),
    ParameterSpec(
        'impact.rise_db',
        16.0,
        'A knock is so much louder than what was heard before it [dB].',
        INACTIVE,
        (3.0, 60.0),
    ),
    ParameterSpec(
        'stamp_tolerance_seconds',
        0.1,
        "How far a stamp may lie ahead of the node's clock before it is reported [s].",
        INACTIVE,
        (0.0, 60.0),
    ),
    ParameterSpec(
        'keep_media',
        True,
        'Keep the samples of enrolled views, so that the gallery can be '
        'rebuilt for another model.',
    ),
    ParameterSpec(
        'diagnostics_period',
        1.0,
        'Time between two messages on /diagnostics [s].',
        AT_START,
        (0.05, 60.0),
    ),
    ParameterSpec(
        'hardware_id',
        socket.gethostname(),
        'Identifies the computer or robot in diagnostics.',
        AT_START,
    ),
    ParameterSpec(
        'autostart',
        False,
        'Configure and activate by itself, without a lifecycle manager.',
        AT_START,
    ),
)
