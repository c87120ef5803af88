# SPDX-License-Identifier: Apache-2.0
"""The triplet of feature maps: trained by what ranks; what the released code trains instead."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from xsense_ros.errors import InputError
from xsense_training.losses.map_triplet import MapTriplet, map_vectors


def maps(seed: int, rows: int = 5) -> torch.Tensor:
    return torch.randn(rows, 8, 4, 3, generator=torch.Generator().manual_seed(seed))


def test_the_distance_orders_as_the_evaluator_s_cosine_does() -> None:
    query, gallery = maps(0, 1), maps(1, 40)
    cosine = (map_vectors(query) @ map_vectors(gallery).T)[0].numpy()
    far = MapTriplet().far(query.expand_as(gallery), gallery).numpy()
    assert far.shape == (40,)
    np.testing.assert_array_equal(np.argsort(far), np.argsort(-cosine))
    np.testing.assert_allclose(far**2, 2 - 2 * cosine, atol=1e-3)


def test_the_loss_is_the_margin_over_whole_maps() -> None:
    anchor, positive, negative = (maps(seed) for seed in range(3))
    by_hand = []
    for a, p, n in zip(anchor, positive, negative, strict=True):
        a, p, n = (x.flatten() / x.flatten().norm() for x in (a, p, n))
        by_hand.append(max(0.0, float((a - p).norm() - (a - n).norm()) + 0.3))
    found = MapTriplet(0.3)(anchor, positive, negative)
    assert float(found) == pytest.approx(np.mean(by_hand), abs=1e-4)


def test_the_released_loss_takes_rows_of_pixels_for_vectors() -> None:
    anchor, positive, negative = (maps(seed) for seed in range(3))
    released = F.triplet_margin_loss(anchor, positive, negative, margin=1.0, reduction='none')
    assert released.shape == (5, 8, 4)  # a "distance" for every channel and row of pixels
    ours = MapTriplet(1.0, 'last axis')
    assert ours.far(anchor, positive).shape == (5, 8, 4)
    assert float(ours(anchor, positive, negative)) == pytest.approx(float(released.mean()))


def test_the_released_distance_ranks_unlike_the_evaluator() -> None:
    # One channel holds all of the map's energy: to the cosine the others hardly matter.
    anchor = torch.zeros(1, 8, 1, 2)
    anchor[0, 0, 0] = torch.tensor([10.0, 0.0])
    near, other = anchor.clone(), anchor.clone()
    near[0, 1:] = 1.5
    other[0, 0, 0] = torch.tensor([3.0, 3.0])
    cosine = [float(map_vectors(anchor) @ map_vectors(x).T) for x in (near, other)]
    released = [float(MapTriplet(1.0, 'last axis').far(anchor, x).mean()) for x in (near, other)]
    ours = [float(MapTriplet().far(anchor, x)) for x in (near, other)]
    assert cosine[0] > cosine[1] and ours[0] < ours[1]
    assert released[0] > released[1]


def test_a_map_is_compared_place_by_place() -> None:
    """A press that is shifted by one cell has nothing in common with itself; pooled, it is equal.

    That, and its length, is why what ships pools its maps.
    """
    pressed = torch.zeros(1, 512, 14, 14)
    pressed[0, :, 6, 6] = 1.0
    shifted = pressed.roll(1, dims=3)
    assert map_vectors(pressed).shape == (1, 100_352)
    assert float(map_vectors(pressed) @ map_vectors(shifted).T) == 0.0
    assert torch.equal(pressed.mean(dim=(2, 3)), shifted.mean(dim=(2, 3)))


def test_equal_maps_have_finite_gradients() -> None:
    x = maps(0).requires_grad_()
    MapTriplet()(x, x, x).backward()
    assert x.grad is not None and bool(x.grad.isfinite().all())


def test_an_unknown_distance_is_refused() -> None:
    with pytest.raises(InputError, match='whole map or last axis'):
        MapTriplet(1.0, 'flat')  # type: ignore[arg-type]
