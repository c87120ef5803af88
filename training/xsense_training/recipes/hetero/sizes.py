# SPDX-License-Identifier: Apache-2.0
"""Parameters and MACs of the matchers: `xsense-train describe hetero`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from xsense_training.evaluate.model_size import ModelSize, count
from xsense_training.models.hetero_lite import HeteroLite, LiteConfig
from xsense_training.models.hetero_matcher import HeteroMatcher, MatcherConfig

# What the published table says: name, variant, parameters in M, MACs in G (None: not listed).
PUBLISHED: tuple[tuple[str, MatcherConfig, float, float | None], ...] = (
    ('ResNet-50, shared', MatcherConfig(sharing='shared'), 23.0, 25.49),
    ('ResNet-50, low-separate', MatcherConfig(), 23.2, 25.49),
    ('ResNet-50, independent', MatcherConfig(sharing='independent'), 31.6, 25.49),
    ('MobileNetV3-Large', MatcherConfig('mobilenet-v3-large'), 17.4, 15.34),
    ('CSPNet', MatcherConfig('csp'), 26.7, 29.42),
    ('ResNet-50, multi-map', MatcherConfig(fuse=True), 24.3, 26.16),
    ('MobileNetV3-Large, multi-map', MatcherConfig('mobilenet-v3-large', fuse=True), 17.9, 15.64),
    ('CSPNet, multi-map', MatcherConfig('csp', fuse=True), 27.6, 29.98),
    ('ResNet-50, cached x5', MatcherConfig(attention='cached', layers=5), 19.8, 25.49),
)
_NORMS = (
    'the published MACs also count norms (2 a value of a batch norm, 5 of a layer norm, 0.06 to '
    '0.08 G); here products alone. One template and one search image'
)
_LITE = 'not in the original; 64 px template, 192 px search image'
_FRAME = 'what a frame costs once the template is encoded; parameters of both engines together'
# The effect of caching, in the sizes that were published.
_FRAMES = ('ResNet-50, low-separate', 'ResNet-50, cached x5')


def sizes() -> list[ModelSize]:
    """The lite variant first, then the published table, then the cost of a frame alone."""
    found = [lite_size(), *(published_size(*row) for row in PUBLISHED)]
    builds: dict[str, tuple[Callable[[], nn.Module], MatcherConfig | LiteConfig]] = {
        'lite': (partial(HeteroLite, LiteConfig()), LiteConfig()),
        **{name: (partial(HeteroMatcher, c), c) for name, c, _, _ in PUBLISHED if name in _FRAMES},
    }
    return found + [_frame(size, *builds[size.name]) for size in found if size.name in builds]


def lite_size() -> ModelSize:
    """The variant that ships."""
    config = LiteConfig()
    return ModelSize('lite', *_counted(partial(HeteroLite, config), *_shapes(config)), note=_LITE)


def published_size(
    name: str, config: MatcherConfig, parameters: float, macs: float | None
) -> ModelSize:
    """One row of PUBLISHED, counted."""
    counted = _counted(partial(HeteroMatcher, config), *_shapes(config))
    published = (round(parameters * 1e6), None if macs is None else round(macs * 1e9))
    return ModelSize(name, *counted, *published, _NORMS)


def _frame(
    whole: ModelSize, build: Callable[[], nn.Module], config: MatcherConfig | LiteConfig
) -> ModelSize:
    """MACs of everything less those of the template alone."""
    _, alone = _counted(lambda: _TemplateOnly(build()), _shapes(config)[0])
    return ModelSize(
        f'{whole.name}, search engine', whole.parameters, whole.macs - alone, note=_FRAME
    )


def _counted(build: Callable[[], nn.Module], *shapes: torch.Size) -> tuple[int, int]:
    with sdpa_kernel(SDPBackend.MATH):  # the only form of attention whose products are counted
        return count(build, *shapes)


class _TemplateOnly(nn.Module):
    def __init__(self, matcher: nn.Module) -> None:
        super().__init__()
        self.matcher = matcher

    def forward(self, template: Tensor) -> object:
        return self.matcher.encode_template(template)  # type: ignore[operator]


def _shapes(config: MatcherConfig | LiteConfig) -> tuple[torch.Size, torch.Size]:
    sides = (config.template_size, config.search_size)
    template, search = (torch.Size((1, 3, side, side)) for side in sides)
    return template, search
