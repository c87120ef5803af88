# SPDX-License-Identifier: Apache-2.0
"""Land of several kinds: levels change, places and texture do not."""

from __future__ import annotations

import cv2
import numpy as np

from xsense_training.data.registered_pair import RegisteredPair
from xsense_training.recipes.hetero.patchwork import patchwork


def land(rows=300, columns=420):
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.standard_normal((rows, columns)).astype(np.float32), (0, 0), 2)
    texture = np.rint(120 + 8 * noise / noise.std()).astype(np.uint8)
    return RegisteredPair('land', np.repeat(texture[..., None], 3, axis=2), 240 - texture)


def test_texture_stays_where_it_is_and_levels_do_not():
    pair = land()
    found = patchwork(pair, np.random.default_rng(1))
    again, other = (patchwork(pair, np.random.default_rng(seed)) for seed in (1, 2))
    assert np.array_equal(found.visible, again.visible)
    assert np.array_equal(found.infrared, again.infrared)
    assert not np.array_equal(found.infrared, other.infrared)
    assert found.visible.shape == (300, 420, 3) and found.infrared.shape == (300, 420)
    assert found.visible[..., 0].std() > 2 * pair.visible[..., 0].std()
    # Away from the borders of the areas, all that changed is contrast: by the same factor for all
    # pixels of a small window, on either side of the same edges.
    for before, after in ((pair.infrared, found.infrared), (pair.visible, found.visible)):
        first, second = (x.reshape(300, 420, -1)[..., 0].astype(float) for x in (before, after))
        windows = [(slice(y, y + 24), slice(x, x + 24)) for y in range(0, 276, 24)
                   for x in range(0, 396, 24)]  # fmt: skip
        alike = [np.corrcoef(first[w].ravel(), second[w].ravel())[0, 1] for w in windows]
        assert np.median(alike) > 0.95
