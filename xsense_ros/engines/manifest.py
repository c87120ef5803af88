# SPDX-License-Identifier: Apache-2.0
"""The manifest of a model bundle: what is inside, how it is fed and what its scores mean."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from xsense_ros.engines.fields import Fields
from xsense_ros.errors import BundleError

SCHEMA_VERSION = 1
DTYPES = ('float32', 'float16', 'int64', 'int32', 'uint8', 'int8', 'bool')
_SHA256 = re.compile(r'[0-9a-f]{64}')


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape and dtype of a model's input or output; None or a word marks a free axis."""

    name: str
    shape: tuple[int | str | None, ...]
    dtype: str


@dataclass(frozen=True)
class ModelSpec:
    """One ONNX file (path relative to the bundle's folder) and its tensors."""

    file: str
    sha256: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True)
class PreprocessSpec:
    """A preprocessor of xsense_ros.senses by name, with its parameters."""

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class TowerSpec:
    """How one modality becomes a vector: a preprocessor, then models run one after the other."""

    preprocess: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Calibration:
    """probability = 1 / (1 + exp(-(slope * cosine + intercept))) and what it takes to accept."""

    slope: float
    intercept: float
    min_probability: float
    min_margin: float


@dataclass(frozen=True)
class SpaceSpec:
    """An embedding space: its modalities' towers and calibrations by pair ('sound->image')."""

    dimension: int
    fingerprint: str
    towers: Mapping[str, TowerSpec]
    calibration: Mapping[str, Calibration] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """All that a bundle states about itself.

    ``assets`` maps further files (a tokenizer, say) to their sha256; ``evaluation`` is free JSON.
    """

    name: str
    version: str
    licence: str
    description: str
    models: Mapping[str, ModelSpec]
    preprocess: Mapping[str, PreprocessSpec]
    spaces: Mapping[str, SpaceSpec]
    assets: Mapping[str, str] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """JSON text that ``from_json`` reads back to an equal manifest."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + '\n'

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Read a manifest; BundleError names the first bad field, its value and the cure."""
        try:
            decoded = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise BundleError(
                'manifest.json', str(error), 'JSON text', 'export or download the bundle again'
            ) from None
        top = Fields(decoded, 'manifest')
        version = top.raw('schema_version')
        if version != SCHEMA_VERSION or isinstance(version, bool):
            raise BundleError(
                'manifest.schema_version',
                version,
                f'{SCHEMA_VERSION}, the version this xsense_ros reads',
                'install the xsense_ros that the bundle was exported for, or export it again',
            )
        manifest = cls(
            name=top.text('name'),
            version=top.text('version'),
            licence=top.text('licence'),
            description=top.text('description'),
            models={key: _model(fields) for key, fields in top.children('models')},
            assets={
                _file(file, 'manifest.assets'): _digest(digest, f'manifest.assets.{file}')
                for file, digest in top.mapping('assets').items()
            },
            preprocess={key: _preprocess(fields) for key, fields in top.children('preprocess')},
            spaces={key: _space(fields) for key, fields in top.children('spaces')},
            evaluation=top.mapping('evaluation'),
        )
        top.done()
        return manifest


