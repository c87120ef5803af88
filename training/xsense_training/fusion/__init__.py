# SPDX-License-Identifier: Apache-2.0
"""What several senses asked together are worth: chosen on validation, judged on held-out data."""
