"""What the rulebook does where others failed: one small journal for each incident on record.

Every event of every journal is followed by a check of all invariants (`settled`, `run` and `effects` do so).
"""

import pytest

from marginspec.margin.bands import Band, liquidation_band
from marginspec.margin.margin import cost_of, domain_margin, is_healthy, maintenance_margin
from marginspec.model.effects import Deleveraged, Levied, LotOpened, Transferred
from marginspec.model.rejections import Reason
from marginspec.model.state import State
from marginspec.model.units import Money, Price, Quantity, share_pro_rata
from marginspec_conformance.generator.events import (
    adjust,
    deposit,
    fill,
    fund,
    funding,
    listing,
    margin_mode,
    mark,
    new_fees,
    new_tiers,
    trade,
    withdraw,
)
from worlds.states import (
    MINIMAL,
    UNPAYABLE,
    balances,
    cross,
    effects,
    isolated_domain,
    key,
    lot,
    moved,
    refusal,
    run,
    settled,
    table,
)

OPEN = settled(listing(), mark("100"), deposit("alice", "1000"), deposit("bob", "1000"), deposit("carol", "5000"))
# Dave: 5 lots at 100 with 60, bankrupt at 88; carol is the other side.
DAVE = settled(deposit("dave", "60"), trade("dave", "carol", "5", "100"), state=OPEN)
TAKEN = settled(mark("92"), state=DAVE)


@pytest.mark.rule("LED-02", "LIQ-05")
def test_in_01_profits_come_in_before_losses_go_out() -> None:
    # 149 in the pool, 200 asked, 51 owed by the fund: here both pay what they have, each once.
    state = settled(fill("alice", "2", "93"), fund("5"), mark("87"), state=TAKEN)
    draws = [one for one in effects(state, fill("alice", "3", "83")) if isinstance(one, Transferred)][1:]
    assert draws == [moved("reserve:A", "lot:1", 10, "WTF-01"), moved("insurance:USD", "lot:1", 5, "WTF-01")]
    assert refusal(state, fill("alice", "3", "82")) == Reason.COVER_EXCEEDED


@pytest.mark.rule("ACC-02", "ADL-03")
def test_in_02_partial_closes_add_up() -> None:
    held = settled(trade("alice", "bob", "1", "100"), trade("alice", "bob", "2", "101"), state=OPEN)
    at_once = settled(trade("bob", "alice", "3", "98"), state=held)
    in_parts = settled(*3 * (trade("bob", "alice", "1", "98"),), state=held)
    assert (balances(at_once), cost_of(in_parts, key("alice"))) == (balances(in_parts), 0)


@pytest.mark.rule("ADL-01", "INV-11")
def test_in_03_nothing_is_closed_twice() -> None:
    after = settled(mark("80"), state=DAVE)
    assert (dict(after.positions), dict(after.lots)) == ({}, {})
    again = settled(mark("70"), state=after)
    assert balances(again) == balances(after)


@pytest.mark.rule("NUM-03")
def test_in_04_amounts_are_refused_not_wrapped() -> None:
    full = settled(fund(str(2**60)))
    assert refusal(full, fund("1")) == Reason.OUT_OF_RANGE
    assert refusal(full, fund(str(2**63))) == Reason.INVALID_AMOUNT
    assert balances(full)["insurance:USD"] == 2**60


@pytest.mark.rule("ACC-03", "SET-01")
def test_in_05_isolated_losses_never_reach_cross() -> None:
    state = settled(
        *(listing("B"), mark("100", "B"), margin_mode("alice"), trade("alice", "bob", "5", "100")),
        *(trade("alice", "bob", "5", "100", "B"), fund("500")),
        state=OPEN,
    )
    after = settled(mark("20"), state=state)
    assert domain_margin(after, cross("alice")) == domain_margin(state, cross("alice"))
    assert (key("alice") in after.positions, key("alice", "B") in after.positions) == (False, True)
    assert balances(after)["lot:1"] == -450


