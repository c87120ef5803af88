# SPDX-License-Identifier: Apache-2.0
"""Model bundles and the inference backends that run them."""
