// What is read from an event's fields, with the refusals that its values bring (section 11).

import { AMOUNT_LIMIT, QUANTITY_LIMIT, refuseIf } from "./book.mjs";
import { RATE, abs, decimals } from "./decimals.mjs";
import { margin } from "./margin.mjs";

export const checks = {
  market(book, id) {
    const market = book.markets.get(id);
    refuseIf(market === undefined, "UNKNOWN_MARKET");
    return market;
  },

  account(book, ...names) {
    refuseIf(names.some((name) => !book.accounts.has(name)), "UNKNOWN_ACCOUNT");
  },

  marked(book, market) {
    refuseIf(!book.marks.has(market.id), "NO_MARK");
  },

  price(market, text, onTick) {
    const price = decimals.parse(text, market.priceDecimals);
    refuseIf(price === null || price <= 0n || price > QUANTITY_LIMIT, "INVALID_PRICE");
    refuseIf(onTick && price % market.tick !== 0n, "INVALID_PRICE");
    return price;
  },

  /** A quantity whose value at mark, and at a price if there is one, is within the limit. */
  quantity(book, market, text, price) {
    const quantity = decimals.parse(text, market.quantityDecimals);
    refuseIf(quantity === null || quantity <= 0n || quantity > QUANTITY_LIMIT, "INVALID_QUANTITY");
    refuseIf(margin.atMark(book, market, quantity) > AMOUNT_LIMIT, "INVALID_QUANTITY");
    refuseIf(price !== undefined && margin.value(market, price, quantity) > AMOUNT_LIMIT, "INVALID_QUANTITY");
    return quantity;
  },

  amount(book, asset, text) {
    const amount = decimals.parse(text, book.decimalsOf(asset));
    refuseIf(amount === null || amount === 0n || abs(amount) > AMOUNT_LIMIT, "INVALID_AMOUNT");
    return amount;
  },

  amountAbove(book, asset, text) {
    const amount = checks.amount(book, asset, text);
    refuseIf(amount < 0n, "INVALID_AMOUNT");
    return amount;
  },

  /** A stated fee of a trade of this value, or null if none is stated. */
  statedFee(market, text, value) {
    if (text === undefined) return null;
    const fee = decimals.parse(text, market.decimals);
    refuseIf(fee === null || abs(fee) > AMOUNT_LIMIT || abs(fee) > value, "INVALID_AMOUNT");
    return fee;
  },

  /** A fee or share, from 0 to 1. */
  rate(text) {
    const rate = decimals.parse(text, 8);
    refuseIf(rate === null || rate < 0n || rate > RATE, "INVALID_RATE");
    return rate;
  },

  /** A band or cap, above 0 and at most 1, or null if there is none. */
  bound(text) {
    if (text === undefined) return null;
    const rate = checks.rate(text);
    refuseIf(rate === 0n, "INVALID_RATE");
    return rate;
  },

  /** Is a price in the stretch around the mark, widened to the next ticks (MKT-04)? */
  withinPriceBand(book, market, price) {
    if (market.priceBand === null) return true;
    const mark = book.marks.get(market.id);
    return (abs(price - mark) - market.tick) * RATE < mark * market.priceBand;
  },

  /** Is a fill's price, where it is worse for the engine than the mark, within the fill band? */
  withinFillBand(book, market, price, lotsAreLong) {
    const mark = book.marks.get(market.id);
    const worse = lotsAreLong ? price < mark : price > mark;
    return market.fillBand === null || !worse || abs(price - mark) * RATE <= mark * market.fillBand;
  },

  /** The side on which a party trades; refused if it does not fit the position mode. */
  side(book, account, named, buys) {
    const hedge = book.accounts.get(account) === "hedge";
    const side = named ?? (hedge ? (buys ? "LONG" : "SHORT") : "BOTH");
    refuseIf(hedge === (side === "BOTH"), "WRONG_POSITION_SIDE");
    return side;
  },

  /** Refuses to exceed or flip a hedge side. */
  hedgeRoom(position, change) {
    const after = position.quantity + change;
    refuseIf(position.side === "LONG" && after < 0n, "WRONG_POSITION_SIDE");
    refuseIf(position.side === "SHORT" && after > 0n, "WRONG_POSITION_SIDE");
  },

  /** Does a change only reduce a position? */
  onlyReduces: (position, change) =>
    position.quantity * change < 0n && abs(change) <= abs(position.quantity),

  /** The long quantity of a market, lots included. */
  longQuantity(book, market) {
    let total = 0n;
    for (const { quantity } of book.positionsOfMarket.get(market.id)?.values() ?? []) {
      if (quantity > 0n) total += quantity;
    }
    for (const lot of book.lotsOf(market.id, 1n)) total += lot.quantity;
    return total;
  },

  /** The open interest of an asset at mark. */
  openInterest(book, asset) {
    return book.marketsOf(asset).filter((market) => book.marks.has(market.id))
      .reduce((sum, market) => sum + margin.atMark(book, market, checks.longQuantity(book, market)), 0n);
  },
};
