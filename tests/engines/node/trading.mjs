// Trades (TRD-01, TRD-02), the two legs of cost and cash (ACC-02, ACC-04), and funding (FND-01).

import { FUND_LIMIT, refuseIf } from "./book.mjs";
import { checks } from "./checks.mjs";
import { RATE, abs, decimals, max, min } from "./decimals.mjs";
import { margin } from "./margin.mjs";

const NOTED = ["INSUFFICIENT_FUNDS", "INSUFFICIENT_BALANCE", "LEVERAGE_ABOVE_TIER", "POSITION_LIMIT", "NEGATIVE_CASH",
  "UNHEALTHY", "INSUFFICIENT_MARGIN", "OUT_OF_RANGE"];

export const trading = {
  /** The cost that closing `size` of a holding releases, up (ACC-02). */
  released(book, holding, size) {
    return decimals.up(book.cost(holding) * size, abs(holding.quantity));
  },

  trade(book, event) {
    const market = checks.market(book, event.market);
    checks.account(book, event.buyer, event.seller);
    checks.marked(book, market);
    refuseIf(event.buyer === event.seller, "SELF_TRADE");
    const price = checks.price(market, event.price, true);
    refuseIf(!checks.withinPriceBand(book, market, price), "PRICE_OUT_OF_BAND");
    const quantity = checks.quantity(book, market, event.quantity, price);
    const value = margin.value(market, price, quantity);
    const stated = [event.buyer_fee, event.seller_fee].map((fee) => checks.statedFee(market, fee, value));
    const parties = [["buyer", 1n], ["seller", -1n]].map(([role, sign], i) =>
      trading.party(book, market, {
        account: event[role], named: event[`${role}_side`], order: event[`${role}_order`], stated: stated[i],
        change: sign * quantity, price, rate: event.taker === role ? market.takerFee : market.makerFee,
      }));
    for (const party of parties) checks.side(book, party.account, party.named, party.change > 0n);
    for (const party of parties) checks.hedgeRoom(trading.positionOf(book, party), party.change);
    trading.checkOrders(book, parties);
    const long = checks.longQuantity(book, market);
    book.transfer(trading.positionOf(book, parties[0]).ledger, trading.positionOf(book, parties[1]).ledger, value);
    trading.book(book, parties, long);
  },

  /** One side of a trade or fill, with its fee (TRD-01). */
  party(book, market, terms) {
    const side = checks.side(book, terms.account, terms.named, terms.change > 0n);
    const value = abs(margin.value(market, terms.price, terms.change));
    const fee = terms.stated ?? trading.fee(value, terms.rate);
    return { ...terms, market, side, fee: max(fee, 0n), rebate: max(-fee, 0n), noted: new Set() };
  },

  fee: (value, rate) => decimals.up(value * rate, RATE),

  positionOf: (book, party) => book.position(party.account, party.market.id, party.side),

  checkOrders(book, parties) {
    const filled = parties.filter((party) => party.order !== undefined);
    for (const party of filled) {
      party.found = book.orders.get(party.account)?.get(party.order);
      refuseIf(party.found === undefined, "UNKNOWN_ORDER");
    }
    for (const party of filled) refuseIf(!trading.fits(party, party.found), "ORDER_MISMATCH");
    for (const party of filled) {
      const reduces = checks.onlyReduces(trading.positionOf(book, party), party.change);
      refuseIf(party.found.reduceOnly && !reduces, "REDUCE_ONLY");
    }
  },

  fits(party, order) {
    const buys = party.change > 0n;
    return order.market === party.market.id && order.positionSide === party.side
      && order.side === (buys ? "buy" : "sell") && abs(party.change) <= order.left
      && (buys ? party.price <= order.price : party.price >= order.price);
  },

  /** Books the legs of the parties, pays rebates, and refuses for the first reason that applies. */
  book(book, parties, longBefore) {
    for (const party of parties) trading.leg(book, party);
    trading.payRebates(book, parties);
    for (const party of parties) trading.test(book, party, longBefore);
    for (const reason of NOTED) refuseIf(parties.some((party) => party.noted.has(reason)), reason);
  },

  leg(book, party) {
    const before = trading.positionOf(book, party);
    const size = abs(party.change);
    if (party.found) {
      const left = party.found.left - size;
      book.setOrder(party.account, party.order, left === 0n ? undefined : { ...party.found, left });
    }
    const closing = before.quantity * party.change < 0n ? min(size, abs(before.quantity)) : 0n;
    party.domain = book.domainOf(before);
    party.opens = size > closing;
    const sign = party.change > 0n ? 1n : -1n;
    if (closing > 0n) trading.close(book, party, before, closing);
    if (party.opens) trading.open(book, party, sign * (size - closing), closing === 0n);
  },

  close(book, party, before, size) {
    const sign = before.quantity > 0n ? 1n : -1n;
    // The value of the trade is in the balance already: what was the cost before it?
    const traded = margin.value(party.market, party.price, party.change);
    const cost = book.cost(before) - traded;
    const released = decimals.up(cost * size, abs(before.quantity));
    const position = book.setQuantity(before, before.quantity - sign * size);
    const realised = margin.value(party.market, party.price, sign * size) - released;
    book.transfer(position.ledger, party.domain.cash, realised);
    trading.payFee(book, party);
    if (party.domain.market) trading.giveBack(book, party, position, size, abs(before.quantity));
  },

  payFee(book, party) {
    const share = decimals.down(party.fee * party.market.insuranceShare, RATE);
    book.transfer(party.domain.cash, `insurance:${party.market.asset}`, share);
    book.transfer(party.domain.cash, `house:${party.market.asset}`, party.fee - share);
  },

  /** What isolated cash returns to the wallet when a trade reduces its position (ACC-04). */
  giveBack(book, party, position, size, whole) {
    const cash = book.balance(party.domain.cash);
    if (position.quantity === 0n && cash < 0n && party.opens) party.noted.add("NEGATIVE_CASH");
    const back = position.quantity === 0n ? cash
      : min(decimals.down(cash * size, whole), margin.movable(book, party.domain));
    book.transfer(party.domain.cash, trading.wallet(book, party.domain), max(0n, back));
  },

  wallet: (book, domain) => book.domain(domain.account, domain.asset).cash,

  open(book, party, quantity, paysFee) {
    const { market, domain } = party;
    if (domain.market) {
      const size = max(abs(margin.value(market, party.price, quantity)), abs(margin.atMark(book, market, quantity)));
      const needed = decimals.up(size, book.leverage(party.account, market))
        + margin.openLoss(book, market, party.price, quantity) + (paysFee ? party.fee : 0n);
      const cross = book.domain(party.account, market.asset);
      if (needed > trading.movableFor(book, party, cross)) party.noted.add("INSUFFICIENT_BALANCE");
      book.transfer(cross.cash, domain.cash, needed);
    }
    const position = trading.positionOf(book, party);
    book.setQuantity(position, position.quantity + quantity);
    if (paysFee) trading.payFee(book, party);
  },

  movableFor: (book, party, cross) => margin.movable(book, cross),

  payRebates(book, parties) {
    const total = parties.reduce((sum, party) => sum + party.rebate, 0n);
    const house = `house:${parties[0].market.asset}`;
    if (total > book.balance(house)) return void parties[0].noted.add("INSUFFICIENT_FUNDS");
    for (const party of parties) {
      const flat = trading.positionOf(book, party).quantity === 0n;
      book.transfer(house, flat ? trading.wallet(book, party.domain) : party.domain.cash, party.rebate);
    }
  },

  /** Notes for which reasons a party refuses the trade, once both sides are booked (TRD-02). */
  test(book, party, longBefore) {
    const { market, domain, noted } = party;
    const figures = margin.figures(book, domain);
    const position = trading.positionOf(book, party);
    const notional = margin.notional(book, position);
    if (party.opens) {
      const { leverage } = margin.tierOf(market, notional);
      if (book.leverage(party.account, market) > leverage) noted.add("LEVERAGE_ABOVE_TIER");
      if (market.positionLimit !== null && notional > market.positionLimit) noted.add("POSITION_LIMIT");
    }
    const cross = margin.figures(book, book.domain(party.account, market.asset));
    if ([figures, cross].some(({ flat, cash }) => flat && cash < 0n)) noted.add("NEGATIVE_CASH");
    if (!figures.healthy) noted.add("UNHEALTHY");
    if (party.opens && !domain.market && figures.equity < margin.demanded(book, domain)) {
      noted.add("INSUFFICIENT_MARGIN");
    }
    if (trading.isOutOfRange(book, party, figures, longBefore)) noted.add("OUT_OF_RANGE");
  },

  isOutOfRange(book, party, figures, longBefore) {
    const costs = figures.positions.reduce((sum, position) => sum + abs(book.cost(position)), 0n);
    if (party.opens && costs > FUND_LIMIT) return true;
    return checks.longQuantity(book, party.market) > longBefore
      && checks.openInterest(book, party.market.asset) > FUND_LIMIT;
  },

  funding(book, event) {
    const market = checks.market(book, event.market);
    checks.marked(book, market);
    const rate = decimals.parse(event.rate, 8);
    refuseIf(rate === null || abs(rate) > (market.fundingCap ?? RATE), "INVALID_RATE");
    const clearing = `clearing:${market.asset}`;
    const holdings = [...book.inMarket(market.id), ...book.lotsOf(market.id)].map((holding) => ({
      owed: margin.atMark(book, market, holding.quantity) * rate,
      cash: holding.id === undefined ? book.domainOf(holding).cash : holding.ledger,
    }));
    for (const { owed, cash } of holdings) if (owed > 0n) book.transfer(cash, clearing, decimals.up(owed, RATE));
    for (const { owed, cash } of holdings) if (owed < 0n) book.transfer(clearing, cash, decimals.down(-owed, RATE));
    book.transfer(clearing, `insurance:${market.asset}`, book.balance(clearing));
    return { market };
  },
};
