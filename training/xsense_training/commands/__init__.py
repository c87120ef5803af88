# SPDX-License-Identifier: Apache-2.0
"""One file per subcommand of `xsense-train`; each holds its click object as `command`."""
