"""A module of LLVM instructions -> machine code for this processor."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

_LOCK = threading.Lock()


@cache
def processor() -> tuple[str, str]:
    """(name, features) of this machine's, as LLVM writes them."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def has(feature: str) -> bool:
    """Whether the processor has it."""
    return f"+{feature}" in processor()[1].split(",")


def machine_code(module: ir.Module, name: str) -> tuple[Any, int]:
    """(what keeps the code alive, the address of the function called ``name``)."""
    with _LOCK:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        cpu, features = processor()
        target = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3)
        code = llvm.parse_assembly(str(module))
        code.verify()
        engine = llvm.create_mcjit_compiler(code, target)
        engine.finalize_object()
        return engine, int(engine.get_function_address(name))
