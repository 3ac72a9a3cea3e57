"""A module of LLVM instructions -> machine code for this processor."""

from __future__ import annotations

import threading
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

_LOCK = threading.Lock()
_TARGET: list[Any] = []


def machine_code(module: ir.Module, name: str) -> tuple[Any, int]:
    """(what keeps the code alive, the address of the function called ``name``)."""
    with _LOCK:
        if not _TARGET:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            _TARGET.append(llvm.Target.from_default_triple())
        machine = _TARGET[0].create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
        )
        code = llvm.parse_assembly(str(module))
        code.verify()
        engine = llvm.create_mcjit_compiler(code, machine)
        engine.finalize_object()
        return engine, int(engine.get_function_address(name))
