# SPDX-License-Identifier: Apache-2.0
"""Tiny but real bundles, made in a moment, in which colours, pitches, words and sketches agree.

A red picture, a low tone and the word 'red' lie close together; so do green, middle and 'green',
and blue, high and 'blue'. In a bundle of its own, the sketch of a flat box means red, that of a
tall one green, and a cross blue. Enough to test everything around a model without a trained one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from xsense_ros.engines.bundle import Bundle, describe_model, write_bundle
from xsense_ros.engines.manifest import (
    Calibration,
    Manifest,
    ModelSpec,
    PreprocessSpec,
    SpaceSpec,
    TowerSpec,
)
from xsense_ros.senses.drawing import drawing_to_raster
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sketch_input import SketchInput

WORDS = ('red', 'green', 'blue')
PITCHES_HZ = {'red': 300.0, 'green': 1200.0, 'blue': 4000.0}
STROKES = {
    'red': [[(0.0, 0.35), (1.0, 0.35), (1.0, 0.65), (0.0, 0.65), (0.0, 0.35)]],
    'green': [[(0.35, 0.0), (0.65, 0.0), (0.65, 1.0), (0.35, 1.0), (0.35, 0.0)]],
    'blue': [[(0.0, 0.0), (1.0, 1.0)], [(0.0, 1.0), (1.0, 0.0)]],
}
IMAGE_SIZE = 32
MELS = 24
TOKENS = 8
SPACE = 'image-sound-text'
SKETCH_SPACE = 'sketch-photo'
SKETCH = {'size': IMAGE_SIZE, 'stroke': 2.0, 'margin': 2, 'mean': [0.5] * 3, 'std': [0.5] * 3}
Tensor = tuple[str, int, list[Any]]


def toy_bundle(
    folder: Path, *, dimension: int = 16, seed: int = 0, spaces: tuple[str, ...] = (SPACE,)
) -> Bundle:
    """Write and open a toy bundle.

    The image trunk is the same file for all seeds and is shared by all ``spaces``; the heads
    depend on ``seed`` and on the position of their space.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_model(folder / 'image_trunk.onnx', image_trunk())
    _tokenizer().save(str(folder / 'tokenizer.json'))
    towers: dict[str, dict[str, TowerSpec]] = {}
    for number, space in enumerate(spaces):
        rng = np.random.default_rng([seed, number])
        basis = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype(np.float32)
        for modality, model in (
            ('image_head', image_head(basis, rng)),
            ('sound', sound_tower(basis)),
            ('text', _text(basis, rng)),
        ):
            save_model(folder / f'{modality}_{number}.onnx', model)
        towers[space] = {
            'image': TowerSpec('image', ('image_trunk', f'image_head_{number}')),
            'sound': TowerSpec('sound', (f'sound_{number}',)),
            'text': TowerSpec('text', (f'text_{number}',)),
        }
    return _write(folder, dimension, towers)


