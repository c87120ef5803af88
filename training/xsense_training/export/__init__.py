# SPDX-License-Identifier: Apache-2.0
"""One exporter for every recipe: torch -> verified ONNX -> calibrated bundle with a model card."""
