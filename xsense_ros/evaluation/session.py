# SPDX-License-Identifier: Apache-2.0
"""One evaluation from beginning to end: bag, truth, models, gallery, questions, figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.errors import InputError
from xsense_ros.evaluation.evaluate import Asked, Evaluator, PairScore
from xsense_ros.evaluation.events import Event
from xsense_ros.evaluation.items import (
    ITEMS,
    enroll_files,
    enroll_lessons,
    lessons,
    read_items,
)
from xsense_ros.evaluation.labelled import Labelled
from xsense_ros.evaluation.questions import Senses
from xsense_ros.evaluation.settings import SenseSettings
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.opening import is_url, open_gallery
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.recording import Recording
from xsense_ros.units import NS

Show = Callable[[Iterable[Any], str, 'int | None'], Iterable[Any]]
"""Shows the progress of steps: the steps, what they are, and how many where that is known."""


@dataclass(frozen=True)
class Plan:
    """What is to be evaluated; see the options of `xsense evaluate`."""

    bag: Path
    truth: Path | None = None
    gallery: str | None = None
    teachers: Sequence[str] = ('image',)
    views: int = 3
    bundles: Sequence[str] = ()
    params: Sequence[Path] = ()
    topics: Mapping[str, str] | None = None


def evaluate(
    plan: Plan,
    told: Callable[[Asked], None] = lambda asked: None,
    show: Show = lambda steps, what, total: steps,
) -> tuple[dict[str, PairScore], dict[str, Any]]:
    """Ask a recording's questions, and compare the answers with the truth.

    Args:
        plan: what to evaluate.
        told: each answer is given to it.
        show: shows progress.

    Returns:
        Counts by kind of question; and what was evaluated, for JSON.

    Raises:
        XsenseError: a bag, truth, gallery or bundle that cannot be used.
    """
    settings = SenseSettings.read(plan.params)
    recording = Recording.open(plan.bag)
    labelled = Labelled.read(plan.truth, recording, round(settings.sound_window_seconds * NS))
    senses = Senses(recording, settings, plan.topics or {})
    bundles = [Bundle.open(find_bundle(name)) for name in plan.bundles or settings.bundles]
    encoder = Encoder(bundles, settings.backends, threads=settings.threads)
    try:
        encoder.warm_up()
        gallery, source, taught = _remember(plan, encoder, senses, labelled, show)
        with gallery:
            evaluator = Evaluator(
                encoder,
                gallery,
                labelled,
                min_probability=settings.min_probability,
                min_margin=settings.min_margin,
                told=told,
            )
            evaluator.ask(show(senses.questions(), 'asking', None), taught)
            about = {
                'bag': str(plan.bag),
                'seconds': recording.duration_ns / NS,
                'bundles': ', '.join(f'{b.manifest.name} {b.manifest.version}' for b in bundles),
                'gallery': {'from': source, 'items': gallery.size},
                'topics': senses.heard,
                'refused': senses.refused,
                'not_in_gallery': evaluator.missing,
            }
    finally:
        encoder.close()
    return dict(sorted(evaluator.pairs.items())), about


def _remember(
    plan: Plan,
    encoder: Encoder,
    senses: Senses,
    labelled: Labelled,
    show: Show,
) -> tuple[GalleryLike, str, list[Event]]:
    """The gallery, where it comes from, and the events that it was taught from."""
    given = plan.gallery
    if given is not None and not (is_url(given) or Path(given).expanduser().is_dir()):
        file = Path(given).expanduser()
        if not file.is_file():
            expected = f'a gallery file, a folder with {ITEMS}, or a URL'
            raise InputError('gallery', given, expected, 'see the parameter `gallery` of the node')
        return open_gallery(file, encoder.fingerprints), given, []
    if given is not None and is_url(given):
        return open_gallery(given, encoder.fingerprints), given, []
    gallery = Gallery.open(':memory:', encoder.fingerprints)
    try:
        if given is not None:
            items = read_items(Path(given).expanduser())
            for _ in show(enroll_files(items, encoder, gallery), 'remembering', len(items)):
                pass
            return gallery, given, []
        heard = show(senses.questions(), 'listening to the recording', None)
        taught = lessons(heard, labelled, plan.teachers, plan.views)
        if not taught:
            raise InputError(
                'gallery', 'none, and nothing to enroll from the recording',
                f'an item of the truth that is met by {" or ".join(plan.teachers)}',
                'give --gallery, or the senses to learn from with --enroll',
            )  # fmt: skip
        for _ in show(enroll_lessons(taught, encoder, gallery), 'remembering', len(taught)):
            pass
    except Exception:
        gallery.close()
        raise
    count = sum(len(lesson.questions) for lesson in taught)
    source = f'{count} views of {plan.bag}: the first interval of each item, which is not asked'
    return gallery, source, [lesson.event for lesson in taught]
