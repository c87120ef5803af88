# SPDX-License-Identifier: Apache-2.0
"""The parameters of the retrieval node that decide about its answers, read without ROS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsense_ros.adapters.sounds import SoundFormat
from xsense_ros.errors import InputError
from xsense_ros.resources import find_resource

_NODE = 'retrieval'
_SHIPPED = f'config/{_NODE}.yaml'


@dataclass(frozen=True)
class SenseSettings:
    """How the node turns messages into questions, and accepts answers.

    Names and units are those of its parameters; None: the bundle's calibration.
    """

    bundles: tuple[str, ...]
    backends: tuple[str, ...]
    threads: int | None
    min_probability: float | None
    min_margin: float | None
    sound_window_seconds: float
    sound_hop_seconds: float
    sound_silence_dbfs: float
    touch_profiles: Mapping[str, str]
    touch_event_seconds: float
    touch_presses: int
    touch_repeat_seconds: float
    touch_silent_seconds: float
    impact_rise_db: float
    audio_format: SoundFormat

    @classmethod
    def read(cls, files: Sequence[Path] = ()) -> SenseSettings:
        """From parameter files, over the defaults of the shipped one.

        Raises:
            InputError: a file that is none, or a value that cannot be used.
        """
        values = parameter_file(find_resource(_SHIPPED))
        for file in files:
            values |= parameter_file(file)
        try:
            topics, profiles = values['touch.topics'], values['touch.profiles']
            shared = profiles if len(profiles) == len(topics) else profiles[:1] * len(topics)
            return cls(
                bundles=tuple(values['bundles']),
                backends=tuple(values['backends']),
                threads=int(values['threads']) or None,
                min_probability=_unless_negative(values['min_probability']),
                min_margin=_unless_negative(values['min_margin']),
                sound_window_seconds=float(values['sound.window_seconds']),
                sound_hop_seconds=float(values['sound.hop_seconds']),
                sound_silence_dbfs=float(values['sound.silence_dbfs']),
                touch_profiles=dict(zip(topics, shared, strict=True)),
                touch_event_seconds=float(values['touch.event_seconds']),
                touch_presses=int(values['touch.presses']),
                touch_repeat_seconds=float(values['touch.repeat_seconds']),
                touch_silent_seconds=float(values['touch.silent_seconds']),
                impact_rise_db=float(values['impact.rise_db']),
                audio_format=SoundFormat.from_text(values['audio.format']),
            )
        except (TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            shown = ', '.join(map(str, files))
            raise InputError(
                'parameter file', shown, f'values of the types of {_SHIPPED} ({error})',
                'compare it with that file',
            ) from error  # fmt: skip


def parameter_file(path: Path) -> dict[str, Any]:
    """Values by name that a ROS 2 parameter file gives to the node `retrieval`.

    Sections of its name count before those with wildcards, whatever their namespace.

    Raises:
        InputError: a file that cannot be read, or is none.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text('utf-8'))
        sections = {str(name): dict(body['ros__parameters']) for name, body in found.items()}
    except (OSError, ValueError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        expected = f'a ROS 2 parameter file: NODE, ros__parameters, values ({error!r})'
        raise InputError('parameter file', str(path), expected, f'compare it with {_SHIPPED}') \
            from error  # fmt: skip
    values: dict[str, Any] = {}
    for name in sorted(sections, key=lambda name: name.rpartition('/')[2] == _NODE):
        if name.rpartition('/')[2] in (_NODE, '*', '**'):
            values |= dict(_flat(sections[name]))
    return values


def _flat(values: Mapping[str, Any], prefix: str = '') -> list[tuple[str, Any]]:
    """Nested names joined by points."""
    flat: list[tuple[str, Any]] = []
    for name, value in values.items():
        whole = f'{prefix}{name}'
        flat += _flat(value, f'{whole}.') if isinstance(value, Mapping) else [(whole, value)]
    return flat


def _unless_negative(value: float) -> float | None:
    return None if value < 0.0 else float(value)
