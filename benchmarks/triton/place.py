"""Where the Triton server and the Python of its backend are."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from speechtrt.errors import BenchmarkError

WHERE = (
    "import sys, sysconfig; print(sysconfig.get_path('purelib'), sysconfig.get_config_var('LIBDIR'), "
    "'%d.%d' % sys.version_info[:2], sep='\\n')"
)


@dataclass(frozen=True, slots=True)
class TritonPlace:
    """A virtual environment with `nvidia-pytriton`, `tritonclient` and speechtrt; `make test-triton` makes it."""

    environment_folder: Path
    packages: Path
    libraries: Path
    version: str

    @classmethod
    def find(cls, folder: Path) -> "TritonPlace":
        """The environment in `folder`. Raises BenchmarkError."""
        python = folder / "bin/python"
        if not python.exists():
            raise BenchmarkError(f"{folder}: is no virtual environment with a Triton server; run `make test-triton`")
        packages, libraries, version = subprocess.check_output([python, "-c", WHERE], text=True).split()
        return cls(folder, Path(packages), Path(libraries), version)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.environment_folder / "bin/python"

    @property
    def server(self) -> Path:
        """The server's program."""
        return self.packages / "pytriton/tritonserver/bin/tritonserver"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables for the server: its Python backend is at home where the first python of the PATH is."""
        libraries = f"{self.packages / 'nvidia_pytriton.libs'}:{self.libraries}"
        path = f"{(self.environment_folder / 'bin').resolve()}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "LD_LIBRARY_PATH": libraries}

    def backends(self, target: Path) -> Path:
        """The wheel's backends, with the stub for this Python beside its library, where the server looks for it."""
        source = self.packages / "pytriton/tritonserver"
        shutil.copytree(source / "backends", target, dirs_exist_ok=True)
        stub = source / "python_backend_stubs" / self.version / "triton_python_backend_stub"
        shutil.copy2(stub, target / "python")
        return target
