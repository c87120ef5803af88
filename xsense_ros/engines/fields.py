# SPDX-License-Identifier: Apache-2.0
"""Typed reading of a JSON object whose errors name the bad field by its dotted path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from xsense_ros.errors import BundleError

_CURE = 'export the bundle again, or correct this field of its manifest.json'


class Fields:
    """One JSON object being read field by field.

    Args:
        value: what the JSON decoder gave for this place.
        where: dotted path of this place, used in errors ('manifest.models.trunk').
        cure: what its errors advise; a manifest's by default.

    Raises:
        BundleError: if ``value`` is not a JSON object.
    """

    def __init__(self, value: object, where: str, cure: str = _CURE) -> None:
        if not isinstance(value, dict):
            raise BundleError(where, value, 'a JSON object', cure)
        self.where = where
        self._cure = cure
        self._values: dict[str, Any] = value
        self._read: set[str] = set()

    def raw(self, key: str) -> Any:
        """Value of ``key`` as decoded; BundleError if it is missing."""
        if key not in self._values:
            raise BundleError(f'{self.where}.{key}', None, 'a value (it is missing)', self._cure)
        self._read.add(key)
        return self._values[key]

    def text(self, key: str) -> str:
        """Non-empty string."""
        value = self.raw(key)
        if not isinstance(value, str) or not value:
            raise BundleError(f'{self.where}.{key}', value, 'a non-empty string', self._cure)
        return value

    def one_of(self, key: str, known: tuple[str, ...], default: str) -> str:
        """One of the known words; ``default`` where the key is missing."""
        value = self.raw(key) if key in self._values else default
        if value not in known:
            raise BundleError(f'{self.where}.{key}', value, f'one of {known}', self._cure)
        return str(value)

    def integer(self, key: str, least: int) -> int:
        """Integer of at least ``least``."""
        value = self.raw(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise BundleError(f'{self.where}.{key}', value, f'an integer >= {least}', self._cure)
        return value

    def number(self, key: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Finite number within [low, high]."""
        value = self.raw(key)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not math.isfinite(value) or not low <= value <= high:
            expected = f'a finite number within [{low}, {high}]'
            raise BundleError(f'{self.where}.{key}', value, expected, self._cure)
        return float(value)

    def sequence(self, key: str) -> list[Any]:
        """JSON array, possibly empty."""
        value = self.raw(key)
        if not isinstance(value, list):
            raise BundleError(f'{self.where}.{key}', value, 'a JSON array', self._cure)
        return value

    def mapping(self, key: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        """JSON object, as decoded; ``default`` where one is given and the key is missing."""
        value = self.raw(key) if default is None or key in self._values else default
        if not isinstance(value, dict):
            raise BundleError(f'{self.where}.{key}', value, 'a JSON object', self._cure)
        return value

    def child(self, key: str) -> Fields:
        """The JSON object ``key``, to be read field by field."""
        return Fields(self.raw(key), f'{self.where}.{key}', self._cure)

    def children(
        self, key: str, default: dict[str, Any] | None = None
    ) -> Iterator[tuple[str, Fields]]:
        """Named JSON objects held by the object ``key``; see ``mapping`` for ``default``."""
        for name, value in self.mapping(key, default).items():
            yield name, Fields(value, f'{self.where}.{key}.{name}', self._cure)

    def done(self) -> None:
        """Refuse fields that nobody read: a misspelt field must not be ignored in silence."""
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            expected = f'only the fields {sorted(self._read)}'
            raise BundleError(f'{self.where}.{unknown[0]}', unknown[0], expected, self._cure)
