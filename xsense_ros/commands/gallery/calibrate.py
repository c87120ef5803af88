# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery calibrate`: thresholds by the gallery's own views."""

from __future__ import annotations

import json
from pathlib import Path

import click

from xsense_ros.commands.exits import BadInput
from xsense_ros.commands.gallery.reading import GALLERY, known_spaces, opened, watched, write_text
from xsense_ros.commands.samples import HELP
from xsense_ros.errors import XsenseError
from xsense_ros.names import BUNDLES, MODALITIES


@click.command(context_settings=HELP)
@GALLERY
@click.option(
    '--false-accepts',
    'most_false',
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help='Share of strangers that may be accepted, and of known things that are taken for others.',
)
@click.option(
    '--target',
    'targets',
    type=click.Choice([*MODALITIES, *(f'{s}={t}' for s in MODALITIES for t in MODALITIES)]),
    metavar='[SENSE=]MODALITY',
    multiple=True,
    help='Which remembered views may answer, as the node is set  [default: all]',
)
@click.option(
    '--together',
    multiple=True,
    metavar='SENSES',
    help="Senses that are asked together, as 'impact+touch'; may be given again.",
)
@click.option(
    '--bundle', 'bundles', multiple=True, default=BUNDLES, show_default=True, help='Models.'
)
@click.option(
    '--plot', type=click.Path(dir_okay=False, path_type=Path), help='Draw the curves: a PNG file.'
)
@click.option(
    '--params',
    type=click.Path(dir_okay=False, path_type=Path),
    help='Write the thresholds as a parameter file of the node.',
)
@click.option('--json', 'as_json', is_flag=True, help='Everything as JSON, with all curves.')
def command(
    gallery: str | None,
    most_false: float,
    targets: tuple[str, ...],
    together: tuple[str, ...],
    bundles: tuple[str, ...],
    plot: Path | None,
    params: Path | None,
    as_json: bool,
) -> None:
    """Find thresholds for "unknown" by asking a gallery with its own views.

    GALLERY is a file or the URL of a fleet's; without it the node's own is taken.

    Every view is asked with itself left out (a known thing), and with its whole item left out (a
    stranger). Exit status 1: nothing can be accepted at so few false accepts.

    \b
    Examples:
      xsense gallery calibrate --plot curves.png
      xsense gallery calibrate gallery.db --target touch=touch --target impact=impact \\
        --together impact+touch --params thresholds.yaml
    """
    from xsense_ros.fusion.measured import find_fusions
    from xsense_ros.openset.calibrating import calibrate_gallery
    from xsense_ros.openset.curves import draw_curves
    from xsense_ros.openset.report import calibration_lines, parameter_file

    try:
        with opened(gallery) as source:
            found = calibrate_gallery(
                source,
                known_spaces(bundles),
                most_false=most_false,
                targets=targets,
                together=together,
                fusions=find_fusions(),
                watch=watched,
            )
        if plot is not None:
            draw_curves(found, most_false).save(plot)
        if params is not None:
            write_text(params, parameter_file(found, most_false))
    except XsenseError as error:
        raise BadInput(str(error)) from error
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        click.echo('\n'.join(calibration_lines(found, most_false)))
    if not found.parameters():
        raise SystemExit(1)
