# SPDX-License-Identifier: Apache-2.0
"""The collections in Milvus that a fleet's gallery is made of.

`NAME` holds the logs of all robots, a row a change, and a row per log that says up to where it is
complete. `NAME_vectors_SPACE_FINGERPRINT` holds the vectors of one space, indexed, so that other
programs can search them; vectors of two models can never meet in one of these. `NAME_samples`
holds samples in pieces. A row is named by the key of its change: to send it twice changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# Milvus wants a vector in every row; these say nothing.
NOTHING = [0.0, 0.0]
_TEXT, _NUMBER = 'VARCHAR', 'INT64'
_KEY = (('pk', _TEXT, 96), ('log', _TEXT, 32), ('seq', _NUMBER, 0))


@dataclass(frozen=True)
class Table:
    """A collection: what its name ends with, its fields (name, type, most bytes), its vectors."""

    suffix: str
    columns: tuple[tuple[str, str, int], ...]
    dimension: int
    metric: str

    @property
    def fields(self) -> list[str]:
        """Names of the fields but for the vector."""
        return [name for name, _, _ in self.columns]

    def create(self, client: Any, name: str, timeout: float) -> None:
        """Make it on a server; an exception of pymilvus where that fails."""
        from pymilvus import DataType

        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        for column, kind, size in self.columns:
            more = {'max_length': size} if size else {}
            schema.add_field(column, getattr(DataType, kind), is_primary=column == 'pk', **more)
        schema.add_field('vector', DataType.FLOAT_VECTOR, dim=self.dimension)
        index = client.prepare_index_params()
        kind = 'AUTOINDEX' if self.dimension > len(NOTHING) else 'FLAT'
        index.add_index(field_name='vector', index_type=kind, metric_type=self.metric)
        # Strong: who has seen that a log is complete must see all of its rows.
        client.create_collection(name, schema=schema, consistency_level='Strong', timeout=timeout)
        # Not waited for: there is nothing to index yet.
        client.create_index(name, index, timeout=timeout, sync=False)


# Sizes are bytes of UTF-8: labels have up to 256 characters, names up to 64.
LOG = Table(
    '',
    (
        *_KEY,
        *(('kind', _TEXT, 16), ('robot', _TEXT, 64), ('item_id', _TEXT, 256)),
        *(('label', _TEXT, 1024), ('stamp', _NUMBER, 0), ('author', _TEXT, 32)),
        *(('modality', _TEXT, 256), ('created_ns', _NUMBER, 0), ('media_type', _TEXT, 64)),
        *(('pieces', _NUMBER, 0), ('detail', _TEXT, 4096), ('thumbnail', _TEXT, 65535)),
    ),
    len(NOTHING),
    'L2',
)
SAMPLES = Table(
    '_samples', (*_KEY, ('piece', _NUMBER, 0), ('data', _TEXT, 65535)), len(NOTHING), 'L2'
)


def vectors_table(space: str, fingerprint: str, dimension: int) -> Table:
    """The collection of a space, with vectors of a model, which are (D,) of length 1."""
    name = re.sub(r'[^A-Za-z0-9]', '_', space)
    mark = re.sub(r'[^A-Za-z0-9]', '_', fingerprint)[:12]
    columns = (*_KEY, ('robot', _TEXT, 64), ('item_id', _TEXT, 256), ('modality', _TEXT, 256))
    return Table(f'_vectors_{name}_{mark}', columns, dimension, 'COSINE')
