# mypy: disallow-untyped-decorators=False
"""Two instructions that Numba has no words for: a call to an address, and asking memory for what is wanted soon."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def call(typingctx: Any, function: Any, outputs: Any, inputs: Any) -> Any:
    """Call SymEngine's ``void *f(double *out, const double *in, void *data)`` on two arrays.

    ``function`` is (its address, data).
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, data = cgutils.unpack_tuple(builder, args[0], 2)
        pointers = [
            cgutils.create_struct_proxy(kind)(context, builder, value=array).data
            for kind, array in zip(signature.args[1:], args[1:], strict=True)
        ]
        byte = ir.PointerType(ir.IntType(8))
        kind = ir.FunctionType(byte, [pointers[0].type, pointers[1].type, byte])
        builder.call(
            builder.inttoptr(address, ir.PointerType(kind)), [*pointers, builder.inttoptr(data, byte)]
        )
        return context.get_dummy_value()

    return types.void(function, outputs, inputs), codegen


@intrinsic
def prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    """Ask the memory for the cache line of ``array[index]``, which is wanted soon, into the second cache.

    (Into the first one it comes only half as fast: fewer requests for that can be under way.)
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(pointer, [args[1]]), ir.PointerType(ir.IntType(8)))
        kind = ir.FunctionType(ir.VoidType(), [place.type, *[ir.IntType(32)] * 3])
        name = "llvm.prefetch.p0" if "p0i8" not in str(place.type) else "llvm.prefetch.p0i8"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [place, *[ir.Constant(ir.IntType(32), n) for n in (0, 2, 1)]])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen
