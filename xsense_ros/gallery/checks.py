# SPDX-License-Identifier: Apache-2.0
"""Checks of what is about to be remembered, so that nothing unusable enters the record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.gallery.item import MEDIA_TYPES, View

MAX_LABEL = 256
MAX_NAME = 64
_NORM_TOLERANCE = 1e-3


def check_text(what: str, value: object, longest: int) -> None:
    """InputError unless ``value`` is printable text of 1 to ``longest`` characters."""
    good = isinstance(value, str) and value.isprintable() and value.strip() == value
    if not good or not 1 <= len(str(value)) <= longest:
        expected = f'1 to {longest} printable characters without blanks at the ends'
        raise InputError(what, value, expected, f'give another {what}')


def check_views(views: Sequence[View], dimensions: dict[str, int | None]) -> None:
    """InputError unless every view can be stored.

    Args:
        views: at least one.
        dimensions: the gallery's spaces; None where no vector has fixed the dimension yet.
    """
    if not views:
        raise InputError('views', [], 'at least one view', 'give a sample of the item')
    fixed = dict(dimensions)
    for number, view in enumerate(views):
        where = f'views[{number}]'
        check_text(f'{where}.modality', view.modality, MAX_NAME)
        if not view.vectors:
            cure = 'encode the sample first'
            raise InputError(f'{where}.vectors', {}, 'a vector in at least one space', cure)
        for space, vector in view.vectors.items():
            if space not in fixed:
                cure = 'open the gallery with the fingerprints of this encoder'
                raise InputError(f'{where}.vectors', space, f'one of {sorted(fixed)}', cure)
            check_vector(f'{where}.vectors[{space!r}]', vector, fixed[space])
            fixed[space] = len(vector)
        _check_media(view, where)
        check_time(f'{where}.created_ns', view.created_ns)
        if view.sha256 is not None and (type(view.sha256) is not bytes or len(view.sha256) != 32):
            cure = 'give hashlib.sha256(data).digest(), or None'
            raise InputError(f'{where}.sha256', view.sha256, '32 bytes', cure)


def check_time(what: str, created_ns: int) -> None:
    """InputError unless it is a wall clock time in nanoseconds, or 0."""
    if type(created_ns) is not int or not 0 <= created_ns < 2**63:
        raise InputError(what, created_ns, 'nanoseconds since 1970', 'leave it 0 for now')


def check_vector(what: str, vector: NDArray[np.float32], dimension: int | None) -> None:
    """InputError unless ``vector`` is float32 (D,), finite and of length 1."""
    cure = 'give an embedding as the encoder returns it'
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        kind = getattr(vector, 'dtype', type(vector).__name__)
        raise InputError(f'dtype of {what}', str(kind), 'float32', cure)
    if vector.ndim != 1 or not vector.size or dimension not in (None, vector.size):
        expected = f'({"D" if dimension is None else dimension},)'
        raise InputError(f'shape of {what}', vector.shape, expected, cure)
    norm = float(np.linalg.norm(vector))
    # Written so that NaN fails too.
    if not abs(norm - 1.0) <= _NORM_TOLERANCE:
        raise InputError(f'length of {what}', norm, '1', cure)


def _check_media(view: View, where: str) -> None:
    cure = 'encode the sample as PNG, JPEG, FLAC or UTF-8 text, or leave it out'
    if view.media is None:
        if view.media_type:
            raise InputError(f'{where}.media_type', view.media_type, "'' without media", cure)
    elif not isinstance(view.media, bytes) or not view.media:
        raise InputError(f'{where}.media', view.media, 'bytes, not empty', cure)
    elif view.media_type not in MEDIA_TYPES:
        raise InputError(f'{where}.media_type', view.media_type, f'one of {MEDIA_TYPES}', cure)
