# SPDX-License-Identifier: Apache-2.0
"""What every preprocessing of a sense offers, and the registry that builds one by its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from xsense_ros.errors import BundleError, InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput
from xsense_ros.senses.scratch import Scratch
from xsense_ros.senses.sketch_input import SketchInput
from xsense_ros.senses.sound_input import SoundInput
from xsense_ros.senses.text_input import TextInput
from xsense_ros.senses.touch_input import TouchInput


class Preprocessor(Protocol):
    """Raw sample of one modality to the named input tensors of the first stage of its tower."""

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    def parameters(self) -> dict[str, Any]:
        """All parameters, JSON-able: what the manifest of a bundle records."""
        ...

    def __call__(self, sample: Any, /) -> dict[str, NDArray[Any]]:
        """Preprocess one sample; InputError where it cannot be used."""
        ...


_REGISTRY: dict[str, Callable[..., Preprocessor]] = {
    ImageInput.name: ImageInput,
    SearchInput.name: SearchInput,
    SketchInput.name: SketchInput,
    SoundInput.name: SoundInput,
    TemplateInput.name: TemplateInput,
    TextInput.name: TextInput,
    TouchInput.name: TouchInput,
}


def reusing(preprocessor: Preprocessor) -> Callable[[Any], dict[str, NDArray[Any]]]:
    """The same preprocessing in memory of its own where it can: for one sample after the other.

    Tensors then hold until the same thread gives it the next sample. Thread-safe.
    """
    # Pictures only: nothing else comes as often and is as large.
    if isinstance(preprocessor, ImageInput):
        return partial(preprocessor, scratch=Scratch())
    return preprocessor


def build_preprocessor(name: str, parameters: Mapping[str, Any], assets: Path) -> Preprocessor:
    """Build a preprocessor from the manifest of a bundle.

    Args:
        name: 'image', 'search', 'sketch', 'sound', 'template', 'text' or 'touch'.
        parameters: keyword parameters of that class; missing ones take their defaults.
        assets: folder that file parameters are relative to.

    Raises:
        BundleError: unknown name, unknown parameter or a value out of range.
    """
    cure = 'correct the manifest, or use an xsense_ros as new as the bundle'
    if name not in _REGISTRY:
        raise BundleError('preprocess name', name, f'one of {sorted(_REGISTRY)}', cure)
    constructor = _REGISTRY[name]
    known = set(inspect.signature(constructor).parameters)
    needs_assets = 'assets' in known
    known.discard('assets')
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise BundleError(
            f'preprocess parameters of {name!r}', unknown, f'only {sorted(known)}', cure
        )
    try:
        return constructor(**parameters, **({'assets': assets} if needs_assets else {}))
    except InputError as error:
        raise BundleError(
            f'preprocess parameters of {name!r}: {error.what}', error.value, error.expected, cure
        ) from error
    except (TypeError, ValueError) as error:
        raise BundleError(
            f'preprocess parameters of {name!r}', dict(parameters), f'valid types ({error})', cure
        ) from error