@pytest.mark.rule("MRG-05", "MRG-07")
@pytest.mark.parametrize("price", range(85, 101))
def test_in_06_and_10_what_is_checked_is_what_is_executed(price: int) -> None:
    after = settled(fund("500"), mark(str(price)), state=DAVE)
    lower = liquidation_band(DAVE, cross("dave"), "A").lower
    assert lower is not None
    assert (key("dave") in after.positions) == (price > lower)


@pytest.mark.rule("MRG-05")
def test_in_10_one_function_of_health_serves_all() -> None:
    after = settled(mark("93"), state=DAVE)
    assert is_healthy(domain_margin(after, cross("dave")))
    assert refusal(after, withdraw("dave", "1")) == Reason.INSUFFICIENT_BALANCE


@pytest.mark.rule("TRD-01", "LIQ-02")
def test_in_07_what_is_credited_is_what_was_charged() -> None:
    state = settled(new_fees("0.013", "0.007", "0.3"), state=OPEN)
    after = settled(trade("alice", "bob", "3", "101"), state=state)
    # 303: 3.94 and 2.12, up; the fund gets 30% of 4 and of 3, down.
    assert (balances(after)["wallet:alice:USD"], balances(after)["wallet:bob:USD"]) == (996, 997)
    assert (balances(after)["insurance:USD"], balances(after)["house:USD"]) == (1, 6)


@pytest.mark.rule("WTF-01", "LIQ-05")
def test_in_08_dealing_with_oneself_earns_nothing() -> None:
    # Dave's other account wants his lots far below; the fund would pay.
    state = settled(fund("100"), deposit("dave2", "1000"), state=TAKEN)
    assert refusal(state, fill("dave2", "5", "67")) == Reason.COVER_EXCEEDED
    after = settled(fill("dave2", "5", "68"), state=state)
    assert "insurance:USD" not in balances(after)
    # At most the fund, and only by who could buy at 68 a thing worth 92: so the venue must not offer it.
    assert balances(after)["position:dave2:A:BOTH"] == -340


@pytest.mark.rule("INV-02", "FND-01")
def test_in_09_after_deleveraging_funding_is_still_zero_sum() -> None:
    after = settled(fund("20"), mark("80"), state=DAVE)
    assert (after.positions[key("carol")], after.lots[1].quantity) == (-2, 2)
    paid = settled(funding("-0.05"), state=after)
    assert balances(paid)["lot:1"] == balances(after)["lot:1"] + 8
    assert balances(paid)["wallet:carol:USD"] == balances(after)["wallet:carol:USD"] - 8
    assert balances(paid)["insurance:USD"] == balances(after)["insurance:USD"]


@pytest.mark.rule("MRG-07", "LIQ-03")
def test_in_11_dust_never_blocks() -> None:
    state = settled(
        deposit("erin", "52"), trade("erin", "carol", "5", "100"), trade("carol", "erin", "4", "100"), state=OPEN
    )
    band = liquidation_band(state, cross("erin"), "A")
    assert band.lower is not None
    after = settled(mark(str(band.lower)), state=state)
    assert dict(after.lots) == {1: lot(1, "erin", 1)}
    assert "wallet:erin:USD" not in balances(after)


@pytest.mark.rule("LED-01", "ADL-02")
def test_in_12_winners_are_paid_what_the_lots_lose_and_ties_go_by_key() -> None:
    state = settled(
        *(deposit("erin", "60"), deposit("fay", "60"), deposit("gil", "60")),
        *(trade("erin", "gil", "2", "100"), trade("erin", "fay", "2", "100")),
        state=OPEN,
    )
    found = [one for one in effects(state, mark("80")) if isinstance(one, Deleveraged)]
    assert [one.counterparty.account for one in found] == ["fay", "gil"]
    after = settled(mark("80"), state=state)
    assert sum(amount for name, amount in balances(after).items() if name != "external:USD") == 7180


