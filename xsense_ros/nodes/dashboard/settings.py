# SPDX-License-Identifier: Apache-2.0
"""The values of the dashboard's parameters as it uses them."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsense_ros.adapters.sounds import SoundFormat
from xsense_ros.dashboard.security import check_binding
from xsense_ros.dashboard.uploads import Limits
from xsense_ros.errors import InputError
from xsense_ros.nodes.dashboard.parameters import PARAMETERS
from xsense_ros.nodes.matching.parameters import AUTO
from xsense_ros.nodes.parameter_spec import check_rows
from xsense_ros.nodes.parameter_table import TYPED
from xsense_ros.nodes.settings import by_topic
from xsense_ros.nodes.settings import check_values as check_shared

TOKEN = 'XSENSE_DASHBOARD_TOKEN'


@dataclass(frozen=True)
class DashboardSettings:
    """The values of the parameters, as the node uses them.

    ``celsius`` is (scale, offset), None where unknown; ``touch_profiles`` are by topic,
    ``message_types`` by sense.
    """

    host: str
    port: int
    token: str
    allowed_hosts: tuple[str, ...]
    max_browsers: int
    retrieval: str
    matching: str
    timeout: float
    tile_max_rate: float
    tile_width: int
    tile_quality: int
    spectrogram_seconds: float
    limits: Limits
    touch_profiles: Mapping[str, str]
    message_types: Mapping[str, str]
    audio_format: SoundFormat
    infrared_encoding: str
    infrared_palette: str
    celsius: tuple[float, float] | None

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> DashboardSettings:
        """From parameter values by name, which must have passed ``check_values``.

        Raises:
            InputError: the file of the token cannot be used, or a token is missing.
        """
        encoding, scale = values['infrared.encoding'], values['infrared.celsius_scale']
        token = _token(values['token_file'])
        check_binding(values['host'], token)
        return cls(
            host=values['host'],
            port=values['port'],
            token=token,
            allowed_hosts=tuple(values['allowed_hosts']),
            max_browsers=values['max_browsers'],
            retrieval=values['retrieval'],
            matching=values['matching'],
            timeout=values['timeout'],
            tile_max_rate=values['tile.max_rate'],
            tile_width=values['tile.width'],
            tile_quality=values['tile.quality'],
            spectrogram_seconds=values['spectrogram.seconds'],
            limits=Limits(
                max_bytes=values['upload.max_bytes'],
                max_pixels=values['upload.max_pixels'],
                max_seconds=values['upload.max_seconds'],
            ),
            touch_profiles=by_topic(values['touch.topics'], values['touch.profiles']),
            message_types={sense: values[f'{sense}.message_type'] for sense in TYPED},
            audio_format=SoundFormat.from_text(values['audio.format']),
            infrared_encoding='' if encoding == AUTO else encoding,
            infrared_palette=values['infrared.palette'],
            celsius=(scale, values['infrared.celsius_offset']) if scale else None,
        )


def check_values(values: Mapping[str, Any]) -> None:
    """InputError for the first value that cannot be used."""
    check_rows(PARAMETERS, values)
    check_shared(values)


def _token(file: str) -> str:
    """The secret; a parameter would tell it to everybody who can ask the node for it."""
    if not file:
        return os.environ.get(TOKEN, '')
    path = Path(file).expanduser()
    try:
        token = path.read_text('utf-8').strip()
        mode = path.stat().st_mode
    except (OSError, UnicodeError) as error:
        expected = f'a text file that can be read ({error})'
        raise InputError('parameter token_file', file, expected, 'correct the path') from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        expected = 'a file that only its owner can read'
        raise InputError('parameter token_file', file, expected, f'chmod 600 {file}')
    if not token:
        raise InputError('parameter token_file', file, 'a secret in it', 'write one into it')
    return token
