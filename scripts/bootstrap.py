#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the project's own environment in .venv: pinned, hash-checked, without root.

    python3 scripts/bootstrap.py run     for `make demo`: ROS 2 wheels, inference, our messages
    python3 scripts/bootstrap.py test    for `make test`: the same, linters, pytest, PyTorch

Only the standard library is used here, because nothing else is installed yet.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / '.venv'
PYTHON = VENV / 'bin' / 'python'
SUPPORTED = ((3, 10), (3, 13))  # the versions for which ROS 2 Jazzy wheels exist


def main() -> None:
    """Check the system, then install the layer that was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('layer', choices=('run', 'test'))
    layer = parser.parse_args().layer
    check_system()
    if not PYTHON.exists():
        step('creating .venv', [sys.executable, '-m', 'venv', str(VENV)])
    if layer == 'run':
        pip('ROS 2 Jazzy wheels and the inference stack', 'requirements/build.txt')
    else:
        pip('test and training tools', 'requirements/test.txt')
        install_torch()
    package_is_current() or install_package()


def check_system() -> None:
    """Stop with the command that mends it where a tool of the system is missing."""
    version = sys.version_info[:2]
    if not SUPPORTED[0] <= version <= SUPPORTED[1]:
        stop(
            f'Python {version[0]}.{version[1]} has no ROS 2 Jazzy wheels; 3.10 to 3.13 have.',
            'sudo apt-get install python3.12-venv python3.12-dev; then: make PYTHON=python3.12',
        )
    name = f'python{version[0]}.{version[1]}'
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        stop('Python cannot make virtual environments here.', f'sudo apt-get install {name}-venv')
    if not (Path(sysconfig.get_paths()['include']) / 'Python.h').is_file():
        stop(
            'Python.h is missing; the generated messages are compiled.',
            f'sudo apt-get install {name}-dev',
        )
    for compiler in ('cc', 'c++'):
        if shutil.which(compiler) is None:
            stop(f'no C/C++ compiler ({compiler}).', 'sudo apt-get install build-essential')


def pip(what: str, requirements: str, *, optional: bool = False) -> bool:
    """Install exactly the pinned files of a list, each checked by its hash; False if it fails."""
    # Modules are compiled when first imported: most of what is installed here never is.
    options = ['--quiet', '--require-hashes', '--no-deps', '--no-compile']
    command = [str(PYTHON), '-m', 'pip', 'install', '--disable-pip-version-check', *options]
    return step(f'installing {what}', [*command, '-r', requirements], optional=optional)


def install_torch() -> None:
    """The small build for the processor where there is no GPU and pip finds it, else PyPI's."""
    has_gpu = shutil.which('nvidia-smi') is not None
    if not has_gpu and pip('PyTorch for the CPU', 'requirements/torch-cpu.txt', optional=True):
        return
    pip('PyTorch', 'requirements/torch.txt')
    if torch_wants_cuda():
        pip('the CUDA libraries of this PyTorch build', 'requirements/cuda.txt')


def torch_wants_cuda() -> bool:
    """Whether the installed PyTorch build names CUDA libraries among its requirements."""
    site = next((VENV / 'lib').glob('python3*/site-packages'))
    (torch,) = importlib.metadata.distributions(name='torch', path=[str(site)])
    return any(
        requirement.startswith(('nvidia-', 'cuda-')) for requirement in torch.requires or ()
    )


def interface_files() -> list[Path]:
    """The files from which the installed messages are made."""
    folders = [*(ROOT / 'msg').glob('*'), *(ROOT / 'srv').glob('*'), *(ROOT / 'cmake').glob('*')]
    return [*folders, ROOT / 'CMakeLists.txt', ROOT / 'package.xml', ROOT / 'setup.py']


def package_is_current() -> bool:
    """Whether our messages are installed and no newer description of them exists."""
    stamp = VENV / '.package'
    return stamp.exists() and stamp.stat().st_mtime > max(
        f.stat().st_mtime for f in interface_files()
    )


def install_package() -> None:
    """Generate, compile and install our messages; Python code is used from the checkout."""
    environment = dict(os.environ, PATH=f'{VENV / "bin"}{os.pathsep}{os.environ["PATH"]}')
    command = [
        str(PYTHON),
        '-m',
        'pip',
        'install',
        '--quiet',
        '--no-deps',
        '--no-build-isolation',
        '.',
    ]
    step('building the messages', command, environment)
    (VENV / '.package').touch()


def step(
    what: str,
    command: list[str],
    environment: dict[str, str] | None = None,
    *,
    optional: bool = False,
) -> bool:
    """Run one command and say what it does; where it fails, stop with what it printed.

    Returns:
        Whether it succeeded; False only for an optional step.
    """
    print(f'  {what} ...', end='', flush=True)
    start = time.monotonic()
    # Set by a Python of another environment with ROS wheels; it keeps this one from setting
    # up its own library path.
    clean = {
        k: v
        for k, v in (environment or os.environ).items()
        if k != '_ROS_WHEELS_BOOTSTRAP_COMPLETE'
    }
    done = subprocess.run(
        command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        print(f' {time.monotonic() - start:.0f} s', flush=True)
    elif optional:
        print(' not to be had here', flush=True)
    else:
        print()
        stop(
            f'{what} failed:\n{done.stdout}{done.stderr}',
            'see the message above; then run the command again',
        )
    return done.returncode == 0


def stop(problem: str, cure: str) -> None:
    """End with the problem and its cure."""
    sys.exit(f'{problem}\n  cure: {cure}')


if __name__ == '__main__':
    main()
