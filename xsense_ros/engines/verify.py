# SPDX-License-Identifier: Apache-2.0
"""Checks of a bundle: does the manifest agree with itself, and do the files agree with it?"""

from __future__ import annotations

import hashlib
from pathlib import Path

from xsense_ros.engines.manifest import (
    Manifest,
    SpaceSpec,
    TensorSpec,
    TowerSpec,
    space_fingerprint,
)
from xsense_ros.engines.onnx import verify_model
from xsense_ros.engines.verify_matcher import check_matcher
from xsense_ros.errors import BundleError

_AGAIN = 'export or download the bundle again'
_CORRECT = 'correct the recipe and export the bundle again'


def file_sha256(path: Path, where: str) -> str:
    """sha256 of a file in hexadecimal; BundleError, naming ``where``, if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise BundleError(
            where, str(path), f'a readable file ({error.strerror})', _AGAIN
        ) from None
    return digest.hexdigest()


def check_files(manifest: Manifest, folder: Path) -> None:
    """BundleError unless every file has its hash and every model the tensors it promises."""
    for key, model in manifest.models.items():
        where = f'manifest.models.{key}'
        _check_hash(folder / model.file, model.sha256, f'{where}.sha256')
        verify_model(folder / model.file, model, where)
        for name, variant in model.variants.items():
            # Another precision is another inside: inputs and outputs are those of the model.
            _check_hash(folder / variant.file, variant.sha256, f'{where}.variants.{name}.sha256')
            verify_model(folder / variant.file, model, f'{where}.variants.{name}')
    for file, digest in manifest.assets.items():
        _check_hash(folder / file, digest, f'manifest.assets.{file}')
    for key, spec in manifest.preprocess.items():
        for name, value in spec.parameters.items():
            # A file without a hash could be exchanged without changing the fingerprint.
            is_file = isinstance(value, str) and (folder / value).is_file()
            if is_file and value not in manifest.assets:
                where = f'manifest.preprocess.{key}.parameters.{name}'
                raise BundleError(where, value, 'a file listed in manifest.assets', _CORRECT)


def check_references(manifest: Manifest) -> None:
    """BundleError unless every tower names models and a preprocessing that exist."""
    towers = {
        f'manifest.spaces.{name}.towers.{modality}': tower
        for name, space in manifest.spaces.items()
        for modality, tower in space.towers.items()
    }
    for name, matcher in manifest.matchers.items():
        towers[f'manifest.matchers.{name}.template'] = matcher.template
        towers[f'manifest.matchers.{name}.search'] = matcher.search
    for where, tower in towers.items():
        if tower.preprocess not in manifest.preprocess:
            expected = f'one of {sorted(manifest.preprocess)}'
            raise BundleError(f'{where}.preprocess', tower.preprocess, expected, _CORRECT)
        for stage in tower.stages:
            if stage not in manifest.models:
                expected = f'one of {sorted(manifest.models)}'
                raise BundleError(f'{where}.stages', stage, expected, _CORRECT)


def check_consistency(manifest: Manifest) -> None:
    """BundleError unless towers, calibrations, fingerprints and matchers fit together."""
    check_references(manifest)
    for name, matcher in manifest.matchers.items():
        check_matcher(manifest, name, matcher)
    for name, space in manifest.spaces.items():
        where = f'manifest.spaces.{name}'
        for modality, tower in space.towers.items():
            _check_tower(manifest, space, tower, f'{where}.towers.{modality}')
        for pair in space.calibration:
            ends = pair.split('->')
            if len(ends) != 2 or not all(end in space.towers for end in ends):
                expected = f"'QUERY->TARGET' of the modalities {sorted(space.towers)}"
                raise BundleError(f'{where}.calibration', pair, expected, _CORRECT)
        computed = space_fingerprint(manifest, name)
        if space.fingerprint != computed:
            expected = f'{computed}, recomputed from hashes and preprocessing'
            raise BundleError(f'{where}.fingerprint', space.fingerprint, expected, _AGAIN)


def _check_hash(path: Path, promised: str, where: str) -> None:
    found = file_sha256(path, where)
    if found != promised:
        expected = f'{found}, the hash of {path.name} as it is'
        raise BundleError(where, promised, expected, f'{_AGAIN}: the file was changed or cut')


def _check_tower(manifest: Manifest, space: SpaceSpec, tower: TowerSpec, where: str) -> None:
    for before, after in zip(tower.stages, tower.stages[1:], strict=False):
        given = _only(manifest.models[before].outputs, f'outputs of {before}', where)
        taken = _only(manifest.models[after].inputs, f'inputs of {after}', where)
        if given.dtype != taken.dtype or not _fits(given, taken):
            expected = f'what {after} takes: {taken.dtype} {taken.shape}'
            value = f'{before} gives {given.dtype} {given.shape}'
            raise BundleError(f'{where}.stages', value, expected, _CORRECT)
    last = _only(
        manifest.models[tower.stages[-1]].outputs, f'outputs of {tower.stages[-1]}', where
    )
    fixed = last.dtype == 'float32' and last.shape[-1:] == (space.dimension,)
    if not fixed or not _fits(last, TensorSpec('embedding', (1, space.dimension), 'float32')):
        value = f'{tower.stages[-1]} gives {last.dtype} {last.shape}'
        expected = f'float32 (1, {space.dimension}), the dimension of the space'
        raise BundleError(f'{where}.stages', value, expected, _CORRECT)


def _only(tensors: tuple[TensorSpec, ...], what: str, where: str) -> TensorSpec:
    if len(tensors) != 1:
        names = [tensor.name for tensor in tensors]
        raise BundleError(f'{where}.stages', names, f'exactly one tensor as {what}', _CORRECT)
    return tensors[0]


def _fits(given: TensorSpec, taken: TensorSpec) -> bool:
    return len(given.shape) == len(taken.shape) and all(
        one == other or not (isinstance(one, int) and isinstance(other, int))
        for one, other in zip(given.shape, taken.shape, strict=True)
    )
