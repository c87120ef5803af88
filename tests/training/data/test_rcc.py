# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import struct

import pytest

from tests.training.data.trees import rcc
from xsense_ros.errors import InputError
from xsense_training.data.rcc import ResourceFile

FILES = {'a/b/one.txt': b'first', 'a/two.bin': bytes(range(256)), 'three': b''}


@pytest.mark.parametrize('version', [1, 2, 3])
@pytest.mark.parametrize('compress', [False, True])
def test_reads_back_every_file(version: int, compress: bool) -> None:
    archive = ResourceFile(rcc(FILES, version, compress))
    assert archive.names() == sorted(FILES)
    assert {name: archive.read(name) for name in archive.names()} == FILES


def test_zstandard_payload() -> None:
    zstandard = pytest.importorskip('zstandard', reason='needs the zstandard package')
    content = zstandard.ZstdCompressor().compress(b'squeezed' * 50)
    archive = bytearray(rcc({'file': content}))
    tree = struct.unpack_from('>I', archive, 8)[0]
    struct.pack_into('>H', archive, tree + 22 + 4, 4)  # flags of the only file
    assert ResourceFile(bytes(archive)).read('file') == b'squeezed' * 50


@pytest.mark.parametrize('content', [b'', b'qres', b'PK\x03\x04' + bytes(30)])
def test_what_is_no_rcc_file_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match='magic bytes'):
        ResourceFile(content)


def test_unknown_version_is_named() -> None:
    with pytest.raises(InputError, match='got 9, expected format version'):
        ResourceFile(b'qres' + struct.pack('>5I', 9, 24, 24, 24, 0))


def test_cut_files_are_refused() -> None:
    whole = rcc(FILES)
    with pytest.raises(InputError, match='tree of nodes'):
        ResourceFile(whole[:-20])


def test_damaged_payload_is_refused() -> None:
    whole = bytearray(rcc({'file': b'text' * 10}, compress=True))
    whole[24 + 4 + 6 : 24 + 4 + 16] = bytes(10)
    with pytest.raises(InputError, match='zlib'):
        ResourceFile(bytes(whole)).read('file')


def test_unknown_path() -> None:
    with pytest.raises(InputError, match='nothing'):
        ResourceFile(rcc(FILES)).read('nothing')
