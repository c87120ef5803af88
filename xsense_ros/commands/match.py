# SPDX-License-Identifier: Apache-2.0
"""`xsense match`: a thing of a visible picture, found in an infrared one, both from files."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xsense_ros.commands.exits import BadInput
from xsense_ros.commands.samples import HELP
from xsense_ros.errors import XsenseError
from xsense_ros.names import MATCHER_BUNDLE

if TYPE_CHECKING:
    from xsense_ros.matching.boxes import Floats
    from xsense_ros.matching.seeker import Sighting

_FILE = click.Path(path_type=Path, dir_okay=False)


def _numbers(count: int) -> Callable[..., tuple[float, ...] | None]:
    """Reads so many numbers with commas between them: '1,2,3,4' -> (1.0, 2.0, 3.0, 4.0)."""

    def read(_: click.Context, __: click.Parameter, text: str | None) -> tuple[float, ...] | None:
        if text is None:
            return None
        try:
            numbers = tuple(float(part) for part in text.split(','))
        except ValueError:
            numbers = ()
        if len(numbers) != count:
            raise click.BadParameter(f'{text!r}: give {count} numbers with commas between them')
        return numbers

    return read


@click.command(context_settings=HELP)
@click.argument('visible', type=_FILE)
@click.argument('box', callback=_numbers(4), metavar='X,Y,W,H')
@click.argument('infrared', type=_FILE)
@click.option(
    '--out', type=_FILE, default='match.jpg', show_default=True, help='The picture to be drawn.'
)
@click.option(
    '--bundle', default=MATCHER_BUNDLE, show_default=True, help='The matcher, by name or path.'
)
@click.option(
    '--homography', callback=_numbers(9), metavar='H11,..,H33', default=None,
    help='Visible point -> infrared point, row by row  [default: the pictures are aligned]',
)  # fmt: skip
@click.option('--palette', default='', help='False colours of the infrared picture: ironbow, ...')
@click.option('--everywhere', is_flag=True, help='Search the whole infrared picture, in tiles.')
@click.option('--json', 'as_json', is_flag=True, help='The whole answer as JSON.')
def command(
    visible: Path,
    box: tuple[float, ...],
    infrared: Path,
    out: Path,
    bundle: str,
    homography: tuple[float, ...] | None,
    palette: str,
    everywhere: bool,
    as_json: bool,
) -> None:
    """Find the thing in a box of a visible picture in an infrared one, and draw it.

    Pictures are PNG (8 or 16 bit), JPEG or TIFF. The box is left, top, width and height in pixels
    of the visible picture. Without --everywhere it is looked for around the same place.

    \b
    Examples:
      xsense match visible.png 120,80,60,90 thermal.png
      xsense match visible.jpg 120,80,60,90 counts16.tiff --everywhere --out found.jpg
      xsense match rgb.png 120,80,60,90 ir.png --homography 0.5,0,12,0,0.5,-4,0,0,1
      xsense match rgb.png 120,80,60,90 colours.jpg --palette ironbow --json

    \b
    Exit status: 0 found, 1 not found, 2 bad input.
    """
    try:
        found, answer = _match(
            visible, box, infrared, out, bundle, homography, palette, everywhere
        )
    except XsenseError as error:
        raise BadInput(str(error)) from error
    click.echo(json.dumps(answer, indent=2) if as_json else '\n'.join(_lines(answer)))
    sys.exit(0 if found else 1)


def _match(
    visible: Path,
    box: tuple[float, ...],
    infrared: Path,
    out: Path,
    bundle: str,
    homography: tuple[float, ...] | None,
    palette: str,
    everywhere: bool,
) -> tuple[bool, dict[str, Any]]:
    """Whether it was found, and all that there is to say."""
    from xsense_ros.matching.mapping import Mapping
    from xsense_ros.matching.matcher import Matcher
    from xsense_ros.matching.picture import draw
    from xsense_ros.matching.seeker import Seeker, SeekOptions
    from xsense_ros.matching.template import cut_template
    from xsense_ros.senses.picture_file import read_infrared, read_visible

    mapping = Mapping.same() if homography is None else Mapping.homography(homography)
    start = time.perf_counter()
    picture, values = read_visible(visible), read_infrared(infrared, palette)
    read_ms = (time.perf_counter() - start) * 1e3
    matcher = Matcher.load(bundle)
    try:
        matcher.warm_up()
        template = cut_template(matcher, picture, box, visible.stem)
        seeker = Seeker(matcher, template, mapping, SeekOptions(tiles_per_frame=0))
        if everywhere:
            seeker.lose()
        sighting = seeker.look(values)
    finally:
        matcher.close()
    start = time.perf_counter()
    drawn = draw(picture, values, [(template, sighting)], asked=True)
    _write(out, drawn)
    draw_ms = (time.perf_counter() - start) * 1e3
    return sighting.found, {
        'found': sighting.found,
        'probability': round(sighting.probability, 4),
        'min_probability': round(matcher.min_probability, 4),
        'box_visible': _rounded(template.box),
        'box_infrared': _rounded(sighting.box_infrared),
        'mode': sighting.mode,
        'reason': _reason(sighting, everywhere),
        'bundle': matcher.label,
        'picture': str(out),
        'milliseconds': {
            'read': round(read_ms, 2),
            'encode': round(template.kept.milliseconds, 2),
            **{stage: round(spent, 2) for stage, spent in sighting.milliseconds.items()},
            'draw': round(draw_ms, 2),
        },
    }


def _reason(sighting: Sighting, everywhere: bool) -> str:
    if sighting.found or everywhere:
        return sighting.reason
    return f'{sighting.reason}; --everywhere searches the whole picture'


def _rounded(box: Floats | None) -> list[float] | None:
    return None if box is None else [round(float(number), 2) for number in box]


def _lines(answer: dict[str, Any]) -> list[str]:
    sure = f'probability {answer["probability"]:.2f}, {answer["min_probability"]:.2f} needed'
    spent = ', '.join(f'{stage} {ms:.1f}' for stage, ms in answer['milliseconds'].items())
    if answer['found']:
        x, y, width, height = answer['box_infrared']
        first = f'found at {x:g},{y:g},{width:g},{height:g} in the infrared picture ({sure})'
    else:
        first = f'not found: {answer["reason"]}'
    return [first, f'picture {answer["picture"]}', f'{answer["bundle"]}, milliseconds: {spent}']


def _write(path: Path, picture: Any) -> None:
    import cv2

    from xsense_ros.errors import InputError

    try:
        written = cv2.imwrite(str(path), picture[..., ::-1])
        reason = 'a file that can be written'
    except cv2.error as error:
        written, reason = False, str(error.err)
    if not written:
        expected = f'a picture file such as match.jpg ({reason})'
        raise InputError('--out', str(path), expected, 'correct the path')
