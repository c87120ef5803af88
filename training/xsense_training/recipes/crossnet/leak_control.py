# SPDX-License-Identifier: Apache-2.0
"""What a fusion head scores where nothing can be learnt: the control of the published protocol.

Objects get random features in two senses, drawn independently: knowing one sense of an object says
nothing about the other. No method can retrieve one by the other. The published fusion head does,
if every query is computed from its own pair, since the pair holds the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.summary import Summary
from xsense_training.losses.map_triplet import MapTriplet, map_vectors
from xsense_training.models.crossnet import CrossNetFusion
from xsense_training.models.crossnet_trunk import conv_unit
from xsense_training.recipes.crossnet.asked_table import cell
from xsense_training.recipes.crossnet.published_task import another_object

SYSTEM = 'leak-control'
SENSES = ('touch', 'image')
FUSION, FUSION_ALONE = 'fusion head, asked with pairs', 'fusion head, asked with one sense'
TOWERS = 'two towers'
WITH_OWN, WITHOUT_OWN = 'own pair in the gallery', 'own pair left out'
METRIC = 'mAP'
NOISES = (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Control:
    """objects train, `unseen` others are tested, `instances` of each; a sense is (C, S, S).

    noise: deviation of an instance around its object's mean, which has deviation one.
    steps of Adam at learning_rate, `batch` pairs each.
    """

    objects: int = 80
    unseen: int = 20
    instances: int = 4
    channels: int = 64
    side: int = 4
    noise: float = 2.0
    steps: int = 120
    learning_rate: float = 1e-3
    batch: int = 16


class TwoTowers(nn.Module):
    """The fusion head's convolutions on each map alone: twice (B, C, S, S) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.touch, self.vision = (
            nn.Sequential(
                conv_unit(channels, channels, 3),
                conv_unit(channels, channels),
                conv_unit(channels, channels, 3),
                conv_unit(channels, channels),
            )
            for _ in range(2)
        )

    def forward(self, touch: Tensor, vision: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of touch and vision -> a map each, of its own input."""
        return self.touch(touch), self.vision(vision)


def control(seeds: int, noises: Sequence[float] = NOISES) -> Summary:
    """The control at several levels of noise: mAP of every method, over the seeds."""
    outcomes = [
        o for noise in noises for seed in range(seeds) for o in run(seed, Control(noise=noise))
    ]
    return summarise(outcomes, (METRIC,))


def run(seed: int, config: Control) -> list[Outcome]:
    """Both networks on features of one seed, both directions, with and without the own pair."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    train, owner = _features(rng, config.objects, config)
    test, tested = _features(rng, config.unseen, config)
    fusion, towers = CrossNetFusion(config.channels), TwoTowers(config.channels)
    for net in (fusion, towers):
        _fit(net, train, owner, rng, config)
    mean = [
        maps.mean(dim=0, keepdim=True).expand_as(other)
        for maps, other in zip(train, test, strict=True)
    ]
    touch, image = test
    vectors = {
        FUSION: _vectors(fusion, touch, image),
        FUSION_ALONE: {
            'touch': _vectors(fusion, touch, mean[1])['touch'],
            'image': _vectors(fusion, mean[0], image)['image'],
        },
        TOWERS: _vectors(towers, touch, image),
    }
    dataset = f'independent features, noise {config.noise:g}'
    return list(_judged(vectors, tested, dataset, seed))


def table(summary: Summary) -> str:
    """The rows as a table in Markdown: a line for each method and level of noise."""
    splits, pairs = (WITH_OWN, WITHOUT_OWN), ('image->touch', 'touch->image')
    found = {(r.dataset, r.method, r.split, r.direction): r for r in summary.rows}
    columns = ['features', 'method', *(f'{pair}, {split}' for split in splits for pair in pairs)]
    lines = [f'| {" | ".join(row)} |' for row in (columns, ['---'] * len(columns))]
    for dataset in dict.fromkeys(r.dataset for r in summary.rows):
        for method in (FUSION, FUSION_ALONE, TOWERS, 'chance'):
            cells = [cell(found[dataset, method, s, p]) for s in splits for p in pairs]
            lines.append(f'| {dataset} | {method} | {" | ".join(cells)} |')
    runs = max(r.runs for r in summary.rows)
    return '\n'.join([*lines, '', f'mAP, mean and 95 % interval over {runs} seeds.'])


def _features(
    rng: np.random.Generator, objects: int, config: Control
) -> tuple[list[Tensor], NDArray[np.int64]]:
    """Maps (N, C, S, S) of touch and vision, independent of each other, and their object (N,)."""
    shape = (config.channels, config.side, config.side)
    found = []
    for _ in SENSES:
        mean = rng.standard_normal((objects, 1, *shape))
        noisy = mean + config.noise * rng.standard_normal((objects, config.instances, *shape))
        found.append(torch.from_numpy(noisy.reshape(-1, *shape).astype(np.float32)))
    return found, np.repeat(np.arange(objects), config.instances)


def _fit(
    net: nn.Module,
    maps: Sequence[Tensor],
    owner: NDArray[np.int64],
    rng: np.random.Generator,
    config: Control,
) -> None:
    """The published objective on pairs of different objects."""
    loss_of = MapTriplet()
    optimiser = torch.optim.Adam(net.parameters(), config.learning_rate)
    net.train()
    for _ in range(config.steps):
        rows = rng.choice(len(owner), config.batch, replace=False)
        touch, vision = net(*(m[rows] for m in maps))
        loss = loss_of(vision, touch, touch[another_object(torch.from_numpy(owner[rows]))])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _vectors(net: nn.Module, touch: Tensor, image: Tensor) -> dict[str, NDArray[np.float32]]:
    net.eval()
    with torch.no_grad():
        maps = net(touch, image)
    return {s: np.asarray(map_vectors(m).numpy()) for s, m in zip(SENSES, maps, strict=True)}


def _judged(
    vectors: Mapping[str, Mapping[str, NDArray[np.float32]]],
    owner: NDArray[np.int64],
    dataset: str,
    seed: int,
) -> Iterator[Outcome]:
    """Outcomes of every method in both directions."""
    rows, same = np.arange(len(owner)), owner[:, None] == owner[None, :]
    for query, gallery in (('image', 'touch'), ('touch', 'image')):
        cosines = {name: own[query] @ own[gallery].T for name, own in vectors.items()}
        for split, cut in ((WITH_OWN, np.asarray), (WITHOUT_OWN, _without_own)):
            task = Direction(
                f'{query}->{gallery}',
                Side(query, rows, owner),
                Side(gallery, rows, owner),
                cut(same),
            )
            methods = {name: ('control', cut(found)) for name, found in cosines.items()}
            yield from judge(SYSTEM, dataset, split, task, seed, methods)


def _without_own(matrix: NDArray[Any]) -> NDArray[Any]:
    """(N, N) -> (N, N - 1): every row without its own item, a gallery of its own for each."""
    return matrix[~np.eye(len(matrix), dtype=bool)].reshape(len(matrix), -1)
