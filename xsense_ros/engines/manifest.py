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
from xsense_ros.engines.matcher_spec import (
    MatcherSpec,
    PresenceSpec,
    TowerSpec,
    check_slope,
    read_matcher,
    read_tower,
)
from xsense_ros.errors import BundleError

__all__ = [
    'DTYPES',
    'SCHEMA_VERSION',
    'Calibration',
    'Manifest',
    'MatcherSpec',
    'ModelSpec',
    'PreprocessSpec',
    'PresenceSpec',
    'SpaceSpec',
    'TensorSpec',
    'TowerSpec',
    'VariantSpec',
    'space_fingerprint',
]

SCHEMA_VERSION = 1
PRECISIONS = ('fp32', 'fp16', 'int8')
# The last one: symmetric signed integers, all that TensorRT takes; processors are slow with them.
VARIANTS = ('fp16', 'int8', 'int8-symmetric')
DTYPES = ('float32', 'float16', 'int64', 'int32', 'uint8', 'int8', 'bool')
_SHA256 = re.compile(r'[0-9a-f]{64}')


@dataclass(frozen=True)
class TensorSpec:
    """Name, shape and dtype of a model's input or output; None or a word marks a free axis."""

    name: str
    shape: tuple[int | str | None, ...]
    dtype: str


@dataclass(frozen=True)
class VariantSpec:
    """The same model at another precision: a file in the same folder, of the same tensors."""

    file: str
    sha256: str


@dataclass(frozen=True)
class ModelSpec:
    """One ONNX file (path relative to the bundle's folder) and its tensors.

    ``precision`` is what it computes in; ``variants`` are its files at others, by VARIANTS.
    """

    file: str
    sha256: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    precision: str = 'fp32'
    variants: Mapping[str, VariantSpec] = field(default_factory=dict)


@dataclass(frozen=True)
class PreprocessSpec:
    """A preprocessor of xsense_ros.senses by name, with its parameters."""

    name: str
    parameters: Mapping[str, Any]


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

    ``assets`` maps further files (a tokenizer, say) to their sha256; ``evaluation`` is free JSON;
    ``matchers`` goes by pair of sensors ('visible->infrared').
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
    matchers: Mapping[str, MatcherSpec] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """JSON text that ``from_json`` reads back to an equal manifest."""
        content = asdict(self)
        # Readers older than these fields refuse what they do not know.
        if not self.matchers:
            del content['matchers']
        for model in content['models'].values():
            if model['precision'] == 'fp32':
                del model['precision']
            if not model['variants']:
                del model['variants']
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + '\n'

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
            matchers={key: read_matcher(fields) for key, fields in top.children('matchers', {})},
        )
        top.done()
        return manifest


def space_fingerprint(manifest: Manifest, space: str) -> str:
    """Identity of an embedding space: equal fingerprints mean comparable vectors.

    sha256 over the dimension and, per modality, the hashes of the stages' files and the
    preprocessing with the hashes of the asset files its parameters name. Names, versions and
    calibration are left out: they change no vector. Files at other precisions are left out too:
    they are in the manifest because their vectors were measured to agree with those of these.
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
        precision=fields.one_of('precision', PRECISIONS, 'fp32'),
        variants={key: _variant(child) for key, child in fields.children('variants', {})},
    )
    for key, variant in spec.variants.items():
        if key not in VARIANTS:
            where = f'{fields.where}.variants'
            raise BundleError(where, key, f'one of {VARIANTS}', 'correct the name')
        if PurePosixPath(variant.file).parent != PurePosixPath(spec.file).parent:
            where = f'{fields.where}.variants.{key}.file'
            expected = f'a file beside {spec.file}'
            raise BundleError(where, variant.file, expected, 'export the bundle again')
    fields.done()
    return spec


def _variant(fields: Fields) -> VariantSpec:
    spec = VariantSpec(
        _file(fields.raw('file'), f'{fields.where}.file'),
        _digest(fields.raw('sha256'), f'{fields.where}.sha256'),
    )
    fields.done()
    return spec


def _preprocess(fields: Fields) -> PreprocessSpec:
    spec = PreprocessSpec(fields.text('name'), fields.mapping('parameters'))
    fields.done()
    return spec


def _calibration(fields: Fields) -> Calibration:
    spec = Calibration(
        slope=fields.number('slope'),
        intercept=fields.number('intercept'),
        min_probability=fields.number('min_probability', 0.0, 1.0),
        min_margin=fields.number('min_margin', 0.0, 1.0),
    )
    check_slope(spec.slope, fields.where, 'cosine')
    fields.done()
    return spec


def _space(fields: Fields) -> SpaceSpec:
    spec = SpaceSpec(
        dimension=fields.integer('dimension', 1),
        fingerprint=_digest(fields.raw('fingerprint'), f'{fields.where}.fingerprint'),
        towers={modality: read_tower(tower) for modality, tower in fields.children('towers')},
        calibration={pair: _calibration(child) for pair, child in fields.children('calibration')},
    )
    if not spec.towers:
        cure = 'export the bundle again'
        raise BundleError(f'{fields.where}.towers', {}, 'at least one modality', cure)
    fields.done()
    return spec
