# SPDX-License-Identifier: Apache-2.0
"""A gallery that a fleet shares through Milvus: each robot keeps a replica and an outbox."""
