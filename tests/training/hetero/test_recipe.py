# SPDX-License-Identifier: Apache-2.0
"""The recipe from the command line, on a small M3FD made for it: fit, evaluate, report, export."""

from __future__ import annotations

import json

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from tests.training.evaluate.test_rows import KEYS
from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_training.baselines.template_matching import METHODS
from xsense_training.cli import main
from xsense_training.export.matcher_export import SEARCH_FILE, TEMPLATE_FILE
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.hetero import bundle as hetero_bundle
from xsense_training.recipes.hetero import fitting as hetero_fitting
from xsense_training.recipes.hetero import runs as hetero_runs
from xsense_training.recipes.hetero.config import VARIANTS
from xsense_training.recipes.hetero.evaluating import learned
from xsense_training.recipes.hetero.fitting import build, fit_matcher, fitted_on, material
from xsense_training.recipes.hetero.questions import Question
from xsense_training.recipes.hetero.runs import RECIPE
from xsense_training.recipes.registry import RunOptions

pytestmark = pytest.mark.timeout(300)  # torch.export takes its time, for small models too
LITE = [
    'draws.batch=4', 'draws.look.template=32', 'draws.look.search=96', 'matcher.template_size=32',
    'matcher.search_size=96', 'matcher.first=4', 'matcher.narrow=8', 'matcher.wide=16',
    'matcher.groups=2', 'matcher.poses=[[1,0]]', 'matcher.channels=8', 'matcher.hidden=16',
]  # fmt: skip
LOOP = ['train.steps=2', 'train.warmup=1', 'train.validate_every=2', 'train.device=cpu']
FULL = [
    'draws.batch=2', 'draws.look.template=32', 'draws.look.search=64', 'matcher.template_size=32',
    'matcher.search_size=64', 'matcher.width=16', 'matcher.heads=2', 'matcher.hidden=16',
    'train.precision=float32', 'train.prefetch=0', 'train.tensorboard=false',
]  # fmt: skip


@pytest.fixture(scope='module', autouse=True)
def few_validations():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hetero_fitting, '_CHOSEN_ON', (3, 2))
        yield


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    """Frames of smooth noise, of six sequences; infrared is the negative."""
    folder = tmp_path_factory.mktemp('m3fd')
    rng = np.random.default_rng(0)
    for part in ('vi', 'ir', 'labels'):
        (folder / part).mkdir()
    for number in (1, 2, 11, 12, 21, 22, 31, 32, 41, 42, 51, 52):
        noise = rng.integers(0, 256, (150, 200, 3), np.uint8)
        seen = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX)
        Image.fromarray(seen).save(folder / 'vi' / f'{number:05d}.png')
        Image.fromarray(255 - seen).save(folder / 'ir' / f'{number:05d}.png')
        labels = '1 0.4 0.5 0.2 0.15\n0 0.6 0.4 0.1 0.2\n'
        (folder / 'labels' / f'{number:05d}.txt').write_text(labels)
    return folder


def options(world, runs, changes, variant='lite'):
    fields = tuple(tuple(change.split('=')) for change in changes + LOOP)
    return RunOptions(None, runs, f'm3fd:{world}', variant, overrides=fields)


def few(dataset):
    return tuple(Question(dataset, protocol, 6, 4) for protocol in ('centred', 'harder'))


@pytest.fixture(scope='module')
def fitted(world, tmp_path_factory):
    """Runs and models of the lite variant, from the command line."""
    runs = tmp_path_factory.mktemp('runs')
    models = runs / 'models'
    shared = ['--data', f'm3fd:{world}', '--runs', str(runs)]
    for change in LITE + LOOP:
        shared += ['--set', change]
    said = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hetero_runs, 'questions', few)
        patch.setattr(hetero_bundle, 'for_calibration', few)
        patch.setattr(hetero_bundle, 'questions', few)
        for command, extra in (
            ('fit', []),
            ('evaluate', ['--all-folds']),
            ('export', ['--models', str(models)]),
        ):
            found = CliRunner().invoke(main, [command, 'hetero', *shared, *extra])
            assert found.exit_code == 0, found.output
            (runs / 'hetero-lite-m3fd' / 'fold-0' / 'notes.txt').write_text('A toy.\n')
            said[command] = found.output
    return runs, models, said


def test_a_fitted_run_is_recalled(fitted, world):
    runs, _, said = fitted
    folder = runs / 'hetero-lite-m3fd' / 'fold-0'
    assert str(folder) in said['fit']
    before = (folder / 'fitted.pt').stat().st_mtime_ns
    assert RECIPE.fit(options(world, runs, LITE), 0) == folder
    assert (folder / 'fitted.pt').stat().st_mtime_ns == before
    assert (folder / 'curves.png').exists()
    # One that searches visible images is another run.
    same = options(world, runs, LITE)
    same = RunOptions(None, runs, same.dataset + '+homologous', overrides=same.overrides)
    assert hetero_runs.hetero_folder(same, 0) != folder


