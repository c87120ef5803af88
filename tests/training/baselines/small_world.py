"""Two modalities of a small world with classes, concepts and different widths."""

from __future__ import annotations

import numpy as np
import torch

from xsense_training.data.samples import Samples


def embed(head, features):
    """(N, F) -> (N, D) through a head in eval mode."""
    head.eval()
    with torch.no_grad():
        return head(torch.as_tensor(np.asarray(features, np.float32))).numpy()


def retrieval_score(x, y):
    """Validation: class precision of the nearest neighbour, plus how clear the ranking is."""

    def score(heads):
        cosine = embed(heads[x.modality], x.features) @ embed(heads[y.modality], y.features).T
        same = x.label[:, None] == y.label[None, :]
        return float(same[np.arange(len(x)), cosine.argmax(axis=1)].mean())

    return score


def world(seed=0, rows=240, classes=6, noise=0.7):
    """Image (N, 12) and sound (N, 7): a class, a thing of that class, noise of its own."""
    maps = np.random.default_rng(99)
    centres, to_x, to_y = (maps.standard_normal(s) for s in ((classes, 4), (8, 12), (8, 7)))
    rng = np.random.default_rng(seed)
    label = np.arange(rows) % classes
    latent = np.concatenate([centres[label], 0.5 * rng.standard_normal((rows, 4))], axis=1)
    x = latent @ to_x + noise * rng.standard_normal((rows, 12)) + 3
    y = latent @ to_y + noise * rng.standard_normal((rows, 7)) - 1
    return (
        Samples('image', x.astype(np.float32), label, np.arange(rows)),
        Samples('sound', y.astype(np.float32), label, np.arange(rows)),
    )
