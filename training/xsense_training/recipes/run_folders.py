# SPDX-License-Identifier: Apache-2.0
"""Where the runs of a recipe lie, and how a fold is fitted once and recalled from then on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch

from xsense_training.config import dump, plain
from xsense_training.recipes.registry import RunOptions
from xsense_training.trainer import once

T = TypeVar('T')
FITTED = 'fitted.pt'
SELECTION = 'selection.json'


def fold_folder(recipe: str, options: RunOptions, fold: int, *parts: str) -> Path:
    """Where a fold's run lies; variants and data sets have run folders of their own.

    parts: folders between, for a fit that differs from what the recipe's variant is.
    """
    name, _, path = options.dataset.partition(':')
    dataset = f'-{name}' if path else ''
    place = options.runs / f'{recipe}-{options.variant}{dataset}'
    return place.joinpath(*parts) / f'fold-{fold}'


def fit_or_recall(
    folder: Path,
    config: object,
    version: int,
    fit: Callable[[], T],
    save: Callable[[T], None],
    recall: Callable[[], T],
) -> T:
    """Fit a fold, or recall it where the folder holds the finished result of the same recipe.

    Args:
        folder: run folder; a killed run goes on where it stopped.
        config: everything that decides what is fitted.
        version: of the recipe; another one is fitted anew.
        fit: fits.
        save: writes the result into the folder, FITTED last.
        recall: reads what `save` wrote.
    """
    stamp = folder / 'recipe.json'
    described = json.dumps({'recipe': version} | plain(config), indent=1) + '\n'
    if (folder / FITTED).exists() and stamp.exists() and stamp.read_text() == described:
        return recall()
    folder.mkdir(parents=True, exist_ok=True)
    fitted = fit()

    def keep() -> None:
        # Said of what is there, never of what was tried: a failed run leaves the last one whole.
        stamp.unlink(missing_ok=True)
        save(fitted)
        dump(config, folder / 'config.json')
        stamp.write_text(described)

    once(keep)
    return fitted


def save_state(state: Mapping[str, Any], folder: Path) -> None:
    """Tensors and plain data as FITTED; whole or not at all."""
    partial = folder / 'fitted.partial'
    torch.save(state, partial)
    partial.replace(folder / FITTED)


def load_state(folder: Path) -> dict[str, Any]:
    """What `save_state` wrote, read without trusting the file."""
    found: dict[str, Any] = torch.load(folder / FITTED, map_location='cpu', weights_only=True)
    return found


def save_notes(notes: Mapping[str, Any], folder: Path) -> None:
    """How a fit came about, for people and for the bundle."""
    (folder / SELECTION).write_text(json.dumps(notes, indent=1) + '\n')


def load_notes(folder: Path) -> dict[str, Any]:
    """What `save_notes` wrote."""
    found: dict[str, Any] = json.loads((folder / SELECTION).read_text())
    return found
