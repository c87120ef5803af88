# SPDX-License-Identifier: Apache-2.0
"""One evaluator for every retrieval recipe: metrics, statistics, baselines, reports."""
