# SPDX-License-Identifier: Apache-2.0
"""Import torchvision where its compiled operators do not load.

Every torchvision wheel of the registries is linked against CUDA. Beside a CPU build of torch its
library does not load, and `import torchvision` then fails on operators that only it defines. The
schemas alone are enough for all that is used here (weights' metadata, models, transforms); calling
the operators still fails. Where torchvision loads normally nothing is done.
"""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
from pathlib import Path

import torch

SCHEMAS = (
    'nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
)
_kept: list[torch.library.Library] = []  # a library's definitions end with its object


def prepare_torchvision() -> bool:
    """Make `import torchvision` work; call it before.

    Returns:
        whether missing schemas are defined by this guard; False where nothing had to be done.
    """
    if _kept:
        return True
    if _operators_load():
        return False
    library = torch.library.Library('torchvision', 'FRAGMENT')  # type: ignore[no-untyped-call]
    for schema in SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _kept.append(library)
    return True


def imagenet_categories() -> tuple[str, ...]:
    """The 1,000 class names of ImageNet, in the order of every ImageNet classifier's outputs."""
    prepare_torchvision()
    from torchvision.models import get_weight

    names = get_weight('EfficientNet_B0_Weights.IMAGENET1K_V1').meta['categories']
    return tuple(str(name) for name in names)


def _operators_load() -> bool:
    """Whether torchvision's own library can be loaded (it is what torchvision does first)."""
    spec = find_spec('torchvision')
    if spec is None or spec.origin is None:
        return True  # not installed: the import itself says so best
    library = next(Path(spec.origin).parent.glob('_C.*'), None)
    try:
        return library is None or bool(ctypes.CDLL(str(library)))
    except OSError:
        return False
