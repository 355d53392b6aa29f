"""The voice's own sets: punctuated open text to learn from, held-out sentences to be judged by."""

from pathlib import Path

from speechtrt.models.data.dataset import Casting, make_set
from speechtrt.models.data.manifest import MANIFEST
from speechtrt.models.data.sentences import Split, sentences
from speechtrt.models.data.sets import TTS_KINDS, make_plan, plans
from speechtrt.models.data.voices import SLT
from speechtrt.models.tts.lexicon import make_lexicon
from speechtrt.models.tts.open_text import dictionary_words, open_sentences

GRAMMAR_SET = "slt"
OPEN_SET = "slt_open"
HELD_OUT_SET = "slt_held_out"
LEXICON = "lexicon.jsonl"
OPEN_SENTENCES = 3000
HELD_OUT_SENTENCES = 40


def training_sets(root: Path) -> list[Path]:
    """Folders of the sets that the voice learns from; those that are missing are spoken now."""
    for plan in plans():
        if plan.name == GRAMMAR_SET:
            make_plan(root, plan)
    if not (root / OPEN_SET / MANIFEST).is_file():
        texts = open_sentences(OPEN_SENTENCES, 17, dictionary_words())
        make_set(root / OPEN_SET, texts, Casting((SLT,), natural=False), 17)
    return [root / GRAMMAR_SET, root / OPEN_SET]


def held_out_set(root: Path) -> Path:
    """Folder of sentences that no training set may contain, as flite speaks them; spoken now if missing."""
    folder = root / HELD_OUT_SET
    if not (folder / MANIFEST).is_file():
        texts = sentences(HELD_OUT_SENTENCES, 23, Split.HELD_OUT, TTS_KINDS)
        make_set(folder, texts, Casting((SLT,), natural=False), 23)
    return folder


def lexicon_file(root: Path) -> Path:
    """The dictionary with flite's pronunciations; made now if missing."""
    path = root / LEXICON
    if not path.is_file():
        make_lexicon(path, dictionary_words())
    return path
