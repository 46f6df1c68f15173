// The exchange: applies an event, settles it, or refuses it and changes nothing.

import { Book, Rejection, refuseIf } from "./book.mjs";
import { checks } from "./checks.mjs";
import { deleveraging } from "./deleveraging.mjs";
import { liquidation } from "./liquidation.mjs";
import { listing } from "./listing.mjs";
import { margin } from "./margin.mjs";
import { orders } from "./orders.mjs";
import { settlement } from "./settlement.mjs";
import { trading } from "./trading.mjs";

export const treasury = {
  deposit(book, event) {
    const amount = checks.amountAbove(book, event.asset, event.amount);
    if (!book.accounts.has(event.account)) book.set(book.accounts, event.account, "one_way");
    book.transfer(`external:${event.asset}`, book.domain(event.account, event.asset).cash, amount);
  },

  withdraw(book, event) {
    checks.account(book, event.account);
    const amount = checks.amountAbove(book, event.asset, event.amount);
    const domain = book.domain(event.account, event.asset);
    refuseIf(amount > margin.movable(book, domain), "INSUFFICIENT_BALANCE");
    book.transfer(domain.cash, `external:${event.asset}`, amount);
  },

  fundInsurance(book, event) {
    const amount = checks.amountAbove(book, event.asset, event.amount);
    book.transfer(`external:${event.asset}`, `insurance:${event.asset}`, amount);
  },

  withdrawHouse(book, event) {
    const amount = checks.amountAbove(book, event.asset, event.amount);
    const house = `house:${event.asset}`;
    refuseIf(amount > book.balance(house), "INSUFFICIENT_FUNDS");
    book.transfer(house, `external:${event.asset}`, amount);
  },
};

/** What each type of event does; a rule gives what settlement has to look at, if anything. */
export const rules = {
  list_market: (book, event) => listing.list(book, event),
  update_tiers: (book, event) => listing.updateTiers(book, event),
  update_fees: (book, event) => listing.updateFees(book, event),
  update_limits: (book, event) => listing.updateLimits(book, event),
  deposit: (book, event) => treasury.deposit(book, event),
  withdraw: (book, event) => treasury.withdraw(book, event),
  fund_insurance: (book, event) => treasury.fundInsurance(book, event),
  withdraw_house: (book, event) => treasury.withdrawHouse(book, event),
  set_position_mode: (book, event) => orders.setPositionMode(book, event),
  set_margin_mode: (book, event) => orders.setMarginMode(book, event),
  set_leverage: (book, event) => orders.setLeverage(book, event),
  adjust_isolated_margin: (book, event) => orders.adjustIsolatedMargin(book, event),
  place_order: (book, event) => orders.place(book, event),
  cancel_order: (book, event) => orders.cancel(book, event),
  trade: (book, event) => trading.trade(book, event),
  mark_price: (book, event) => listing.mark(book, event),
  settle_market: (book, event) => listing.settle(book, event),
  funding: (book, event) => ({ ...trading.funding(book, event), suspected: true }),
  liquidation_fill: (book, event) => liquidation.fill(book, event),
  deleverage: (book, event) => deleveraging.declare(book, event),
};

export class Exchange {
  constructor(header) {
    this.book = new Book(header);
  }

  /** The reason for which the event is refused, or null if it was applied and settled. */
  apply(event) {
    const { book } = this;
    book.begin();
    try {
      const moved = rules[event.type](book, event) ?? {};
      refuseIf(book.outOfRange, "OUT_OF_RANGE");
      settlement.settle(book, moved);
      return null;
    } catch (error) {
      book.rollback();
      if (error instanceof Rejection) return error.reason;
      throw error;
    }
  }
}
