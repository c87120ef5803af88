# SPDX-License-Identifier: Apache-2.0
"""A gallery as one file that can be carried elsewhere: *.xsgallery, a ZIP archive.

manifest.json      items, views, spaces with their fingerprints, SHA-256 of every other entry
views/N.png        the kept samples as they are: PNG, JPEG, FLAC or UTF-8 text
thumbnails/N.jpg   small pictures
vectors/N.npy      embeddings of a space, float32 (rows, dimension), never pickled
"""
