// Settlement after every accepted event (SET-01), and the closing of a market (MKT-05).

import { keyOf } from "./book.mjs";
import { abs, max } from "./decimals.mjs";
import { deleveraging } from "./deleveraging.mjs";
import { liquidation } from "./liquidation.mjs";
import { margin } from "./margin.mjs";
import { waterfall } from "./waterfall.mjs";

export const settlement = {
  /** Settles after an event that moved `market`, if any; `suspected`: it can have lowered healths there. */
  settle(book, { market, suspected, closes }) {
    book.own = false;
    for (const asset of book.assets()) waterfall.giveBack(book, asset);
    const suspects = new Map();
    if (suspected) for (const position of book.inMarket(market.id)) settlement.suspect(suspects, book.domainOf(position));
    settlement.rounds(book, suspects, market);
    if (closes) settlement.closeMarket(book, market);
    for (const asset of settlement.allAssets(book)) waterfall.giveBack(book, asset);
    settlement.noteUncovered(book);
  },

  suspect: (suspects, domain) => suspects.set(domain.key, domain),

  rounds(book, suspects, market) {
    let touched = suspects;
    do {
      liquidation.liquidate(book, touched, market);
      touched = new Map();
      for (const asset of book.assets()) settlement.cover(book, asset, market, touched);
    } while ([...touched.values()].some((domain) => !margin.figures(book, domain).healthy));
  },

  /** The waterfall of an asset while its cover test fails. */
  cover(book, asset, market, touched) {
    while (waterfall.missing(book, asset) > 0n) {
      const step = deleveraging.step(book, asset);
      if (step) {
        settlement.suspect(touched, step.domain);
        continue;
      }
      if (book.lastResort === "none") return;
      for (const domain of waterfall.lastResort(book, asset, market)) settlement.suspect(touched, domain);
      return;
    }
  },

  allAssets: (book) => [...new Set([...book.assets(), ...[...book.claims.values()].map(({ domain }) => domain.asset)])]
    .sort(),

  noteUncovered(book) {
    for (const asset of settlement.allAssets(book)) {
      const uncovered = max(0n, waterfall.missing(book, asset));
      if (uncovered !== (book.uncovered.get(asset) ?? 0n)) {
        book.set(book.uncovered, asset, uncovered === 0n ? undefined : uncovered);
      }
    }
  },

  /** All positions and lots of a market close at its mark; then nothing of it is left. */
  closeMarket(book, market) {
    settlement.payThrough(book, market);
    for (const position of book.inMarket(market.id)) {
      const domain = book.domainOf(position);
      const realised = book.balance(position.ledger);
      book.setQuantity(position, 0n);
      book.transfer(position.ledger, domain.cash, realised);
      if (domain.market) book.transfer(domain.cash, book.domain(domain.account, domain.asset).cash, book.balance(domain.cash));
    }
    const lots = book.lotsOf(market.id);
    for (const lot of lots) book.reduceLot(lot, abs(lot.quantity));
    waterfall.realise(book, market, lots.map((lot) => ({ lot, amount: book.balance(lot.ledger) })));
    const reserve = `reserve:${market.id}`;
    book.transfer(reserve, `insurance:${market.asset}`, book.balance(reserve));
    settlement.forget(book, market);
  },

  /** Shorts pay their value into clearing, then longs are paid out of it. */
  payThrough(book, market) {
    const clearing = `clearing:${market.asset}`;
    const holdings = [...book.inMarket(market.id), ...book.lotsOf(market.id)];
    for (const { ledger, quantity } of holdings) {
      if (quantity < 0n) book.transfer(ledger, clearing, -margin.atMark(book, market, quantity));
    }
    for (const { ledger, quantity } of holdings) {
      if (quantity > 0n) book.transfer(clearing, ledger, margin.atMark(book, market, quantity));
    }
  },

  forget(book, market) {
    book.set(book.markets, market.id, undefined);
    book.set(book.marks, market.id, undefined);
    book.set(book.closed, market.id, book.closed.size + 1);
    for (const account of book.accounts.keys()) {
      const key = keyOf(account, market.id);
      for (const map of [book.leverages, book.marginModes]) if (map.has(key)) book.set(map, key, undefined);
    }
    for (const key of [...book.counters.keys()]) {
      if (key.startsWith(keyOf(market.id, ""))) book.set(book.counters, key, undefined);
    }
  },
};
