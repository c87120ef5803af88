# SPDX-License-Identifier: Apache-2.0
"""A triangle mesh that rays are cast against, with smooth normals where the mesh is round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]
# Neighbouring faces that meet at less than this are one round surface.
_CREASE_DEGREES = 35.0
_FLAT = 1 - 1e-6  # cosine between face and corner above which a face stands for itself


def dot(a: Floats, b: Floats) -> Floats:
    """Scalar products of rows: (N, 3), (N, 3) -> (N,)."""
    return np.asarray(np.einsum('ij,ij->i', a, b))


@dataclass(frozen=True)
class Hits:
    """Where rays met the mesh first; rows of rays that missed hold anything.

    Attributes:
        found: bool (N,).
        distance: float32 (N,) along the ray, mm.
        points: float32 (N, 3) mm.
        directions: float32 (N, 3) of the rays.
        face: int32 (N,), -1 where a ray missed.
        weights: float32 (N, 3), of the three corners of the face.
    """

    found: NDArray[np.bool_]
    distance: Floats
    points: Floats
    directions: Floats
    face: NDArray[np.int32]
    weights: Floats


class Surface:
    """Ray casting against one mesh in millimetres.

    Args:
        vertices: float (V, 3) mm.
        faces: int (F, 3).
    """

    def __init__(self, vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> None:
        corners = np.asarray(vertices, np.float64)[faces]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        length = np.linalg.norm(cross, axis=1)
        kept = length > 1e-9
        self.triangles: NDArray[np.float64] = corners[kept]
        self.areas: NDArray[np.float64] = 0.5 * length[kept]
        normals = cross[kept] / length[kept, None]
        self.normals: Floats = normals.astype(np.float32)
        corner = _corner_normals(np.asarray(faces)[kept], normals, self.areas, len(vertices))
        # One array a corner: gathering rows of three is what most of the time goes into.
        self._corner_normals = [np.ascontiguousarray(corner[:, at]) for at in range(3)]
        # Of the tangent planes of the corners: distance to the origin, cosine to the face.
        self._planes = (corner * self.triangles).sum(axis=2).astype(np.float32)
        self._cosines = np.einsum('fck,fk->fc', corner, normals).astype(np.float32)
        self._round = self._cosines.min(axis=1) < _FLAT
        self._cumulated = np.cumsum(self.areas)
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(self._scene, self.triangles.astype(np.float32))

    def pick(
        self, generator: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A random point, uniform over the area, and the normal of its face."""
        at = generator.random() * self._cumulated[-1]
        face = min(int(np.searchsorted(self._cumulated, at, 'right')), len(self.areas) - 1)
        a, b, c = self.triangles[face]
        root, second = np.sqrt(generator.random()), generator.random()
        point = (1 - root) * a + root * (1 - second) * b + root * second * c
        return point, self.normals[face].astype(np.float64)

    def cast(self, origins: Floats, directions: Floats) -> Hits:
        """First hits of rays.

        Args:
            origins: float32 (N, 3) mm.
            directions: float32 (N, 3), unit length.
        """
        result = self._scene.run(origins, directions, output=True)
        face, u, v = result['primID'], result['u'], result['v']
        found = face >= 0
        distance = np.where(found, result['tfar'], np.float32(0))
        points = origins + directions * distance[:, None]
        weights = np.stack([1 - u - v, u, v], axis=1)
        return Hits(found, distance, points, directions, face, weights)

    def normals_at(self, hits: Hits, rows: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Unit normals at some of the hits, towards the origin of the ray.

        Returns:
            flat (M, 3), of the faces, and smooth (M, 3), interpolated over round parts.
        """
        face, weights = hits.face[rows], hits.weights[rows]
        flat = self.normals[face]
        smooth = self._corner_normals[0][face] * weights[:, :1]
        for at in (1, 2):
            smooth += self._corner_normals[at][face] * weights[:, at : at + 1]
        # The winding of collected meshes is not to be trusted: a ray sees the outer side.
        side = -np.sign(dot(flat, hits.directions[rows]))
        smooth *= (side / np.sqrt(dot(smooth, smooth) + np.float32(1e-12)))[:, None]
        return flat * side[:, None], smooth

    def lift_at(self, hits: Hits, rows: NDArray[np.integer]) -> Floats:
        """How far the round surface that a face stands for lies above it, along it: (M,) mm.

        Phong tessellation (Boubekeur and Alexa, 2008): the point is projected on the tangent
        planes of the corners. Half of that is exact to second order on a circle.
        """
        lift = np.zeros(len(rows), np.float32)
        bent = np.flatnonzero(self._round[hits.face[rows]])
        rows = rows[bent]
        face, points, weights = hits.face[rows], hits.points[rows], hits.weights[rows]
        part = (self._planes[face] * self._cosines[face] * weights) @ np.ones(3, np.float32)
        for at in range(3):
            height = dot(points, self._corner_normals[at][face])
            part -= weights[:, at] * self._cosines[face, at] * height
        lift[bent] = -0.5 * part * np.sign(dot(self.normals[face], hits.directions[rows]))
        return lift

    def occluded(self, origins: Floats, directions: Floats) -> NDArray[np.bool_]:
        """Whether anything lies on each ray: (N,)."""
        hit = self._scene.run(origins, directions, query='OCCLUDED')
        return np.asarray(hit >= 0)


def _corner_normals(
    faces: NDArray[np.integer],
    normals: NDArray[np.float64],
    areas: NDArray[np.float64],
    vertices: int,
) -> Floats:
    """Normals (F, 3, 3) of the corners of each face.

    A corner averages the faces around its vertex that lie within the crease angle of its own.
    """
    count = len(faces)
    index = np.repeat(np.arange(count), 3)
    incidence = sparse.csr_matrix(
        (np.ones(3 * count), (index, faces.ravel())), shape=(count, vertices)
    )
    out = np.empty((count, 3, 3))
    for corner in range(3):
        # Row f of this matrix selects the vertex at that corner of face f.
        chosen = sparse.csr_matrix(
            (np.ones(count), (np.arange(count), faces[:, corner])), shape=(count, vertices)
        )
        pairs = (chosen @ incidence.T).tocoo()
        near = np.einsum('ij,ij->i', normals[pairs.row], normals[pairs.col]) > np.cos(
            np.radians(_CREASE_DEGREES)
        )
        row, column = pairs.row[near], pairs.col[near]
        total = sparse.csr_matrix((areas[column], (row, column)), shape=(count, count)) @ normals
        out[:, corner] = total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12)
    return out.astype(np.float32)
