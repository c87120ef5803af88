# SPDX-License-Identifier: Apache-2.0
"""AVE: the 15-class version of audio-visual events (Tian et al. 2018), as packed features.

One .h5 file with the keys {audio,visual,lab}_{train,test}; features may keep their time axis.
"""

from __future__ import annotations

from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.clip_features import ClipSet, find_packed, load_packed

DATASET = 'ave'
CLASSES = 15


def load_ave(root: Path) -> ClipSet:
    """Clips of the packed file: fold 0 is its test part.

    Args:
        root: the file, or the folder in which it is the only .h5 or .npz.

    Raises:
        InputError: no such file, or one that load_packed refuses.
    """
    packed = find_packed(root, DATASET)
    if packed is None:
        raise InputError(
            'packed features of AVE', str(root), 'an .h5 or .npz file', 'put the file there'
        )
    return load_packed(packed, DATASET)
