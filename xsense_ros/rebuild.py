# SPDX-License-Identifier: Apache-2.0
"""Makes a gallery again for other models, from the samples that were kept when it was filled."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from xsense_ros.encoder import Encoder
from xsense_ros.engines.manifest import SpaceSpec
from xsense_ros.gallery.item import Enrolment, KeptView, View
from xsense_ros.gallery.media import decode_media
from xsense_ros.gallery.opening import is_url
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.workers import in_order

_BATCH = 32
_AHEAD = 8  # views a worker


def rebuild_gallery(
    old: GalleryLike,
    new: GalleryLike,
    encoder: Encoder,
    on_view: Callable[[], None] = lambda: None,
    workers: int = 1,
) -> tuple[int, int]:
    """Encode every kept view of ``old`` and enrol it in ``new``, with its item's id and label.

    Args:
        old: opened with its recorded fingerprints; it is only read.
        new: an empty gallery, opened with the fingerprints of ``encoder``.
        encoder: of the models that ``new`` is for.
        on_view: called after each view.
        workers: threads that decode and encode.

    Returns:
        Views rebuilt, and views left behind: those without a kept sample, or of a modality that
        the new models do not have.

    Raises:
        InputError: a kept sample that cannot be decoded.
        GalleryError: ``new`` cannot be written.
    """
    rebuilt = 0

    def work(kept: KeptView) -> View | None:
        if kept.modality not in encoder.modalities:
            return None
        sample = decode_media(kept.modality, kept.media)
        vectors = encoder.encode(kept.modality, sample).vectors
        same = (kept.media, kept.media_type, kept.thumbnail, kept.created_ns, kept.sha256)
        return View(kept.modality, vectors, *same)

    waiting: list[tuple[KeptView, View]] = []
    for kept, outcome in in_order(old.kept_views(), work, workers, _AHEAD * workers):
        view = outcome.result()
        if view is not None:
            waiting.append((kept, view))
            rebuilt += 1
        if len(waiting) == _BATCH:
            _enroll(new, waiting)
            waiting = []
        on_view()
    _enroll(new, waiting)
    return rebuilt, sum(len(item.views) for item in old.items()) - rebuilt


def _enroll(new: GalleryLike, views: Sequence[tuple[KeptView, View]]) -> None:
    items: dict[str, tuple[KeptView, list[View]]] = {}
    for kept, view in views:
        items.setdefault(kept.item_id, (kept, []))[1].append(view)
    new.enroll_many(
        [
            Enrolment(kept.label, of, item_id, kept.item_created_ns)
            for item_id, (kept, of) in items.items()
        ]
    )


def rebuild_advice(
    gallery: GalleryLike, path: str, spaces: Mapping[str, SpaceSpec], bundles: Sequence[str]
) -> str:
    """What to do where views were enrolled before a bundle was added; '' where nothing is missing.

    Such a gallery works, but what those views show is not found in the spaces of that bundle.

    Args:
        gallery: open.
        path: of its file, or its URL.
        spaces: of all bundles in use.
        bundles: names or paths of these bundles.
    """
    missing = {
        name: count
        for name, space in spaces.items()
        if (count := gallery.views_without(name, sorted(space.towers)))
    }
    if not missing:
        return ''
    counts = ', '.join(f'{count} views in {name}' for name, count in missing.items())
    options = ' '.join(f'--bundle {shlex.quote(name)}' for name in bundles)
    if is_url(path):
        other, new, kind = 'load the same bundles on all robots that share it; or ', 'NEW', 'URL'
    else:
        other, new, kind = '', shlex.quote(path.removesuffix('.db') + '-new.db'), 'file'
    return (
        f'not found by the bundles that were added after they were enrolled: {counts}. Cure: '
        f'{other}`xsense gallery rebuild {shlex.quote(path)} {new} {options}`, '
        f'then give the new {kind} as the parameter gallery'
    )
