# SPDX-License-Identifier: Apache-2.0
"""Encoders of two modalities and of words into one code, and decoders that cross over.

Source: Chaudhuri et al. 2020, block diagram: the code of a picture is decoded into the features of
a SKETCH and the other way round; what only one modality shows cannot pass. Decoders, classifier
and word encoder are needed in training alone.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch.nn.functional as F
from torch import Tensor, nn


class Coded(NamedTuple):
    """What a batch of pairs gives. Codes (B, D) are unit rows.

    image, sketch, words: codes; sketch_of_image (B, F_s): decoded from the picture's code;
    image_of_sketch (B, F_i): from the sketch's; classes_of_image and classes_of_sketch (B, C):
    logits.
    """

    image: Tensor
    sketch: Tensor
    words: Tensor
    sketch_of_image: Tensor
    image_of_sketch: Tensor
    classes_of_image: Tensor
    classes_of_sketch: Tensor


class Encoder(nn.Module):
    """Two layers onto the unit sphere: (B, F) -> (B, D).

    Args:
        features: F.
        code: D.
        hidden: width of the first layer.
        dropout: share of its units dropped in training.
    """

    def __init__(self, features: int, code: int, hidden: int = 256, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, code)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, D) unit rows."""
        return F.normalize(self.layers(features), dim=-1)


class CrossCoder(nn.Module):
    """All streams: three encoders, two crossing decoders, one classifier on the shared code.

    Args:
        image_features: F_i, of a picture's extractor.
        sketch_features: F_s, of a sketch's.
        word_features: of the word vectors.
        classes: C, seen classes.
        code: D, size of the shared code (64 as published).
        hidden: width of every hidden layer.
        dropout: of the encoders.
    """

    def __init__(
        self,
        image_features: int,
        sketch_features: int,
        word_features: int,
        classes: int,
        code: int = 64,
        hidden: int = 256,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.image = Encoder(image_features, code, hidden, dropout)
        self.sketch = Encoder(sketch_features, code, hidden, dropout)
        self.words = Encoder(word_features, code, hidden, dropout)
        self.image_to_sketch = _decoder(code, hidden, sketch_features)
        self.sketch_to_image = _decoder(code, hidden, image_features)
        self.classifier = nn.Linear(code, classes)

    def forward(self, image: Tensor, sketch: Tensor, words: Tensor) -> Coded:
        """Features (B, F_i), (B, F_s) and word vectors (B, W) of the same classes, row by row."""
        image_code = cast(Tensor, self.image(image))
        sketch_code = cast(Tensor, self.sketch(sketch))
        return Coded(
            image_code,
            sketch_code,
            self.words(words),
            self.image_to_sketch(image_code),
            self.sketch_to_image(sketch_code),
            self.classifier(image_code),
            self.classifier(sketch_code),
        )


def _decoder(code: int, hidden: int, features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, features))
