"""Find and run the code blocks of the documents."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from assay.runtime.home import open_home
from assay.runtime.stores.postgres import remove_postgres
from assay.runtime.supervisor import stop_platform
from tools.tidy import ROOT

BLOCK = re.compile(r"^```(sh|python|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
SHELL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Block:
    """Hold one code block and where it stands."""

    document: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document.name}-{self.line}"


def find_blocks(language: str) -> list[Block]:
    """Return the blocks of one language in every document."""
    blocks = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            blocks.append(Block(document, line, match.group(1), match.group(2)))
    return [block for block in blocks if block.language == language]


class Desk:
    """Give documents a folder that looks like a checkout, and a home of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in ("src", "docs"):
            (self.folder / name).symlink_to(ROOT / name)
        programs = Path(sys.executable).parent
        self.variables = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "ASSAY_HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
        }

    def run_shell(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a block as a person would paste it, ending at the first command that fails."""
        bash = shutil.which("bash")
        assert bash is not None
        return subprocess.run(
            [bash, "-euo", "pipefail", "-c", code],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SHELL_SECONDS,
            check=False,
        )

    def run_python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a block in an interpreter of its own, warnings being errors."""
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=SHELL_SECONDS,
            check=False,
        )

    def clear(self) -> None:
        """Stop what a block left running, and remove its database."""
        home = Path(self.variables["ASSAY_HOME"])
        if home.exists():
            stop_platform(open_home(home))
        remove_postgres(home)
