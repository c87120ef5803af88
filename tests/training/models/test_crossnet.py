# SPDX-License-Identifier: Apache-2.0
"""The published network: its size, its shapes, and why it has no embedding of one sense."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from xsense_training.cli import main
from xsense_training.evaluate.model_size import count
from xsense_training.models.crossnet import CrossNet, CrossNetFusion
from xsense_training.models.crossnet_trunk import CrossNetTrunk
from xsense_training.recipes.crossnet.sizes import ROWS
from xsense_training.torchvision_guard import prepare_torchvision


@pytest.fixture(scope='module')
def net() -> CrossNet:
    torch.manual_seed(0)
    return CrossNet().eval()


@pytest.fixture(scope='module')
def rows() -> list[dict[str, Any]]:
    found = CliRunner().invoke(main, ['describe', 'crossnet', '--json', '--all'])
    assert found.exit_code == 0, found.output
    return [json.loads(line) for line in found.output.splitlines()]


def test_parameters_and_macs_are_those_published(rows: list[dict[str, Any]]) -> None:
    assert round(rows[0]['parameters'] / 1e6, 2) == 63.65
    assert round(rows[0]['macs'] / 1e9, 2) == 15.24
    for row in rows:
        if row['published_parameters']:
            assert abs(row['parameters'] - row['published_parameters']) < 10_000


def test_the_rows_are_those_of_the_whole_network(rows: list[dict[str, Any]]) -> None:
    names = [row['name'] for row in rows]
    for touch, vision in ROWS:
        assert f'published {touch}/{vision}' in names
    whole = count(partial(CrossNet, 'CBAM', 'SE', unused_layers=True), *2 * [(1, 3, 224, 224)])
    assert whole == (rows[0]['parameters'], rows[0]['macs'])


def test_the_published_number_counts_two_layers_that_are_never_called(
    rows: list[dict[str, Any]],
) -> None:
    with torch.device('meta'):
        called = sum(p.numel() for p in CrossNet().parameters())
    assert rows[0]['parameters'] - called == 2 * (2048 * 512 + 512)
    assert called == rows[len(ROWS)]['parameters']
    assert round(called / 1e6, 2) == 61.55


def test_the_table_for_people_has_the_numbers() -> None:
    shown = CliRunner().invoke(main, ['describe', 'crossnet']).output
    assert shown.count('63.65 M') == 2 and shown.count('15.24 G') == 2
    assert 'never calls' in shown


def test_maps_are_at_stride_sixteen(net: CrossNet) -> None:
    with torch.no_grad():
        maps = net(torch.randn(2, 3, 64, 64), torch.randn(2, 3, 64, 64))
    assert [tuple(found.shape) for found in maps] == [(2, 512, 4, 4)] * 2


def test_without_attention_it_is_torchvision_s_resnet_with_the_last_stride_removed() -> None:
    prepare_torchvision()
    from torchvision.models import resnet50

    torch.manual_seed(0)
    plain, trunk = resnet50(weights=None).eval(), CrossNetTrunk('none').eval()
    plain.layer4[0].conv2.stride = plain.layer4[0].downsample[0].stride = (1, 1)
    stem, _, first, second, _, third, fourth = trunk.layers[:7]
    for ours, theirs in (
        (stem[0], plain.conv1),
        (stem[1], plain.bn1),
        (first, plain.layer1),
        (second, plain.layer2),
        (third, plain.layer3),
        (fourth, plain.layer4),
    ):
        ours.load_state_dict(theirs.state_dict())
    stages = nn.Sequential(plain.conv1, plain.bn1, plain.relu, plain.maxpool, plain.layer1)
    stages.extend((plain.layer2, plain.layer3, plain.layer4))
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(trunk.layers[:7](x), stages(x))


def test_attention_stands_after_the_pooling_and_after_the_second_stage() -> None:
    for attention, kind in (('SE', nn.Linear), ('CBAM', nn.Conv2d)):
        with torch.device('meta'):
            layers = CrossNetTrunk(attention).layers
        first, second = layers[1], layers[4]
        widths = [
            next(m for m in block.modules() if isinstance(m, kind)).weight.shape[1]
            for block in (first, second)
        ]
        assert widths == [64, 512]


def test_each_output_depends_on_both_inputs(net: CrossNet) -> None:
    """The leak: what is computed for a touch changes with the picture beside it."""
    touch, picture, other = torch.randn(3, 2, 3, 32, 32).unbind()
    with torch.no_grad():
        for number in (0, 1):
            one = net(touch, picture)[number]
            changed = net(touch, other)[0] if number == 0 else net(other, picture)[1]
            assert not torch.allclose(one, changed)


def test_the_fusion_block_is_its_wiring() -> None:
    torch.manual_seed(0)
    block = CrossNetFusion(8).eval()
    touch, vision = torch.randn(2, 2, 8, 3, 3).unbind()
    with torch.no_grad():
        mixed = torch.cat((touch, vision), dim=1)
        for unit in block.mixed:
            conv, norm = unit[0], unit[1]
            mixed = norm(
                nn.functional.conv2d(mixed, conv.weight, padding=conv.weight.shape[2] // 2)
            )
            mixed = mixed * torch.tanh(nn.functional.softplus(mixed))
        found = block(touch, vision)
        for own, gate, head, out in (
            (touch, block.for_touch, block.touch, found[0]),
            (vision, block.for_vision, block.vision, found[1]),
        ):
            torch.testing.assert_close(head(torch.cat((own, gate(mixed)), dim=1)), out)
