# SPDX-License-Identifier: Apache-2.0
"""One file per system: how its towers are built, trained, evaluated and shipped."""
