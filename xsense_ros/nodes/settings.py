# SPDX-License-Identifier: Apache-2.0
"""The parameters of the retrieval node: one table that declares, documents and checks them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsense_ros.engines.backends import BACKENDS
from xsense_ros.errors import InputError
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


def _path(value: Any) -> str:
    return '' if value.strip() and '\0' not in value else "a file name, or ':memory:'"


def default_gallery() -> str:
    """Where the XDG base directory specification puts what a program remembers for its user."""
    base = os.environ.get('XDG_DATA_HOME') or Path.home() / '.local' / 'share'
    return str(Path(base) / 'xsense' / 'gallery.db')


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
    ParameterSpec(
        'image.targets',
        ['image'],
        'Modalities of the remembered views that may answer a picture.',
        check=_some_of(*MODALITIES),
    ),
    ParameterSpec(
        'sketch.targets',
        ['image'],
        'Modalities of the remembered views that may answer a sketch.',
        check=_some_of(*MODALITIES),
    ),
    ParameterSpec(
        'sound.targets',
        ['image', 'sound'],
        'Modalities of the remembered views that may answer a sound.',
        check=_some_of(*MODALITIES),
    ),
    ParameterSpec(
        'text.targets',
        ['image'],
        'Modalities of the remembered views that may answer a text.',
        check=_some_of(*MODALITIES),
    ),
    ParameterSpec('top_k', 5, 'Most matches in an answer.', limits=(1, 1000)),
    ParameterSpec(
        'min_probability',
        -1.0,
        'Least probability of an accepted match; -1: calibrated by the bundle.',
        limits=(-1.0, 1.0),
        check=lambda value: '' if value == -1.0 or value >= 0.0 else '-1.0, or 0.0 to 1.0',
    ),
    ParameterSpec(
        'min_margin',
        -1.0,
        'Least lead of an accepted match over the next item; -1: calibrated by the bundle.',
        limits=(-1.0, 1.0),
        check=lambda value: '' if value == -1.0 or value >= 0.0 else '-1.0, or 0.0 to 1.0',
    ),
    ParameterSpec(
        'image.max_rate',
        0.0,
        'Most pictures asked a second [Hz]; 0: as many as the machine can.',
        limits=(0.0, 1000.0),
    ),
    ParameterSpec(
        'sketch.max_rate',
        0.0,
        'Most sketches asked a second [Hz]; 0: no limit.',
        limits=(0.0, 1000.0),
    ),
    ParameterSpec(
        'text.max_rate',
        0.0,
        'Most texts asked a second [Hz]; 0: no limit.',
        limits=(0.0, 1000.0),
    ),
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
_BY_NAME = {spec.name: spec for spec in PARAMETERS}


@dataclass(frozen=True)
class Settings:
    """The values of the parameters, as the node uses them.

    ``targets`` are by modality of the query. None: take the bundle's calibration.
    """

    bundles: tuple[str, ...]
    gallery: str
    backends: tuple[str, ...]
    strict_backend: bool
    threads: int | None
    senses: tuple[str, ...]
    targets: Mapping[str, tuple[str, ...]]
    top_k: int
    min_probability: float | None
    min_margin: float | None
    image_max_rate: float
    sketch_max_rate: float
    text_max_rate: float
    sound_window_seconds: float
    sound_hop_seconds: float
    sound_silence_dbfs: float
    stamp_tolerance_seconds: float
    keep_media: bool

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Settings:
        """From parameter values by name, which must have passed ``check_values``."""
        return cls(
            bundles=tuple(values['bundles']),
            gallery=os.path.expanduser(values['gallery']),  # noqa: PTH111 - ':memory:' is no path
            backends=tuple(values['backends']),
            strict_backend=values['strict_backend'],
            threads=values['threads'] or None,
            senses=tuple(values['senses']),
            targets={name: tuple(values[f'{name}.targets']) for name in MODALITIES},
            top_k=values['top_k'],
            min_probability=_unless_negative(values['min_probability']),
            min_margin=_unless_negative(values['min_margin']),
            image_max_rate=values['image.max_rate'],
            sketch_max_rate=values['sketch.max_rate'],
            text_max_rate=values['text.max_rate'],
            sound_window_seconds=values['sound.window_seconds'],
            sound_hop_seconds=values['sound.hop_seconds'],
            sound_silence_dbfs=values['sound.silence_dbfs'],
            stamp_tolerance_seconds=values['stamp_tolerance_seconds'],
            keep_media=values['keep_media'],
        )


def check_values(values: Mapping[str, Any]) -> None:
    """InputError for the first value that cannot be used; names without a row are not ours."""
    for name, value in values.items():
        spec = _BY_NAME.get(name)
        if spec is None:
            continue
        expected = spec.check(value) if spec.check else ''
        if spec.limits and not spec.limits[0] <= value <= spec.limits[1]:
            expected = f'{spec.limits[0]} to {spec.limits[1]}'
        if expected:
            cure = f'correct it in the parameter file, or `ros2 param set NODE {name} VALUE`'
            raise InputError(f'parameter {name}', value, expected, cure)
    hop, window = values.get('sound.hop_seconds'), values.get('sound.window_seconds')
    if hop is not None and window is not None and hop > window:
        raise InputError(
            'parameter sound.hop_seconds',
            hop,
            f'at most sound.window_seconds ({window}), or sound goes by unheard',
            'shorten the hop, or lengthen the window first',
        )


def check_change(name: str, value: Any, state: str) -> None:
    """InputError where a parameter may not change in this lifecycle state."""
    spec = _BY_NAME.get(name)
    if spec is None or spec.changes == ANY_TIME or state == 'unconfigured':
        return
    if spec.changes == INACTIVE and state == 'inactive':
        return
    step = 'deactivate' if spec.changes == INACTIVE else 'deactivate and clean up'
    raise InputError(
        f'parameter {name}',
        value,
        f'a change {spec.changes} (the node is {state})',
        f'{step} the node first (`ros2 lifecycle set`), or give it in the parameter file',
    )


def _unless_negative(value: float) -> float | None:
    return None if value < 0.0 else value
