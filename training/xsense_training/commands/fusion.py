# SPDX-License-Identifier: Apache-2.0
"""`xsense-train fusion`: what senses asked together are worth, and how robots join them."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.option(
    '--root',
    type=click.Path(file_okay=False, path_type=Path),
    help='Data root [$XSENSE_DATA, or the cache folder].',
)
@click.option(
    '--to',
    'result',
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path('docs/fusion.json'),
    show_default=True,
    help='Result file.',
)
@click.option(
    '--models',
    type=click.Path(file_okay=False, path_type=Path),
    default=Path('models'),
    show_default=True,
    help='Folder of the bundles, where the rules are written for robots (fusion.json).',
)
@click.option('--draw', is_flag=True, help='Measure nothing, show what the result file holds.')
@click.option(
    '--into',
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Renew the tables between the results markers of this file.',
)
def command(root: Path | None, result: Path, models: Path, draw: bool, into: Path | None) -> None:
    """Ask shipped bundles with several senses at once, on what none of them was trained on.

    The rule that joins them, its weights and thresholds are chosen on validation things.

    \b
    Examples:
      xsense-train fusion --into docs/fusion.md
      xsense-train fusion --draw
    """
    from xsense_ros.fusion.measured import FILE, write_fusions
    from xsense_training.evaluate.report import write_section
    from xsense_training.fusion.measuring import measure
    from xsense_training.fusion.table import SECTION, fusion_table

    if not draw:
        fusions, found = measure(root, lambda text: click.echo(text, err=True))
        write_fusions(fusions, models / FILE)
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    table = fusion_table(json.loads(result.read_text(encoding='utf-8')))
    if into is not None:
        write_section(into, SECTION, table)
    click.echo(table)
