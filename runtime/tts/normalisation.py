"""Written English to spoken English: numbers, times, money, symbols and abbreviations become words."""

import re
import unicodedata
from collections.abc import Callable

from speechtrt.runtime.tts import numbers

ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missis",
    "ms": "miss",
    "dr": "doctor",
    "prof": "professor",
    "jr": "junior",
    "sr": "senior",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "dept": "department",
    "e.g": "for example",
    "i.e": "that is",
    "a.m": "a m",
    "p.m": "p m",
}
CURRENCIES = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
PLURALS = {"penny": "pence"}
SYMBOLS = {
    "&": " and ",
    "+": " plus ",
    "=": " equals ",
    "@": " at ",
    "%": " percent ",
    "\N{MULTIPLICATION SIGN}": " times ",
    "\N{DEGREE SIGN}": " degrees ",
    "#": " number ",
    "\N{FRACTION SLASH}": " over ",
}
PLAIN = {
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{EN DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{EM DASH}": ", ",
}

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"
FIRST_YEAR, LAST_YEAR = 1100, 2099

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def normalise(text: str) -> str:
    """`text` with everything that is read aloud written as words, on one line."""
    text = _replaced(unicodedata.normalize("NFKC", text), PLAIN)
    for pattern, replace in RULES:
        text = pattern.sub(replace, text)
    text = _replaced(text, SYMBOLS)
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split()))


def _replaced(text: str, words: dict[str, str]) -> str:
    return text.translate({ord(character): word for character, word in words.items()})


def _abbreviation(match: re.Match[str]) -> str:
    return ABBREVIATIONS[match[1].lower()]


def _date(match: re.Match[str]) -> str:
    year, month, day = numbers.year(int(match[1])), MONTHS[int(match[2]) - 1], numbers.ordinal(int(match[3]))
    return f"the {day} of {month} {year}"


def _decade(match: re.Match[str]) -> str:
    words = numbers.year(int(match[1]))
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _money(match: re.Match[str]) -> str:
    major, minor = CURRENCIES[match[1]]
    whole = int(match[2].replace(",", ""))
    if match[4]:
        amount = numbers.decimal(str(whole), match[3]) if match[3] else numbers.cardinal(whole)
        return f"{amount} {match[4]} {_plural(major, 2)}"
    cents = int((match[3] or "0").ljust(2, "0")[:2])
    parts = [_counted(whole, major)] if whole or not cents else []
    return " and ".join([*parts, _counted(cents, minor)] if cents else parts)


def _counted(count: int, noun: str) -> str:
    return f"{numbers.cardinal(count)} {_plural(noun, count)}"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else PLURALS.get(noun, f"{noun}s")


def _time(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1]), int(match[2]), match[3]
    words = numbers.cardinal(hour) if half and minute == 0 else numbers.clock(hour, minute)
    return f"{words} {half[0].lower()} m" if half else words


def _hour(match: re.Match[str]) -> str:
    return f"{numbers.cardinal(int(match[1]))} {match[2][0].lower()} m"


def _decimal(match: re.Match[str]) -> str:
    return numbers.decimal(match[1].replace(",", ""), match[2])


def _ordinal(match: re.Match[str]) -> str:
    return numbers.ordinal(int(match[1].replace(",", "")))


def _integer(match: re.Match[str]) -> str:
    """Four digits in a row are a year when they can be one; a leading zero means digits, as in a code."""
    text = match[0]
    value = int(text.replace(",", ""))
    if len(text) > 1 and text.startswith("0"):
        return numbers.digits(text)
    if len(text) == 4 and FIRST_YEAR <= value <= LAST_YEAR:
        return numbers.year(value)
    return numbers.cardinal(value)


# In this order, because what contains a number comes before the number itself.
RULES: tuple[Rule, ...] = (
    (re.compile(r"\b([12]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b"), _date),
    (re.compile(r"(?<=\d)\s?-\s?(?=\d)"), lambda m: " to "),
    (re.compile(r"(?<=\d)/(?=\d)"), lambda m: " over "),
    (re.compile(r"(\d)\s*([ap])\.?m\b\.?", re.I), lambda m: f"{m[1]} {m[2]}m"),
    (re.compile(rf"\b({'|'.join(map(re.escape, ABBREVIATIONS))})\.", re.I), _abbreviation),
    (re.compile(rf"([$£€])\s?({NUMBER})(?:\.(\d+))?(?:\s(million|billion|trillion)\b)?"), _money),
    (re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b(?:\s([ap]m)\b)?", re.I), _time),
    (re.compile(r"\b(1[0-2]|0?[1-9]) ([ap]m)\b", re.I), _hour),
    (re.compile(rf"\b({NUMBER})(?:st|nd|rd|th)\b", re.I), _ordinal),
    (re.compile(r"\b(1[1-9]\d0|20\d0)s\b"), _decade),
    (re.compile(r"(?<!\w)-(?=[\d.])"), lambda m: "minus "),
    (re.compile(rf"((?<!\d){NUMBER}|(?<![\w.]))\.(\d+)\b(?!\.\d)"), _decimal),
    (re.compile(NUMBER), lambda m: f" {_integer(m)} "),
)
