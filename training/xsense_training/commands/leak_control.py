# SPDX-License-Identifier: Apache-2.0
"""`xsense-train leak-control`: what the published protocol scores where nothing can be learnt."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option('--seeds', default=5, show_default=True, type=click.IntRange(min=2))
@click.option(
    '--noise',
    'noises',
    multiple=True,
    type=click.FloatRange(min=0),
    help='Deviation of an instance around its object; may be given again.  [default: 1, 2, 4]',
)
@click.option(
    '--to',
    'result',
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path('docs/leak_control.json'),
    show_default=True,
    help='Result file.',
)
@click.option('--draw', is_flag=True, help='Run nothing, show what the result file holds.')
@click.option(
    '--models',
    type=click.Path(file_okay=False, path_type=Path),
    default=Path('models'),
    show_default=True,
    help='Folder of the bundles, whose metrics hold the published network asked in both ways.',
)
@click.option(
    '--into',
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Renew the tables between the results markers of this file.',
)
def command(
    seeds: int,
    noises: tuple[float, ...],
    result: Path,
    draw: bool,
    models: Path,
    into: Path | None,
) -> None:
    """Score independent random features through the published fusion head and two towers.

    \b
    Examples:
      xsense-train leak-control --into docs/honest-benchmarks.md
      xsense-train leak-control --draw --into docs/honest-benchmarks.md
    """
    from xsense_training.evaluate.document import METRICS_FILE, read_metrics, write_metrics
    from xsense_training.evaluate.report import write_section
    from xsense_training.recipes.crossnet.asked_table import SECTION, asked_table
    from xsense_training.recipes.crossnet.leak_control import NOISES, SYSTEM, control, table

    if not draw:
        text = write_metrics(control(seeds, noises or NOISES), {'control': SYSTEM, 'seeds': seeds})
        result.parent.mkdir(parents=True, exist_ok=True)
        result.write_text(text, encoding='utf-8')
    drawn = table(read_metrics(result))
    if into is not None:
        write_section(into, SYSTEM, drawn)
        metrics = models / 'touch-vision-sound' / METRICS_FILE
        asked = asked_table(read_metrics(metrics)) if metrics.exists() else None
        if asked is not None:
            write_section(into, SECTION, asked)
    click.echo(drawn)
