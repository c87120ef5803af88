# SPDX-License-Identifier: Apache-2.0
"""The gallery of a robot in a fleet: a replica on its own disk that follows all the others."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from xsense_ros.errors import GalleryError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.index import ExactIndex, Index
from xsense_ros.gallery.item import Enrolment, FullView, Item, KeptView, Undone
from xsense_ros.gallery.remote import faults
from xsense_ros.gallery.remote.address import Address, parse_address
from xsense_ros.gallery.remote.journal import Journal, Remote
from xsense_ros.gallery.remote.server import Server
from xsense_ros.gallery.remote.status import SyncStatus
from xsense_ros.gallery.remote.sync import Synchroniser
from xsense_ros.gallery.store import Store


class SharedGallery(Gallery):
    """Reads and writes like any gallery, at the speed of the own disk, network or not.

    What is enrolled, renamed and forgotten is on this robot's disk when the method returns, and
    with it, in the same transaction, the note that the fleet has yet to learn it. A thread sends
    that, and takes over what the others have sent. Samples of others are read when they are
    asked for, and then kept. How changes made apart are joined: `merging`.
    """

    def __init__(
        self,
        store: Store,
        address: Address,
        new_index: Callable[[int], Index] = ExactIndex,
    ) -> None:
        super().__init__(store, new_index)
        spaces = self.spaces
        place = f'{address.uri} {address.collection}'
        self._journal = Journal(store.database, place, spaces, address.samples)
        self._sync = Synchroniser(self._journal, address, lambda: Server(address, spaces))
        try:
            self._sync.meet()
        except faults.RefusedError:
            # A robot that knows its fleet goes on with what it knows, and says what is wrong.
            if not self._journal.has_met:
                raise
        self._sync.start()

    @classmethod
    def open(
        cls,
        path: Path | str,
        fingerprints: Mapping[str, str] | None = None,
        new_index: Callable[[int], Index] = ExactIndex,
    ) -> SharedGallery:
        """Open the replica, and begin to follow the fleet.

        Args:
            path: URL, see `address`.
            fingerprints: identity of each space of the encoder in use; None takes what is
                recorded in the replica.
            new_index: as in ``Gallery.open``.

        Raises:
            InputError: a URL that cannot be understood.
            GalleryError: the replica cannot be used; pymilvus is not installed; or the server is
                met for the first time and refuses us. A server that does not answer is no error.
        """
        address = parse_address(str(path))
        if importlib.util.find_spec('pymilvus') is None:
            raise faults.missing_client()
        try:
            address.cache.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            expected = f'a folder that can be made ({error.strerror})'
            cure = 'give another file with cache=FILE in the URL of the gallery'
            raise GalleryError('replica', str(address.cache), expected, cure) from None
        store = Store(address.cache, fingerprints)
        try:
            return cls(store, address, new_index)
        except BaseException:
            store.close()
            raise

    def enroll_many(self, enrolments: Sequence[Enrolment]) -> list[Item]:
        """As in ``Gallery``; the fleet learns it when there is a network."""
        items = super().enroll_many(enrolments)
        self._sync.wake()
        return items

    def rename(self, item_id: str, label: str) -> Item:
        """As in ``Gallery``; the fleet learns it when there is a network."""
        item = super().rename(item_id, label)
        self._sync.wake()
        return item

    def forget(self, item_id: str) -> int:
        """As in ``Gallery``; the fleet learns it when there is a network."""
        if self._sync.online:
            # The others erase what is forgotten: for an undo the samples have to be here.
            with contextlib.suppress(GalleryError):
                self._fetch(self._journal.remote_samples(item_id))
        version = super().forget(item_id)
        self._sync.wake()
        return version

    def undo(self, version: int = 0) -> Undone:
        """Take back a change that this robot has made; the fleet learns it."""
        undone = super().undo(version)
        self._sync.wake()
        return undone

    def view(self, item_id: str, place: int) -> FullView:
        """As in ``Gallery``; a sample that another robot has sent is read from the server.

        Raises:
            InputError: unknown id, or no such view.
            GalleryError: the sample is on the server only, and that cannot be reached.
        """
        view = super().view(item_id, place)
        if view.media is not None:
            return view
        self._fetch(self._journal.remote_samples(item_id, view.view_id))
        return super().view(item_id, place)

    def kept_views(self) -> Iterator[KeptView]:
        """As in ``Gallery``, with the samples that other robots have sent.

        Raises:
            GalleryError: some are on the server only, and that cannot be reached.
        """
        self._fetch(self._journal.remote_samples())
        return super().kept_views()

    def status(self) -> SyncStatus:
        """How this robot stands with its fleet."""
        return self._sync.status()

    def synchronise(self, seconds: float) -> bool:
        """Wait until what there is now is sent, and what the fleet has now is here.

        Returns:
            Whether that was so within the time.
        """
        return self._sync.wait(seconds)

    def settle(self, seconds: float) -> None:
        """The same, where it has to be: GalleryError if it was not so within the time."""
        if not self.synchronise(seconds):
            status = self.status()
            cure = status.problem or 'wait longer, or see what keeps the server busy'
            raise GalleryError(
                f'gallery server {status.server}',
                f'{status.state}, {status.pending} changes not sent',
                'a fleet that is in step',
                cure,
            )

    def close(self) -> None:
        """Send what is left, if there is a network, and close; closing twice is harmless."""
        self._sync.stop()
        super().close()

    def _fetch(self, remotes: Sequence[Remote]) -> None:
        if not remotes:
            return
        with self._sync.server() as server:
            for remote in remotes:
                sample = server.sample(remote.key, remote.pieces)
                if sample is None:
                    what = 'a sample that the fleet still has'
                    cure = 'list the item again: its view was forgotten meanwhile'
                    raise GalleryError('sample of view', str(remote.key), what, cure)
                self._journal.keep_sample(remote.view_id, remote.media_type, sample)
