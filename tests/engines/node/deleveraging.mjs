// Deleveraging (ADL-01 to ADL-06): pairs of a lot and a counterparty, closed step by step.

import { byKey, refuseIf } from "./book.mjs";
import { checks } from "./checks.mjs";
import { abs, decimals, max, min } from "./decimals.mjs";
import { liquidation } from "./liquidation.mjs";
import { margin } from "./margin.mjs";
import { trading } from "./trading.mjs";
import { waterfall } from "./waterfall.mjs";

export const deleveraging = {
  /** One step of settlement, if there is an eligible pair: the domain it touched, else undefined. */
  step(book, asset) {
    const missing = waterfall.missing(book, asset);
    const markets = waterfall.shortfalls(book, asset).filter(({ shortfall }) => shortfall > 0n)
      .sort((a, b) => (a.shortfall > b.shortfall ? -1 : a.shortfall < b.shortfall ? 1 : 0));
    for (const { market, shortfall } of markets) {
      for (const lot of book.lotsOf(market.id).filter((each) => margin.unrealised(book, each) < 0n)) {
        const pair = deleveraging.firstPair(book, market, lot, { missing, shortfall });
        if (pair) return deleveraging.close(book, market, pair);
      }
    }
    return undefined;
  },

  firstPair(book, market, lot, wanted) {
    for (const key of deleveraging.queue(book, market, lot)) {
      const pair = deleveraging.pair(book, market, lot, book.positions.get(key), wanted);
      if (pair) return pair;
    }
    return undefined;
  },

  // The queue (ADL-02).

  /** The keys of the positions opposite to a lot, as the event's first look at the market ranked them. */
  queue(book, market, lot) {
    if (!book.queues.has(market.id)) {
      const ranked = book.inMarket(market.id).map((position) => deleveraging.rank(book, market, position))
        .filter((entry) => entry !== undefined).sort(deleveraging.compare);
      book.queues.set(market.id, ranked);
    }
    return book.queues.get(market.id).filter((entry) => entry.long !== lot.quantity > 0n).map(({ key }) => key);
  },

  rank(book, market, position) {
    const figures = margin.figures(book, book.domainOf(position));
    if (!figures.healthy) return undefined;
    const score = deleveraging.scores[book.ranking](book, market, position, figures);
    return { key: position.key, long: position.quantity > 0n, ...score };
  },

  compare(a, b) {
    const difference = b.top * a.bottom - a.top * b.bottom;
    return difference < 0n ? -1 : difference > 0n ? 1 : byKey(a, b);
  },

  /** Scores as fractions of top over bottom, with bottom above zero. */
  scores: {
    binance(book, market, position, { cash, equity, maintenance }) {
      const profit = max(0n, margin.unrealised(book, position));
      return { top: profit * maintenance, bottom: max(10n ** BigInt(market.decimals), cash) * equity };
    },

    bitmex(book, market, position, { equity }) {
      const profit = margin.unrealised(book, position);
      const cost = abs(book.cost(position));
      const notional = margin.notional(book, position);
      return profit > 0n
        ? { top: profit * notional, bottom: cost * equity } : { top: profit * equity, bottom: cost * notional };
    },
  },

  // Pairs (ADL-01, ADL-03, ADL-04).

  /** What a step would close, or undefined if the pair is not eligible. */
  pair(book, market, lot, position, wanted) {
    if (!position || book.ruledOut.has(position.key)) return undefined;
    const pair = deleveraging.terms(book, market, lot, position);
    if (pair.own && pair.released(1n) < 1n) return undefined;
    const others = book.lotsOf(market.id, lot.quantity).length > 1;
    const size = abs(lot.quantity) - (pair.own && !others ? 1n : 0n);
    const cap = min(size, abs(position.quantity), deleveraging.wantedSize(pair, wanted));
    const room = deleveraging.roomOf(book, pair);
    if (cap < 1n || room(1n) <= 0n) return undefined;
    return { ...pair, ...deleveraging.sizeWithRoom(room, cap) };
  },

  /** The price of a pair, and what closing k of it takes off the lot's loss at mark. */
  terms(book, market, lot, position) {
    const loss = -margin.unrealised(book, lot);
    const size = abs(lot.quantity);
    const atMark = loss <= 0n;
    const price = atMark ? margin.atMark(book, market, lot.quantity) : book.cost(lot);
    if (!deleveraging.isWorse(book, lot, price, position)) {
      return { lot, position, own: false, atMark, price, rate: [max(0n, loss), size],
        released: (k) => (atMark ? 0n : decimals.up(loss * k, size)) };
    }
    const profit = margin.unrealised(book, position);
    const whole = abs(position.quantity);
    return { lot, position, own: true, atMark, price, rate: [profit, whole],
      released: (k) => decimals.down(profit * k, whole) };
  },

  /** Is a counterparty's entry worse for it than the price that a lot closes at? */
  isWorse(book, lot, value, position) {
    // cost / q of both, each over the size of the other: `lot` and `position` have opposite signs.
    const sign = lot.quantity > 0n ? 1n : -1n;
    const ofLot = sign * value * abs(position.quantity);
    const ofPosition = -sign * book.cost(position) * abs(lot.quantity);
    return sign > 0n ? ofPosition < ofLot : ofPosition > ofLot;
  },

  /** The quantity that ADL-01 asks for; what is left of a declared one (ADL-06). */
  wantedSize({ own, rate: [amount, size] }, { missing, shortfall, declared }) {
    if (declared !== undefined) return declared;
    if (shortfall >= missing) {
      return own ? decimals.up(missing * size, amount) : decimals.down((missing - 1n) * size, amount) + 1n;
    }
    return own ? decimals.up((shortfall + 1n) * size, amount) - 1n : decimals.down(shortfall * size, amount);
  },

  roomOf(book, { position, released }) {
    const figures = margin.figures(book, book.domainOf(position));
    const others = figures.maintenance - margin.maintenance(book, position);
    const market = book.markets.get(position.market);
    const left = (k) => margin.maintenanceOf(market, margin.atMark(book, market, abs(position.quantity) - k));
    return (k) => figures.equity - released(k) - others - (k === abs(position.quantity) ? 0n : left(k));
  },

  sizeWithRoom(room, cap) {
    if (room(cap) > 0n) return { size: cap, halved: false };
    let [low, high] = [1n, cap];
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (room(middle) > 0n) low = middle;
      else high = middle;
    }
    return { size: low, halved: true };
  },

  // A step (ADL-03).

  close(book, market, { lot, position, own, atMark, price, size, halved }) {
    const domain = book.domainOf(position);
    const whole = abs(lot.quantity);
    const released = trading.released(book, position, size);
    const value = own ? -released : decimals.up(price * size, whole);
    const cost = own ? value : trading.released(book, lot, size);
    if (halved) book.ruledOut.add(position.key);
    book.transfer(position.ledger, lot.ledger, value);
    book.reduceLot(lot, size);
    const sign = position.quantity > 0n ? 1n : -1n;
    const rest = book.setQuantity(position, position.quantity - sign * size);
    book.transfer(position.ledger, domain.cash, -value - released);
    if (rest.quantity === 0n) liquidation.returnCash(book, domain);
    if (atMark && value > cost) waterfall.gain(book, market, lot.ledger, value - cost);
    if (size === whole) deleveraging.passCost(book, market, lot);
    const loss = value - margin.atMark(book, market, lot.quantity > 0n ? size : -size);
    book.count(market.id, "deleveraged", max(0n, loss));
    book.decisions.deleveraged.push(`${position.account}:${position.market}:${position.side}`);
    return { domain, size };
  },

  /** What is left of the cost of a lot that is closed passes to the newest other one of its side. */
  passCost(book, market, lot) {
    const left = book.balance(lot.ledger);
    if (left === 0n) return;
    const newest = book.lotsOf(market.id, lot.quantity).at(-1);
    book.transfer(newest.ledger, lot.ledger, -left);
  },

  /** Deleveraging by the venue's own decision (ADL-06). */
  declare(book, event) {
    const market = checks.market(book, event.market);
    checks.marked(book, market);
    const quantity = checks.quantity(book, market, event.quantity);
    const sign = event.side === "long" ? 1n : -1n;
    const held = book.lotsOf(market.id, sign).reduce((sum, lot) => sum + abs(lot.quantity), 0n);
    refuseIf(held < quantity, "NO_INVENTORY");
    let declared = quantity;
    while (declared > 0n) {
      const pair = book.lotsOf(market.id, sign)
        .reduce((found, lot) => found ?? deleveraging.firstPair(book, market, lot, { declared }), undefined);
      if (pair === undefined) break;
      declared -= deleveraging.close(book, market, pair).size;
    }
    refuseIf(declared === quantity, "NO_COUNTERPARTY");
    return { market };
  },
};
