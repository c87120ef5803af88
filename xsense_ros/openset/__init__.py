# SPDX-License-Identifier: Apache-2.0
"""What a gallery can be trusted with: strangers, look-alikes and duplicates, by its own views."""
