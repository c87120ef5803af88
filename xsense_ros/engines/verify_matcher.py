# SPDX-License-Identifier: Apache-2.0
"""Checks of a matcher in a manifest: do its two models, its crops and its outputs fit?"""

from __future__ import annotations

import math
from pathlib import Path

from xsense_ros.engines.manifest import Manifest, MatcherSpec, ModelSpec, TensorSpec, TowerSpec
from xsense_ros.errors import BundleError
from xsense_ros.senses.preprocessor import build_preprocessor

_CORRECT = 'correct the recipe and export the bundle again'


def check_matcher(manifest: Manifest, name: str, matcher: MatcherSpec) -> None:
    """BundleError unless the matcher is whole; models and preprocessings named must exist."""
    where = f'manifest.matchers.{name}'
    ends = name.split('->')
    if len(ends) != 2 or not all(ends):
        expected = "'TEMPLATE->SEARCH', the two sensors, such as 'visible->infrared'"
        raise BundleError('manifest.matchers', name, expected, _CORRECT)
    encoder = _model(manifest, matcher.template, f'{where}.template')
    finder = _model(manifest, matcher.search, f'{where}.search')
    _check_crop(manifest, matcher.template, 'template', encoder.inputs, f'{where}.template')
    kept = [tensor for tensor in finder.inputs if tensor.name != 'search']
    search = tuple(tensor for tensor in finder.inputs if tensor.name == 'search')
    _check_crop(manifest, matcher.search, 'search', search, f'{where}.search')
    given = sorted(encoder.outputs, key=lambda tensor: tensor.name)
    taken = sorted(kept, key=lambda tensor: tensor.name)
    if given != taken:
        expected = f'what the template model gives: {_words(given)}'
        raise BundleError(f'{where}.search.stages', _words(taken), expected, _CORRECT)
    _check_cells(finder, f'{where}.search.stages')


def _model(manifest: Manifest, tower: TowerSpec, where: str) -> ModelSpec:
    if len(tower.stages) != 1:
        raise BundleError(f'{where}.stages', list(tower.stages), 'exactly one model', _CORRECT)
    return manifest.models[tower.stages[0]]


def _check_crop(
    manifest: Manifest, tower: TowerSpec, side: str, inputs: tuple[TensorSpec, ...], where: str
) -> None:
    """The crop's preprocessing must be of that name, and give exactly what the model takes."""
    spec = manifest.preprocess[tower.preprocess]
    if spec.name != side:
        expected = f"a preprocessing named '{side}'"
        raise BundleError(f'{where}.preprocess', spec.name, expected, _CORRECT)
    parameters = build_preprocessor(spec.name, spec.parameters, Path()).parameters()
    wanted = TensorSpec(side, (1, 3, parameters['size'], parameters['size']), 'float32')
    if inputs != (wanted,):
        expected = f'the input {_words([wanted])}, which its preprocessing makes'
        raise BundleError(f'{where}.stages', _words(list(inputs)), expected, _CORRECT)


def _check_cells(finder: ModelSpec, where: str) -> None:
    outputs = {tensor.name: tensor for tensor in finder.outputs}
    shape = outputs['logits'].shape if 'logits' in outputs else ()
    cells = shape[1] if len(shape) == 3 and isinstance(shape[1], int) else 0
    wanted = {
        'logits': TensorSpec('logits', (1, cells, 2), 'float32'),
        'boxes': TensorSpec('boxes', (1, cells, 4), 'float32'),
    }
    if 'presence' in outputs:  # a matcher without it is judged by its best cell
        wanted['presence'] = TensorSpec('presence', (1,), 'float32')
    if outputs != wanted or cells < 1 or math.isqrt(cells) ** 2 != cells:
        expected = 'float32 logits (1, N, 2), boxes (1, N, 4), N a square, and maybe presence (1,)'
        raise BundleError(where, _words(list(finder.outputs)), expected, _CORRECT)


def _words(tensors: list[TensorSpec]) -> str:
    shown = [f'{t.dtype} {t.name} {t.shape}' for t in tensors]
    return ', '.join(shown) or 'no tensor'
