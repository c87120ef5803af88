# SPDX-License-Identifier: Apache-2.0
"""Features of frozen trunks, computed once per picture, sound and caption and kept on disk."""
