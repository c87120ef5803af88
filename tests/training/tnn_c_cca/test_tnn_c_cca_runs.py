# SPDX-License-Identifier: Apache-2.0
"""TNN-C-CCA from tiny files in the layouts of VEGAS and AVE to outcomes, and its parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.data.public_trees import packed_arrays, packed_file, vegas_tree
from xsense_ros.errors import InputError
from xsense_training.evaluate.metrics import mean_average_precision, rank_queries
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.precision_recall import eleven_point, full_curve
from xsense_training.evaluate.system import apply
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import RunOptions, load_recipe
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData, load_data
from xsense_training.recipes.tnn_c_cca.judging import controls, judge_fold
from xsense_training.recipes.tnn_c_cca.pictures import draw_fold
from xsense_training.recipes.tnn_c_cca.published import fit_published
from xsense_training.recipes.tnn_c_cca.recipe import SHIPPED, fit
from xsense_training.recipes.tnn_c_cca.runs import VARIANTS
from xsense_training.recipes.tnn_c_cca.scoring import Embedded, Scorer
from xsense_training.recipes.tnn_c_cca.settings import Config
from xsense_training.recipes.tnn_c_cca.split import directions, split, videos
from xsense_training.trainer import TrainConfig

TINY = (('train.steps', '6'), ('train.validate_every', '3'), ('hidden', '8'), ('batch', '8'))
QUICK = Config(
    hidden=16, dimension=8, per_class=20, pca=6, batch=12,
    train=TrainConfig(steps=40, validate_every=20, warmup=1, tensorboard=False),
)  # fmt: skip


def test_no_sample_is_in_two_parts_and_unknown_classes_are_left_out(
    world: AudioVisualData,
) -> None:
    lonely = replace(world.sound, fold=np.where(world.sound.label == 5, 0, world.sound.fold))
    parts = split(replace(world, sound=lonely), 0)
    assert parts.known.tolist() == [0, 1, 2, 3, 4]
    for modality in ('sound', 'image'):
        rows = [set(p.of(modality).tolist()) for p in (parts.train, parts.validation, parts.test)]
        assert not rows[0] & rows[1] and not rows[0] & rows[2] and not rows[1] & rows[2]
        label = world.of(modality).label
        assert all(5 not in label[list(r)] for r in rows)


def test_a_class_that_only_validation_would_hold_stays_in_training(
    world: AudioVisualData,
) -> None:
    fold = np.where(world.sound.label == 2, world.sound.fold % 2, world.sound.fold)
    parts = split(replace(world, sound=replace(world.sound, fold=fold)), 0)
    assert 2 in world.sound.label[parts.train.sound]
    assert 2 not in world.sound.label[parts.validation.sound]


def test_videos_share_their_class_and_nothing_else(world: AudioVisualData) -> None:
    x, y = videos(world, split(world, 1).train, 7, seed=0)
    assert np.array_equal(x.label, y.label) and np.array_equal(x.concept, y.concept)
    assert np.bincount(x.label).tolist() == [7] * 6
    again, _ = videos(world, split(world, 1).train, 7, seed=0)
    assert np.array_equal(x.features, again.features)


def test_mean_average_precision_is_the_evaluators() -> None:
    rng = np.random.default_rng(0)
    similarity, relevance = rng.random((20, 30)), rng.random((20, 30)) < 0.2
    relevance[3] = False
    expected = rank_queries(similarity, relevance).value('mAP')
    assert mean_average_precision(similarity, relevance) == pytest.approx(expected)


@pytest.fixture(scope='module')
def fitted(world: AudioVisualData, tmp_path_factory: pytest.TempPathFactory):
    return fit(world, 0, tmp_path_factory.mktemp('run'), QUICK)


def test_what_ships_is_at_least_as_good_on_validation_as_every_candidate(
    world: AudioVisualData, fitted
) -> None:
    score = Scorer(world, split(world, 0).validation)
    reached = score(fitted.methods[SHIPPED][1])
    assert reached == pytest.approx(fitted.notes['shipped']['score'], abs=1e-4)
    assert reached >= max(fitted.notes['candidates'].values()) - 1e-4


def test_shipped_vectors_have_length_one_and_survive_export(
    world: AudioVisualData, fitted, tmp_path: Path
) -> None:
    from xsense_training.export.onnx_export import export_onnx

    for modality, head in fitted.methods[SHIPPED][1].items():
        features = world.of(modality).features[:16, 0]
        assert np.allclose(np.linalg.norm(apply(head, features), axis=1), 1, atol=1e-5)
    rows = {'features': torch.from_numpy(world.image.features[:16, 0])}
    head = fitted.methods[SHIPPED][1]['image']
    assert export_onnx(head, rows, 'vector', tmp_path / 'image.onnx').error < 1e-4


def test_outcomes_hold_rankings_that_curves_are_drawn_from(world: AudioVisualData, fitted) -> None:
    outcomes = judge_fold(world, 0, fitted.methods, QUICK)
    assert {o.direction for o in outcomes} == {'sound->image', 'image->sound'}
    assert {o.dataset for o in outcomes} == {'instruments', 'animals'}
    assert len([o for o in outcomes if o.kind == 'control']) == 4 * len(controls(world))
    test = split(world, 0).test
    embedded = Embedded.of(world, test, fitted.methods[SHIPPED][1])
    for _, task in directions(world, test):
        similarity = embedded.similarity(world.of(task.query.modality), task)
        found = _of(outcomes, SHIPPED, task.name)
        assert found.results.value('mAP') == pytest.approx(
            rank_queries(similarity, task.relevance).value('mAP'), abs=1e-6
        )
        order = np.argsort(-similarity, axis=1, kind='stable')
        hits = np.take_along_axis(task.relevance, order, axis=1)
        recall = (np.cumsum(hits, 1) / hits.sum(1, keepdims=True)).mean(axis=0)
        precision = (np.cumsum(hits, 1) / np.arange(1, hits.shape[1] + 1)).mean(axis=0)
        assert np.allclose(full_curve(found.results), (recall, precision))
        assert eleven_point(found.results)[0] >= eleven_point(found.results)[-1]


def test_mistaken_classes_are_drawn_for_every_question(
    world: AudioVisualData, fitted, tmp_path: Path
) -> None:
    draw_fold(world, 0, fitted.methods[SHIPPED][1], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f'confusion-{group}-{pair}.png'
        for group in ('instruments', 'animals')
        for pair in ('sound-image', 'image-sound')
    }


def _of(outcomes: list[Outcome], method: str, task: str) -> Outcome:
    (found,) = [o for o in outcomes if o.method == method and f'{o.dataset} {o.direction}' == task]
    return found


def test_the_published_variant_holds_its_own_baselines(
    world: AudioVisualData, tmp_path: Path
) -> None:
    train = replace(QUICK.train, steps=24, learning_rate=1e-3)
    found = fit_published(world, 0, tmp_path, replace(QUICK, variant='published', train=train))
    assert {name.removesuffix(' (published)') for name in found.methods} == {
        'CCA', 'C-CCA', 'C-DCCA', 'TNN-C-CCA', 'TNN alone', 'C-CCA, then TNN',
    }  # fmt: skip
    score = Scorer(world, split(world, 0).validation)
    assert all(0 < score(heads) <= 1 for _, heads in found.methods.values())
    assert found.notes['k'] == 6


@pytest.mark.parametrize('variant', ['production', 'published'])
def test_ave_in_its_packed_layout_from_file_to_outcomes(tmp_path: Path, variant: str) -> None:
    packed_file(tmp_path / 'ave.h5', packed_arrays())
    options = RunOptions(
        runs=tmp_path / 'runs', dataset=f'ave:{tmp_path / "ave.h5"}', variant=variant,
        overrides=(*TINY, ('pca', '8')),
    )  # fmt: skip
    recipe = load_recipe('tnn-c-cca')
    folder = recipe.fit(options, 0)
    assert (folder / 'selection.json').exists()


def test_vegas_in_its_file_layout_is_loaded_with_true_pairs(tmp_path: Path) -> None:
    vegas_tree(tmp_path)
    data = load_data(f'vegas:{tmp_path}', None)
    assert data.paired and len(data.classes) == 3
    x, y = videos(data, split(data, 0).train, 5, seed=0)
    assert x.features.shape == (9, 128) and y.features.shape == (9, 1024)


def test_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='youtube'):
        load_data('youtube:/nowhere', None)
    with pytest.raises(InputError, match='variant'):
        configured(VARIANTS, RunOptions(variant='other'))
    options = RunOptions(dataset='vegas:/x')
    with pytest.raises(InputError, match='export'):
        load_recipe('tnn-c-cca').export(options, tmp_path)
