"""A module of LLVM instructions -> machine code for this processor."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

SPLAT = 20  # from this version on LLVM reads "splat"
_LOCK = threading.Lock()


@cache
def processor() -> tuple[str, str]:
    """(name, features) of this machine's, as LLVM writes them."""
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def has(feature: str) -> bool:
    """Whether the processor has it."""
    return f"+{feature}" in processor()[1].split(",")


@cache
def vector_of(number: ir.Constant, width: int) -> ir.Constant:
    """The same number so many times, as one constant with a short text, which is written and read often."""
    kind, elements = ir.VectorType(number.type, width), [number] * width
    if llvm.llvm_version_info[0] < SPLAT:
        return ir.Constant(kind, elements)
    return _Spelt(kind, elements, f"splat ({number.type} {number.get_reference()})")


@cache
def any_vector(element: ir.Type, width: int) -> ir.Constant:
    """A vector of which nothing is known, to put numbers into."""
    return _Spelt(ir.VectorType(element, width), ir.Undefined, "undef")


class _Spelt(ir.Constant):  # type: ignore[misc]
    """A constant that is written in these words."""

    def __init__(self, kind: ir.Type, value: Any, text: str) -> None:
        super().__init__(kind, value)
        self._text = text

    def _get_reference(self) -> str:
        return self._text


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
