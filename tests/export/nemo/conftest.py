"""The tiny streaming model in NeMo's layout, written once."""

from pathlib import Path

import pytest

from speechtrt.export.nemo.layout import export_nemo_layout


@pytest.fixture(scope="session")
def nemo_folder(ctc_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nemo") / "tiny"
    export_nemo_layout(str(ctc_checkpoint), folder)
    return folder
