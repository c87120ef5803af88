# SPDX-License-Identifier: Apache-2.0
"""What a learned system has to beat: closed forms, classifiers, published nets, controls."""