def space_fingerprint(manifest: Manifest, space: str) -> str:
    """Identity of an embedding space: equal fingerprints mean comparable vectors.

    sha256 over the dimension and, per modality, the hashes of the stages' files and the
    preprocessing with the hashes of the asset files its parameters name. Names, versions and
    calibration are left out: they change no vector.
    """
    spec = manifest.spaces[space]
    towers = {}
    for modality, tower in spec.towers.items():
        preprocess = manifest.preprocess[tower.preprocess]
        named = [value for value in preprocess.parameters.values() if isinstance(value, str)]
        towers[modality] = {
            'stages': [manifest.models[stage].sha256 for stage in tower.stages],
            'preprocess': {'name': preprocess.name, 'parameters': dict(preprocess.parameters)},
            'assets': {file: manifest.assets[file] for file in named if file in manifest.assets},
        }
    content = {'dimension': spec.dimension, 'towers': towers}
    canonical = json.dumps(content, sort_keys=True, separators=(',', ':'), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _refuse_constant(text: str) -> None:
    raise ValueError(f'{text} is not JSON')


def _file(file: object, where: str) -> str:
    """A relative POSIX path; one leading '..' is allowed so that bundles may share a trunk."""
    good = isinstance(file, str) and bool(file) and '\\' not in file and '\0' not in file
    if good:
        parts = PurePosixPath(str(file)).parts
        inner = parts[1:] if parts and parts[0] == '..' else parts
        good = bool(inner) and '..' not in inner and not PurePosixPath(str(file)).is_absolute()
    if not good:
        raise BundleError(
            where,
            file,
            "a path relative to the bundle's folder with at most one leading '../'",
            'move the file into the bundle (or beside it) and export the bundle again',
        )
    return str(file)


def _digest(value: object, where: str) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        cure = 'export the bundle again: hashes are written by the exporter'
        raise BundleError(where, value, '64 lower-case hexadecimal digits (sha256)', cure)
    return value


def _tensor(value: object, where: str) -> TensorSpec:
    fields = Fields(value, where)
    name, dtype = fields.text('name'), fields.text('dtype')
    if dtype not in DTYPES:
        raise BundleError(f'{where}.dtype', dtype, f'one of {DTYPES}', 'export the model again')
    shape = fields.sequence('shape')
    for axis in shape:
        if not (axis is None or isinstance(axis, str) or (type(axis) is int and axis > 0)):
            expected = 'positive integers, or null or a word for a free axis'
            raise BundleError(f'{where}.shape', shape, expected, 'export the model again')
    fields.done()
    return TensorSpec(name, tuple(shape), dtype)


def _model(fields: Fields) -> ModelSpec:
    tensors = {}
    for side in ('inputs', 'outputs'):
        values = fields.sequence(side)
        if not values:
            expected = 'at least one tensor'
            raise BundleError(f'{fields.where}.{side}', values, expected, 'export the model again')
        tensors[side] = tuple(
            _tensor(value, f'{fields.where}.{side}[{number}]')
            for number, value in enumerate(values)
        )
    spec = ModelSpec(
        file=_file(fields.raw('file'), f'{fields.where}.file'),
        sha256=_digest(fields.raw('sha256'), f'{fields.where}.sha256'),
        inputs=tensors['inputs'],
        outputs=tensors['outputs'],
    )
    fields.done()
    return spec


def _preprocess(fields: Fields) -> PreprocessSpec:
    spec = PreprocessSpec(fields.text('name'), fields.mapping('parameters'))
    fields.done()
    return spec


def _tower(fields: Fields) -> TowerSpec:
    stages = fields.sequence('stages')
    if not stages or not all(isinstance(stage, str) for stage in stages):
        expected = 'a list of at least one model key'
        raise BundleError(f'{fields.where}.stages', stages, expected, 'export the bundle again')
    spec = TowerSpec(fields.text('preprocess'), tuple(stages))
    fields.done()
    return spec


def _calibration(fields: Fields) -> Calibration:
    spec = Calibration(
        slope=fields.number('slope'),
        intercept=fields.number('intercept'),
        min_probability=fields.number('min_probability', 0.0, 1.0),
        min_margin=fields.number('min_margin', 0.0, 1.0),
    )
    if spec.slope <= 0:
        raise BundleError(
            f'{fields.where}.slope',
            spec.slope,
            'a positive number, so that a higher cosine means a higher probability',
            'calibrate on a validation set where the tower is better than chance',
        )
    fields.done()
    return spec


def _space(fields: Fields) -> SpaceSpec:
    spec = SpaceSpec(
        dimension=fields.integer('dimension', 1),
        fingerprint=_digest(fields.raw('fingerprint'), f'{fields.where}.fingerprint'),
        towers={modality: _tower(tower) for modality, tower in fields.children('towers')},
        calibration={pair: _calibration(child) for pair, child in fields.children('calibration')},
    )
    if not spec.towers:
        cure = 'export the bundle again'
        raise BundleError(f'{fields.where}.towers', {}, 'at least one modality', cure)
    fields.done()
    return spec
