# SPDX-License-Identifier: Apache-2.0
"""The published network: axes of its convolutions, and that no modality sees another."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xsense_training.models.see_hear_read import (
    HIDDEN,
    POOL5,
    ImageStudent,
    SeeHearRead,
    SoundStudent,
    TextStudent,
    Tower,
    UpperNetwork,
)

VOCABULARY, WIDTH = 40, 24


def made_net(seed=0, pool5=512):
    torch.manual_seed(seed)
    table = torch.randn(VOCABULARY, WIDTH)
    table[0] = 0
    return SeeHearRead(
        ImageStudent(12, pool5),
        TextStudent(table, pool5, channels=32),
        SoundStudent(8, pool5),
        UpperNetwork(pool5, 48, 20),
    ).eval()


@pytest.fixture(scope='module')
def net():
    return made_net()


def inputs(seed=1, rows=6):
    rng = np.random.default_rng(seed)
    return {
        'image': torch.from_numpy(rng.standard_normal((rows, 12)).astype(np.float32)),
        'text': torch.from_numpy(rng.integers(1, VOCABULARY, (rows, 16))),
        'sound': torch.from_numpy(rng.standard_normal((rows, 50, 8)).astype(np.float32)),
    }


class TestAxes:
    def test_permuting_words_changes_the_text_vector(self, net):
        words, tower = inputs()['text'], Tower(net, 'text')
        order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
        assert not torch.equal(words, words[:, order])
        cosine = (tower(words) * tower(words[:, order])).sum(dim=1)
        assert cosine.max() < 0.9999

    def test_the_numbers_of_a_word_vector_are_channels_and_no_axis_to_slide_over(self):
        """Shuffled with the kernel's channels they give the same; sliding over them would not."""
        net, words = made_net(), inputs()['text']
        before = Tower(net, 'text')(words)
        student = net.students['text']
        first = student.over_words[0]
        assert first.weight.shape[1] == WIDTH  # channels in: the numbers, not the 16 words
        order = torch.randperm(WIDTH, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            student.table.copy_(student.table[:, order])
            first.weight.copy_(first.weight[:, order])
        assert torch.allclose(Tower(net, 'text')(words), before, atol=1e-5)

    def test_shifting_a_sentence_moves_what_the_convolution_finds(self, net):
        """Equivariance along words: the kernel slides over them."""
        convolution = net.students['text'].over_words[0]
        table = net.students['text'].table
        words = torch.zeros(1, 16, dtype=torch.long)
        words[0, 4:8] = torch.tensor([3, 9, 27, 5])
        shifted = words.roll(3, dims=1)
        found, moved = (convolution(table[w].transpose(1, 2)) for w in (words, shifted))
        assert torch.allclose(found.roll(3, dims=2)[:, :, 3:14], moved[:, :, 3:14], atol=1e-5)

    def test_the_sound_student_hears_order_in_time_but_not_gain(self, net):
        sound, tower = inputs()['sound'], Tower(net, 'sound')
        assert (tower(sound) * tower(sound.flip(1))).sum(dim=1).max() < 0.9999
        # A gain adds to every entry of a log-mel window.
        assert torch.allclose(tower(sound + 2.5), tower(sound), atol=1e-4)


class TestIndependence:
    @pytest.mark.parametrize('modality', ['image', 'text', 'sound'])
    def test_the_upper_network_is_shared_and_nothing_else(self, net, modality):
        given = inputs()
        net.zero_grad()
        Tower(net, modality)(given[modality]).sum().backward()
        for other, student in net.students.items():
            touched = any(p.grad is not None for p in student.parameters())
            assert touched == (other == modality)
        assert all(p.grad is not None for p in net.upper.first.parameters())

    def test_rows_of_a_batch_do_not_see_each_other(self, net):
        for modality, x in inputs().items():
            tower = Tower(net, modality)
            assert torch.allclose(tower(x)[:2], tower(x[:2]), atol=1e-6)
            assert torch.allclose(Tower(net, modality, rows=2)(x), tower(x), atol=1e-6)


def test_widths_are_those_of_the_paper():
    assert POOL5 == 256 * 6 * 6 and HIDDEN == 4096
    with torch.device('meta'):  # shapes without the 235 MB
        upper, image = UpperNetwork(), ImageStudent()
        text, sound = TextStudent(torch.zeros(5, 256)), SoundStudent()
    shapes = [tuple(layer.weight.shape) for layer in (upper.first, upper.second, upper.classify)]
    assert shapes == [(4096, 9216), (4096, 4096), (1000, 4096)]
    assert image.expand.out_features == text.expand.out_features == 9216
    widest = [m for m in sound.over_time if isinstance(m, torch.nn.Conv1d)][-1].out_channels
    assert widest * sound.over_time[-1].output_size == 9216
