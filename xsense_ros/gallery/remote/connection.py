# SPDX-License-Identifier: Apache-2.0
"""A connection to Milvus: the only place where pymilvus is imported, and only when it is used."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from xsense_ros.errors import GalleryError
from xsense_ros.gallery.remote import faults
from xsense_ros.gallery.remote.address import Address
from xsense_ros.gallery.remote.tables import Table


class Connection:
    """Tables of one collection name on one server. Not thread-safe.

    Every method raises OfflineError or RefusedError (see `faults`) where the server does not do
    as asked.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        try:
            from pymilvus import MilvusClient
        except ImportError:
            raise faults.missing_client() from None
        # It logs each failure with a traceback; we say it in one line, once.
        logging.getLogger('pymilvus').setLevel(logging.CRITICAL)
        uri = _serve_file(address) if address.lite else address.uri
        try:
            # Dedicated: a connection that is shared within the process is not ours to close.
            self._client: Any = MilvusClient(
                uri=uri,
                token=address.token,
                db_name=address.database,
                timeout=address.timeout,
                dedicated=True,
            )
        except Exception as error:
            raise faults.translated(error, address) from error

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(Exception):
            self._client.close()

    def has(self, table: Table) -> bool:
        """Whether a table is there."""
        return bool(self._do('has_collection', table))

    def open(self, table: Table) -> None:
        """Make a table where it is missing, and check that it is what we think."""
        name = self._name(table)
        if not self.has(table):
            try:
                table.create(self._client, name, self._address.timeout)
            except Exception as error:
                if not self.has(table):  # else another robot was faster
                    raise faults.translated(error, self._address) from error
        described = self._do('describe_collection', table)
        found = {field['name']: field for field in described['fields']}
        expected = {*table.fields, 'vector'}
        if set(found) != expected:
            raise faults.foreign(self._address, sorted(found), f'fields {sorted(expected)}')
        dimension = int(found['vector']['params']['dim'])
        if table.dimension not in (0, dimension):
            raise faults.foreign(self._address, dimension, f'dimension {table.dimension}')
        self._do('load_collection', table)

    def upsert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows; those of the same names are replaced."""
        if rows:
            self._do('upsert', table, data=list(rows))

    def query(self, table: Table, where: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Fields of the rows that fit, in no order."""
        found = self._do('query', table, filter=where, output_fields=list(fields))
        return [dict(row) for row in found]

    def delete(self, table: Table, where: str) -> None:
        """Delete the rows that fit."""
        self._do('delete', table, filter=where)

    def _do(self, method: str, table: Table, **arguments: Any) -> Any:
        try:
            return getattr(self._client, method)(
                self._name(table), timeout=self._address.timeout, **arguments
            )
        except GalleryError:
            raise
        except Exception as error:
            raise faults.translated(error, self._address) from error

    def _name(self, table: Table) -> str:
        return self._address.collection + table.suffix


def _serve_file(address: Address) -> str:
    """Have milvus-lite serve its file within this process; pymilvus does so by the same door."""
    try:
        from milvus_lite.server_manager import server_manager_instance
    except ImportError:
        raise faults.missing_client() from None
    uri = server_manager_instance.start_and_get_uri(address.uri)
    if uri is None:
        raise faults.locked_file(address)
    return str(uri)
