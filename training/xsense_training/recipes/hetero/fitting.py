# SPDX-License-Identifier: Apache-2.0
"""Matchers of the hetero recipe: built, fitted once on a data set, recalled from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import overload

import torch
from torch import nn

from xsense_ros.errors import InputError
from xsense_training.data.registered_pair import PairSet, RegisteredPair
from xsense_training.models.hetero_lite import HeteroLite
from xsense_training.models.hetero_matcher import HeteroMatcher
from xsense_training.recipes.hetero.config import FullVariant, LiteVariant
from xsense_training.recipes.hetero.protocol import Search
from xsense_training.recipes.hetero.questions import NAME, Question, ask
from xsense_training.recipes.hetero.sets import open_set
from xsense_training.recipes.hetero.sources import Sources, embedded_sources, validation_lists
from xsense_training.recipes.hetero.training import MatcherTask
from xsense_training.recipes.registry import EMBEDDED, RunOptions
from xsense_training.recipes.run_folders import fit_or_recall, fold_folder, load_state, save_state
from xsense_training.trainer import train

RECIPE_VERSION = 1  # raise it when a line changes what is fitted: all is refitted
Variant = LiteVariant | FullVariant
_CHOSEN_ON = (100, 50)  # searches of a public set's validation part, with and without a target
_IN_MEMORY = 256  # pairs of a public set


def hetero_folder(options: RunOptions, fold: int) -> Path:
    """Where a run lies; one that searches visible images has a folder of its own."""
    same = ('homologous',) if options.dataset.endswith('+homologous') else ()
    return fold_folder(NAME, options, fold, *same)


def build(config: Variant) -> nn.Module:
    """The matcher of a variant, from the seed of its training.

    Raises:
        InputError: it takes pictures of another size than training draws.
    """
    look, sizes = config.draws.look, (config.matcher.template_size, config.matcher.search_size)
    if (look.template, look.search) != sizes:
        raise InputError(
            'draws.look', (look.template, look.search), f'the sizes of the matcher, {sizes}',
            'set draws.look.template and matcher.template_size alike, and those of the search',
        )  # fmt: skip
    torch.manual_seed(config.train.seed)
    if isinstance(config, LiteVariant):
        return HeteroLite(config.matcher)
    return HeteroMatcher(config.matcher)


def fit_matcher(config: Variant, options: RunOptions, fold: int) -> nn.Module:
    """Train a variant on the options' data set, or recall it where that was done.

    Raises:
        InputError: a data set without a part to train on, or what its loader says.
    """
    folder = hetero_folder(options, fold)

    def fit() -> nn.Module:
        matcher = build(config)
        sources, validation = material(options)
        # A public set brings no made scenes.
        draws = config.draws if options.dataset == EMBEDDED else replace(config.draws, real=1.0)
        task = MatcherTask(matcher, sources, draws, config.loss, validation)
        train(task, config.train, folder, f'{NAME} {config.variant}')
        return matcher

    def recall() -> nn.Module:
        matcher = build(config)
        matcher.load_state_dict(load_state(folder))
        return matcher

    return fit_or_recall(
        folder, config, RECIPE_VERSION, fit, lambda m: save_state(m.state_dict(), folder), recall
    ).eval()


def fitted_on(options: RunOptions) -> RunOptions:
    """The options under which what is asked was fitted: COCO's boxes are for judging alone."""
    judged_only = options.dataset.startswith('coco:')
    return replace(options, dataset=EMBEDDED) if judged_only else options


def material(
    options: RunOptions,
) -> tuple[Sources, list[tuple[str, PairSet, list[Search]]]]:
    """What a data set trains on, and the searches that decide which weights are kept."""
    if options.dataset == EMBEDDED:
        return embedded_sources(options.root), validation_lists(options.root)
    if options.dataset.startswith('coco:'):
        raise InputError(
            '--data', options.dataset, f'{EMBEDDED}, m3fd:PATH or m3fd-cropped:PATH to fit',
            'fit on one of these; evaluate --data coco:... asks the matcher of the embedded set',
        )  # fmt: skip
    pairs, _ = open_set(options.dataset, options.root, 'train')
    chosen = ask(Question(options.dataset, 'harder', *_CHOSEN_ON), options.root, 'val')
    real = LoadedPairs(pairs)
    validation = [('validation', chosen.pairs, chosen.searches)]
    return Sources(real, real.__getitem__, len(real)), validation


class LoadedPairs(Sequence[RegisteredPair]):
    """The pairs of a set that hold a target, read when they are asked for."""

    def __init__(self, pairs: PairSet) -> None:
        self.numbers = sorted({target.pair for target in pairs.targets})
        self.load = lru_cache(maxsize=_IN_MEMORY)(pairs.load)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> RegisteredPair: ...

    @overload
    def __getitem__(self, index: slice) -> list[RegisteredPair]: ...

    def __getitem__(self, index: int | slice) -> RegisteredPair | list[RegisteredPair]:
        if isinstance(index, slice):
            return [self.load(number) for number in self.numbers[index]]
        return self.load(self.numbers[index])
