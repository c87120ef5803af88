# SPDX-License-Identifier: Apache-2.0
"""`xsense-train judge-matching`: finding a template of one sensor in another unlearned."""

from __future__ import annotations

from pathlib import Path

import click

# Spelled here so that `--help` need not wait for the modules that define them.
_PROTOCOLS = ('centred', 'shifted', 'scaled', 'turned', 'harder')
_KINDS = ('thermal', 'near-infrared', 'depth')


@click.command()
@click.option(
    '--data',
    'source',
    default='landsat:thermal',
    show_default=True,
    metavar='SET',
    help='landsat:BAND (test region), made:KIND (held-out scenes), m3fd:PATH, m3fd-cropped:PATH, '
    'coco:JSON,VISIBLE[,INFRARED].',
)
@click.option(
    '--protocol',
    'protocols',
    multiple=True,
    type=click.Choice(_PROTOCOLS),
    default=('centred', 'shifted', 'harder'),
    show_default=True,
    help='How the searches are moved; centred is the published one, a control.',
)
@click.option('--method', 'methods', multiple=True, help='A method by name; all by default.')
@click.option('--present', default=300, show_default=True, type=click.IntRange(min=1))
@click.option('--absent', default=150, show_default=True, type=click.IntRange(min=0))
@click.option('--seed', default=0, show_default=True, help='Of the list of searches.')
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
@click.option('--json', 'as_json', is_flag=True, help='One JSON object a row, one row a line.')
def command(
    source: str,
    protocols: tuple[str, ...],
    methods: tuple[str, ...],
    present: int,
    absent: int,
    seed: int,
    root: Path | None,
    as_json: bool,
) -> None:
    """Judge the closed forms on fixed lists of searches, beside a box that never looks.

    \b
    Examples:
      xsense-train judge-matching
      xsense-train judge-matching --data made:thermal --protocol turned --json
    """
    from xsense_training.evaluate.match_rows import Question, match_table, summarise_matches
    from xsense_training.evaluate.report import json_lines
    from xsense_training.evaluate.summary import Summary
    from xsense_training.recipes.hetero.judging import closed_forms, judge_matchers
    from xsense_training.recipes.hetero.protocol import JITTERS, digest, draw_searches
    from xsense_training.recipes.hetero.sets import open_set

    pairs, direction = open_set(source, root)
    asked = closed_forms(methods)
    parts = []
    for name in protocols:
        searches = draw_searches(pairs, JITTERS[name], present, absent, seed)
        found = judge_matchers(pairs, searches, {m: locate for m, (_, locate) in asked.items()})
        question = Question('hetero', pairs.dataset, name, direction)
        parts.append(summarise_matches(question, {m: (asked[m][0], r) for m, r in found.items()}))
        click.echo(f'{pairs.dataset}, {name}: searches {digest(searches)[:16]}', err=True)
    summary = Summary.together(parts)
    click.echo(json_lines(summary) if as_json else match_table(summary), nl=False)
