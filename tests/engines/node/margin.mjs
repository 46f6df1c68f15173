// Margin (section 4): notional, tiers, maintenance, initial and order margin, health, movable.

import { RATE, abs, decimals, max, min } from "./decimals.mjs";

export const margin = {
  value: (market, price, quantity) => price * quantity * market.unit,

  atMark: (book, market, quantity) => margin.value(market, book.marks.get(market.id), quantity),

  /** The index of the tier that holds a notional (MKT-02). */
  tierIndex(market, notional) {
    let index = 0;
    while (index + 1 < market.tiers.length && notional > market.tiers[index + 1].floor) index += 1;
    return index;
  },

  tierOf: (market, notional) => market.tiers[margin.tierIndex(market, notional)],

  maintenanceOf(market, notional) {
    const tier = margin.tierOf(market, notional);
    return decimals.up(notional * tier.rate - tier.deduction, RATE);
  },

  initialOf(market, notional, leverage) {
    if (notional === 0n) return 0n;
    const tier = margin.tierOf(market, notional);
    return max(decimals.up(notional, min(leverage, tier.leverage)), margin.maintenanceOf(market, notional) + 1n);
  },

  notional(book, position) {
    return abs(margin.atMark(book, book.markets.get(position.market), position.quantity));
  },

  maintenance(book, position) {
    return margin.maintenanceOf(book.markets.get(position.market), margin.notional(book, position));
  },

  initial(book, position) {
    const market = book.markets.get(position.market);
    return margin.initialOf(market, margin.notional(book, position), book.leverage(position.account, market));
  },

  /** The unrealised PnL at mark of a position or lot. */
  unrealised(book, holding) {
    return margin.atMark(book, book.markets.get(holding.market), holding.quantity) - book.cost(holding);
  },

  /** Cash, equity and maintenance of a domain, and whether it is flat and healthy (MRG-05). */
  figures(book, domain) {
    const cash = book.balance(domain.cash);
    let equity = cash;
    let maintenance = 0n;
    const positions = book.positionsOf(domain);
    for (const position of positions) {
      equity += margin.unrealised(book, position);
      maintenance += margin.maintenance(book, position);
    }
    const flat = positions.length === 0;
    return { cash, equity, maintenance, flat, positions, healthy: flat || equity > maintenance };
  },

  /** Does an order count for order margin (MRG-03)? */
  counts: (order) => !order.reduceOnly
    && !(order.positionSide === "LONG" && order.side === "sell")
    && !(order.positionSide === "SHORT" && order.side === "buy"),

  /** Order margin of one (account, market, side), of the orders given. */
  orderMarginOf(book, account, market, side, orders) {
    const { quantity } = book.position(account, market.id, side);
    let bids = 0n;
    let asks = 0n;
    let bidLoss = 0n;
    let askLoss = 0n;
    for (const order of orders) {
      if (order.side === "buy") {
        bids += order.left;
        bidLoss += margin.openLoss(book, market, order.price, order.left);
      } else {
        asks += order.left;
        askLoss += margin.openLoss(book, market, order.price, -order.left);
      }
    }
    const leverage = book.leverage(account, market);
    const initial = (size) => margin.initialOf(market, abs(margin.atMark(book, market, size)), leverage);
    const larger = max(abs(quantity + bids), abs(quantity - asks));
    return initial(larger) - initial(quantity)
      + (quantity + bids > 0n ? bidLoss : 0n) + (quantity - asks < 0n ? askLoss : 0n);
  },

  openLoss(book, market, price, quantity) {
    return max(0n, margin.value(market, price, quantity) - margin.atMark(book, market, quantity));
  },

  /** All order margin of an account in an asset. */
  orderMargin(book, account, asset) {
    const groups = new Map();
    for (const order of book.ordersOf(account)) {
      if (book.markets.get(order.market).asset !== asset || !margin.counts(order)) continue;
      const key = `${order.market}:${order.positionSide}`;
      groups.set(key, [...(groups.get(key) ?? []), order]);
    }
    let total = 0n;
    for (const orders of groups.values()) {
      const market = book.markets.get(orders[0].market);
      total += margin.orderMarginOf(book, account, market, orders[0].positionSide, orders);
    }
    return total;
  },

  /** What a domain has to keep: initial margin, and order margin of a cross one. */
  demanded(book, domain) {
    let total = domain.market ? 0n : margin.orderMargin(book, domain.account, domain.asset);
    for (const position of book.positionsOf(domain)) total += margin.initial(book, position);
    return total;
  },

  available(book, domain) {
    return max(0n, margin.figures(book, domain).equity - margin.demanded(book, domain));
  },

  movable(book, domain) {
    const { cash, equity } = margin.figures(book, domain);
    return max(0n, min(cash, equity) - margin.demanded(book, domain));
  },
};
