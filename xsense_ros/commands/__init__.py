# SPDX-License-Identifier: Apache-2.0
"""Commands of `xsense`, one file each; the command object of each is named `command`."""
