"""Two passes of one network at once on a CPU, each with half of the cores.

In two passes one after the other every operation uses all cores, and the cores wait for each other
at the end of each. Side by side no operation waits for the other pass. The numbers are those of two
passes in turn with as many threads as each has here: both have the same weights, the gradient of a
weight is the sum of two, whichever comes first, and BatchNorm takes the first batch's statistics in
before the second's. docs/experiments.md has the figures.
"""

import copy
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

logger = logging.getLogger(__name__)
PROBED = 2  # images with which a network is tried


class SideBySide:
    """Runs the training pass of a network on two batches at once, forward and backward.

    The second batch goes through a twin: the same weights, buffers of its own.
    """

    def __init__(self, network: nn.Module, threads: int) -> None:
        """Make the twin and start both threads.

        Args:
            network: on the CPU; see `stands_side_by_side`.
            threads: of both passes together, at least 2.
        """
        self._network, self._twin = network, twin_of(network)
        self._norms = list(zip(_norms(network), _norms(self._twin), strict=True))
        self._pool = ThreadPoolExecutor(
            2, "pass", initializer=torch.set_num_threads, initargs=(threads // 2,)
        )
        self.both((lambda: None, lambda: None))
        torch.set_num_threads(threads)  # each of the two has set it for all threads to come

    def __call__(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """What the network makes of two batches, as if the second pass came after the first."""
        for _, norm in self._norms:
            for buffer in norm.buffers():
                buffer.data.zero_()
        self._twin.train(self._network.training)
        results = self.both((lambda: self._network(first), lambda: self._twin(second)))
        self._take_statistics()
        trigger = torch.zeros((), requires_grad=True)
        one, other = _Passes.apply(trigger, self, results)  # pyright: ignore[reportGeneralTypeIssues]
        return one, other

    def both(self, functions: Sequence[Callable[[], Any]]) -> list[Any]:
        """What two functions give, each called in a thread, under this thread's autocast."""
        enabled, kind = torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

        def called(function: Callable[[], Any]) -> Any:  # noqa: ANN401 - what it gives
            with torch.autocast("cpu", kind, enabled=enabled):
                return function()

        return list(self._pool.map(called, functions))

    def _take_statistics(self) -> None:
        """Move the BatchNorm statistics by those of the second batch, which the twin has.

        By ``data``, as BatchNorm does itself: the pass that still waits for its backward does not
        read them.
        """
        for norm, twin in self._norms:
            for name, value in norm.named_buffers():
                added = twin.get_buffer(name)
                if value.is_floating_point():
                    assert norm.momentum is not None
                    value.data.mul_(1 - norm.momentum)
                value.data.add_(added)


class _Passes(torch.autograd.Function):
    """The border between both passes, whose graphs it keeps, and what is made of their results."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - as torch has it
        trigger: Tensor,
        passes: SideBySide,
        results: list[Tensor],
    ) -> tuple[Tensor, ...]:
        ctx.passes, ctx.results = passes, results
        return tuple(result.detach() for result in results)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[None, None, None]:  # noqa: ANN401
        results, ctx.results = ctx.results, None
        one, other = zip(results, grad_outputs, strict=True)
        ctx.passes.both(
            (lambda: torch.autograd.backward(*one), lambda: torch.autograd.backward(*other))
        )
        return None, None, None


def stands_side_by_side(network: nn.Module, images: Tensor) -> bool:
    """Whether two passes at once give what two passes in turn give; if not, a log line says why.

    A network does not when it draws random numbers (dropout), as both would share one generator, or
    when a pass changes buffers other than the statistics of BatchNorm.

    Args:
        network: in training mode, on the CPU; it stays as it is.
        images: (2, C, H, W) of the kind that it is trained on.
    """
    if any(norm.momentum is None for norm in _norms(network)):
        logger.info("both views one after the other: a BatchNorm averages over all batches")
        return False
    twin = twin_of(network).train()
    statistics = {id(buffer) for norm in _norms(twin) for buffer in norm.buffers()}
    others = [buffer for buffer in twin.buffers() if id(buffer) not in statistics]
    before = [buffer.clone() for buffer in others]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        state = torch.get_rng_state()
        twin(images)
        draws = not torch.equal(state, torch.get_rng_state())
    if draws:
        logger.info("both views one after the other: the network draws random numbers")
        return False
    if not all(map(torch.equal, before, others)):
        logger.info("both views one after the other: a pass changes buffers of the network")
        return False
    return True


def twin_of(network: nn.Module) -> nn.Module:
    """A copy with the same weights, not equal ones, and buffers of its own."""
    weights: dict[int, Any] = {id(weight): weight for weight in network.parameters()}
    return copy.deepcopy(network, weights)


def _norms(network: nn.Module) -> list[_BatchNorm]:
    """Those with statistics."""
    return [
        module
        for module in network.modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    ]
