# SPDX-License-Identifier: Apache-2.0
"""The names of ImageNet's classes, and the guard that lets torchvision load."""

from __future__ import annotations

import torch

from xsense_training import torchvision_guard
from xsense_training.torchvision_guard import imagenet_categories, prepare_torchvision


class TestNames:
    def test_a_thousand_names_in_the_order_of_imagenet(self):
        names = imagenet_categories()
        assert len(names) == 1000
        assert names[:2] == ('tench', 'goldfish') and names[-1] == 'toilet tissue'

    def test_the_guard_defines_only_what_is_missing_and_only_once(self):
        defined = prepare_torchvision()
        assert defined != torchvision_guard._operators_load()
        assert prepare_torchvision() == defined
        assert len(torchvision_guard._kept) == int(defined)
        assert hasattr(torch.ops.torchvision, 'nms')

    def test_nothing_is_done_where_the_library_loads(self, monkeypatch):
        monkeypatch.setattr(torchvision_guard, '_operators_load', lambda: True)
        monkeypatch.setattr(torchvision_guard, '_kept', [])
        assert not prepare_torchvision() and not torchvision_guard._kept
