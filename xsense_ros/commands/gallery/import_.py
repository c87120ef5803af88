# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery import`: a folder or a table of files becomes remembered things."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xsense_ros.commands.gallery.common import bar, models
from xsense_ros.commands.samples import HELP
from xsense_ros.names import BUNDLES
from xsense_ros.resources import default_gallery

if TYPE_CHECKING:
    from xsense_ros.importing.importer import Report
    from xsense_ros.importing.plan import Plan


@click.command(context_settings=HELP)
@click.argument('source', type=click.Path(path_type=Path, exists=True))
@click.option(
    '--file',
    'place',
    default=default_gallery,
    metavar='FILE|URL',
    help="Gallery to fill: a file, or the URL of a fleet's  [default: the node's own]",
)
@click.option(
    '--bundle', 'bundles', multiple=True, default=BUNDLES, show_default=True, help='Models.'
)
@click.option('--profile', default='', help='Kind of the touch sensor, digit say.')
@click.option(
    '--root',
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help='With a table: the folder that its files lie below  [default: its own]',
)
@click.option('--strict', is_flag=True, help='End at the first file that cannot be used.')
@click.option(
    '--workers', type=click.IntRange(1, 256), help='Threads  [default: one a core that is free]'
)
@click.option('--json', 'as_json', is_flag=True, help='What was done, as JSON.')
def command(
    source: Path,
    place: str,
    bundles: tuple[str, ...],
    profile: str,
    root: Path | None,
    strict: bool,
    workers: int | None,
    as_json: bool,
) -> None:
    """Fill a gallery from SOURCE: a folder with a folder per item, or a CSV table.

    A node may have the gallery open: it answers with each item as soon as that is in. Begun again
    after it was ended, an import goes on where it was. What the gallery holds already is left out.

    \b
    things/mug/front.jpg        a picture           things/mug/touch/press.png       touches,
    things/mug/ring.wav         a sound             things/mug/touch/background.png  untouched
    things/mug/about.txt        a text              things/mug/impact/knock.wav      a knock
    things/mug/sketch-1.png     a sketch            things/mug/label.txt             its label
    things/ball.jpg             an item by itself

    \b
    A table has the columns item or label, file or text; modality, background, profile if need be.

    \b
    Examples:
      xsense gallery import things/ --file gallery.db
      xsense gallery import things.csv --file gallery.db --strict
      xsense gallery import touches/ --profile digit --bundle touch-vision-sound
    """
    from xsense_ros.engines.file_lock import FileLock
    from xsense_ros.gallery.opening import open_gallery, settle
    from xsense_ros.importing.folder import plan_folder
    from xsense_ros.importing.importer import import_plan
    from xsense_ros.importing.table import plan_table
    from xsense_ros.workers import usable_cores

    folder = source.is_dir()
    plan = plan_folder(source, profile) if folder else plan_table(source, root, profile)
    with models(bundles) as encoder, open_gallery(place, encoder.fingerprints) as gallery:
        lock = FileLock(Path(f'{gallery.database.path}.import'))
        wait = 'waiting for another import into this gallery ...'
        with lock.held(lambda: click.echo(wait, err=True)), bar('importing', plan.count) as step:
            report = import_plan(
                plan,
                gallery,
                encoder,
                workers=workers or usable_cores(),
                strict=strict,
                on_sample=step,
            )
        settle(gallery)
    if as_json:
        click.echo(json.dumps(asdict(report) | {'items': sorted(report.items)}, indent=1))
    else:
        _tell(report, plan, place)


def _tell(report: Report, plan: Plan, place: str) -> None:
    for one in report.duplicates:
        click.echo(f'duplicate: {one.name}: {one.why}', err=True)
    for one in report.skipped:
        click.echo(f'skipped: {one.name}: {one.why}', err=True)
    parts = [f'{report.imported} samples of {len(report.items)} items imported into {place}']
    for count, what in (
        (report.known, 'were there already'),
        (len(report.duplicates), 'duplicates'),
        (len(report.skipped), 'skipped'),
    ):
        if count:
            parts.append(f'{count} {what}')
    click.echo(', '.join(parts))
    if not plan.items:
        click.echo('nothing was found: see `xsense gallery import --help`', err=True)
