# SPDX-License-Identifier: Apache-2.0
"""Reduces captions to the name of the thing, so that equal things of several sources meet.

The reduced name only groups things for the split and for curated classes; captions keep their
words. It errs towards merging: two different things in one fold cost nothing, the same thing in
two folds would let a model be tested on what it was trained on.
"""

from __future__ import annotations

import re
import unicodedata

_ARTICLES = {'a', 'an', 'the', 'some', 'it', 'its', "it's"}
_MODIFIER_WORDS = (
    'red orange yellow green blue purple violet pink brown black white gray grey golden gold '
    'silver tan light dark bright colorful colourful small big large little tiny huge tall long '
    'short baby young old adult male female front side top left right open closed flying '
    'sitting standing running cute cartoon photo outline empty full spiny great albino'
)
_MODIFIERS = frozenset(_MODIFIER_WORDS.split())
_LEADING_PHRASE = re.compile(r'^(pair|bunch|slice|piece|head|ear|box|set|group) of ')
_TAIL = re.compile(
    r'\b(with|covered in|from|made of|for|in|on|also called|resembles|worn by|is|are)\b.*$'
)
# Pictures that differ in one small detail only.
_SERIES = (
    (re.compile(r"\w+(-thirty$| o'clock$)"), 'clock face'),
    (re.compile(r'dreydl\b'), 'dreydl'),
    (re.compile(r'stoplight\b'), 'stoplight'),
    (re.compile(r'.*\bmoon$'), 'moon'),
)
_IRREGULAR = {
    'mice': 'mouse',
    'geese': 'goose',
    'leaves': 'leaf',
    'knives': 'knife',
    'wolves': 'wolf',
    'children': 'child',
    'feet': 'foot',
    'teeth': 'tooth',
    'men': 'man',
    'women': 'woman',
    'shoes': 'shoe',
    'toes': 'toe',
    'flies': 'fly',
    'loaves': 'loaf',
    'calves': 'calf',
    'people': 'person',
    'cookies': 'cookie',
    'ties': 'tie',
    'pies': 'pie',
    'oxen': 'ox',
    'horses': 'horse',
    'houses': 'house',
    'noses': 'nose',
    'roses': 'rose',
    'axes': 'axe',
    'eyeglasses': 'glass',
    'bus': 'bus',
    'gas': 'gas',
    'lens': 'lens',
    'canvas': 'canvas',
}
_SYNONYMS = {
    'ewe': 'sheep',
    'lamb': 'sheep',
    'bunny': 'rabbit',
    'hare': 'rabbit',
    'puppy': 'dog',
    'kitten': 'cat',
    'blackcat': 'cat',
    'hippo': 'hippopotamus',
    'chimp': 'chimpanzee',
    'doughnut': 'donut',
    'automobile': 'car',
    'airplane': 'plane',
    'aeroplane': 'plane',
    'small airplane': 'plane',
    'bike': 'bicycle',
    'auto': 'car',
    'hen': 'chicken',
    'hatching chick': 'chick',
    'chick hatched': 'chick',
    'front-facing chick': 'chick',
    'dromedary': 'camel',
    'two-hump camel': 'camel',
    'bactrian camel': 'camel',
    'fire engine': 'fire truck',
    'firetruck': 'fire truck',
    'fireengine': 'fire truck',
    'deer doe': 'deer',
    'doe': 'deer',
    'stag': 'deer',
    'rhino': 'rhinoceros',
    'tux': 'penguin',
    'spouting whale': 'whale',
    'killer whale': 'orca',
    'ladybug': 'lady beetle',
    'ladybird': 'lady beetle',
    'honeybee': 'bee',
    'honey bee': 'bee',
    'transverse flute': 'flute',
    'flute traversiere': 'flute',
    'musical keyboard': 'piano',
    'grand piano': 'piano',
    'upright piano': 'piano',
    'french horn': 'horn',
    'kettledrum': 'timpani',
    'sax': 'saxophone',
    'cymbal crash': 'cymbal',
    'crash cymbal': 'cymbal',
    'drumkit': 'drum kit',
    'drum set': 'drum kit',
    'classical guitar': 'guitar',
    'acoustic guitar': 'guitar',
    'fiddle': 'violin',
    'sunglass': 'glass',
    'soccer ball': 'football',
    'phone': 'telephone',
    'mobile telephone': 'mobile phone',
    'cellphone': 'mobile phone',
    'donkey': 'donkey',
    'lightning bolt': 'lightning',
    'high voltage': 'lightning',
    'firework': 'fireworks',
    'gift2': 'gift',
    'wrapped gift': 'gift',
    'present': 'gift',
    'wild boar': 'boar',
    'bluejean': 'jean',
    'tear-off calendar': 'calendar',
    'unlocked': 'locked',
    'speaker low volume': 'speaker',
    'speaker medium volume': 'speaker',
    'speaker high volume': 'speaker',
    'muted speaker': 'speaker',
    'brown bear': 'bear',
    'tamworth pig': 'pig',
    'teddybear': 'teddy bear',
    'toy bear': 'teddy bear',
    'bovine': 'cow',
    'drake': 'duck',
    'tucan': 'toucan',
    'tyrannosaurus rex': 't-rex',
    't. rex': 't-rex',
    'tyrannosaurus': 't-rex',
    'pipe organ': 'organ',
    'church organ': 'organ',
}


