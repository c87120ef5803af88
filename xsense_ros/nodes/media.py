# SPDX-License-Identifier: Apache-2.0
"""What is kept of an enrolled sample, losslessly, so that another model can embed it again."""

from __future__ import annotations

import io
from typing import Any

import cv2

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform

try:
    import soundfile
except ImportError:  # sounds are then enrolled without a copy
    soundfile = None


def encode_media(modality: str, sample: Any) -> tuple[bytes | None, str]:
    """The sample as a file and its media type: PNG, FLAC (24 bit) or UTF-8 text.

    None and '' for what cannot be kept: a sound where `soundfile` is not installed.

    Raises:
        InputError: the picture does not fit into a PNG.
    """
    if modality == 'image':
        done, data = cv2.imencode('.png', cv2.cvtColor(sample, cv2.COLOR_RGB2BGR))
        if not done:
            raise InputError('image', sample.shape, 'a picture that PNG can hold', 'shrink it')
        return data.tobytes(), 'image/png'
    if modality == 'sound':
        return _flac(sample)
    return str(sample).encode(), 'text/plain'


def _flac(sound: Waveform) -> tuple[bytes | None, str]:
    if soundfile is None:
        return None, ''
    buffer = io.BytesIO()
    soundfile.write(buffer, sound.samples, sound.sample_rate, format='FLAC', subtype='PCM_24')
    return buffer.getvalue(), 'audio/flac'
