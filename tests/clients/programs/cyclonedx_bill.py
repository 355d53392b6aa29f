"""CycloneDX's own validator reads a bill of materials. Usage: FILE"""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main(path: str) -> None:
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(path).read_text())
    print(json.dumps(str(error) if error else None))


main(*sys.argv[1:])