@pytest.mark.rule("MRG-07")
def test_in_13_the_band_counts_all_maintenance_of_the_domain() -> None:
    alone = settled(deposit("erin", "62"), trade("erin", "carol", "5", "100"), state=OPEN)
    both = settled(listing("B"), mark("20", "B"), trade("erin", "carol", "4", "20", "B"), state=alone)
    # 5 * price - 438 against a quarter of the price, and 4 more for B.
    assert liquidation_band(alone, cross("erin"), "A").lower == 92
    assert liquidation_band(both, cross("erin"), "A").lower == 93
    assert domain_margin(both, cross("erin")).maintenance == 29


@pytest.mark.rule("MRG-04", "MRG-07", "MKT-02")
def test_in_14_maintenance_has_its_deduction_and_shorts_their_sign() -> None:
    rows = table(("0", 10, "0.05"), ("1000", 5, "0.1"))
    assert maintenance_margin(Money(2000), rows.holding(Money(2000))) == 150
    short = settled(deposit("erin", "60"), trade("carol", "erin", "5", "100"), state=OPEN)
    assert liquidation_band(short, cross("erin"), "A") == Band(None, Price(107))


@pytest.mark.rule("LVY-01")
def test_in_15_a_loss_has_a_payer_without_any_open_interest() -> None:
    after = settled(*UNPAYABLE)
    assert dict(after.uncovered) == {}
    closed = settled(fill("bob", "1", "800"), state=after)
    assert (dict(closed.positions), dict(closed.lots)) == ({}, {})
    assert not {"insurance:USD", "relief:USD"} & {*balances(closed)}


@pytest.mark.rule("ADL-01", "MKT-02")
def test_in_16_deleveraging_closes_no_more_than_the_bankrupt_size() -> None:
    state = settled(trade("alice", "carol", "5", "100"), state=DAVE)
    after = settled(mark("80"), state=state)
    assert dict(after.positions) == {key("alice"): 5, key("carol"): -5}
    rows = table(("0", 10, "0.05"), ("1000", 5, "0.1"))
    around = [maintenance_margin(Money(notional), rows.holding(Money(notional))) for notional in (999, 1000, 1001)]
    assert around == [50, 50, 51]


@pytest.mark.rule("NUM-02")
def test_in_17_nobody_gets_more_than_his_claim() -> None:
    assert share_pro_rata(Money(2), (1, 1, 1)) == (1, 1, 0)


@pytest.mark.rule("LVY-01")
def test_in_18_the_last_resort_takes_profit_first_pro_rata_and_bounded() -> None:
    found = [one for one in effects(settled(*UNPAYABLE[:-1]), mark("800")) if isinstance(one, Levied)]
    assert found == [
        Levied(cross("bob"), "profit", Money(80)),
        Levied(cross("bob"), "spare", Money(2)),
        Levied(cross("carol"), "spare", Money(6)),
    ]


@pytest.mark.rule("WTF-02")
def test_in_19_lots_of_a_market_count_against_what_stands_behind_it() -> None:
    two = settled(
        *(listing("B"), mark("100", "B"), deposit("erin", "60"), trade("erin", "bob", "5", "100", "B")),
        *(mark("92", "B"), fill("alice", "5", "95", market="B")),
        state=DAVE,
    )
    assert balances(two)["reserve:B"] == 35
    after = settled(mark("80"), state=two)
    assert (balances(after)["reserve:B"], key("carol") in after.positions) == (35, False)


@pytest.mark.rule("ADL-04")
def test_in_20_principal_is_not_touched() -> None:
    # Bob sold at 88, the lot is bankrupt at 90: deleveraging him would cost him 2; the levy asks all instead.
    state = settled(
        *(deposit("dave", "10"), trade("dave", "carol", "1", "100"), mark("94"), trade("carol", "bob", "1", "88")),
        state=OPEN,
    )
    after = settled(mark("80"), state=state)
    assert after.positions[key("bob")] == -1
    assert not [one for one in effects(state, mark("80")) if isinstance(one, Deleveraged)]


