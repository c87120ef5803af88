# SPDX-License-Identifier: Apache-2.0
"""The real data root where it is fetched, and a small world of sounds and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xsense_training.recipes.tnn_c_cca.data import AudioVisualData, Bank


@pytest.fixture(scope='session')
def real_root() -> Path:
    from xsense_training.data.root import data_root

    return data_root()


@pytest.fixture(scope='session')
def world() -> AudioVisualData:
    """Six classes in two groups, 20 recordings and 15 pictures each, features that tell them."""
    rng = np.random.default_rng(0)
    banks = {}
    for modality, width, each, views in (('sound', 12, 20, 3), ('image', 20, 15, 3)):
        centres = rng.normal(0, 1.5, (6, width))
        label = np.repeat(np.arange(6), each)
        features = centres[label][:, None] + rng.normal(0, 1.0, (len(label), views, width))
        start = 0 if modality == 'image' else 1000
        banks[modality] = Bank(
            modality,
            features.astype(np.float32),
            label,
            np.arange(len(label)) % 5,
            np.arange(len(label)) + start,
            rng.normal(0, 1, (len(label), 4 if modality == 'sound' else 3)),
        )
    groups = {'instruments': np.arange(3), 'animals': np.arange(3, 6)}
    names = tuple('abcdef')
    return AudioVisualData('made', names, groups, banks['sound'], banks['image'], False)
