# SPDX-License-Identifier: Apache-2.0
"""A fitted fold on disk: tensors and plain data, read without trusting the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from torch import nn

from xsense_training.evaluate.system import Heads, System
from xsense_training.models.head_files import build_head, plain_head
from xsense_training.models.see_hear_read import Tower
from xsense_training.recipes.run_folders import load_state, save_notes, save_state
from xsense_training.recipes.see_hear_read.published import as_system, net_of
from xsense_training.recipes.see_hear_read.recipe import Fitted
from xsense_training.trainer import TrainResult


def save_fitted(fitted: Fitted, folder: Path) -> None:
    """Notes, and everything as one file of the run folder."""
    save_notes(fitted.notes, folder)
    results = {name: asdict(result) for name, result in fitted.results.items()}
    state: dict[str, Any] = {'told': json.dumps({'notes': fitted.notes, 'results': results})}
    if (published := fitted.systems.get('published')) is not None:
        # One network behind all towers: every student and the upper network, once.
        state['net'] = cast(Tower, published.heads['image']).net.state_dict()
    else:
        state['systems'] = {
            name: {
                'heads': _plain(system.heads),
                'own_pairs': {pair: _plain(heads) for pair, heads in system.own_pairs.items()},
            }
            for name, system in fitted.systems.items()
        }
    save_state(state, folder)


def load_fitted(folder: Path) -> Fitted:
    """What `save_fitted` wrote, bit for bit."""
    stored = load_state(folder)
    told = json.loads(stored['told'])
    if 'net' in stored:
        systems = {'published': as_system(net_of(stored['net']))}
    else:
        systems = {
            name: System(
                name,
                _built(parts['heads']),
                {pair: _built(heads) for pair, heads in parts['own_pairs'].items()},
            )
            for name, parts in stored['systems'].items()
        }
    results = {name: TrainResult(**result) for name, result in told['results'].items()}
    return Fitted(systems, told['notes'], results)


def _plain(heads: Heads) -> dict[str, dict[str, Any]]:
    return {modality: plain_head(head) for modality, head in heads.items()}


def _built(heads: Mapping[str, Mapping[str, Any]]) -> dict[str, nn.Module]:
    return {modality: build_head(plain) for modality, plain in heads.items()}
