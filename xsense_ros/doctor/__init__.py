# SPDX-License-Identifier: Apache-2.0
"""What `xsense doctor` knows: rules that turn what was seen into findings with their cures."""
