# SPDX-License-Identifier: Apache-2.0
"""Towers -> a bundle folder that the robot opens, swapped in as a whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xsense_ros.engines.bundle import Bundle, describe_model, write_bundle
from xsense_ros.engines.manifest import (
    Calibration,
    Manifest,
    PreprocessSpec,
    SpaceSpec,
    TowerSpec,
)
from xsense_training.export.onnx_export import ExportReport, export_onnx

TRUNKS = 'trunks'


@dataclass(frozen=True)
class Stage:
    """One ONNX model of the bundle.

    inputs: example tensors by input name (batch of at least 3); shared: the file goes to
    models/trunks/, where several bundles may use it.
    """

    name: str
    module: nn.Module
    inputs: Mapping[str, Tensor]
    output: str
    shared: bool = False


@dataclass(frozen=True)
class BundlePlan:
    """All that goes into a bundle with one space.

    towers: modality -> (preprocessor name, its parameters, stage names in order);
    assets: file name in the bundle -> source file; notes: file name -> text (model card, ...).
    """

    name: str
    version: str
    licence: str
    description: str
    space: str
    dimension: int
    stages: Sequence[Stage]
    towers: Mapping[str, tuple[str, Mapping[str, Any], tuple[str, ...]]]
    calibration: Mapping[str, Calibration]
    assets: Mapping[str, Path] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)


def width_of(stage: Stage) -> int:
    """D of a stage that ends in vectors (B, D)."""
    with torch.no_grad():
        return int(stage.module(*stage.inputs.values()).shape[1])


def export_bundle(plan: BundlePlan, models: Path) -> tuple[Bundle, dict[str, ExportReport]]:
    """Write models/<name>/ and shared trunks under models/trunks/, as `install_bundle` does.

    Raises:
        NumericGateError: an exported model does not compute what its module does.
        BundleError: the result does not open.
    """
    reports: dict[str, ExportReport] = {}

    def fill(folder: Path) -> Manifest:
        specs = {}
        for stage in plan.stages:
            file = f'../{TRUNKS}/{stage.name}.onnx' if stage.shared else f'{stage.name}.onnx'
            reports[stage.name] = export_onnx(
                stage.module, stage.inputs, stage.output, folder / file
            )
            specs[stage.name] = describe_model(folder, file)
        for name, source in plan.assets.items():
            shutil.copyfile(source, folder / name)
        for name, text in plan.notes.items():
            (folder / name).write_text(text, encoding='utf-8')
        drift = {
            name: {'error': r.error, 'storage_drift': r.half_drift, 'bytes': r.bytes}
            for name, r in reports.items()
        }
        return Manifest(
            name=plan.name,
            version=plan.version,
            licence=plan.licence,
            description=plan.description,
            models=specs,
            preprocess={
                modality: PreprocessSpec(kind, dict(parameters))
                for modality, (kind, parameters, _) in plan.towers.items()
            },
            spaces={
                plan.space: SpaceSpec(
                    plan.dimension,
                    '',
                    {
                        modality: TowerSpec(modality, stages)
                        for modality, (_, _, stages) in plan.towers.items()
                    },
                    dict(plan.calibration),
                )
            },
            assets=dict.fromkeys(plan.assets, ''),
            evaluation={**plan.evaluation, 'export': drift},
        )

    return install_bundle(plan.name, models, fill), reports


def install_bundle(name: str, models: Path, fill: Callable[[Path], Manifest]) -> Bundle:
    """Build a bundle in a temporary folder beside, verify it, rename it into place.

    `models` never holds half a bundle. A shared trunk with the same content is left alone.

    Args:
        name: of the bundle's folder.
        models: folder of the bundles.
        fill: writes all other files into the folder it is given and says what they are.

    Raises:
        BundleError: the result does not open.
    """
    models.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix='.export-', dir=models))
    try:
        folder = work / name
        folder.mkdir()
        write_bundle(folder, fill(folder))
        _install(work, models, name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Bundle.open(models / name)


def _install(work: Path, models: Path, name: str) -> None:
    """Move the verified files into place: trunks first, because the bundle names them."""
    for trunk in sorted((work / TRUNKS).glob('*.onnx')):
        target = models / TRUNKS / trunk.name
        target.parent.mkdir(exist_ok=True)
        if not target.exists() or target.read_bytes() != trunk.read_bytes():
            trunk.replace(target)
    old = work / 'replaced'
    target = models / name
    if target.exists():
        target.rename(old)
    (work / name).rename(target)
