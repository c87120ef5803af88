# SPDX-License-Identifier: Apache-2.0
"""Several senses asked together and answered once."""
