# SPDX-License-Identifier: Apache-2.0
"""The production variant: two ResNet-50 towers and a small one for knocks, trained whole.

The published trunks are kept (SE on pictures, CBAM on touches), their maps are pooled, and each
tower is a function of its own sense alone. The published fusion block becomes a teacher: it sees
a touch and a picture of one object, or one of the two with the other missing, learns to tell
objects apart, and the towers imitate how its vectors lie to each other. It ends with the training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xsense_training.evaluate.metrics import mean_average_precision
from xsense_training.evaluate.system import Floats, System
from xsense_training.losses.distillation import topology_kl
from xsense_training.mixing import mean_score
from xsense_training.models.crossnet import CrossNetFusion
from xsense_training.models.crossnet_trunk import Attention, CrossNetTrunk
from xsense_training.models.heads import L2Normalise
from xsense_training.models.knock_map import KnockMap
from xsense_training.models.pooled_tower import FusedTeacher, PooledTower
from xsense_training.recipes.crossnet.config import ProductionConfig
from xsense_training.recipes.crossnet.contrast import OWNER, Batch, Contrast, SensesTask, Source
from xsense_training.recipes.crossnet.data import Ints, Material, Parts, Table
from xsense_training.recipes.crossnet.inputs import Inputs
from xsense_training.recipes.crossnet.protocol import directions
from xsense_training.recipes.run_folders import load_state, save_state
from xsense_training.trainer import train
from xsense_training.training_loop.gather_rows import gather_rows

Towers = Mapping[str, PooledTower]
ATTENTION: Mapping[str, Attention] = {'image': 'SE', 'touch': 'CBAM'}
_BATCH = 32


def build_towers(senses: tuple[str, ...], dimension: int, width: int) -> dict[str, PooledTower]:
    """Towers by sense, weights drawn."""
    towers = {}
    for sense in senses:
        if sense == 'impact':
            trunk = KnockMap()
            towers[sense] = PooledTower(trunk, trunk.channels, dimension)
        else:
            pictures = CrossNetTrunk(ATTENTION[sense], width=width)
            towers[sense] = PooledTower(pictures, 8 * width, dimension)
    return towers


class TaughtTask(SensesTask):
    """Towers by contrast, and by what the fused teacher sees in pairs of touch and picture.

    Args:
        teacher: of both maps.
        missing: chance that a row lacks one of them.
        distil: weight of the imitation.
        towers: as in SensesTask, with maps; likewise what follows.
    """

    def __init__(
        self,
        teacher: FusedTeacher,
        missing: float,
        distil: float,
        towers: Towers,
        sources: Mapping[str, Source],
        rows: Mapping[str, Ints],
        object_of: Mapping[str, Ints],
        scores: Callable[[], Mapping[str, float]],
        contrast: Contrast,
    ) -> None:
        super().__init__(towers, sources, rows, object_of, scores, contrast)
        self.modules['teacher'] = self.teacher = teacher
        self.pooled, self.missing, self.distil = dict(towers), missing, distil

    def draw(self, generator: np.random.Generator) -> Batch:
        """As in SensesTask, and what the teacher lacks of each row, (P K,)."""
        batch = super().draw(generator)
        rows = self.count * self.contrast.samples
        lacks = np.where(
            generator.random(rows) < self.missing, generator.integers(2, size=rows), 2
        )
        return batch | {'without': torch.from_numpy(lacks)}

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        """Contrast of the towers; contrast of the teacher; imitation."""
        maps = {s: tower.trunk(batch[s]) for s, tower in self.pooled.items() if s in batch}
        vectors = {s: self.pooled[s].end(found) for s, found in maps.items()}
        terms = self.terms(vectors, batch)
        if 'touch' in maps and 'image' in maps:
            fused = gather_rows(self.teacher(maps['touch'], maps['image'], batch['without']))
            owner = gather_rows(batch[OWNER + 'touch'])
            terms['teacher'] = self.nce(fused[::2], fused[1::2], owner[::2], owner[1::2])
            imitated = [
                topology_kl(gather_rows(vectors[s]), fused.detach()) for s in ('touch', 'image')
            ]
            terms['imitation'] = self.distil * torch.stack(imitated).mean()
        total = torch.stack(list(terms.values())).sum()
        return total, {name: float(term.detach()) for name, term in terms.items()}


def fit_production(
    material: Material, inputs: Inputs, parts: Parts, folder: Path, config: ProductionConfig
) -> dict[str, PooledTower]:
    """Towers of one run; test rows are not looked at.

    Args:
        material: the set.
        inputs: how its files become inputs of the towers.
        parts: rows that train and that validate.
        folder: run folder; a killed run goes on where it stopped.
        config: what to train.
    """
    torch.manual_seed(config.train.seed)
    towers = build_towers(material.senses, config.dimension, config.width)
    channels = 8 * config.width
    teacher = FusedTeacher(CrossNetFusion(channels), channels, config.dimension)
    tasks = directions(material, parts.validation, most=config.judged)
    asked = {
        s: np.unique(
            np.concatenate(
                [side.rows for t in tasks for side in (t.query, t.gallery) if side.modality == s]
            )
        )
        for s in material.senses
    }

    def scores() -> dict[str, float]:
        table = embed(towers, inputs, material, asked)
        return {'score': mean_score(_units(towers), table, tasks, mean_average_precision)}

    sources = {s: inputs.source(s, material.files[s]) for s in material.senses}
    task = TaughtTask(
        teacher,
        config.missing,
        config.distil,
        towers,
        sources,
        parts.train,
        material.object_of,
        scores,
        config.contrast,
    )
    train(task, config.train, folder, 'crossnet production')
    return towers


def embed(
    towers: Towers,
    inputs: Inputs,
    material: Material,
    rows: Mapping[str, Ints],
) -> Table:
    """Vectors (N, 1, D) of the given rows of every sense; zeros elsewhere."""
    found: dict[str, Floats] = {}
    for sense, tower in towers.items():
        tower.eval()
        device = next(tower.parameters()).device
        files = material.files[sense]
        vectors: Floats | None = None
        for chosen in np.array_split(rows[sense], -(-len(rows[sense]) // _BATCH)):
            x = np.concatenate([inputs.plain(sense, files[row]) for row in chosen])
            with torch.no_grad():
                y = tower(torch.from_numpy(x).to(device)).float().cpu().numpy()
            if vectors is None:
                vectors = np.zeros((len(files), 1, y.shape[1]), np.float32)
            vectors[chosen, 0] = y
        assert vectors is not None
        found[sense] = vectors
    return Table(found)


def as_system(name: str, senses: tuple[str, ...]) -> System:
    """Towers whose vectors lie in a Table."""
    return System(name, dict.fromkeys(senses, L2Normalise()))


def _units(towers: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    return dict.fromkeys(towers, L2Normalise())


def save(towers: Towers, folder: Path) -> None:
    """Weights of the towers; the teacher is not kept."""
    save_state({sense: tower.state_dict() for sense, tower in towers.items()}, folder)


def recall(folder: Path, config: ProductionConfig) -> dict[str, PooledTower]:
    """What `save` wrote."""
    stored = load_state(folder)
    towers = build_towers(tuple(stored), config.dimension, config.width)
    for sense, tower in towers.items():
        tower.load_state_dict(stored[sense])
    return towers