def singular(word: str) -> str:
    """English singular of a lower-case noun, by rule and a short list of exceptions."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending, replacement in (
        ('ies', 'y'),
        ('ches', 'ch'),
        ('shes', 'sh'),
        ('sses', 'ss'),
        ('xes', 'x'),
        ('oes', 'o'),
    ):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + replacement
    if word.endswith('s') and not word.endswith(('ss', 'us', 'is')) and len(word) > 3:
        return word[:-1]
    return word


def short_name(caption: str, stem: str) -> str:
    """Name of the thing in a caption: its first few words, else the words of the file name.

    >>> short_name('A great blue heron.', 'heron_greatblue_flying')
    'great blue heron'
    >>> short_name('Remember to flush the toilet and wash your hands!', 'toilet')
    'toilet'
    """
    clause = re.split(r'[.,!?;:(\u2013\u2014]', caption.strip())[0]
    words = re.sub(r'[\"\u201c\u201d]', '', clause).split()
    while words and words[0].lower() in _ARTICLES:
        words = words[1:]
    if 1 <= len(words) <= 5:
        return ' '.join(words)
    return re.sub(r'\s*\d+$', '', re.sub(r'[_-]+', ' ', stem)).strip().lower() or stem


def normalise(name: str) -> str:
    """Key under which equal things meet: 'A brown hen.' and 'chickens' both give 'chicken'."""
    text = unicodedata.normalize('NFKD', name.lower())
    text = ''.join(mark for mark in text if not unicodedata.combining(mark))
    text = re.sub(r'\(.*?\)', ' ', text.replace('_', ' ').replace('\u2019', "'"))
    text = re.split(r'[.,!?;:\u2013\u2014]', text.strip())[0] or text
    text = re.sub(r"[^\w\s'-]", ' ', text)
    words = [word for word in text.split() if word not in _ARTICLES]
    text = _LEADING_PHRASE.sub('', ' '.join(words))
    words = (_TAIL.sub('', text).strip() or text).split()
    if len(words) > 1 and words[-1] == 'face':
        words = words[:-1]
    while len(words) > 1 and words[0] in _MODIFIERS:
        words = words[1:]
    while len(words) > 1 and words[-1] in _MODIFIERS - {'orange'}:
        words = words[:-1]
    if not words:
        return name.strip().lower()
    words[-1] = singular(re.sub(r'\d+$', '', words[-1]) or words[-1])
    joined = ' '.join(words)
    for series, key in _SERIES:
        if series.match(joined):
            return key
    return _SYNONYMS.get(joined, joined)
