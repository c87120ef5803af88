# SPDX-License-Identifier: Apache-2.0
"""`xsense-train report`: what was evaluated, as tables, plots or JSON; nothing is fitted."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_training.recipes.registry import RECIPES


@click.command()
@click.argument('systems', nargs=-1, type=click.Choice(RECIPES))
@click.option(
    '--runs',
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help='Folder of run folders: the outcomes that evaluate stored.',
)
@click.option(
    '--from',
    'models',
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help='Folder of bundles: the metrics.json that travel with them [models].',
)
@click.option('--json', 'as_json', is_flag=True, help='One JSON object a row, one row a line.')
@click.option('--markdown', 'as_markdown', is_flag=True, help='Tables in Markdown [default].')
@click.option(
    '--plots',
    type=click.Path(file_okay=False, path_type=Path),
    help='Draw bars into this folder, and from --runs precision against recall.',
)
@click.option(
    '--into',
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Renew the tables between the results markers of this file (README.md).',
)
@click.option(
    '--brief', 'short', is_flag=True, help='One line a question instead of one a method.'
)
@click.option('--measure', is_flag=True, help='Measure what the bundles of --from cost, first.')
def command(
    systems: tuple[str, ...],
    runs: Path | None,
    models: Path | None,
    as_json: bool,
    as_markdown: bool,
    plots: Path | None,
    into: Path | None,
    short: bool,
    measure: bool,
) -> None:
    """Draw the tables and plots of the named systems, or of all.

    \b
    Examples:
      xsense-train report sketch --runs runs --plots build/plots
      xsense-train report --from models --json
      xsense-train report --from models --brief --into README.md
    """
    from xsense_training.evaluate.brief import brief
    from xsense_training.evaluate.document import measure_models
    from xsense_training.evaluate.report import json_lines, report, write_sections
    from xsense_training.evaluate.table import markdown

    if runs is not None and models is not None:
        raise click.UsageError('give --runs or --from, not both')
    if runs is None:
        models = models or Path('models')
    if measure:
        if models is None:
            raise click.UsageError('--measure needs bundles: give --from')
        measure_models(models)
    summary = report(systems, runs=runs, models=models, plots=plots)
    if into is not None:
        renewed = write_sections(into, summary, brief if short else markdown)
        click.echo(f'{into}: renewed {", ".join(renewed) or "nothing, it has no markers"}')
    if as_json:
        click.echo(json_lines(summary), nl=False)
    if as_markdown or not (as_json or into):
        click.echo(brief(summary) if short else markdown(summary))
