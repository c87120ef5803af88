# SPDX-License-Identifier: Apache-2.0
"""Samples that come by service instead of by topic, as the encoder takes them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.msg import Sample
from xsense_ros.names import MODALITIES
from xsense_ros.nodes.conversions import (
    chunk_to_waveform,
    compressed_to_rgb,
    compressed_to_sketch,
    image_to_rgb,
    image_to_sketch,
    message_to_text,
)
from xsense_ros.senses.impact_window import align_impact
from xsense_ros.senses.press import Press

_PICTURES = {
    Sample.IMAGE: (image_to_rgb, compressed_to_rgb),
    Sample.SKETCH: (image_to_sketch, compressed_to_sketch),
    Sample.TOUCH: (image_to_rgb, compressed_to_rgb),
}


class Toucher(Protocol):
    """Knows tactile sensors, and how each looks untouched."""

    def press(
        self,
        frame: NDArray[np.uint8],
        serial: str,
        profile: str,
        background: NDArray[np.uint8] | None,
    ) -> Press:
        """The press that a raw frame shows; InputError where its background is not known."""
        ...


def sample_from_message(message: Sample, toucher: Toucher) -> tuple[str, Any, Any, str]:
    """Take a sample out of a service request.

    Args:
        message: of the request.
        toucher: asked for what the message does not say of a tactile sensor.

    Returns:
        Its modality, header, the sample as the encoder takes it, and its text ('' if none).

    Raises:
        InputError: unknown modality, or a sample that cannot be used.
    """
    modality = message.modality
    if modality in _PICTURES:
        header, picture = _picture(message)
        if modality == Sample.TOUCH:
            given = message.background
            background = image_to_rgb(given) if given.height or given.data else None
            picture = toucher.press(picture, header.frame_id, message.profile, background)
        return modality, header, picture, ''
    if modality in (Sample.SOUND, Sample.IMPACT):
        waveform = chunk_to_waveform(message.sound)
        if modality == Sample.IMPACT:
            waveform = align_impact(waveform)
        return modality, message.sound.header, waveform, ''
    if modality == Sample.TEXT:
        text = message_to_text(message.text)
        return modality, message.text.header, text, text
    raise InputError(
        'sample modality',
        modality,
        f'one of {list(MODALITIES)}',
        'fill `modality` in, and the field that it names',
    )


def _picture(message: Sample) -> tuple[Any, Any]:
    """Header and pixels of the one of both that is filled."""
    from_raw, from_compressed = _PICTURES[message.modality]
    # A raw picture has a height; its data decide nothing, so that a broken one is refused.
    if message.image.height or message.image.data or not message.compressed.data:
        return message.image.header, from_raw(message.image)
    return message.compressed.header, from_compressed(message.compressed)
