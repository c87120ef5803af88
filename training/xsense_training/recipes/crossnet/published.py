# SPDX-License-Identifier: Apache-2.0
"""The published variant: CrossNet and its objective, fitted on one split.

What is compared with other methods is the network asked with one sense. `judge_pairs` asks as
published; its rows are controls in a split of their own, for they answer another question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xsense_ros.senses.image_input import ImageInput
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.metrics import mean_average_precision
from xsense_training.evaluate.outcome import Outcome
from xsense_training.losses.map_triplet import MapDistance, MapTriplet
from xsense_training.models.crossnet import CrossNet
from xsense_training.models.crossnet_trunk import Attention
from xsense_training.recipes.crossnet.asked import SENSES, Asked, pictures
from xsense_training.recipes.crossnet.data import Ints, Material, Parts
from xsense_training.recipes.crossnet.protocol import directions
from xsense_training.recipes.crossnet.published_task import CrossNetTask
from xsense_training.recipes.run_folders import fit_or_recall, load_state, save_state
from xsense_training.trainer import TrainConfig, train

ASKED_WITH_PAIRS = 'CrossNet as published, asked with pairs'
FROM_PAIRS = 'query computed from its pair'
VERSION = 1  # raise it when a line changes what is fitted
_MEAN_OF = 512  # pictures of a sense


@dataclass(frozen=True)
class PublishedConfig:
    """What the published variant is fitted with; the defaults are what a CPU can do.

    train: of the whole network, by the bench's AdamW (published: SGD 1e-4 with momentum .9 and
    weight decay .01, 300 epochs of batch 16); touch, vision: attention of the trunks; size: side
    of pictures in pixels (published: 224); width: channels of the first convolution (published:
    64); batch: pairs a step; margin, distance: of the triplet;
    judged: samples of an object and sense that validation asks for, at most.
    """

    variant: str = 'published'
    train: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            steps=240,
            learning_rate=1e-3,
            weight_decay=0.01,
            warmup=20,
            validate_every=120,
            prefetch=1,
            tensorboard=False,
        )
    )
    touch: Attention = 'CBAM'
    vision: Attention = 'SE'
    size: int = 64
    width: int = 16
    batch: int = 16
    margin: float = 1.0
    distance: MapDistance = 'whole map'
    judged: int = 2


PUBLISHED = PublishedConfig()


def fit_published(
    material: Material, parts: Parts, folder: Path, config: PublishedConfig
) -> Asked:
    """Train the network on a split's training pairs, or recall it from its run folder.

    Args:
        material: the set.
        parts: rows that train and that validate; those that are tested are not looked at.
        folder: run folder; a killed run goes on where it stopped.
        config: how.

    Raises:
        InputError: pairs of fewer than two objects.
    """
    asked = fit_or_recall(
        folder,
        config,
        VERSION,
        lambda: _fit(material, parts, folder, config),
        lambda found: save_state({'net': found.net.state_dict(), 'means': found.means}, folder),
        lambda: _recall(material, folder, config),
    )
    asked.net.to(config.train.device)
    return asked


def judge_pairs(
    asked: Asked, material: Material, parts: Parts, protocol: str, run: int
) -> list[Outcome]:
    """Outcomes of the network asked as published: of a touch and a picture of one instance.

    The gallery holds what the query was computed from. That is the published protocol, and no
    measure of finding one sense by the other.
    """
    outcomes = []
    rows = {sense: parts.test[sense] for sense in SENSES}
    for task in directions(material, rows, within=False):
        cosines = asked.from_pairs(task)
        if cosines is not None:
            methods = {ASKED_WITH_PAIRS: ('control', cosines)}
            split = f'{protocol}, {FROM_PAIRS}'
            outcomes += judge('crossnet', material.dataset, split, task, run, methods)
    return outcomes


def training_pairs(material: Material, parts: Parts) -> dict[str, Ints]:
    """Sense -> (P,) rows: the touch and the picture of every training instance that has both."""
    rows = {
        sense: {material.files[sense][row].concept: int(row) for row in parts.train[sense]}
        for sense in SENSES
    }
    both = sorted(set(rows['touch']) & set(rows['image']))
    return {sense: np.array([rows[sense][c] for c in both], np.int64) for sense in SENSES}


def _fit(material: Material, parts: Parts, folder: Path, config: PublishedConfig) -> Asked:
    torch.manual_seed(config.train.seed)
    net = CrossNet(config.touch, config.vision, width=config.width)
    pairs = training_pairs(material, parts)
    means = _means(material, pairs, config.size)
    validated = {sense: parts.validation[sense] for sense in SENSES}
    tasks = directions(material, validated, within=False, most=config.judged)

    def scores() -> dict[str, float]:
        # Pairs decide as published, but on what is not reported; the honest question counts as
        # much, so that the choice does not go against it.
        asked, found = Asked(net, means, material), dict[str, float]()
        for task in tasks:
            for name, cosines in (('', asked(task)), (' by pairs', asked.from_pairs(task))):
                if cosines is not None:
                    score = mean_average_precision(cosines, task.relevance)
                    found[f'{task.name}{name}'] = score
        return found | {'score': float(np.mean(list(found.values())))}

    task = CrossNetTask(
        net,
        material,
        pairs,
        MapTriplet(config.margin, config.distance),
        config.size,
        config.batch,
        scores,
    )
    train(task, config.train, folder / 'network', 'published')
    return Asked(net, means, material)


def _recall(material: Material, folder: Path, config: PublishedConfig) -> Asked:
    state = load_state(folder)
    net = CrossNet(config.touch, config.vision, width=config.width)
    net.load_state_dict(state['net'])
    return Asked(net, state['means'], material)


def _means(material: Material, pairs: Mapping[str, Ints], size: int) -> dict[str, Tensor]:
    """Mean picture of each sense over some of what trains, evenly spread."""
    prepare, found = ImageInput(size), dict[str, Tensor]()
    for sense, rows in pairs.items():
        few = np.linspace(0, len(rows) - 1, min(_MEAN_OF, len(rows)), dtype=np.int64)
        paths = [material.files[sense][row].path for row in rows[few]]
        found[sense] = pictures(paths, prepare).mean(dim=0)
    return found