@pytest.mark.rule("LIQ-05")
def test_in_21_a_fill_may_not_have_bystanders_deleveraged() -> None:
    state = settled(fund("10"), mark("87"), state=TAKEN)
    # The lots lose 5 at 87; selling one at 80 takes 8 of the fund's 10 and leaves 4 to lose.
    assert refusal(state, fill("alice", "1", "80")) == Reason.COVER_EXCEEDED
    assert refusal(state, fill("alice", "1", "82")) is None


@pytest.mark.rule("LIQ-02")
def test_in_22_a_greedy_clearance_fee_does_not_hurt() -> None:
    state = settled(
        *(listing(rows=(("0", 50, "0.01"), ("100", 20, "0.02"))), mark("10"), new_fees(clearance="1")),
        *(deposit("alice", "30"), deposit("bob", "900"), trade("alice", "bob", "20", "10")),
    )
    # At 9 the equity is 10. New rates of 2% and 6% ask for 6.8 up to 7, and 5% and 7% for 10.6 up to 11.
    assert not [one for one in effects(state, mark("9")) if isinstance(one, LotOpened)]
    lower = settled(mark("9"), state=state)
    found = [
        one for one in effects(lower, new_tiers(("0", 10, "0.05"), ("100", 5, "0.07"))) if isinstance(one, LotOpened)
    ]
    # 11 of 20 lots stay, worth 99; 9 go at 81, and a fee of 11 less 5 leaves health as it was; so all goes.
    assert found == [
        LotOpened(lot(1, "alice", 9, reason="step_down"), Money(81 - 6)),
        LotOpened(lot(2, "alice", 11), Money(99 - 4)),
    ]


@pytest.mark.rule("ADL-01")
def test_in_23_a_step_does_not_overshoot_a_shortfall() -> None:
    # A lacks 40 in lots of 8, B lacks 72 in lots of 18; together 12 are missing: B's shortfall holds them.
    two = settled(
        *(listing("B"), mark("100", "B"), deposit("erin", "60"), trade("erin", "bob", "5", "100", "B")),
        *(fund("118"), mark("80")),
        state=DAVE,
    )
    found = [one for one in effects(two, mark("70", "B")) if isinstance(one, Deleveraged)]
    assert found == [Deleveraged(2, key("bob", "B"), Quantity(1), Money(88), Money(18))]


@pytest.mark.rule("LIQ-03")
def test_in_24_a_loss_stays_in_its_market() -> None:
    two = settled(
        *(listing("B"), mark("50", "B"), deposit("dave", "13"), fund("100")),
        trade("dave", "carol", "3", "50", "B"),
        state=DAVE,
    )
    gapped = balances(settled(mark("80"), state=two))
    assert (gapped["lot:1"], gapped["lot:2"]) == (-427, -150)


@pytest.mark.rule("JRN-01", "TRN-01", "INV-10")
def test_in_25_any_outsider_recomputes_every_step() -> None:
    journal = (*UNPAYABLE, fill("bob", "1", "800"))
    first = run(journal)
    assert first == run(journal, state=State(header=MINIMAL))
    # Every balance follows from the receipts alone.
    sums: dict[str, int] = {}
    for receipt, _ in first:
        for one in receipt.effects:
            if isinstance(one, Transferred):
                sums[str(one.source)] = sums.get(str(one.source), 0) - one.amount
                sums[str(one.target)] = sums.get(str(one.target), 0) + one.amount
    assert {name: amount for name, amount in sums.items() if amount} == balances(first[-1][1])


@pytest.mark.rule("ACC-04")
def test_in_05_a_position_that_is_isolated_takes_its_margin_along() -> None:
    state = settled(margin_mode("alice"), trade("alice", "bob", "5", "100"), adjust("alice", "10"), state=OPEN)
    assert domain_margin(state, isolated_domain("alice")).cash == 60
