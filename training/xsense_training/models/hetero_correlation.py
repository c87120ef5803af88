# SPDX-License-Identifier: Apache-2.0
"""Cross-correlation of two feature maps as a product of spectra, in matrix products alone.

A template's spectra can be kept, for several sizes and angles of it at once: the search image is
then transformed once a frame, and every further template costs a product and a small inverse.
Written as products with constant matrices, it needs no operator that an inference runtime may
lack, and any length goes, not only powers of two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Spectrum(nn.Module):
    """Discrete Fourier transform of real maps: (..., size, size) -> (..., 2, n, n // 2 + 1).

    Real parts first; the maps are taken as padded with zeros to n x n.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, size: int, n: int) -> None:
        super().__init__()
        self.n = n
        at = torch.arange(size, dtype=torch.float64) * 2 * math.pi / n
        along_row = at[:, None] * torch.arange(n // 2 + 1)
        down_column = torch.arange(n)[:, None] * at
        cosine, sine = down_column.cos(), down_column.sin()
        # exp(-i v) (a - i b) with a, b the cosine and sine sums of the rows.
        columns = torch.cat([torch.cat([cosine, -sine], 1), torch.cat([-sine, -cosine], 1)])
        self.register_buffer(
            'rows', torch.cat([along_row.cos(), along_row.sin()], 1).float(), False
        )
        self.register_buffer('columns', columns.float(), False)

    def forward(self, maps: Tensor) -> Tensor:
        """(..., size, size) -> (..., 2, n, n // 2 + 1)."""
        cosine, sine = (maps @ self.rows).chunk(2, dim=-1)
        found = self.columns @ torch.cat([cosine, sine], dim=-2)
        return torch.stack(found.chunk(2, dim=-2), dim=-3)


class Correlation(nn.Module):
    """How well the template fits with its middle at each place of the search map.

    The channels are taken in groups, each of which gives one response: the sum over its channels
    and over the template of template x search. Response (y, x) has the middle of the template at
    the top left corner of search cell (y, x); outside the search map all features are zero.

    Args:
        search: side of the search map in cells.
        template: side of the largest template in cells, even.
        groups: of the channels.
    """

    back_columns: Tensor
    back_rows: Tensor

    def __init__(self, search: int, template: int, groups: int) -> None:
        super().__init__()
        n = search + template  # long enough that nothing comes back in from the other side
        self.groups = groups
        self.of_search, self.of_template = Spectrum(search, n), Spectrum(template, n)
        places = torch.arange(search, dtype=torch.float64) - template // 2
        turn = places * 2 * math.pi / n
        down = turn[:, None] * torch.arange(n)
        cosine, sine = down.cos(), down.sin()
        columns = torch.cat([torch.cat([cosine, -sine], 1), torch.cat([sine, cosine], 1)])
        across = torch.arange(n // 2 + 1)[:, None] * turn
        # Of a real map only half the spectrum is kept; the other half counts the same again.
        twice = torch.full((n // 2 + 1, 1), 2.0, dtype=torch.float64)
        twice[0] = 1
        if n % 2 == 0:
            twice[-1] = 1
        rows = torch.cat([across.cos() * twice, -across.sin() * twice]) / n**2
        self.register_buffer('back_columns', columns.float(), False)
        self.register_buffer('back_rows', rows.float(), False)

    def forward(self, search: Tensor, templates: Tensor) -> Tensor:
        """Maps (B, C, S, S), spectra (B, K, C, 2, n, n // 2 + 1) -> (B, K * groups, S, S)."""
        spectrum = self.of_search(search)[:, None]
        real, imaginary = spectrum[..., 0, :, :], spectrum[..., 1, :, :]
        of_real, of_imaginary = templates[..., 0, :, :], templates[..., 1, :, :]
        parts = [
            self._grouped(real * of_real + imaginary * of_imaginary),
            self._grouped(imaginary * of_real - real * of_imaginary),
        ]
        found = self.back_columns @ torch.cat(parts, dim=-2)
        return torch.cat(found.chunk(2, dim=-2), dim=-1) @ self.back_rows

    def _grouped(self, product: Tensor) -> Tensor:
        """(B, K, C, n, v) -> (B, K * groups, n, v), channels of a group added."""
        grouped = [part.sum(dim=2) for part in product.chunk(self.groups, dim=2)]
        return torch.stack(grouped, dim=2).flatten(1, 2)


class TemplateBank(nn.Module):
    """A template's features in several sizes and angles: (B, C, T, T) -> (B, K, C, M, M).

    Each entry has the middle of the template in the middle of the map and is divided by its area,
    so that a perfect fit gives the same response in every size.

    Args:
        size: T.
        poses: (size factor, degrees) of each of the K entries.
    """

    grids: Tensor
    weights: Tensor

    def __init__(self, size: int, poses: Sequence[tuple[float, float]]) -> None:
        super().__init__()
        widest = max(factor for factor, _ in poses)
        self.cells = 2 * math.ceil(size * widest / 2)
        grids = []
        for factor, degrees in poses:
            turn, ratio = math.radians(degrees), self.cells / size / factor
            c, s = math.cos(turn) * ratio, math.sin(turn) * ratio
            # From a place in the entry back to the template, the other way round.
            pose = torch.tensor([[[c, s, 0.0], [-s, c, 0.0]]])
            grids.append(F.affine_grid(pose, [1, 1, self.cells, self.cells], align_corners=False))
        self.register_buffer('grids', torch.cat(grids), False)
        self.areas = [(size * factor) ** 2 for factor, _ in poses]
        # Interpolation at constant places is a constant matrix: what is drawn of each cell alone.
        alone = torch.eye(size * size).reshape(1, -1, size, size)
        self.register_buffer('weights', self._sampled(alone)[0].flatten(2), False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, T, T) -> (B, K, C, M, M)."""
        if not self.training:
            return self._sampled(features)
        # The same as a product, whose gradient takes a third of the time; but its matrix is large.
        found = features.flatten(2)[:, None] @ self.weights
        return found.reshape(*found.shape[:3], self.cells, self.cells)

    def _sampled(self, features: Tensor) -> Tensor:
        entries = [
            F.grid_sample(features, grid.expand(len(features), -1, -1, -1), align_corners=False)
            / area
            for grid, area in zip(self.grids[:, None], self.areas, strict=True)
        ]
        return torch.stack(entries, dim=1)
