# SPDX-License-Identifier: Apache-2.0
"""The published network of See, Hear, and Read: a student per modality under one upper network.

Source: Aytar, Vondrick, Torralba 2017 (arXiv 1706.00932), section 3. Every student ends in 9,216
numbers (AlexNet's pool5, 256 x 6 x 6); the upper network, shared by all modalities, is
FC 4096 - FC 4096 - 1000-way softmax. It is never shipped: the vectors have 4,096 numbers.

Where it deviates from the paper: the picture's student starts from the features of a frozen
EfficientNet-Lite0 instead of AlexNet's convolutions; words are WordLlama's 256 numbers instead of
word2vec's 300; channels and kernel widths of the two convolutional students, which the paper does
not fix at our window lengths, are ours.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

POOL5 = 9216
HIDDEN = 4096
CLASSES = 1000
WORDS = 16


class ImageStudent(nn.Module):
    """Frozen trunk features (B, 1280) -> (B, pool5)."""

    def __init__(self, features: int = 1280, pool5: int = POOL5) -> None:
        super().__init__()
        self.expand = nn.Linear(features, pool5)

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, pool5)."""
        return F.relu(self.expand(features))


class TextStudent(nn.Module):
    """Words (B, 16), their numbers in a fixed table -> (B, pool5).

    The numbers of a word vector are the channels and the kernel slides over the words, so that
    their order counts. (Words as channels, and a kernel that slides over the numbers of a vector,
    would mix neighbours that mean nothing.)

    Args:
        table: (V, D) word vectors, not trained; row 0 stands for no word and should be zero.
        pool5: size of the result.
        channels: of the convolutions.
    """

    table: Tensor

    def __init__(self, table: Tensor, pool5: int = POOL5, channels: int = 300) -> None:
        super().__init__()
        self.register_buffer('table', table)
        self.over_words = nn.Sequential(
            nn.Conv1d(table.shape[1], channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool1d(2),
        )
        self.expand = nn.Linear(channels * (WORDS // 4), pool5)

    def forward(self, words: Tensor) -> Tensor:
        """(B, 16) word numbers of any dtype -> (B, pool5)."""
        vectors = self.table[words.long()]  # (B, 16, D)
        found = self.over_words(vectors.transpose(1, 2))
        return F.relu(self.expand(found.flatten(1)))


class SoundStudent(nn.Module):
    """Log-mel window (B, T, M) -> (B, pool5): bands are channels, the kernel slides over time.

    The window is taken relative to its own mean and deviation, so that gain does not count.

    Args:
        mels: M.
        pool5: size of the result, a multiple of `channels[-1]`.
        channels: of the convolutions.
    """

    def __init__(
        self, mels: int = 64, pool5: int = POOL5, channels: tuple[int, int, int] = (128, 256, 256)
    ) -> None:
        super().__init__()
        first, second, third = channels
        self.over_time = nn.Sequential(
            nn.Conv1d(mels, first, 11, stride=2, padding=5),
            nn.ReLU(),
            nn.Conv1d(first, second, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(second, third, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(pool5 // third),
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, T, M) -> (B, pool5)."""
        centred = log_mel - log_mel.mean(dim=(1, 2), keepdim=True)
        spread = centred.square().mean(dim=(1, 2), keepdim=True).add(1e-6).sqrt()
        return cast(Tensor, self.over_time((centred / spread).transpose(1, 2))).flatten(1)


class Layers(NamedTuple):
    """What the upper network computes: hidden layers (B, H), (B, H), and logits (B, C)."""

    first: Tensor
    second: Tensor
    logits: Tensor


class UpperNetwork(nn.Module):
    """FC - FC - classes, one for all modalities. (B, pool5) -> Layers."""

    def __init__(self, pool5: int = POOL5, hidden: int = HIDDEN, classes: int = CLASSES) -> None:
        super().__init__()
        self.first = nn.Linear(pool5, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.classify = nn.Linear(hidden, classes)

    def forward(self, x: Tensor) -> Layers:
        """(B, pool5) -> hidden layers after their ReLU, and logits of the softmax."""
        first = F.relu(self.first(x))
        second = F.relu(self.second(first))
        return Layers(first, second, self.classify(second))


class SeeHearRead(nn.Module):
    """All students and the upper network: one module, so that a checkpoint holds every part."""

    def __init__(
        self, image: ImageStudent, text: TextStudent, sound: SoundStudent, upper: UpperNetwork
    ) -> None:
        super().__init__()
        self.students = nn.ModuleDict({'image': image, 'text': text, 'sound': sound})
        self.upper = upper

    def forward(self, modality: str, x: Tensor) -> Layers:
        """Input of that modality's student -> Layers. No modality sees another's input."""
        return cast(Layers, self.upper(self.students[modality](x)))


class Tower(nn.Module):
    """One modality of a SeeHearRead: input -> (B, hidden) unit rows, the last hidden layer."""

    def __init__(self, net: SeeHearRead, modality: str, rows: int = 1024) -> None:
        super().__init__()
        self.net, self.modality, self.rows = net, modality, rows

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> (B, hidden); many rows are taken in parts, to spare memory."""
        parts = torch.split(x, self.rows)
        return torch.cat([F.normalize(self.net(self.modality, part).second) for part in parts])
