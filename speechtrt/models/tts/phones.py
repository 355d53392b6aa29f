"""The phones of flite's American English, numbered; 0 means that a letter is silent."""

PAUSE = "pau"
_NAMES = "aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh"
PHONES = (PAUSE, *_NAMES.split())
NONE = 0
COUNT = len(PHONES) + 1
_NUMBERS = {phone: number for number, phone in enumerate(PHONES, start=1)}


def phone_number(phone: str) -> int | None:
    """The class of a phone, or None for a phone that flite's English does not have."""
    return _NUMBERS.get(phone)
