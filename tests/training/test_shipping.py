# SPDX-License-Identifier: Apache-2.0
"""From run folders to a bundle: what every recipe is spared."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.evaluate.made import outcomes
from xsense_ros.errors import InputError
from xsense_training.evaluate.outcome_store import outcomes_folder, save_outcomes
from xsense_training.export.bundle_export import Stage
from xsense_training.export.calibration import (
    Calibrated,
    TopMatches,
    calibrate_pairs,
    open_set_matches,
)
from xsense_training.export.model_card import accepted_table, selection_block
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.run_folders import (
    fit_or_recall,
    fold_folder,
    load_notes,
    load_state,
    save_notes,
    save_state,
)
from xsense_training.recipes.shipping import Judged, Shipment, judged_for_export, ship


class Recipe:
    """A recipe whose outcomes are made up."""

    name = 'sketch'
    folds = 4
    variants = ('lite', 'production')


class BandMeans(nn.Module):
    """The smallest tower of eight numbers."""

    def __init__(self) -> None:
        super().__init__()
        weight = np.random.default_rng(0).standard_normal((8, 64))
        self.head = LinearHead(weight, np.zeros(8))

    def forward(self, log_mel: torch.Tensor) -> torch.Tensor:
        return self.head(log_mel.mean(dim=(1, 2)))


@pytest.fixture
def options(tmp_path: Path) -> RunOptions:
    return RunOptions(runs=tmp_path / 'runs', variant='lite')


def test_a_bundle_says_how_it_was_judged_and_what_it_costs(
    options: RunOptions, tmp_path: Path
) -> None:
    save_outcomes(outcomes(), outcomes_folder(options.runs, 'sketch', 'lite'))
    judged = judged_for_export(Recipe(), options)
    assert judged.about['folds'] == [0, 1, 2, 3] and judged.about['variant'] == 'lite'
    matches = TopMatches(np.linspace(0, 1, 90), np.zeros(90), np.arange(90) > 30)
    calibrated = calibrate_pairs({'sound->sound': matches}, held_out={'sound->sound': matches})
    selection = {'held_out_fold': 0, 'how': 'made up'}
    shipment = Shipment(
        'hearing', '0.1', 'Apache-2.0', 'A sound tower.', 'made-up folds',
        [Stage('sound', BandMeans(), {'log_mel': torch.randn(3, 1, 100, 64)}, 'vector')],
        {'sound': ('sound', {'seconds': 1.0}, ('sound',))},
        calibrated, selection,
        {'What it is': ['- A tower.'], 'Limits': [*selection_block(selection)]},
        facts={'classes': ['a']},
    )  # fmt: skip
    bundle = ship(shipment, judged, tmp_path / 'models')
    found = bundle.manifest.evaluation
    assert list(found)[:3] == ['protocol', 'classes', 'selection']
    assert found['calibration_on_held_out']['sound->sound']['precision'] >= 0.8
    assert found['mAP']['line art, unseen: sketch->image']['verdict'] == 'above'
    assert bundle.manifest.spaces['hearing'].dimension == 8
    card = (bundle.path / 'MODEL_CARD.md').read_text()
    assert card.startswith(
        '# hearing 0.1\n\nA sound tower.\n\n## What it is\n\n- A tower.\n\n## Li'
    )
    assert card.endswith('```\n')
    metrics = json.loads((bundle.path / 'metrics.json').read_text())
    assert metrics['selection'] == selection and metrics['costs'][0]['modality'] == 'sound'


@pytest.mark.parametrize(
    'changed', [{'variant': 'production'}, {'dataset': 'sketchy:/data'}, {}], ids=str
)
def test_only_what_ships_and_was_judged_is_exported(
    options: RunOptions, changed: dict[str, str]
) -> None:
    asked = RunOptions(runs=options.runs, **({'variant': 'lite'} | changed))
    with pytest.raises(InputError, match='lite, embedded' if changed else 'judge first'):
        judged_for_export(Recipe(), asked)


def test_towers_of_a_public_set_ship_where_the_recipe_says_so(options: RunOptions) -> None:
    save_outcomes(outcomes(1), outcomes_folder(options.runs, 'sketch', 'lite'))
    public = RunOptions(runs=options.runs, variant='lite', dataset='sketchy:/data')
    assert judged_for_export(Recipe(), public, public_sets=True).summary.rows


def test_nothing_judged_says_nothing() -> None:
    assert Judged().summary.rows == [] and Judged().about == {}


def test_variants_data_sets_and_parts_never_share_a_folder() -> None:
    options = [
        RunOptions(Path('/d'), Path('/r'), dataset, variant)
        for dataset in ('embedded', 'sketchy:/data')
        for variant in ('production', 'lite')
    ]
    folders = {fold_folder('x', o, 1, *parts) for o in options for parts in ((), ('only-a',))}
    assert len(folders) == 8
    assert fold_folder('x', options[2], 1, 'only-a') == Path(
        '/r/x-production-sketchy/only-a/fold-1'
    )


@dataclass(frozen=True)
class Config:
    width: int = 2
    names: tuple[str, ...] = field(default=('a',))


def test_a_fold_is_fitted_once_for_each_configuration_and_version(tmp_path: Path) -> None:
    made: list[int] = []

    def fit_with(config: Config, version: int = 1) -> torch.Tensor:
        def fit() -> torch.Tensor:
            made.append(config.width)
            return torch.full((config.width,), float(version))

        def save(fitted: torch.Tensor) -> None:
            save_notes({'width': config.width}, tmp_path)
            save_state({'weight': fitted}, tmp_path)

        return fit_or_recall(
            tmp_path, config, version, fit, save, lambda: load_state(tmp_path)['weight']
        )

    first = fit_with(Config())
    assert torch.equal(fit_with(Config()), first) and made == [2]
    assert load_notes(tmp_path) == {'width': 2}
    fit_with(Config(3))
    fit_with(Config(3), version=2)
    assert made == [2, 3, 3]


class TestOpenSet:
    def test_half_have_no_counterpart_and_half_of_those_show_nothing(self) -> None:
        things = np.eye(60, dtype=bool)
        cosines = np.where(things, 0.9, 0.1)
        nothing = np.full((5, 60), 0.2)
        matches = open_set_matches([(cosines, things)] * 2, nothing)
        blank = matches.best == 0.2
        assert blank.mean() == pytest.approx(0.25, abs=0.01)
        assert matches.correct.mean() == pytest.approx(0.5, abs=0.05)
        assert not matches.correct[blank].any()
        assert len(open_set_matches([(cosines, things)]).best) == 4 * 60

    def test_the_table_tells_validation_from_held_out_data(self) -> None:
        sure = TopMatches(np.r_[np.ones(50), np.zeros(50)], np.zeros(100), np.arange(100) < 50)
        blind = TopMatches(np.linspace(0, 1, 50), np.zeros(50), np.zeros(50, bool))
        found = calibrate_pairs(
            {'a->b': sure, 'b->a': blind}, held_out={'a->b': sure, 'b->a': blind}
        )
        rows = accepted_table(found)
        assert '(held out)' in rows[0] and rows[3] == '| b->a | never accepted | - | - | - | - |'
        assert rows[2].endswith('| 1.00 (1.00) | 1.00 (1.00) | 0.00 (0.00) |')
        alone = accepted_table(Calibrated(found.pairs, found.on_validation))
        assert 'held out' not in alone[0] and alone[2].endswith('| 1.00 | 1.00 | 0.00 |')
