from speechtrt.deploy.triton.pbtxt import Symbol, render


class Colour(Symbol):
    RED = "COLOUR_RED"


def test_every_kind_of_value() -> None:
    message = {"name": 'a "b"', "count": 3, "on": True, "colour": Colour.RED, "inner": {"sizes": [1, -1]}, "empty": {}}
    assert render(message) == (
        'name: "a \\"b\\""\ncount: 3\non: true\ncolour: COLOUR_RED\ninner {\n  sizes: 1\n  sizes: -1\n}\nempty {\n}\n'
    )


def test_a_sequence_is_a_repeated_field_and_an_empty_one_is_absent() -> None:
    assert render({"row": [{"a": 1}, {"a": 2}], "none": []}) == "row {\n  a: 1\n}\nrow {\n  a: 2\n}\n"
