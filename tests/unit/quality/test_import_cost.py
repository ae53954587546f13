"""Naming the gates is cheap: Great Expectations and pandas are imported when a gate is built, not before."""

import subprocess
import sys


def test_importing_the_package_imports_neither_great_expectations_nor_pandas() -> None:
    code = (
        "import sys, canonical.quality, canonical.quality.frames; "
        "print(sorted({'great_expectations', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "[]"


def test_a_gate_needs_no_network_and_prints_nothing() -> None:
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('a gate went to the network')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "from canonical.quality import Gate\n"
        "from canonical.quality.rule import Stage, between\n"
        "gate = Gate(Stage('quiet', {'n': int}, (between('n', 'negative', 'it is negative', 0),)))\n"
        "assert list(gate.check([{'n': 1}, {'n': -1}]).quarantined) == [1]\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
