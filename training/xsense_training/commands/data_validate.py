# SPDX-License-Identifier: Apache-2.0
"""`xsense-train data validate touch-sim`: simulated touch against real presses."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def validate() -> None:
    """Compare what is simulated with what was measured."""


@validate.command('touch-sim')
@click.option(
    '--to',
    'folder',
    type=click.Path(path_type=Path, file_okay=False),
    default=Path('docs'),
    show_default=True,
    help='Folder of touch_sim.json and touch_sim.jpg.',
)
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
@click.option('--fit', is_flag=True, help='Show the grid that the constants were chosen from.')
def validate_touch_sim(folder: Path, root: Path | None, fit: bool) -> None:
    """Simulate the 72 real presses again and say how alike they are.

    With --fit the constants are tried on the presses they may be chosen with, and nothing is
    written (minutes).

    \b
    Examples:
      xsense-train data fetch gel
      xsense-train data validate touch-sim
      xsense-train data validate touch-sim --fit
    """
    if not fit:
        from xsense_training.touch_sim.validation_report import report

        report(folder, root)
        click.echo(f'{folder}/touch_sim.json, {folder}/touch_sim.jpg')
        return
    from xsense_training.touch_sim.validation_fit import fit_gelsight, fit_lamps, fit_mini

    click.echo('share of the colour change that is simulated, fitted presses')
    for drag, share in fit_gelsight(root).items():
        click.echo(f'GelSight: drag {drag:.2f} mm: {share:.4f}')
    for lamp in fit_lamps(root):
        click.echo(
            f'GelSight: shadow of {("red", "green", "blue")[lamp.channel]} falls at '
            f'{lamp.falls:.0f} degrees and takes {lamp.darkness:.1f} grey levels'
        )
    for mini, share in sorted(fit_mini(root).items(), key=lambda row: row[1]):
        click.echo(
            f'Mini: ball {mini.ball_mm:.2f} mm, drag {mini.drag_mm:.2f} mm, '
            f'depth {mini.depth_mm:.2f} mm: {share:.4f}'
        )


@validate.command('touch-units')
@click.option(
    '--data',
    'folder',
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help='Folder of the set.  [default: touch-sim in the data root]',
)
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
def validate_touch_units(folder: Path | None, root: Path | None) -> None:
    """How much touch pictures say about their sensor, with and without its background.

    \b
    Example:
      xsense-train data validate touch-units
    """
    from xsense_training.data.object_folder import load_object_folder
    from xsense_training.data.root import data_root
    from xsense_training.touch_sim.unit_traces import unit_traces

    touches = load_object_folder(folder or data_root(root) / 'touch-sim', 'touch-sim')
    for found in unit_traces(touches):
        shift = (
            '' if found.unseen_shift is None else f', unseen units off {found.unseen_shift:.2f}'
        )
        click.echo(
            f'{found.picture}: {found.frames} frames of {found.units} units, unit told '
            f'{found.told:.3f} (chance {found.chance:.3f}), variance between units '
            f'{found.explained:.3f}{shift}'
        )
