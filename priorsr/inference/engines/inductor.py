"""PyTorch Inductor: programs compiled ahead of time for a CPU and kept on disk, or with CUDA graphs for a GPU."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn
from torch.utils._triton import has_triton

from priorsr.data.arrays import cache_folder
from priorsr.files import atomic_text, sha256_file
from priorsr.inference.engines.program import Compiled, Program
from priorsr.inference.form import Shaped
from priorsr.inference.quiet import quiet_loggers
from priorsr.reading.content import read_content

PROGRAMS = 4096  # at most, on a GPU in one process


def obstacle(device: torch.device) -> str | None:
    """Return why nothing can be compiled for a device, as the end of a sentence; None if it can."""
    if device.type == "cuda":
        return None if has_triton() else "Triton cannot be used"
    if device.type != "cpu":
        return f"no compiled form is made for {device.type}"
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        compiler = get_cpp_compiler()
    except InvalidCxxCompiler:
        return "there is no C++ compiler (g++ or clang++, or the one that CXX names)"
    return None if shutil.which(compiler) else f"there is no C++ compiler {compiler}"


@dataclass(frozen=True)
class Inductor:
    """Inductor as an engine, see `priorsr.inference.engines.program`."""

    name: str = "inductor"

    def compile(self, shaped: Shaped, tensors: Sequence[Tensor], say: Callable[[str], None]) -> Compiled:
        """Compile `shaped(*tensors)` for tensors of these shapes and strides, or load the program from the disk."""
        with torch.no_grad(), quiet_loggers("torch._inductor", "torch.utils.cpp_extension", "torch.export"):
            if tensors[0].device.type == "cuda":
                return Compiled(_with_cuda_graphs(shaped, tensors), "compiled")
            return _ahead_of_time(shaped, tuple(tensors), say)


def _with_cuda_graphs(network: nn.Module, tensors: Sequence[Tensor]) -> Program:
    compiled = torch.compile(network, fullgraph=True, dynamic=False, mode="reduce-overhead")
    # torch counts the programs of all networks together, since `Shaped` is one piece of code, and takes 8.
    with torch._dynamo.config.patch(recompile_limit=PROGRAMS, accumulated_recompile_limit=PROGRAMS):
        for _ in range(3):  # compiles, warms up, records
            compiled(*tensors)
    # What a replay answers lies in the graph's own memory, which the next replay writes to.
    return lambda given: tuple(tensor.clone() for tensor in compiled(*given))


def _ahead_of_time(network: nn.Module, tensors: tuple[Tensor, ...], say: Callable[[str], None]) -> Compiled:
    """Compile by AOTInductor with frozen weights, which are laid out once for the processor's instructions."""
    exported = torch.export.export(network, tensors)
    package = cache_folder() / "accelerated" / f"{_fingerprint(exported)}.pt2"
    written = package.with_suffix(".sha256")
    if package.is_file():
        try:
            if read_content(written, "the hash of a program", 64).decode() == sha256_file(package):
                return Compiled(_loaded(package), "loaded")
            problem = "it was changed since it was compiled"
        except Exception as error:  # torch raises anything on a package that it cannot load
            problem = str(error).partition("\n")[0]
        say(f"{package} cannot be loaded ({problem}), and is compiled again")
    say("compiling, which takes a minute or two the first time")
    package.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what lies there is run
    with TemporaryDirectory(dir=package.parent) as folder:
        beside = str(Path(folder) / package.name)
        made = torch._inductor.aoti_compile_and_package(
            exported, package_path=beside, inductor_configs={"freezing": True}
        )
        digest = sha256_file(Path(made))
        Path(made).replace(package)
    atomic_text(written, digest)
    return Compiled(_loaded(package), "compiled")


def _loaded(package: Path) -> Program:
    program = torch._inductor.aoti_load_package(str(package))
    return lambda tensors: program(*tensors)


def _fingerprint(exported: torch.export.ExportedProgram) -> str:
    """Return the hash of all that a package depends on: graph, weights, torch, processor and number of threads."""
    from torch._inductor.cpu_vec_isa import pick_vec_isa

    made_for = (torch.__version__, str(pick_vec_isa()), torch.cpu.get_capabilities(), torch.get_num_threads())
    graph = exported.graph_module.print_readable(print_output=False)
    digest = hashlib.sha256(f"{made_for}\n{exported.graph_signature}\n{graph}".encode())
    held = {**exported.state_dict, **exported.constants}
    for name, tensor in sorted(held.items()):
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:32]