def test_every_method_answers_every_list(fitted):
    runs, _, said = fitted
    assert '| **matcher, lite** |' in said['evaluate'] and '**Centred**' in said['evaluate']
    found = CliRunner().invoke(main, ['report', 'hetero', '--runs', str(runs), '--json'])
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert {r['method'] for r in rows} == {'matcher, lite', *METHODS}
    assert all(list(r) == KEYS for r in rows)
    asked = {(r['split'], r['method']) for r in rows if r['metric'] == 'hit@5px'}
    assert len(asked) == 2 * (1 + len(METHODS))
    (constant,) = (
        r['mean']
        for r in rows
        if r['split'].startswith('centred')
        and (r['metric'], r['method']) == ('mIoU', 'centre prior')
    )
    assert constant == 1.0  # without a look at a picture
    kept = list((runs / 'hetero-closed-forms').iterdir())
    assert len(kept) == 2 * len(METHODS)


def test_plots_of_found_boxes(fitted, tmp_path):
    runs, *_ = fitted
    found = CliRunner().invoke(
        main, ['report', 'hetero', '--runs', str(runs), '--plots', str(tmp_path)]
    )
    assert found.exit_code == 0, found.output
    assert {p.name for p in tmp_path.iterdir()} == {'hetero-bars.png', 'hetero-success.png'}


def test_the_bundle_is_what_the_robot_opens(fitted):
    _, models, _ = fitted
    bundle = Bundle.open(models / 'visible-infrared')
    (matcher,) = bundle.manifest.matchers.values()
    assert matcher.window == 3 and matcher.presence.slope > 0
    assert bundle.manifest.preprocess['search'].parameters['size'] == 96
    evaluation = bundle.manifest.evaluation
    assert evaluation['export']['template']['error'] < 1e-4
    assert 0 < evaluation['export']['share_of_search'] < 1
    assert {'recall', 'false_alarms'} <= evaluation['presence']['on_validation'].keys()
    assert len(evaluation['presence']['on_held_out']) == 2
    card = (bundle.path / 'MODEL_CARD.md').read_text()
    assert 'A toy.' in card and evaluation['selection']['of_steps'] == 2
    assert 'make reproduce-hetero' in card and '| search |' in card and 'matching.jpg' in card
    assert (bundle.path / 'matching.jpg').stat().st_size < 250_000
    metrics = json.loads((bundle.path / 'metrics.json').read_text())
    assert {cost['modality'] for cost in metrics['costs']} == {'template', 'search'}
    found = CliRunner().invoke(main, ['report', 'hetero', '--from', str(models), '--brief'])
    assert found.exit_code == 0 and 'against the best unlearned' in found.output


def test_the_engines_compute_what_torch_computes(fitted, world):
    """One template, several frames; nothing in the engines depends on the data."""
    runs, models, _ = fitted
    asked = options(world, runs, LITE)
    net = fit_matcher(configured(VARIANTS, asked), asked, 0)
    files = [models / 'visible-infrared' / name for name in (TEMPLATE_FILE, SEARCH_FILE)]
    encoder, finder = (
        onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider'])
        for file in files
    )
    template, frames = torch.rand(1, 3, 32, 32), torch.rand(2, 3, 96, 96)
    kept = encoder.run(None, {'template': template.numpy()})
    names = [output.name for output in encoder.get_outputs()]
    for frame in frames:
        feed = {'search': frame[None].numpy(), **dict(zip(names, kept, strict=True))}
        found = finder.run(['logits', 'boxes', 'presence'], feed)
        with torch.no_grad():
            expected = net(template, frame[None])
        for one, other in zip(found, expected, strict=True):
            assert np.abs(one - other.numpy()).max() < 1e-4
    for file in files:
        graph = onnx.load(str(file)).graph
        kinds = {node.op_type for node in graph.node}
        assert not kinds & {'Shape', 'NonZero', 'Where', 'Loop', 'If', 'Attention'}
        assert 'BatchNormalization' not in kinds
        for value in [*graph.input, *graph.output]:
            assert all(dim.HasField('dim_value') for dim in value.type.tensor_type.shape.dim)


@pytest.mark.parametrize(
    ('variant', 'changes'),
    [
        ('production', []),
        ('published', ['matcher.trunk=mobilenet-v3-large', 'matcher.layers=1']),
        ('published', ['matcher.trunk=csp', 'matcher.attention=transt', 'matcher.layers=1']),
    ],
)
def test_the_large_variants_take_steps(world, tmp_path, monkeypatch, variant, changes):
    asked = options(world, tmp_path, FULL + changes, variant)
    monkeypatch.setattr(hetero_runs, 'questions', lambda name: few(name)[1:])
    outcomes = RECIPE.evaluate(asked, [0])
    config = configured(VARIANTS, asked)
    assert {o.kind for o in outcomes} == {variant} and len(outcomes) == 1
    assert 'x1' in outcomes[0].method or variant == 'production'
    assert learned(config, build(config)).look.published == (variant == 'published')


def test_faults_are_named(world, tmp_path):
    wrong = options(world, tmp_path, ['draws.look.template=48'])
    with pytest.raises(InputError, match='sizes of the matcher'):
        RECIPE.fit(wrong, 0)
    coco = RunOptions(None, tmp_path, 'coco:/a.json,/b')
    with pytest.raises(InputError, match='to fit'):
        material(coco)
    assert fitted_on(coco).dataset == 'embedded'
