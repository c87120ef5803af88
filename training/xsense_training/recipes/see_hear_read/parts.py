# SPDX-License-Identifier: Apache-2.0
"""Parts of See, Hear, and Read: training pairs, closed forms and the start of a head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xsense_training.baselines.closed_form import Affine, Standardiser
from xsense_training.baselines.linear import Pairs, choose_cca, choose_ridge
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.system import Features, Floats, linear
from xsense_training.features.corpus import TAG, Corpus
from xsense_training.mixing import mean_score
from xsense_training.models.heads import ResidualHead
from xsense_training.pairing_task import rows_by_concept
from xsense_training.recipes.see_hear_read.protocol import caption_key, reserved_recordings


def image_text_pairs(corpus: Corpus, features: Features, chosen: NDArray[np.bool_]) -> Pairs:
    """Every view of every picture with every caption of its concept, and with caption and tags."""
    pictures = rows_by_concept(corpus.image_concept)
    captions = rows_by_concept(corpus.texts.concept, corpus.texts.kind != TAG)
    tags = rows_by_concept(corpus.texts.concept, corpus.texts.kind == TAG)
    x, y = [], []
    for concept in with_pictures(corpus, chosen, pictures):
        seen = features.image[pictures[concept]].reshape(-1, features.image.shape[2])
        said = list(features.text[captions[concept], 0])
        if concept in tags:
            said.append((said[0] + features.text[tags[concept], 0].mean(axis=0)) / 2)
        for text in said:
            x.append(seen)
            y.append(np.broadcast_to(text, (len(seen), len(text))))
    return Pairs(np.concatenate(x), np.concatenate(y))


def image_sound_pairs(
    corpus: Corpus, features: Features, chosen: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Every variant of every recording with the mean picture of its concept, and its weight.

    The weight makes concepts count alike, however many recordings they have.
    """
    pictures = rows_by_concept(corpus.image_concept)
    usable = chosen[corpus.sound_concept] & ~reserved_recordings(corpus)
    rows = [r for r in np.flatnonzero(usable) if int(corpus.sound_concept[r]) in pictures]
    owners = corpus.sound_concept[rows]
    seen = np.stack([features.image[pictures[int(c)], 0].mean(axis=0) for c in owners])
    counts = np.bincount(owners, minlength=len(corpus.concepts))[owners]
    variants = features.sound.shape[1]
    return (
        features.sound[rows].reshape(-1, features.sound.shape[2]),
        np.repeat(seen, variants, axis=0),
        np.repeat(1 / counts, variants),
    )


def start_head(features: Floats, affine: Affine, hidden: int) -> ResidualHead:
    """A residual head whose linear path is the closed form at unit length.

    The closed form is kept fixed: with so few concepts a free linear path of this width unlearns
    in fifty steps what the closed form knows (measured on validation).
    """
    flat = features.reshape(-1, features.shape[-1])
    scaler = Standardiser.fit(flat)
    head = ResidualHead(flat.shape[1], len(affine.bias), hidden)
    head.standardise(scaler.mean, scaler.scale)
    length = np.linalg.norm(flat @ affine.weight.T + affine.bias, axis=1).mean()
    head.set_linear(affine.weight / length, affine.bias / length)
    head.linear.requires_grad_(False)
    return head


def closed_form_image_sound(
    features: Features, heard: tuple[Floats, Floats, Floats], tasks: Sequence[Direction]
) -> dict[str, dict[str, nn.Module]]:
    """CCA and ridge fitted on image-sound pairs alone: the baselines' best at that pair."""
    sounds, pictures, _ = heard
    pairs = Pairs(pictures, sounds)
    score = pair_score(features, tasks, 'image', 'sound')
    strengths = (1.0, 3.0, 10.0, 30.0)
    found = {
        'cca': choose_cca(pairs, score, (8, 16, 32, 64), strengths, (0.0, 1.0)),
        'ridge': choose_ridge(pairs, score, strengths),
    }
    return {n: {'image': linear(c.x), 'sound': linear(c.y)} for n, c in found.items()}


def pair_score(
    features: Features, tasks: Sequence[Direction], x: str, y: str
) -> Callable[[Affine, Affine], float]:
    """Validation score of a pair of closed-form maps."""
    return lambda a, b: mean_score({x: linear(a), y: linear(b)}, features, tasks)


def caption_labels(corpus: Corpus) -> NDArray[np.int64]:
    """(C,) equal for concepts whose captions say the same: they are no negatives."""
    keys: dict[str, int] = {}
    captions = [caption_key(c.texts[0]) for c in corpus.concepts]
    return np.array([keys.setdefault(caption, len(keys)) for caption in captions])


def with_pictures(
    corpus: Corpus, chosen: NDArray[np.bool_], pictures: Mapping[int, NDArray[np.int64]]
) -> list[int]:
    """The chosen concepts that have a picture."""
    return [c for c in np.flatnonzero(chosen).tolist() if c in pictures]
