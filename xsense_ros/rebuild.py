# SPDX-License-Identifier: Apache-2.0
"""Makes a gallery again for other models, from the samples that were kept when it was filled."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from xsense_ros.encoder import Encoder
from xsense_ros.engines.manifest import SpaceSpec
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import decode_media


def rebuild_gallery(
    old: Gallery,
    new: Gallery,
    encoder: Encoder,
    on_view: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Encode every kept view of ``old`` and enrol it in ``new``, with its item's id and label.

    Args:
        old: opened with its recorded fingerprints; it is only read.
        new: an empty gallery, opened with the fingerprints of ``encoder``.
        encoder: of the models that ``new`` is for.
        on_view: called after each view.

    Returns:
        Views rebuilt, and views left behind: those without a kept sample, or of a modality that
        the new models do not have.

    Raises:
        InputError: a kept sample that cannot be decoded.
        GalleryError: ``new`` cannot be written.
    """
    rebuilt = 0
    for kept in old.kept_views():
        if kept.modality in encoder.modalities:
            sample = decode_media(kept.modality, kept.media)
            vectors = encoder.encode(kept.modality, sample).vectors
            view = View(kept.modality, vectors, kept.media, kept.media_type, kept.thumbnail)
            new.enroll(kept.label, [view], kept.item_id)
            rebuilt += 1
        on_view()
    return rebuilt, sum(len(item.views) for item in old.items()) - rebuilt


def rebuild_advice(
    gallery: Gallery, path: str, spaces: Mapping[str, SpaceSpec], bundles: Sequence[str]
) -> str:
    """What to do where views were enrolled before a bundle was added; '' where nothing is missing.

    Such a gallery works, but what those views show is not found in the spaces of that bundle.

    Args:
        gallery: open.
        path: of its file.
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
    stem = path.removesuffix('.db')
    return (
        f'not found by the bundles that were added after they were enrolled: {counts}. Cure: '
        f'`xsense gallery rebuild {shlex.quote(path)} {shlex.quote(stem + "-new.db")} {options}`, '
        'then give the new file as the parameter gallery'
    )
