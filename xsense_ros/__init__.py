# SPDX-License-Identifier: Apache-2.0
"""Ask with one sense and be answered in another: cross-modal retrieval for ROS 2."""

from pkgutil import extend_path

# The generated xsense_ros.msg and xsense_ros.srv live in the installed package; this lets a source
# checkout that comes first on sys.path see them too.
__path__ = extend_path(__path__, __name__)
__version__ = '0.1.0'
