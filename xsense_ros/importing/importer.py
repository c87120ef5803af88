# SPDX-License-Identifier: Apache-2.0
"""Brings what was planned into a gallery: reading, decoding and encoding overlap on all cores.

What has been committed stays: an import that was ended, however that was, goes on where it was
when it is begun again, since a sample is known by the digest of its bytes.

A tower is run for one sample at a time on as many cores as there are workers. Several samples in
one run are no faster on a processor, and TensorRT engines are built for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xsense_ros.encoder import Encoder
from xsense_ros.errors import InputError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import Enrolment, View
from xsense_ros.importing.loading import load, read
from xsense_ros.importing.plan import Plan, Planned, Skipped, Source
from xsense_ros.workers import in_order

_BATCH, _BATCH_BYTES = 64, 32 * 2**20
_AHEAD = 24  # samples a worker: enough to do while a commit waits for the disk
Job = tuple[Planned, Source]


@dataclass
class Report:
    """What an import has done.

    ``known`` counts samples that the gallery held already, ``duplicates`` names those that came
    twice in this import, with what they equal.
    """

    imported: int = 0
    items: set[str] = field(default_factory=set)
    known: int = 0
    duplicates: list[Skipped] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True)
class _Known:
    """The gallery holds this content already."""

    sha256: bytes


def import_plan(
    plan: Plan,
    gallery: Gallery,
    encoder: Encoder,
    *,
    workers: int,
    strict: bool = False,
    on_sample: Callable[[], None] = lambda: None,
) -> Report:
    """Bring all samples of a plan into a gallery, in its order.

    Args:
        plan: what is to come.
        gallery: opened with the fingerprints of ``encoder``.
        encoder: of the models.
        workers: threads that read, decode and encode.
        strict: the first sample that cannot be used ends the import, else it is skipped.
        on_sample: called after each sample.

    Raises:
        InputError: with ``strict``, naming the file; what came before it has been imported.
        GalleryError: the gallery cannot be written; what was committed before is safe.
        EngineError: the models cannot run.
    """
    report = Report(skipped=list(plan.skipped))
    if strict and plan.skipped:
        raise _refused(plan.skipped[0])
    batch = _Batch(gallery, report)

    def work(job: Job) -> View | _Known:
        raw = read(job[1], plan.root, job[0].item_id)
        if gallery.known(raw.sha256) is not None:
            return _Known(raw.sha256)
        loaded = load(raw)
        vectors = encoder.encode(job[1].modality, loaded.sample).vectors
        kept = (loaded.media, loaded.media_type, loaded.thumbnail)
        return View(job[1].modality, vectors, *kept, sha256=raw.sha256)

    for (planned, source), outcome in in_order(_jobs(plan), work, workers, _AHEAD * workers):
        try:
            found = outcome.result()
        except InputError as error:
            report.skipped.append(Skipped(source.name, str(error)))
            if strict:
                batch.commit()
                raise _refused(report.skipped[-1]) from error
        else:
            batch.add(planned, source, found)
        on_sample()
    batch.commit()
    return report


class _Batch:
    """Views that are committed together."""

    def __init__(self, gallery: Gallery, report: Report) -> None:
        self._gallery = gallery
        self._report = report
        self._items: dict[str, tuple[Planned, list[View]]] = {}
        self._count = self._bytes = 0
        self._seen: dict[bytes, str] = {}

    def add(self, planned: Planned, source: Source, view: View | _Known) -> None:
        assert view.sha256 is not None
        same = self._seen.get(view.sha256)
        if same is not None:
            self._report.duplicates.append(Skipped(source.name, f'the same as {same}'))
            return
        self._seen[view.sha256] = source.name
        if isinstance(view, _Known):
            self._report.known += 1
            return
        self._items.setdefault(planned.item_id, (planned, []))[1].append(view)
        self._count += 1
        self._bytes += len(view.media or b'')
        if self._count >= _BATCH or self._bytes >= _BATCH_BYTES:
            self.commit()

    def commit(self) -> None:
        if not self._items:
            return
        self._gallery.enroll_many(
            [
                # An item that is there keeps the label that it has by now.
                Enrolment('' if self._exists(item_id) else planned.label, views, item_id)
                for item_id, (planned, views) in self._items.items()
            ]
        )
        self._report.imported += self._count
        self._report.items |= set(self._items)
        self._items, self._count, self._bytes = {}, 0, 0

    def _exists(self, item_id: str) -> bool:
        try:
            self._gallery.item(item_id)
        except InputError:
            return False
        return True


def _jobs(plan: Plan) -> Iterator[Job]:
    return ((item, source) for item in plan.items.values() for source in item.sources)


def _refused(wrong: Skipped) -> InputError:
    return InputError(
        'file', wrong.name, f'one that can be used: {wrong.why}', 'or leave --strict out'
    )
