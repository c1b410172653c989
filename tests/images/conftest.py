"""One store of images for the run; it is built once and thrown away."""
import shutil

import pytest

from harness.images import Compose, Podman
from harness.process import ROOT, free_port


@pytest.fixture(scope="session")
def podman():
    folder = ROOT / "build" / "test" / "podman"
    shutil.rmtree(folder, ignore_errors=True)  # Of a run that was killed.
    podman = Podman(folder)
    try:
        podman.build()
        yield podman
    finally:
        podman.remove()


@pytest.fixture(scope="session")
def compose(podman):
    with Compose(podman, free_port(), free_port()) as compose:
        compose.up()
        yield compose
