# SPDX-License-Identifier: Apache-2.0
"""`pip install .`: CMake generates the messages, setuptools packs them with the Python code.

CMakeLists.txt is the one description of what is installed. It is run into a staging prefix, whose
site-packages become the wheel's modules and whose lib/ and share/ become its data files, so that
they land below sys.prefix as in /opt/ros. `colcon build` uses CMakeLists.txt directly and never
reads this file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import ClassVar

from setuptools import Command, Distribution, setup
from setuptools.command.build import build

ROOT = Path(__file__).resolve().parent
PACKAGE = ElementTree.parse(ROOT / 'package.xml').getroot()


class BuildWithCMake(Command):
    """Run CMakeLists.txt and hand its result to setuptools."""

    description = 'build and stage the ROS package with CMake'
    user_options: ClassVar[list[tuple[str, str, str]]] = []

    def initialize_options(self) -> None:
        self.build_lib = self.build_temp = None  # None means: take the value of `build`

    def finalize_options(self) -> None:
        options = ('build_lib', 'build_temp')
        self.set_undefined_options('build', *((name, name) for name in options))

    def run(self) -> None:
        build_tree = Path(self.build_temp).resolve() / 'cmake'
        prefix = Path(self.build_temp).resolve() / 'prefix'
        shutil.rmtree(prefix, ignore_errors=True)
        self._cmake(build_tree, prefix)

        data_files: dict[str, list[str]] = {}
        for file in sorted(path for path in prefix.rglob('*') if path.is_file()):
            place = file.relative_to(prefix)
            if place.parts[0] == 'include' or '.egg-info' in str(place) or file.suffix == '.pyc':
                continue  # nobody compiles against us; setuptools writes its own metadata
            if 'site-packages' in place.parts:
                module = Path(*place.parts[place.parts.index('site-packages') + 1 :])
                target = Path(self.build_lib) / module
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)
            else:
                data_files.setdefault(str(place.parent), []).append(str(file))
        self.distribution.data_files = list(data_files.items())

    def _cmake(self, build_tree: Path, prefix: Path) -> None:
        ros_prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
        ros_prefixes = [path for path in dict.fromkeys(ros_prefixes) if path]
        environment = dict(os.environ, AMENT_PREFIX_PATH=os.pathsep.join(ros_prefixes))
        configure = [
            *('cmake', '-S', str(ROOT), '-B', str(build_tree), '-DCMAKE_BUILD_TYPE=Release'),
            f'-DCMAKE_PREFIX_PATH={";".join(ros_prefixes)}',
            f'-DCMAKE_INSTALL_PREFIX={prefix}',
            f'-DPython3_EXECUTABLE={sys.executable}',
        ]
        if shutil.which('ninja'):
            configure += ['-G', 'Ninja']
        if sys.prefix != sys.base_prefix:
            configure.append('-DPython3_FIND_VIRTUALENV=ONLY')
        for command in (
            configure,
            ['cmake', '--build', str(build_tree), '--parallel', str(os.cpu_count() or 1)],
            ['cmake', '--install', str(build_tree)],
        ):
            subprocess.run(command, env=environment, check=True)


class Build(build):
    """The ordinary build, and CMake's part."""

    sub_commands: ClassVar = [*build.sub_commands, ('build_with_cmake', None)]


class BinaryDistribution(Distribution):
    """Marks the wheel as platform-specific: it carries compiled type support."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    name=PACKAGE.findtext('name'),
    version=PACKAGE.findtext('version'),
    description=PACKAGE.findtext('description'),
    long_description=(ROOT / 'README.md').read_text('utf-8'),
    long_description_content_type='text/markdown',
    license=PACKAGE.findtext('license'),
    maintainer=PACKAGE.findtext('maintainer'),
    maintainer_email=PACKAGE.find('maintainer').get('email'),
    keywords=['ROS 2', 'cross-modal retrieval', 'tactile', 'thermal', 'open set'],
    classifiers=[
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    python_requires='>=3.10',
    packages=[],
    cmdclass={'build': Build, 'build_with_cmake': BuildWithCMake},
    distclass=BinaryDistribution,
    entry_points={'console_scripts': ['xsense = xsense_ros.cli:main']},
    install_requires=[
        *('numpy', 'opencv-python-headless', 'onnxruntime', 'tokenizers', 'soxr'),
        *('soundfile', 'PyYAML', 'click', 'rich'),
        *('starlette', 'uvicorn', 'websockets', 'python-multipart'),  # the live page
    ],
    extras_require={
        'bags': ['rosbags'],
        'fleet': ['pymilvus'],
        'openvino': ['openvino'],
    },
)
