# SPDX-License-Identifier: Apache-2.0
"""Errors that a user can act on: what was wrong, what was expected, and the cure."""

from __future__ import annotations


class XsenseError(Exception):
    """Base of every error that xsense_ros raises on purpose.

    Args:
        what: the thing that is wrong, as the user knows it ("image encoding", "manifest.models").
        value: the offending value; shown with repr and shortened past 120 characters.
        expected: what would have been accepted.
        cure: what to do about it, as an instruction.
    """

    def __init__(self, what: str, value: object, expected: str, cure: str) -> None:
        shown = repr(value)
        if len(shown) > 120:
            shown = shown[:117] + '...'
        super().__init__(f'{what}: got {shown}, expected {expected}. Cure: {cure}')
        self.what = what
        self.value = value
        self.expected = expected
        self.cure = cure


class InputError(XsenseError, ValueError):
    """A sample, message or parameter that cannot be used."""


class BundleError(XsenseError):
    """A model bundle that is damaged, incomplete or contradicts itself."""


class EngineError(XsenseError):
    """An inference backend that is missing, unknown or failed."""


class GalleryError(XsenseError):
    """A gallery that cannot be opened, read or written."""
