# SPDX-License-Identifier: Apache-2.0
"""Commands of `xsense`, one file each; those that speak over topics lie among the nodes."""
