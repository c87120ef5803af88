# SPDX-License-Identifier: Apache-2.0
"""A bundle -> the same bundle with the files of its models at another precision.

The files lie beside those in fp32 and are listed in the manifest as their variants. Spaces keep
their fingerprints, which are of the fp32 files: what passes the gate may be compared with whatever
fp32 made. What was measured is in the manifest under evaluation.precision.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import onnx

from xsense_ros.engines.bundle import MANIFEST, Bundle, write_bundle
from xsense_ros.engines.manifest import Manifest, VariantSpec
from xsense_ros.engines.precision import FP16, INT8, INT8_SYMMETRIC
from xsense_ros.engines.verify import file_sha256
from xsense_ros.errors import InputError
from xsense_training.export.precision_drift import Judge, Measured, why_refused
from xsense_training.export.precision_half import PRODUCTS, to_half
from xsense_training.export.precision_int8 import FIRST_IN_FLOAT, quantisable, to_int8

KEY = 'precision'  # in the manifest's evaluation
Told = Callable[[str, 'Lower', str], None]


@dataclass(frozen=True)
class Lower:
    """A bundle at one precision, not yet part of it.

    files: of the models that are converted; measured: what they do to vectors and retrieval.
    """

    files: Mapping[str, Path]
    measured: Measured

    def bytes(self, bundle: Bundle) -> tuple[int, int]:
        """Size of all models at this precision, and of the same ones in fp32."""
        own = {key: bundle.model_path(key).stat().st_size for key in bundle.manifest.models}
        lower = {key: path.stat().st_size for key, path in self.files.items()}
        return sum((own | lower).values()), sum(own.values())


def add_precision(
    bundle: Bundle,
    precision: str,
    judge: Judge[Any],
    models: Path,
    *,
    keep: Collection[str] = (),
    float_first: int = FIRST_IN_FLOAT,
    told: Told = lambda variant, lower, refused: None,
) -> Bundle:
    """Write models/<name> with those variants of this precision that pass the gate.

    Args:
        bundle: of one space, or of one matcher.
        precision: FP16, or INT8 (two variants: one for processors, one for TensorRT).
        judge: real samples, of which it knows what the bundle makes.
        models: folder of bundles; where the bundle lies elsewhere, it is copied there first.
        keep: models that stay in fp32.
        float_first: so many of the first products of an INT8 model stay in float.
        told: each variant, what was measured of it, and what the gate says ('' if it passes).

    Raises:
        InputError: an unknown model to keep, a precision that leaves every model as it is, or one
            of which no variant passes the gate (nothing has been written then).
    """
    known = bundle.manifest.models
    unknown = sorted(set(keep) - set(known))
    if unknown:
        raise InputError('--keep', unknown, f'some of {sorted(known)}', 'correct the name')
    with tempfile.TemporaryDirectory() as scratch:
        made = _convert(bundle, precision, judge, keep, float_first, Path(scratch))
        exact = judge.answers(bundle)
        passed: dict[str, Lower] = {}
        refusals: list[InputError] = []
        for variant, (files, stand_ins) in made.items():
            answers = judge.answers(with_files(bundle, stand_ins))
            lower = Lower(files, judge.compare(exact, answers))
            refusal = why_refused(lower.measured, f'{variant} of {bundle.manifest.name}')
            told(variant, lower, '' if refusal is None else str(refusal))
            if refusal is None:
                passed[variant] = lower
            else:
                refusals.append(refusal)
        if not passed:
            raise refusals[0]
        there = _there(bundle, models)
        return write_bundle(there.path, _with_variants(there, passed))


def _convert(
    bundle: Bundle,
    precision: str,
    judge: Judge[Any],
    keep: Collection[str],
    float_first: int,
    scratch: Path,
) -> dict[str, tuple[dict[str, Path], dict[str, Path]]]:
    """Variant -> files of the converted models, and those that are measured in their place."""
    models = {
        key: onnx.load(bundle.model_path(key)) for key in bundle.manifest.models if key not in keep
    }
    made: dict[str, tuple[dict[str, Path], dict[str, Path]]] = {}

    def save(variant: str, key: str, model: onnx.ModelProto, stand_in: bool = False) -> None:
        files = made.setdefault(variant, ({}, {}))
        path = scratch / f'{key}.{variant}{"-emulated" if stand_in else ""}.onnx'
        onnx.save(model, str(path))
        files[1][key] = path
        if not stand_in:
            files[0][key] = path

    if precision == FP16:
        for key, model in models.items():
            if any(node.op_type in PRODUCTS for node in model.graph.node):
                save(FP16, key, to_half(model))
                save(FP16, key, to_half(model, emulated=True), stand_in=True)
    else:
        chosen = {key: model for key, model in models.items() if quantisable(model)}
        feeds = judge.feeds(bundle) if chosen else {}
        for key, model in chosen.items():
            for variant in (INT8, INT8_SYMMETRIC):
                symmetric = variant == INT8_SYMMETRIC
                made_of = to_int8(model, feeds[key], symmetric=symmetric, float_first=float_first)
                save(variant, key, made_of)
    if not made:
        raise InputError(
            f'models of {bundle.manifest.name} for {precision}', sorted(models),
            'one that it would change',
            'keep fewer models in fp32; int8 is for models with convolutions',
        )  # fmt: skip
    return made


def with_files(bundle: Bundle, files: Mapping[str, Path]) -> Bundle:
    """The bundle with other ONNX files for some models; in memory only, fingerprints are kept."""
    models = {
        key: replace(spec, file=str(files[key].resolve()), sha256=file_sha256(files[key], key))
        if key in files
        else spec
        for key, spec in bundle.manifest.models.items()
    }
    return replace(bundle, manifest=replace(bundle.manifest, models=models))


def _there(bundle: Bundle, models: Path) -> Bundle:
    """The bundle in `models`, with the precisions that it has there already; copied if need be."""
    folder = models / bundle.path.name
    if folder.resolve() == bundle.path:
        return bundle
    if (folder / MANIFEST).exists():
        present = Bundle.open(folder)
        if _digests(present) == _digests(bundle):
            return present
        shutil.rmtree(folder)  # another version of it
    shutil.copytree(bundle.path, folder)
    for key, spec in bundle.manifest.models.items():
        for file in (spec.file, *(variant.file for variant in spec.variants.values())):
            source, target = bundle.model_path(key).parent, (folder / file).resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / target.name, target)
    return Bundle.open(folder)


def _digests(bundle: Bundle) -> dict[str, str]:
    return {key: spec.sha256 for key, spec in bundle.manifest.models.items()}


def _with_variants(bundle: Bundle, found: Mapping[str, Lower]) -> Manifest:
    """Put the files beside those of fp32; the manifest that lists them."""
    manifest = bundle.manifest
    models = dict(manifest.models)
    measured: dict[str, Any] = dict(manifest.evaluation.get(KEY, {}))
    for variant, lower in found.items():
        for key, spec in models.items():
            entry = VariantSpec(spec.file, spec.sha256)  # stays as it is
            if key in lower.files:
                entry = _placed(bundle.path, spec.file, variant, lower.files[key])
            models[key] = replace(spec, variants={**spec.variants, variant: entry})
        now, before = lower.bytes(bundle)
        measured[variant] = {
            'models': sorted(lower.files),
            'bytes': now,
            'bytes_in_fp32': before,
            **lower.measured.facts(),
        }
    evaluation = {**manifest.evaluation, KEY: measured}
    return replace(manifest, models=models, evaluation=evaluation)


def _placed(folder: Path, file: str, variant: str, source: Path) -> VariantSpec:
    digest = file_sha256(source, source.name)
    own = PurePosixPath(file)
    # A shared trunk may have other integers for another bundle: their names keep them apart.
    mark = f'-{digest[:8]}' if own.parts[0] == '..' else ''
    beside = own.with_name(f'{own.stem}.{variant}{mark}.onnx')
    part = folder / own.with_name(f'.{beside.name}.part')
    shutil.copyfile(source, part)
    part.replace(folder / beside)
    return VariantSpec(str(beside), digest)
