// A given state, put into a book; its form is that of the state files.

import { Book, keyOf } from "./book.mjs";
import { decimals } from "./decimals.mjs";
import { listing } from "./listing.mjs";

export const states = {
  read(state) {
    const book = new Book(state.header);
    for (const [name, { position_mode: mode }] of Object.entries(state.accounts)) book.set(book.accounts, name, mode);
    state.closed_markets.forEach((market, i) => book.set(book.closed, market, i + 1));
    for (const [id, listed] of Object.entries(state.markets)) listing.list(book, { ...listed, market: id });
    for (const [id, mark] of Object.entries(state.marks)) {
      book.set(book.marks, id, decimals.parse(mark, book.markets.get(id).priceDecimals));
    }
    for (const part of ["settings", "positions", "lots", "ledger", "orders", "claims", "counters"]) {
      states[part](book, state);
    }
    for (const [asset, amount] of Object.entries(state.uncovered)) {
      book.set(book.uncovered, asset, decimals.parse(amount, book.decimalsOf(asset)));
    }
    book.begin();
    return book;
  },

  settings(book, state) {
    for (const [owner, setting] of Object.entries(state.settings)) {
      const key = keyOf(...owner.split(":"));
      if (setting.margin_mode) book.set(book.marginModes, key, setting.margin_mode);
      if (setting.leverage) book.set(book.leverages, key, BigInt(setting.leverage));
    }
  },

  positions(book, state) {
    for (const [name, { quantity }] of Object.entries(state.positions)) {
      const [account, market, side] = name.split(":");
      book.setQuantity(book.position(account, market, side), states.lotsIn(book, market, quantity));
    }
  },

  lots(book, state) {
    for (const [number, { account, market, side, margin_mode: mode, quantity, reason }] of Object.entries(state.lots)) {
      const id = Number(number);
      book.set(book.lots, id, { id, ledger: `lot:${id}`, account, market, side, mode, reason,
        quantity: states.lotsIn(book, market, quantity) });
    }
    book.set(book.single, "nextLot", state.next_lot);
  },

  lotsIn: (book, market, quantity) => decimals.parse(quantity, book.markets.get(market).quantityDecimals),

  ledger(book, state) {
    for (const [name, amount] of Object.entries(state.ledger)) {
      book.set(book.balances, name, decimals.parse(amount, states.digitsOf(book, name)));
    }
  },

  /** The digits of the money in a ledger account, from its name; `closing` has markets and lots that are gone. */
  digitsOf(book, name, closing = new Map()) {
    const [kind, first, second] = name.split(":");
    const ofMarket = (id) => (book.markets.get(id) ?? closing.get(id)).decimals;
    if (kind === "wallet") return book.decimalsOf(second);
    if (kind === "isolated" || kind === "position") return ofMarket(second);
    if (kind === "lot") return ofMarket((book.lots.get(Number(first)) ?? closing.get(name)).market);
    return kind === "reserve" ? ofMarket(first) : book.decimalsOf(first);
  },

  orders(book, state) {
    for (const [account, resting] of Object.entries(state.orders)) {
      for (const [id, order] of Object.entries(resting)) {
        book.setOrder(account, id, { id, account, market: order.market, side: order.side,
          positionSide: order.position_side, left: states.lotsIn(book, order.market, order.quantity),
          price: decimals.parse(order.price, book.markets.get(order.market).priceDecimals),
          reduceOnly: order.reduce_only });
      }
    }
  },

  claims(book, state) {
    for (const [name, amount] of Object.entries(state.relief_claims)) {
      const parts = name.split(":");
      const [account, asset] = [parts[0], parts.at(-1)];
      const domain = parts.length === 2 ? book.domain(account, asset) : book.domain(account, asset, parts[1], parts[2]);
      book.addClaim(domain, decimals.parse(amount, book.decimalsOf(asset)));
    }
  },

  counters(book, state) {
    for (const [market, counters] of Object.entries(state.fund_status)) {
      for (const [counter, amount] of Object.entries(counters)) {
        book.set(book.counters, keyOf(market, counter), decimals.parse(amount, book.markets.get(market).decimals));
      }
    }
  },
};
