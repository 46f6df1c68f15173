// What happens to an unhealthy domain (section 6), and fills of the engine's lots (LIQ-05).

import { byKey, refuseIf } from "./book.mjs";
import { checks } from "./checks.mjs";
import { RATE, abs, decimals, max, min } from "./decimals.mjs";
import { margin } from "./margin.mjs";
import { orders } from "./orders.mjs";
import { trading } from "./trading.mjs";
import { waterfall } from "./waterfall.mjs";

export const liquidation = {
  /** Takes every unhealthy one of the suspects, in key order (LIQ-01). */
  liquidate(book, suspects, market) {
    const unhealthy = [...suspects.values()].filter((domain) => !margin.figures(book, domain).healthy).sort(byKey);
    for (const domain of unhealthy) {
      book.decisions.liquidated.push(domain.name);
      liquidation.cancelOrders(book, domain);
      liquidation.stepDown(book, domain);
      const figures = margin.figures(book, domain);
      if (!figures.healthy) liquidation.takeOver(book, domain, figures, market);
    }
  },

  cancelOrders(book, domain) {
    orders.cancelAll(book, domain.account, (order) => (domain.market
      ? order.market === domain.market && order.positionSide === domain.side
      : book.markets.get(order.market).asset === domain.asset));
  },

  stepDown(book, domain) {
    for (;;) {
      const figures = margin.figures(book, domain);
      if (figures.healthy || figures.equity <= 0n) return;
      const position = liquidation.toStepDown(book, figures.positions);
      if (position === undefined) return;
      liquidation.cut(book, domain, position, figures.equity);
    }
  },

  /** Of the positions above their lowest tier, the one of the largest maintenance, the first by key. */
  toStepDown(book, positions) {
    let chosen;
    for (const position of positions) {
      const market = book.markets.get(position.market);
      if (margin.tierIndex(market, margin.notional(book, position)) === 0) continue;
      if (!chosen || margin.maintenance(book, position) > margin.maintenance(book, chosen)) chosen = position;
    }
    return chosen;
  },

  /** Reduces a position to the next lower tier; what is cut off becomes a lot (LIQ-02). */
  cut(book, domain, position, equity) {
    const market = book.markets.get(position.market);
    const sign = position.quantity > 0n ? 1n : -1n;
    const { floor } = margin.tierOf(market, margin.notional(book, position));
    const kept = floor / margin.atMark(book, market, 1n);
    const size = abs(position.quantity) - kept;
    const value = margin.atMark(book, market, sign * size);
    const freed = margin.maintenance(book, position)
      - margin.maintenanceOf(market, margin.atMark(book, market, kept));
    const fee = liquidation.clearanceFee(market, abs(value), freed, equity);
    const lot = book.openLot(position, sign * size, "step_down");
    const released = trading.released(book, position, size);
    book.transfer(lot.ledger, position.ledger, value);
    const rest = book.setQuantity(position, sign * kept);
    book.transfer(position.ledger, domain.cash, value - released);
    book.transfer(domain.cash, lot.ledger, fee);
    if (rest.quantity === 0n) liquidation.returnCash(book, domain);
  },

  clearanceFee: (market, value, freed, equity) =>
    min(decimals.up(value * market.clearanceFee, RATE), freed, equity),

  /** The cash of an isolated position that became flat goes to the wallet, if it is not below zero. */
  returnCash(book, domain) {
    if (!domain.market) return;
    book.transfer(domain.cash, trading.wallet(book, domain), max(0n, book.balance(domain.cash)));
  },

  /** The engine takes all positions over at their bankruptcy value (LIQ-03). */
  takeOver(book, domain, { equity, positions }, market) {
    if (equity < 0n) liquidation.useClaim(book, domain, -equity);
    const sharing = equity < 0n ? positions.filter((position) => position.market === market?.id) : positions;
    const shares = decimals.share(equity, sharing.map((position) => margin.maintenance(book, position)));
    for (const position of positions) {
      const share = shares[sharing.indexOf(position)] ?? 0n;
      const value = margin.atMark(book, book.markets.get(position.market), position.quantity);
      const realised = value - book.cost(position);
      const lot = book.openLot(position, position.quantity, "takeover");
      book.transfer(lot.ledger, position.ledger, value);
      book.setQuantity(position, 0n);
      book.transfer(position.ledger, domain.cash, realised);
      book.transfer(domain.cash, lot.ledger, share);
    }
  },

  /** Whoever owes more than it has gives up as much of its claim. */
  useClaim(book, domain, owed) {
    const relief = `relief:${domain.asset}`;
    const claim = book.claims.get(domain.key)?.amount ?? 0n;
    const used = min(owed, claim, book.balance(relief));
    if (used === 0n) return;
    book.transfer(relief, `insurance:${domain.asset}`, used);
    book.addClaim(domain, -used);
  },

  fill(book, event) {
    const market = checks.market(book, event.market);
    checks.account(book, event.counterparty);
    checks.marked(book, market);
    const price = checks.price(market, event.price, true);
    const long = event.side === "long";
    refuseIf(!checks.withinPriceBand(book, market, price), "PRICE_OUT_OF_BAND");
    refuseIf(!checks.withinFillBand(book, market, price, long), "PRICE_OUT_OF_BAND");
    const quantity = checks.quantity(book, market, event.quantity, price);
    const stated = checks.statedFee(market, event.counterparty_fee, margin.value(market, price, quantity));
    const party = trading.party(book, market, { account: event.counterparty, named: event.counterparty_side, stated,
      change: long ? quantity : -quantity, price, rate: market.makerFee });
    checks.hedgeRoom(trading.positionOf(book, party), party.change);
    const lots = book.lotsOf(market.id, long ? 1n : -1n);
    refuseIf(lots.reduce((sum, lot) => sum + abs(lot.quantity), 0n) < quantity, "NO_INVENTORY");
    const longBefore = checks.longQuantity(book, market);
    const before = waterfall.missing(book, market.asset);
    liquidation.closeLots(book, market, party, lots, quantity);
    refuseIf(waterfall.missing(book, market.asset) > max(0n, before), "COVER_EXCEEDED");
    trading.book(book, [party], longBefore);
    return { market };
  },

  /** Closes lots against a counterparty: first all profits, then all losses, in lot order. */
  closeLots(book, market, party, lots, quantity) {
    const ledger = trading.positionOf(book, party).ledger;
    const sign = party.change > 0n ? 1n : -1n;
    let left = quantity;
    const realised = [];
    for (const lot of lots) {
      const size = min(left, abs(lot.quantity));
      if (size === 0n) break;
      const value = margin.value(market, party.price, sign * size);
      realised.push({ lot, amount: value - trading.released(book, lot, size) });
      book.transfer(ledger, lot.ledger, value);
      book.reduceLot(lot, size);
      left -= size;
    }
    waterfall.realise(book, market, realised);
  },
};
