# SPDX-License-Identifier: Apache-2.0
"""MV-10K: ten thousand music videos of YouTube-8M with emotion classes, as features.

Its publishers describe the features and five folds, but no file format. What is assumed here is
what they use for their other sets: one packed .h5 or .npz file with the keys
{audio,visual,lab}_{train,test}, or Data/{vgg,inception,MV10K_classes}/CLIP.npy with Data/folds/*.
The emotions have numbers and no published names.
"""

from __future__ import annotations

from pathlib import Path

from xsense_training.data.clip_features import ClipSet, find_packed, load_clip_files, load_packed

DATASET = 'mv10k'


def load_mv10k(root: Path) -> ClipSet:
    """Clips with folds, labelled by emotion.

    Raises:
        InputError: names what is missing, as load_clip_files and load_packed do.
    """
    packed = None if (root / 'Data').is_dir() else find_packed(root, DATASET)
    if packed is not None:
        return load_packed(packed, DATASET)
    return load_clip_files(root, DATASET, 'MV10K_classes')
