# SPDX-License-Identifier: Apache-2.0
"""Typed configurations, the same on the command line, in a file and in a checkpoint.

A configuration is a frozen dataclass; its fields may be dataclasses again. JSON holds it on disk
(`load`, `dump`; the config.json of a run folder is such a file), a plain dictionary holds it in a
checkpoint (`plain`, `structure`), and dotted names change it on the command line (`override`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import cattrs
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from xsense_ros.errors import InputError, XsenseError

T = TypeVar('T')


def structure(cls: type[T], mapping: Mapping[str, Any]) -> T:
    """The configuration that a mapping (of mappings) describes; absent fields keep their default.

    Raises:
        InputError: a field that does not exist, a value of another type, a missing value.
    """
    if not isinstance(mapping, Mapping):
        raise InputError(cls.__name__, mapping, 'a mapping of field names', 'write {"field": ...}')
    try:
        return _CONVERTER.structure(mapping, cls)
    except (BaseValidationError, XsenseError) as error:
        raise _explain(error, cls, mapping, ()) from None


def plain(config: Any) -> Any:
    """Dictionaries, lists, numbers, texts only: what JSON and a checkpoint can hold."""
    return _CONVERTER.unstructure(config)


def override(config: T, pairs: Iterable[tuple[str, str]]) -> T:
    """A copy in which fields, by dotted name, have the value written in the text.

    ('train.steps', '200'), ('head.name', 'residual'), ('widths', '[64, 32]'): a text is read as
    JSON where the field takes that ('True' and 'None' are understood too), or else taken as it is.

    Raises:
        InputError: a name that leads to no field, or a text its field cannot take.
    """
    for name, text in pairs:
        config = _override(config, name, name.split('.'), text)
    return config


def load(cls: type[T], path: Path) -> T:
    """Read a JSON file, or the config.json of a run folder.

    Raises:
        InputError: as `structure`, or the file is missing or not JSON.
    """
    file = path / 'config.json' if path.is_dir() else path
    cure = 'give a JSON file or a run folder'
    try:
        mapping = json.loads(file.read_text(encoding='utf-8'))
    except OSError as error:
        raise InputError('configuration', str(file), f'a readable file ({error})', cure) from None
    except ValueError as error:
        raise InputError('configuration', str(file), f'JSON ({error})', cure) from None
    return structure(cls, mapping)


def dump(config: object, path: Path) -> None:
    """Write as JSON, such that `load` gives the same configuration back."""
    path.write_text(json.dumps(plain(config), indent=1) + '\n', encoding='utf-8')


def _override(config: Any, name: str, parts: list[str], text: str) -> Any:
    """The copy with the field `parts` deep inside set; `name` is the whole dotted name."""
    head, rest = parts[0], parts[1:]
    above = name.split('.')[: -len(parts)]
    hints = get_type_hints(type(config))
    if head not in {field.name for field in fields(config)}:
        raise _unknown(type(config), above, head, text)
    current = getattr(config, head)
    if is_dataclass(current):
        inner = [field.name for field in fields(current)]
        if not rest:
            cure = f'name one of them, as {name}.{inner[0]}'
            raise InputError(name, text, f'one of its fields ({", ".join(inner)})', cure)
        return _replaced(config, above, head, _override(current, name, rest, text))
    if rest:
        cure = f'write {".".join([*above, head])}=...'
        raise InputError(name, text, f'a field; {head!r} has no fields of its own', cure)
    return _replaced(config, above, head, _read(hints[head], name, text))


def _replaced(config: Any, above: list[str], field: str, value: object) -> Any:
    """The copy; what its own checks refuse is named by the whole dotted name."""
    try:
        return replace(config, **{field: value})
    except InputError as error:
        what = '.'.join([*above, error.what])
        raise InputError(what, error.value, error.expected, error.cure) from None


def _read(hint: Any, name: str, text: str) -> Any:
    """The text as a value of that type."""
    words = {'true': 'true', 'false': 'false', 'none': 'null'}
    try:
        return _CONVERTER.structure(json.loads(words.get(text.strip().lower(), text)), hint)
    except Exception:  # not JSON, or a hook of the type refuses it; then the text as it is
        pass
    try:
        return _CONVERTER.structure(text, hint)
    except Exception:
        cure = f'write {name}=VALUE with such a value'
        raise InputError(name, text, _type_name(hint), cure) from None


def _explain(error: Exception, hint: Any, value: Any, path: tuple[str, ...]) -> XsenseError:
    """The first fault in cattrs' tree of faults, as an error that names the field."""
    if isinstance(error, ForbiddenExtraKeysError):
        name = sorted(error.extra_fields)[0]
        return _unknown(error.cl, list(path), name, value.get(name))
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            notes = getattr(inner, '__notes__', [])
            deeper = [
                note
                for note in notes
                if isinstance(note, AttributeValidationNote | IterableValidationNote)
            ]
            if not deeper:
                return _explain(inner, hint, value, path)
            note = deeper[-1]
            key = note.name if isinstance(note, AttributeValidationNote) else note.index
            below = _below(value, key)
            if isinstance(note, AttributeValidationNote) and isinstance(inner, KeyError):
                return InputError(
                    '.'.join((*path, str(key))), None, _type_name(note.type), 'give it a value'
                )
            return _explain(inner, note.type, below, (*path, str(key)))
    if isinstance(error, XsenseError):
        if not path:
            return error
        inside = '.'.join((*path, error.what))
        return InputError(inside, error.value, error.expected, error.cure)
    name = '.'.join(path)
    return InputError(name, value, _type_name(hint), f'correct {name}')


def _below(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return None


def _unknown(cls: type, above: list[str], name: str, value: object) -> InputError:
    known = [field.name for field in fields(cls)]
    near = difflib.get_close_matches(name, known, 1)
    hint = get_type_hints(cls)[near[0]] if near else None
    cure = (
        f'did you mean {".".join([*above, near[0]])} ({_type_name(hint)})?'
        if near
        else 'use one of these fields'
    )
    what = f'configuration field {".".join([*above, name])}'
    return InputError(what, value, f'a field of {cls.__name__}: {", ".join(known)}', cure)


def _type_name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace('typing.', '')


def _exactly(*accepted: type) -> Any:
    """A hook that converts nothing but what JSON cannot tell apart (1 is a float too)."""

    def hook(value: Any, cls: type) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            raise TypeError(value)
        return cls(value)

    return hook


def _converter() -> cattrs.Converter:
    """Strict where plain constructors are lenient: int(2.7), bool('false'), str(3) are faults."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(bool, _exactly(bool))
    converter.register_structure_hook(int, _exactly(int))
    converter.register_structure_hook(float, _exactly(int, float))
    converter.register_structure_hook(str, _exactly(str))
    converter.register_structure_hook(Path, _exactly(str))
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook_func(
        lambda hint: getattr(hint, '__origin__', None) is tuple, _sequence(converter)
    )
    return converter


def _sequence(converter: cattrs.Converter) -> Any:
    """Tuples from JSON arrays; cattrs alone would take the letters of a text apart."""

    def hook(value: Any, hint: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise TypeError(value)
        inner = hint.__args__
        if len(inner) == 2 and inner[1] is Ellipsis:
            inner = (inner[0],) * len(value)
        return tuple(converter.structure(v, t) for v, t in zip(value, inner, strict=True))

    return hook


_CONVERTER = _converter()
