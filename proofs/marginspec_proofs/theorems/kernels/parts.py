"""Parts of amounts as rates and wide integers are proved to give them, for kernels that are built on these."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from marginspec.model.units import MAX_VALUE, RATE_ONE, div_down, div_up
from marginspec_engine.kernels import deleveraging, margin, trading, waterfall
from marginspec_proofs.prover.contracts import instead_of
from marginspec_proofs.prover.statements import Case
from marginspec_proofs.theorems.kernels.floating_point import no_more_by_a_rate
from marginspec_proofs.theorems.kernels.words import WORD, fits, is_whole_word, unchecked, within_words
from marginspec_proofs.theorems.numbers import not_less_by_a_factor


@contextmanager
def exact_parts(case: Case) -> Iterator[None]:
    """Within, parts at a rate are as T-KERNEL-3 says, those of amounts as T-KERNEL-5; what they need is claimed."""

    def part_up(number: Any, rate: Any, less: Any) -> Any:
        within = (number >= -MAX_VALUE) & (number <= MAX_VALUE) & (rate >= -RATE_ONE) & (rate <= RATE_ONE)
        case.claim("number and rate are within T-KERNEL-3", within & (less >= 0) & (less <= RATE_ONE))
        no_more_by_a_rate(case, number, rate)
        return div_up(number * rate - less, RATE_ONE)

    def part_down(number: Any, rate: Any) -> Any:
        within = (number >= -MAX_VALUE) & (number <= MAX_VALUE) & (rate >= -RATE_ONE) & (rate <= RATE_ONE)
        case.claim("number and rate are within T-KERNEL-3", within)
        no_more_by_a_rate(case, number, rate)
        return div_down(number * rate, RATE_ONE)

    def whole_part(number: Any, factor: Any, divisor: Any) -> None:
        """What T-KERNEL-5 asks; a factor of at most the divisor gives no more than the number."""
        words_in = fits(number) & is_whole_word(factor) & is_whole_word(divisor) & (divisor > 0)
        case.claim("number, factor and divisor are words", words_in)
        not_less_by_a_factor(case, factor, divisor, number)
        not_less_by_a_factor(case, factor, divisor, -number)
        most = divisor * WORD - divisor
        case.claim("the part fits", (number * factor < most) & (-number * factor < most))

    def multiply_divide_down(number: Any, factor: Any, divisor: Any) -> Any:
        whole_part(number, factor, divisor)
        return div_down(number * factor, divisor)

    def multiply_divide_up(number: Any, factor: Any, divisor: Any) -> Any:
        whole_part(number, factor, divisor)
        return div_up(number * factor, divisor)

    def divide_exactly(number: Any, factor: Any, divisor: Any) -> Any:
        whole_part(number, factor, divisor)
        floor = div_down(number * factor, divisor)
        return floor, floor * divisor == number * factor

    known = (part_up, part_down, multiply_divide_down, multiply_divide_up, divide_exactly)
    with ExitStack() as stack:
        stack.enter_context(within_words(case))
        for module in (margin, trading, waterfall, deleveraging):
            theirs = {one.__name__: unchecked(case, one) for one in known if hasattr(module, one.__name__)}
            stack.enter_context(instead_of(case, module, theirs))
        yield
