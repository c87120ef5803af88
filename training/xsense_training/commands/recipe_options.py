# SPDX-License-Identifier: Apache-2.0
"""Options that fit, evaluate and export share, gathered into one RunOptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from pathlib import Path
from typing import Any

import click

from xsense_ros.errors import InputError
from xsense_training.recipes.registry import RECIPES, RunOptions, load_recipe

_OPTIONS = (
    click.argument('recipe', type=click.Choice(RECIPES)),
    click.option(
        '--root',
        type=click.Path(path_type=Path),
        help='Data root of the embedded sets [$XSENSE_DATA, ~/.cache/xsense/data].',
    ),
    click.option(
        '--data',
        'dataset',
        default='embedded',
        show_default=True,
        metavar='NAME[:PATH]',
        help='embedded, or a public set where it lies: sketchy:/data/sketchy, cub:/data/cub ...',
    ),
    click.option(
        '--runs',
        type=click.Path(path_type=Path),
        default=Path('runs'),
        show_default=True,
        help='Folder of the run folders.',
    ),
    click.option(
        '--variant',
        help='production: the corrected system; published: the original architecture and loss; '
        'lite: a small one for CPU robots, where a recipe has it [what ships].',
    ),
    click.option('--threads', default=1, show_default=True, help='CPU threads of torch.'),
    click.option(
        '--config',
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Configuration file; a run folder's config.json is one.",
    ),
    click.option(
        '--set',
        'overrides',
        multiple=True,
        metavar='FIELD=VALUE',
        help='Override one field of the configuration, by its dotted name.',
    ),
)


def recipe_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options; the function gets `recipe` and `options`."""

    def gathered(
        recipe: str,
        root: Path | None,
        dataset: str,
        runs: Path,
        variant: str | None,
        threads: int,
        config: Path | None,
        overrides: Sequence[str],
        **others: Any,
    ) -> None:
        import torch  # only now: `--help` need not wait for it

        torch.set_num_threads(threads)
        variants = load_recipe(recipe).variants
        if variant is not None and variant not in variants:
            raise InputError('--variant', variant, ' or '.join(variants), 'correct the name')
        options = RunOptions(
            root,
            runs,
            dataset,
            variant or variants[0],
            threads,
            config,
            tuple(_field(o) for o in overrides),
        )
        function(recipe=recipe, options=options, **others)

    # Options of the command's own, --fold and so on, hang on the function and come along.
    decorated: Callable[..., None] = update_wrapper(gathered, function)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition('=')
    if not (name and equals):
        raise InputError(
            '--set', text, 'FIELD=VALUE', 'name the field, for example --set train.steps=200'
        )
    return name.strip(), value.strip()
