# SPDX-License-Identifier: Apache-2.0
"""Results to messages: answers, embeddings and items."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage

from xsense_ros.gallery.item import Item
from xsense_ros.msg import Embedding, GalleryItem, Match, MatchArray
from xsense_ros.nodes.conversions import ns_to_stamp
from xsense_ros.retrieval import Answer


def match_array(header: Any, answer: Answer, text: str, bundle: str) -> MatchArray:
    """The message of an answer; the caller fills in the times before and after the question."""
    return MatchArray(
        header=header,
        query_modality=answer.query_modality,
        query_text=text,
        target_modalities=list(answer.target_modalities),
        accepted=answer.accepted,
        matches=[
            Match(
                item_id=match.item_id,
                label=match.label,
                rank=match.rank,
                space=match.space,
                modality=match.modality,
                score=match.cosine,
                probability=match.probability,
                margin=match.margin,
                accepted=match.accepted,
            )
            for match in answer.matches
        ],
        bundle=bundle,
        gallery_version=answer.gallery_version,
        preprocess_ms=answer.preprocess_ms,
        encode_ms=answer.encode_ms,
        search_ms=answer.search_ms,
    )


def embedding(
    header: Any, modality: str, space: str, fingerprint: str, vector: NDArray[np.float32]
) -> Embedding:
    """The message of a vector."""
    return Embedding(
        header=header,
        modality=modality,
        space=space,
        fingerprint=fingerprint,
        vector=array.array('f', vector.astype('<f4', copy=False).tobytes()),
    )


def gallery_item(item: Item, thumbnail: bytes | None = None) -> GalleryItem:
    """The message of a remembered item."""
    return GalleryItem(
        item_id=item.item_id,
        label=item.label,
        created=ns_to_stamp(item.created_ns),
        modalities=[view.modality for view in item.views],
        thumbnail=jpeg(thumbnail),
    )


def jpeg(data: bytes | None) -> CompressedImage:
    """The message of a JPEG; empty for none."""
    return (
        CompressedImage(format='jpeg', data=array.array('B', data)) if data else CompressedImage()
    )