def toy_sketch_bundle(folder: Path, *, dimension: int = 8, seed: int = 0) -> Bundle:
    """Write and open a toy bundle of sketches and pictures, with the same image trunk."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 99])
    basis = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype(np.float32)
    save_model(folder / 'image_trunk.onnx', image_trunk())
    save_model(folder / 'image_head.onnx', image_head(basis, rng))
    save_model(folder / 'sketch.onnx', _sketch(basis))
    towers = {
        'image': TowerSpec('image', ('image_trunk', 'image_head')),
        'sketch': TowerSpec('sketch', ('sketch',)),
    }
    return _write(folder, dimension, {SKETCH_SPACE: towers})


def toy_image(word: str, seed: int = 0) -> NDArray[np.uint8]:
    """RGB picture (48, 64, 3) of a colour, with noise that depends on ``seed``."""
    colour = np.array([220 if word == other else 40 for other in WORDS])
    noise = np.random.default_rng(seed).integers(-25, 26, (48, 64, 3))
    return np.clip(colour + noise, 0, 255).astype(np.uint8)


def toy_sketch(word: str, seed: int = 0) -> NDArray[np.uint8]:
    """RGB drawing (96, 128, 3), black on white, of a place and size that depend on ``seed``."""
    rng = np.random.default_rng(seed)
    side, left, top = rng.uniform(50, 70), rng.uniform(8, 40), rng.uniform(8, 20)
    strokes = [np.array(stroke) * side + (left, top) for stroke in STROKES[word]]
    return drawing_to_raster(strokes, 96, 128, thickness=int(rng.integers(1, 4)))


def toy_sound(word: str, seed: int = 0, sample_rate: int = 16000) -> Waveform:
    """Half a second of a tone, with noise that depends on ``seed``."""
    time = np.arange(sample_rate // 2) / sample_rate
    noise = np.random.default_rng(seed).standard_normal(time.size)
    samples = 0.3 * np.sin(2 * np.pi * PITCHES_HZ[word] * time) + 0.003 * noise
    return Waveform(samples.astype(np.float32), sample_rate)


def _write(folder: Path, dimension: int, towers: dict[str, dict[str, TowerSpec]]) -> Bundle:
    files = {path.stem: describe_model(folder, path.name) for path in folder.glob('*.onnx')}
    return write_bundle(folder, _manifest(folder.name, dimension, files, towers))


def _manifest(
    name: str,
    dimension: int,
    files: dict[str, ModelSpec],
    towers: dict[str, dict[str, TowerSpec]],
) -> Manifest:
    used = {name for modalities in towers.values() for name in modalities}
    preprocess = {
        'image': PreprocessSpec(
            'image', {'size': IMAGE_SIZE, 'mean': [0.5] * 3, 'std': [0.5] * 3}
        ),
        'sketch': PreprocessSpec('sketch', SKETCH),
        'sound': PreprocessSpec('sound', {'seconds': 0.5, 'mels': MELS}),
        'text': PreprocessSpec('text', {'tokenizer': 'tokenizer.json', 'max_length': TOKENS}),
    }
    return Manifest(
        name=name,
        version='1.0.0',
        licence='Apache-2.0',
        description='A toy bundle for tests: colours, pitches and their words.',
        models=files,
        assets={'tokenizer.json': ''} if 'text' in used else {},
        preprocess={name: spec for name, spec in preprocess.items() if name in used},
        spaces={
            space: SpaceSpec(
                dimension,
                '',
                modalities,
                {
                    f'{query}->{target}': Calibration(12.0, -7.0, 0.5, 0.05)
                    for query in modalities
                    for target in modalities
                },
            )
            for space, modalities in towers.items()
        },
        evaluation={'note': 'not trained'},
    )


def image_trunk() -> onnx.ModelProto:
    """(1, 3, 32, 32) -> (1, 48): means of a 4 x 4 grid; weights stored as float16."""
    weights = np.eye(48, dtype=np.float16)
    nodes = [
        helper.make_node('AveragePool', ['image'], ['pool'], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node('Flatten', ['pool'], ['flat']),
        helper.make_node('Cast', ['weights'], ['weights32'], to=TensorProto.FLOAT),
        helper.make_node('MatMul', ['flat', 'weights32'], ['features']),
    ]
    image = [('image', TensorProto.FLOAT, ['batch', 3, IMAGE_SIZE, IMAGE_SIZE])]
    features = ('features', TensorProto.FLOAT, ['batch', 48])
    return onnx_model(nodes, image, features, {'weights': weights})


def image_head(basis: NDArray[np.float32], rng: np.random.Generator) -> onnx.ModelProto:
    """(1, 48) -> (1, D): channel means along three axes, layout (weakly) along the others."""
    dimension = len(basis)
    means = np.repeat(np.eye(3) - 1 / 3, 16, axis=0) / 16
    layout = 0.02 * rng.standard_normal((48, dimension - 3))
    weights = (np.hstack([means, layout]) @ basis).astype(np.float32)
    nodes = [
        helper.make_node('Gemm', ['features', 'weights', 'bias'], ['latent']),
        helper.make_node('LpNormalization', ['latent'], ['embedding'], axis=1, p=2),
    ]
    constants = {'weights': weights, 'bias': 1e-3 * basis.sum(0)}
    features = [('features', TensorProto.FLOAT, ['batch', 48])]
    return onnx_model(nodes, features, embedding_output(dimension), constants)


def sound_tower(basis: NDArray[np.float32]) -> onnx.ModelProto:
    """(1, 1, frames, mels) -> (1, D): power of the low, middle and high bands."""
    bands = np.repeat(np.eye(3), MELS // 3, axis=0)
    weights = (bands - 1 / 3) @ basis[:3]
    nodes = [
        helper.make_node('Exp', ['log_mel'], ['power']),
        helper.make_node('ReduceMean', ['power'], ['mean'], axes=[1, 2], keepdims=0),
        helper.make_node('Gemm', ['mean', 'weights', 'bias'], ['latent']),
        helper.make_node('LpNormalization', ['latent'], ['embedding'], axis=1, p=2),
    ]
    constants = {'weights': weights.astype(np.float32), 'bias': 1e-3 * basis.sum(0)}
    log_mel = [('log_mel', TensorProto.FLOAT, [1, 1, 'frames', MELS])]
    return onnx_model(nodes, log_mel, embedding_output(len(basis)), constants)


def _sketch(basis: NDArray[np.float32]) -> onnx.ModelProto:
    """(1, 3, 32, 32) -> (1, D): the linear map that sends the three toy sketches to their axes."""
    prepare = SketchInput(**SKETCH)
    pooled = np.stack(
        [
            prepare(toy_sketch(word))['sketch'].reshape(3, 4, 8, 4, 8).mean((2, 4)).ravel()
            for word in WORDS
        ]
    )
    weights = np.linalg.pinv(pooled) @ (np.eye(3) - 1 / 3) @ basis[:3]
    nodes = [
        helper.make_node('AveragePool', ['sketch'], ['pool'], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node('Flatten', ['pool'], ['flat']),
        helper.make_node('MatMul', ['flat', 'weights'], ['latent']),
        helper.make_node('LpNormalization', ['latent'], ['embedding'], axis=1, p=2),
    ]
    sketch = [('sketch', TensorProto.FLOAT, ['batch', 3, IMAGE_SIZE, IMAGE_SIZE])]
    constants = {'weights': weights.astype(np.float32)}
    return onnx_model(nodes, sketch, embedding_output(len(basis)), constants)


def _text(basis: NDArray[np.float32], rng: np.random.Generator) -> onnx.ModelProto:
    """ids, mask (1, L) -> (1, D): masked sum of word vectors."""
    size = _tokenizer().get_vocab_size()
    table = 0.05 * rng.standard_normal((size, len(basis))).astype(np.float32)
    for number, word in enumerate(WORDS):
        table[_tokenizer().token_to_id(word)] = (np.eye(3)[number] - 1 / 3) @ basis[:3]
    nodes = [
        helper.make_node('Gather', ['table', 'ids'], ['words']),
        helper.make_node('Unsqueeze', ['mask', 'last'], ['weight']),
        helper.make_node('Mul', ['words', 'weight'], ['masked']),
        helper.make_node('ReduceSum', ['masked', 'middle'], ['latent'], keepdims=0),
        helper.make_node('LpNormalization', ['latent'], ['embedding'], axis=1, p=2),
    ]
    constants = {'table': table, 'last': np.array([2]), 'middle': np.array([1])}
    inputs = [
        ('ids', TensorProto.INT64, ['batch', TOKENS]),
        ('mask', TensorProto.FLOAT, ['batch', TOKENS]),
    ]
    return onnx_model(nodes, inputs, embedding_output(len(basis)), constants)


def _tokenizer() -> Tokenizer:
    words = ['[PAD]', '[UNK]', *WORDS, 'a', 'the', 'tone', 'picture', 'ball', 'cup']
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token='[UNK]'))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def embedding_output(dimension: int) -> Tensor:
    return ('embedding', TensorProto.FLOAT, ['batch', dimension])


def onnx_model(
    nodes: list[onnx.NodeProto],
    inputs: list[Tensor],
    output: Tensor | list[Tensor],
    constants: dict[str, NDArray[Any]],
) -> onnx.ModelProto:
    outputs = output if isinstance(output, list) else [output]
    graph = helper.make_graph(
        nodes,
        'toy',
        [helper.make_tensor_value_info(*tensor) for tensor in inputs],
        [helper.make_tensor_value_info(*tensor) for tensor in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)


def save_model(path: Path, model: onnx.ModelProto) -> None:
    onnx.checker.check_model(model)
    onnx.save(model, path)
