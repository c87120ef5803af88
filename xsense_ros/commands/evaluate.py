# SPDX-License-Identifier: Apache-2.0
"""`xsense evaluate`: how good the answers to a recording are, without ROS."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from xsense_ros.commands.exits import BadInput
from xsense_ros.commands.samples import HELP
from xsense_ros.errors import XsenseError
from xsense_ros.names import MODALITIES

if TYPE_CHECKING:
    from rich.console import Console

    from xsense_ros.evaluation.session import Plan

_FILE = click.Path(path_type=Path, dir_okay=False)


def _topics(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    topics = {}
    for text in given:
        sense, equals, name = text.partition('=')
        if sense not in MODALITIES or not equals or not name.strip('/'):
            raise click.BadParameter(f'{text!r}: give SENSE=TOPIC with one of {list(MODALITIES)}')
        topics[sense] = name
    return topics


@click.command(context_settings=HELP)
@click.argument('bag', type=click.Path(path_type=Path))
@click.option(
    '--truth',
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help='What is where when: a CSV or JSON file, or a bag  [default: /truth/SENSE of BAG]',
)
@click.option(
    '--gallery',
    default=None,
    help='What is remembered: a gallery file or URL, or a folder with items.json  [default: '
    'enrolled from BAG by the truth, of each item the first interval, which is not asked]',
)
@click.option(
    '--enroll',
    'teachers',
    type=click.Choice(MODALITIES),
    multiple=True,
    default=('image',),
    show_default=True,
    help='Without --gallery: senses whose samples are enrolled.',
)
@click.option(
    '--views',
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help='Without --gallery: views enrolled of each item and sense.',
)
@click.option('--bundle', 'bundles', multiple=True, help="Models  [default: the node's]")
@click.option(
    '--params-file',
    'params',
    type=_FILE,
    multiple=True,
    help='Parameters of the node `retrieval`: windows, thresholds, models.',
)
@click.option(
    '--topic',
    'topics',
    multiple=True,
    callback=_topics,
    metavar='SENSE=TOPIC',
    help="Topic that a sense is heard on  [default: the node's]",
)
@click.option('--answers', type=_FILE, default=None, help='Write each answer as a line of JSON.')
@click.option(
    '--min-recall',
    type=click.FloatRange(0, 1),
    default=None,
    help='Exit with 1 where recall@1 of any pair is less.',
)
@click.option('--json', 'as_json', is_flag=True, help='All figures as JSON.')
def command(
    bag: Path,
    truth: Path | None,
    gallery: str | None,
    teachers: tuple[str, ...],
    views: int,
    bundles: tuple[str, ...],
    params: tuple[Path, ...],
    topics: dict[str, str],
    answers: Path | None,
    min_recall: float | None,
    as_json: bool,
) -> None:
    """Measure the answers to a rosbag2 recording (MCAP or SQLite) against the truth, without ROS.

    Asks what the node `retrieval` would have asked, and counts for each pair of modalities how
    often the right item comes first, and how long an answer takes.

    \b
    Examples:
      xsense evaluate samples/robot_home/bag --gallery samples/robot_home/gallery
      xsense evaluate BAG --truth intervals.csv --json > figures.json
      xsense evaluate BAG --truth intervals.csv --gallery ~/.local/share/xsense/gallery.db
      xsense evaluate BAG --truth intervals.json --topic image=/front/image --min-recall 0.8

    \b
    Exit status: 0 measured, 1 too little recall or nothing to ask, 2 bad input.
    """
    from rich.console import Console

    from xsense_ros.evaluation.session import Plan

    plan = Plan(bag, truth, gallery, teachers, views, bundles, params, topics)
    # What programs read goes to standard output, progress to the other one.
    console = Console(stderr=True)
    try:
        with ExitStack() as stack:
            file = stack.enter_context(answers.open('w', encoding='utf-8')) if answers else None
            figures = _run(plan, file, console, as_json)
    except XsenseError as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f'{error.filename}: {error.strerror}') from error
    sys.exit(_status(figures, min_recall, console))


def _run(plan: Plan, file: IO[str] | None, console: Console, as_json: bool) -> dict[str, Any]:
    from rich.console import Console as Out
    from rich.progress import track

    from xsense_ros.evaluation.evaluate import Asked, answer_as_dict
    from xsense_ros.evaluation.report import as_dict, pair_table
    from xsense_ros.evaluation.session import evaluate

    def tell(asked: Asked) -> None:
        if file is not None:
            file.write(json.dumps(answer_as_dict(asked), ensure_ascii=False) + '\n')

    def show(steps: Iterable[Any], what: str, total: int | None) -> Iterable[Any]:
        quiet = not console.is_terminal
        return track(steps, what, total, console=console, transient=True, disable=quiet)

    pairs, about = evaluate(plan, tell, show)
    figures = as_dict(pairs, about)
    if as_json:
        click.echo(json.dumps(figures, indent=1, ensure_ascii=False))
        return figures
    out = Out() if sys.stdout.isatty() else Out(width=140)
    for line in about_lines(about):
        out.print(line, highlight=False, markup=False)
    if pairs:
        out.print(pair_table(pairs))
    return figures


def about_lines(about: dict[str, Any]) -> list[str]:
    """For people: what was evaluated, and what was left out."""
    gallery = about['gallery']
    lines = [
        f'{about["bag"]}: {about["seconds"]:.1f} s; {about["bundles"]}',
        f'remembers {gallery["items"]} items ({gallery["from"]})',
    ]
    for topic, (count, why) in about['refused'].items():
        lines.append(f'{topic}: {count} messages could not be used, the last because of {why}')
    missing = about['not_in_gallery']
    if missing:
        named = ', '.join(sorted(missing)[:8]) + (', ...' if len(missing) > 8 else '')
        count = sum(missing.values())
        lines.append(f'{count} questions left out: no view that could be found of {named}')
    return lines


def _status(figures: dict[str, Any], least: float | None, console: Console) -> int:
    pairs = figures['pairs']
    if not pairs:
        console.print(
            'nothing was asked: no question of the recording lies in an interval of the truth',
            markup=False,
        )
        return 1
    poor = [
        f'{kind}: recall@1 {pair["recall_at_1"]:.1%}, asked for {least:.1%}'
        for kind, pair in pairs.items()
        if least is not None and (pair['recall_at_1'] or 0.0) < least and pair['known']
    ]
    for line in poor:
        console.print(line, markup=False, highlight=False)
    return 1 if poor else 0
