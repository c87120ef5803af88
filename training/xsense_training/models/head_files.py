# SPDX-License-Identifier: Apache-2.0
"""Heads as plain data: what a file may hold that is loaded without trusting it.

A pickled module runs code when it is read. Here a head is its kind, its sizes and its tensors, and
`torch.load(..., weights_only=True)` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from xsense_ros.errors import InputError
from xsense_training.models.convex_words import ConvexWordHead, NamedClasses
from xsense_training.models.heads import ConcatHead, LinearHead, PaddedHead, ResidualHead


def plain_head(head: nn.Module) -> dict[str, Any]:
    """The head as settings, parts and tensors; `build_head` makes the same one again.

    Raises:
        InputError: a module of another kind.
    """
    state = {name: tensor.detach().cpu() for name, tensor in head.state_dict().items()}
    if isinstance(head, LinearHead):
        sizes = (head.linear.in_features, head.linear.out_features)
        return {'kind': 'linear', 'sizes': sizes, 'state': state}
    if isinstance(head, ResidualHead):
        hidden = len(state['residual.1.bias']) if head.residual is not None else 0
        widths = (head.linear.in_features, head.linear.out_features, hidden)
        return {'kind': 'residual', 'sizes': widths, 'state': state}
    if isinstance(head, ConvexWordHead):
        shape = (*head.classifier.weight.shape, head.words.shape[1])
        return {'kind': 'convex words', 'sizes': shape, 'state': state}
    if isinstance(head, ConcatHead):
        parts = [plain_head(part) for part in head.heads]
        return {'kind': 'concat', 'parts': parts, 'state': {'shares': state['shares']}}
    if isinstance(head, PaddedHead):
        return {'kind': 'padded', 'parts': [plain_head(head.head)], 'zeros': head.zeros}
    raise InputError('head', type(head).__name__, 'a head of xsense_training.models', 'add it')


def build_head(plain: Mapping[str, Any]) -> nn.Module:
    """The head of `plain_head`, in eval mode, bit for bit.

    Raises:
        InputError: a kind that does not exist.
    """
    kind = plain['kind']
    parts = [build_head(part) for part in plain.get('parts', ())]
    if kind == 'padded':
        return PaddedHead(parts[0], plain['zeros']).eval()
    if kind == 'concat':
        joined = ConcatHead(parts, [1.0, *[0.0] * (len(parts) - 1)])
        joined.shares.copy_(plain['state']['shares'])
        return joined.eval()
    head = _empty(kind, plain['sizes'])
    head.load_state_dict(plain['state'])
    return head.eval()


def _empty(kind: str, sizes: tuple[int, ...]) -> nn.Module:
    """A head of that kind and size with numbers that mean nothing."""
    if kind == 'linear':
        inputs, outputs = sizes
        return LinearHead(np.zeros((outputs, inputs)), np.zeros(outputs))
    if kind == 'residual':
        return ResidualHead(*sizes)
    if kind == 'convex words':
        classes, features, words = sizes
        named = NamedClasses(
            torch.zeros(classes, features),
            torch.zeros(classes),
            (),
            np.zeros((classes, words), np.float32),
        )
        return ConvexWordHead(named, np.zeros(words), 1.0)
    raise InputError('kind of head', kind, 'one of this version', 'update xsense_training')
