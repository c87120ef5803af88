# SPDX-License-Identifier: Apache-2.0
"""From a folder or a table of files to a filled gallery."""
