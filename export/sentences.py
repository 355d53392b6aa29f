"""What models say while they are checked and calibrated: short and long, numbers spelt out, many sounds."""

SENTENCES = (
    "good morning.",
    "the quick brown fox jumps over the lazy dog.",
    "please measure the joy of five boxing wizards.",
    "she chose the largest azure vase for the garden party.",
    "how much would it cost to send this to oslo?",
    "twenty three thousand people visited the museum last year.",
    "no, thank you.",
    "when the sunlight strikes raindrops in the air, they act as a prism and form a rainbow.",
    "turn the volume down, close the window, and lock the front door.",
    "we were away a year ago, and nothing has changed since then.",
)
