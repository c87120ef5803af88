# SPDX-License-Identifier: Apache-2.0
"""Sketches and pictures in one space, asked for things of kinds never seen (ZSCMR, corrected).

Read top to bottom:

1. *Data*: OpenMoji's black drawings ask for Twemoji's and Noto's pictures. Whole subgroups are
   unseen: they, and whatever is named like them, are absent from every stage.
2. *Production*: EfficientNet-Lite0 cut after stage 5, its last stages tuned on drawings and
   pictures of the seen concepts (InfoNCE over both styles); its map is kept instead of pooled,
   because where a shape sits matters. Few concepts train, so drawings and pictures are changed in
   many ways, and line art is also made from pictures and vector drawings.
3. *Mixture*: a HOG vector, computed in the same graph, gets the share of the cosine that
   validation prefers; 0 and 1 compete too. So the strongest baseline is never lost to.

`variant='published'` is the system of Chaudhuri et al. 2020: frozen features of extractors that
were trained on seen classes, encoders into one code, crossing decoders, and the whole sum of
losses (published.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xsense_training.data.line_art_split import ConceptSplit
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.metrics import rank_queries
from xsense_training.features.sketch_set import Bools, Ints, SketchSet
from xsense_training.recipes.run_folders import load_notes, load_state, save_notes, save_state
from xsense_training.recipes.sketch.config import SketchConfig
from xsense_training.recipes.sketch.contrast import ContrastTask
from xsense_training.recipes.sketch.inputs import normalised, pictures, sketches
from xsense_training.recipes.sketch.protocol import INSTANCE, directions
from xsense_training.recipes.sketch.towers import Floats, Towers
from xsense_training.trainer import train

NAME = 'sketch'
SPACE = 'sketch-photo'
SHARES = tuple(round(0.05 * step, 2) for step in range(21))  # of HOG in the cosine


@dataclass(frozen=True)
class Fitted:
    """The towers that ship and how they came about."""

    towers: Towers
    notes: Mapping[str, object]


def fit(
    samples: SketchSet,
    split: ConceptSplit,
    extra: np.ndarray,
    config: SketchConfig,
    weights: Path,
    folder: Path,
    level: str = INSTANCE,
) -> Fitted:
    """Train the towers on the split's training concepts and choose HOG's share on validation.

    Args:
        samples: rasters of all concepts.
        split: concepts that train, validate and are tested.
        extra: (C,) concepts that are no things: they train, more rarely, and are never asked for.
        config: what to train.
        weights: of EfficientNet-Lite0, ImageNet.
        folder: run folder; a killed run goes on where it stopped.
        level: of relevance in validation; data without instance pairs have categories only.
    """
    # Validation asks in both directions; the mean of R@1 and mAP decides.
    tasks = directions(samples, split.validation, level)
    torch.manual_seed(config.train.seed)

    # 1. Towers from ImageNet's weights, trained on seen concepts alone.
    towers = Towers.build(weights, config.size, config.width, config.dimension)
    styles = tuple(
        number
        for number, style in enumerate(samples.styles)
        if not config.styles or style in config.styles
    )
    task = ContrastTask(
        towers.trunk,
        samples,
        split.train,
        np.where(extra, config.extra, 1.0),
        styles,
        lambda: validation_scores(towers, remembering(towers, samples), tasks),
        config.batch,
    )
    result = train(task, config.train, folder / 'towers', NAME)

    # 2. What all drawings, and all pictures, have in common comes off their HOG vectors.
    _centre_edges(towers, samples, split.train, styles)

    # 3. HOG's share of the cosine.
    look = remembering(towers, samples)
    share, by_share = _choose_share(towers, look, tasks)
    notes = {
        'share of HOG': share,
        'validation by share': by_share,
        'validation': validation_scores(towers, look, tasks),
        'best step': result.best_step,
        'concepts trained': len(task.concepts),
        'concepts validated': int(split.validation.sum()),
    }
    return Fitted(towers, notes)


Look = Callable[[str, Ints], Tensor]  # modality and rows -> features


def similarity(towers: Towers, samples: SketchSet, task: Direction, view: int = 0) -> Floats:
    """(Q, N) cosines of one direction; pictures in the given view."""
    return _cosines(towers, lambda m, rows: towers.look(m, samples, rows, view), task)


def validation_scores(towers: Towers, look: Look, tasks: Sequence[Direction]) -> dict[str, float]:
    """R@1 and mAP by direction, and 'score', the mean of them all."""
    scores: dict[str, float] = {}
    for task in tasks:
        results = rank_queries(_cosines(towers, look, task), task.relevance)
        scores |= {f'{task.name} {m}': results.value(m) for m in ('R@1', 'mAP')}
    return scores | {'score': float(np.mean(list(scores.values())))}


def _cosines(towers: Towers, look: Look, task: Direction) -> Floats:
    """Every row is looked at once, however often it asks."""
    vectors = []
    for side in (task.query, task.gallery):
        rows, back = np.unique(side.rows, return_inverse=True)
        vectors.append(towers.head(side.modality, look(side.modality, rows))[back])
    return np.asarray(vectors[0] @ vectors[1].T, np.float32)


def remembering(towers: Towers, samples: SketchSet) -> Look:
    """A look at plain views that sees no row twice, while the trunk stays as it is."""
    seen: dict[tuple[str, bytes], Tensor] = {}

    def look(modality: str, rows: Ints) -> Tensor:
        key = (modality, rows.tobytes())
        if key not in seen:
            seen[key] = towers.look(modality, samples, rows)
        return seen[key]

    return look


def save(fitted: Fitted, folder: Path) -> None:
    """Keep the towers and how they came about."""
    save_notes(fitted.notes, folder)
    save_state(fitted.towers.modules.state_dict(), folder)


def recall(config: SketchConfig, folder: Path) -> Fitted:
    """What `save` wrote."""
    towers = Towers.build(None, config.size, config.width, config.dimension)
    towers.modules.load_state_dict(load_state(folder))
    return Fitted(towers, load_notes(folder))


def _choose_share(
    towers: Towers, look: Look, tasks: Sequence[Direction]
) -> tuple[float, dict[str, float]]:
    """The share of HOG with the best validation score, and the scores of all."""
    found = {}
    for share in SHARES:
        _set_share(towers, share)
        found[share] = validation_scores(towers, look, tasks)['score']
    best = max(found, key=lambda share: found[share])
    _set_share(towers, best)
    return best, {str(share): round(score, 4) for share, score in found.items()}


def _set_share(towers: Towers, share: float) -> None:
    for head in towers.heads.values():
        head.share.fill_(share)


def _centre_edges(
    towers: Towers, samples: SketchSet, seen: Bools, styles: tuple[int, ...]
) -> None:
    """Set the mean HOG vector of each modality, of seen concepts."""
    drawn = sketches(samples, samples.drawings_of(seen)).expand(-1, 3, -1, -1)
    shown = pictures(samples, samples.pictures_of(seen, styles))
    for modality, x in (('sketch', drawn), ('image', shown)):
        with torch.no_grad():
            parts = [towers.trunk.hog_vector(normalised(rows)) for rows in torch.split(x, 256)]
        towers.heads[modality].centre.copy_(torch.cat(parts).mean(dim=0))
