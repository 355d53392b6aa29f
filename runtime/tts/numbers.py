"""English words for numbers."""

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LARGEST = 10**15  # larger numbers are read digit by digit


def cardinal(number: int) -> str:
    """342 -> three hundred and forty two."""
    if number >= LARGEST:
        return digits(str(number))
    for scale, name in SCALES:
        if number >= scale:
            return _scaled(number, scale, name)
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens] if ones == 0 else f"{TENS[tens]} {ONES[ones]}"


def ordinal(number: int) -> str:
    """23 -> twenty third."""
    head, _, last = f" {cardinal(number)}".rpartition(" ")
    return f"{head} {_ordinal_word(last)}".strip()


def digits(text: str) -> str:
    """507 -> five zero seven."""
    return " ".join(ONES[int(c)] for c in text)


def decimal(whole: str, fraction: str) -> str:
    """3.14 -> three point one four."""
    return f"{cardinal(int(whole or '0'))} point {digits(fraction)}"


def year(number: int) -> str:
    """1987 -> nineteen eighty seven; 1905 -> nineteen oh five; 2007 -> two thousand and seven."""
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {_after(rest)}"


def clock(hour: int, minute: int) -> str:
    """7, 30 -> seven thirty; 7, 5 -> seven oh five; 7, 0 -> seven o'clock."""
    if minute == 0:
        return f"{cardinal(hour)} o'clock" if 0 < hour <= 12 else f"{cardinal(hour)} hundred"
    return f"{cardinal(hour)} {_after(minute)}"


def _after(number: int) -> str:
    """Two digits after an hour or a century."""
    return f"oh {ONES[number]}" if number < 10 else cardinal(number)


def _scaled(number: int, scale: int, name: str) -> str:
    count, rest = divmod(number, scale)
    head = f"{cardinal(count)} {name}"
    if rest == 0:
        return head
    return f"{head} and {cardinal(rest)}" if rest < 100 else f"{head} {cardinal(rest)}"


def _ordinal_word(word: str) -> str:
    if word in ORDINALS:
        return ORDINALS[word]
    return f"{word[:-1]}ieth" if word.endswith("y") else f"{word}th"
