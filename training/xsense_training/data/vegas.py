# SPDX-License-Identifier: Apache-2.0
"""VEGAS: 10 classes of sounding things in videos (Zhou et al. 2018), as features.

Either Data/{vgg,inception,VEGAS_classes}/CLIP.npy with the five class-balanced lists of clips
Data/folds/*, or the packed vegas_feature.h5.
"""

from __future__ import annotations

from pathlib import Path

from xsense_training.data.clip_features import ClipSet, find_packed, load_clip_files, load_packed

DATASET = 'vegas'
CLASSES, CLIPS = 10, 28_103


def load_vegas(root: Path) -> ClipSet:
    """Clips with folds: those of the lists in order of their names, or the packed division.

    Raises:
        InputError: names what is missing, as load_clip_files and load_packed do.
    """
    packed = None if (root / 'Data').is_dir() else find_packed(root, DATASET)
    if packed is not None:
        return load_packed(packed, DATASET)
    return load_clip_files(root, DATASET, 'VEGAS_classes')
