// Resting orders (TRD-03) and what an account sets for itself (ACC-01, ACC-04).

import { keyOf, refuseIf } from "./book.mjs";
import { checks } from "./checks.mjs";
import { abs } from "./decimals.mjs";
import { margin } from "./margin.mjs";

export const orders = {
  place(book, event) {
    const market = checks.market(book, event.market);
    checks.account(book, event.account);
    checks.marked(book, market);
    const price = checks.price(market, event.price, true);
    const buys = event.side === "buy";
    const beyond = buys ? price > book.marks.get(market.id) : price < book.marks.get(market.id);
    refuseIf(beyond && !checks.withinPriceBand(book, market, price), "PRICE_OUT_OF_BAND");
    const left = checks.quantity(book, market, event.quantity, price);
    const change = buys ? left : -left;
    const side = checks.side(book, event.account, event.position_side, buys);
    const position = book.position(event.account, market.id, side);
    checks.hedgeRoom(position, change);
    refuseIf(book.orders.get(event.account)?.has(event.order), "ORDER_EXISTS");
    refuseIf(event.reduce_only && !checks.onlyReduces(position, change), "REDUCE_ONLY");
    const cross = book.domain(event.account, market.asset);
    const free = (book.isIsolated(event.account, market.id) ? margin.movable : margin.available)(book, cross);
    const before = margin.orderMargin(book, event.account, market.asset);
    book.setOrder(event.account, event.order, { id: event.order, account: event.account, market: market.id,
      side: event.side, positionSide: side, left, price, reduceOnly: event.reduce_only });
    refuseIf(margin.orderMargin(book, event.account, market.asset) - before > free, "INSUFFICIENT_BALANCE");
  },

  cancel(book, event) {
    checks.account(book, event.account);
    refuseIf(!book.orders.get(event.account)?.has(event.order), "UNKNOWN_ORDER");
    book.setOrder(event.account, event.order, undefined);
  },

  /** Cancels all orders of an account for which `which` holds. */
  cancelAll(book, account, which) {
    for (const order of book.ordersOf(account)) if (which(order)) book.setOrder(account, order.id, undefined);
  },

  setPositionMode(book, event) {
    checks.account(book, event.account);
    if (book.accounts.get(event.account) === event.mode) return;
    refuseIf(book.ofAccount(event.account).length + book.ordersOf(event.account).length > 0, "NOT_FLAT");
    book.set(book.accounts, event.account, event.mode);
  },

  setMarginMode(book, event) {
    const market = checks.market(book, event.market);
    checks.account(book, event.account);
    const isolates = event.mode === "isolated";
    if (isolates === book.isIsolated(event.account, market.id)) return;
    const here = (item) => item.market === market.id;
    refuseIf(book.ofAccount(event.account).some(here) || book.ordersOf(event.account).some(here), "NOT_FLAT");
    book.set(book.marginModes, keyOf(event.account, market.id), event.mode);
  },

  setLeverage(book, event) {
    const market = checks.market(book, event.market);
    checks.account(book, event.account);
    const leverage = BigInt(event.leverage);
    refuseIf(leverage < 1n || leverage > 1000n || leverage > market.tiers[0].leverage, "INVALID_LEVERAGE");
    const old = book.leverage(event.account, market);
    if (leverage === old) return;
    const positions = book.ofAccount(event.account).filter((position) => position.market === market.id);
    const isolated = book.isIsolated(event.account, market.id);
    refuseIf(isolated && positions.length > 0 && leverage < old, "LEVERAGE_REDUCTION");
    refuseIf(positions.some((position) =>
      leverage > margin.tierOf(market, margin.notional(book, position)).leverage), "LEVERAGE_ABOVE_TIER");
    const cross = book.domain(event.account, market.asset);
    const before = margin.demanded(book, cross);
    book.set(book.leverages, keyOf(event.account, market.id), leverage);
    const after = margin.demanded(book, cross);
    const short = margin.figures(book, cross).equity < after;
    refuseIf(short && (leverage < old || after > before), "INSUFFICIENT_MARGIN");
  },

  adjustIsolatedMargin(book, event) {
    const market = checks.market(book, event.market);
    checks.account(book, event.account);
    const amount = checks.amount(book, market.asset, event.amount);
    const position = book.position(event.account, market.id, event.side);
    refuseIf(position.quantity === 0n, "NO_POSITION");
    refuseIf(!book.isIsolated(event.account, market.id), "NOT_ISOLATED");
    const [cross, isolated] = [book.domain(event.account, market.asset), book.domainOf(position)];
    const source = amount > 0n ? cross : isolated;
    refuseIf(abs(amount) > margin.movable(book, source), "INSUFFICIENT_BALANCE");
    book.transfer(cross.cash, isolated.cash, amount);
  },
};
