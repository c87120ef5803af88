# SPDX-License-Identifier: Apache-2.0
"""The values of the retrieval node's parameters as the node uses them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xsense_ros.adapters.sounds import SoundFormat
from xsense_ros.errors import InputError
from xsense_ros.names import MODALITIES
from xsense_ros.nodes.parameter_spec import check_rows, unless_negative
from xsense_ros.nodes.parameter_table import PARAMETERS, TYPED


@dataclass(frozen=True)
class Settings:
    """The values of the parameters, as the node uses them.

    ``targets``, ``max_rates`` [Hz] and ``message_types`` are by modality of the query,
    ``touch_profiles`` by topic.
    None: take the calibration of the bundle, or of the fusion.
    """

    bundles: tuple[str, ...]
    gallery: str
    approximate_above: int
    backends: tuple[str, ...]
    strict_backend: bool
    threads: int | None
    build: str
    senses: tuple[str, ...]
    targets: Mapping[str, tuple[str, ...]]
    top_k: int
    min_probability: float | None
    min_margin: float | None
    max_rates: Mapping[str, float]
    fusion_senses: tuple[str, ...]
    fusion_window_seconds: float
    fusion_min_probability: float | None
    fusion_min_margin: float | None
    sound_window_seconds: float
    sound_hop_seconds: float
    sound_silence_dbfs: float
    touch_profiles: Mapping[str, str]
    touch_backgrounds: str
    touch_event_seconds: float
    touch_presses: int
    touch_repeat_seconds: float
    touch_silent_seconds: float
    impact_rise_db: float
    stamp_tolerance_seconds: float
    keep_media: bool
    message_types: Mapping[str, str]
    audio_format: SoundFormat

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Settings:
        """From parameter values by name, which must have passed ``check_values``."""
        return cls(
            bundles=tuple(values['bundles']),
            gallery=os.path.expanduser(values['gallery']),  # noqa: PTH111 - ':memory:' is no path
            approximate_above=values['search.approximate_above'],
            backends=tuple(values['backends']),
            strict_backend=values['strict_backend'],
            threads=values['threads'] or None,
            build=values['engines.build'],
            senses=tuple(values['senses']),
            targets={name: tuple(values[f'{name}.targets']) for name in MODALITIES},
            top_k=values['top_k'],
            min_probability=unless_negative(values['min_probability']),
            min_margin=unless_negative(values['min_margin']),
            max_rates={name: values.get(f'{name}.max_rate', 0.0) for name in MODALITIES},
            fusion_senses=tuple(filter(None, values['fusion.senses'])),
            fusion_window_seconds=values['fusion.window_seconds'],
            fusion_min_probability=unless_negative(values['fusion.min_probability']),
            fusion_min_margin=unless_negative(values['fusion.min_margin']),
            sound_window_seconds=values['sound.window_seconds'],
            sound_hop_seconds=values['sound.hop_seconds'],
            sound_silence_dbfs=values['sound.silence_dbfs'],
            touch_profiles=by_topic(values['touch.topics'], values['touch.profiles']),
            touch_backgrounds=values['touch.backgrounds'],
            touch_event_seconds=values['touch.event_seconds'],
            touch_presses=values['touch.presses'],
            touch_repeat_seconds=values['touch.repeat_seconds'],
            touch_silent_seconds=values['touch.silent_seconds'],
            impact_rise_db=values['impact.rise_db'],
            stamp_tolerance_seconds=values['stamp_tolerance_seconds'],
            keep_media=values['keep_media'],
            message_types={name: values[f'{name}.message_type'] for name in TYPED},
            audio_format=SoundFormat.from_text(values['audio.format']),
        )


def check_values(values: Mapping[str, Any]) -> None:
    """InputError for the first value that cannot be used; names without a row are not ours."""
    check_rows(PARAMETERS, values)
    hop, window = values.get('sound.hop_seconds'), values.get('sound.window_seconds')
    if hop is not None and window is not None and hop > window:
        raise InputError(
            'parameter sound.hop_seconds',
            hop,
            f'at most sound.window_seconds ({window}), or sound goes by unheard',
            'shorten the hop, or lengthen the window first',
        )
    topics, profiles = values.get('touch.topics', ()), values.get('touch.profiles', ())
    if len(profiles) not in (1, len(topics)):
        raise InputError(
            'parameter touch.profiles',
            list(profiles),
            f'one profile for all sensors, or one for each of {list(topics)}',
            'set both in one call, or in the parameter file',
        )


def by_topic(topics: Sequence[str], profiles: Sequence[str]) -> dict[str, str]:
    """Profile of each tactile sensor; a single one is that of all."""
    shared = profiles if len(profiles) == len(topics) else [profiles[0]] * len(topics)
    return dict(zip(topics, shared, strict=True))
