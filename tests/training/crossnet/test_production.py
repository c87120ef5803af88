# SPDX-License-Identifier: Apache-2.0
"""The production variant at a size that a CPU can do, and the parts it is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.crossnet.world import write_tree
from xsense_training.data.object_folder import SIMULATED, load_object_folder
from xsense_training.data.touch_set import UNSEEN
from xsense_training.models.crossnet import CrossNetFusion
from xsense_training.models.pooled_tower import FusedTeacher, GeneralisedMean, PooledTower
from xsense_training.recipes.crossnet.config import PRODUCTION, ProductionConfig
from xsense_training.recipes.crossnet.contrast import Contrast
from xsense_training.recipes.crossnet.data import Material, split
from xsense_training.recipes.crossnet.describe import Describer
from xsense_training.recipes.crossnet.gel import Gel
from xsense_training.recipes.crossnet.inputs import Inputs
from xsense_training.recipes.crossnet.judging import PRODUCTION as NAME
from xsense_training.recipes.crossnet.judging import judge_run, production_method
from xsense_training.recipes.crossnet.production import fit_production, recall, save

CONFIG = ProductionConfig(
    train=replace(
        PRODUCTION,
        steps=2,
        warmup=1,
        validate_every=2,
        device='cpu',
        precision='float32',
        ema=0.0,
        prefetch=0,
        tensorboard=False,
    ),
    contrast=Contrast(objects=2, samples=2, left_out=0.0),
    size=32,
    width=16,
    dimension=8,
    judged=1,
)


def test_the_generalised_mean_lies_between_mean_and_maximum() -> None:
    x = torch.rand(3, 4, 5, 5)
    for power in (1.0, 3.0, 50.0):
        found = GeneralisedMean(power)(x)
        expected = (x.double() ** power).mean(dim=(2, 3)) ** (1 / power)
        assert torch.allclose(found.double(), expected, atol=1e-4)
    assert torch.allclose(GeneralisedMean(1.0)(x), x.mean(dim=(2, 3)), atol=1e-5)


def test_the_teacher_does_not_see_what_it_lacks() -> None:
    torch.manual_seed(0)
    teacher = FusedTeacher(CrossNetFusion(8), 8, 4).eval()
    touch, vision, other = (torch.rand(3, 8, 2, 2) for _ in range(3))
    without = torch.tensor([0, 1, 2])
    as_it_is = teacher(touch, vision, without)
    assert torch.equal(as_it_is[0], teacher(other, vision, without)[0])
    assert torch.equal(as_it_is[1], teacher(touch, other, without)[1])
    assert not torch.allclose(as_it_is[2], teacher(touch, other, without)[2])


@pytest.fixture(scope='module')
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    root = write_tree(tmp_path_factory.mktemp('set'), objects=5, instances=2)
    found = load_object_folder(root, SIMULATED)
    gel = Gel.of(found)
    describer = Describer.__new__(Describer)
    object.__setattr__(describer, 'gel', gel)
    files = {sense: found.of(sense) for sense in found.senses}
    return Material(found, files, {}, describer, {})


def test_a_few_steps_run_and_every_sense_answers(material: Material, tmp_path: Path) -> None:
    parts = split(material, UNSEEN, 0)
    inputs = Inputs(material.describer.gel, CONFIG.size)
    towers = fit_production(material, inputs, parts, tmp_path, CONFIG)
    methods = production_method(towers, inputs, material, parts)
    outcomes = judge_run(material, parts, UNSEEN, 0, methods)
    directions = {o.direction for o in outcomes if o.method == NAME}
    assert {'image->touch', 'touch->image', 'impact->touch', 'touch->touch'} <= directions
    save(towers, tmp_path)
    again = recall(tmp_path, CONFIG)
    x = torch.from_numpy(inputs.plain('touch', material.files['touch'][0]))
    with torch.no_grad():
        kept, own = (t['touch'].eval()(x) for t in (again, towers))
    # Memory layouts differ: the fit was in channels last.
    assert torch.allclose(kept, own, atol=1e-4)


def test_a_tower_is_a_function_of_its_own_sense() -> None:
    """No tower takes more than one input; batch mates change nothing once it is trained."""
    tower = PooledTower(torch.nn.Conv2d(3, 6, 3), 6, 4).eval()
    x = torch.rand(4, 3, 8, 8)
    together = tower(x)
    assert torch.allclose(together[:1], tower(x[:1]), atol=1e-6)
    assert np.allclose(torch.linalg.vector_norm(together, dim=1).detach(), 1, atol=1e-5)
