# SPDX-License-Identifier: Apache-2.0
"""Zero-shot sketch to picture: Chaudhuri et al. 2020 as published, and what ships."""
