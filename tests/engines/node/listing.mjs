// Markets (section 1): listing, changes, marks and the last price.

import { AMOUNT_LIMIT, FUND_LIMIT, QUANTITY_LIMIT, refuseIf } from "./book.mjs";
import { checks } from "./checks.mjs";
import { RATE, decimals } from "./decimals.mjs";
import { orders } from "./orders.mjs";

export const listing = {
  list(book, event) {
    refuseIf(book.markets.has(event.market) || book.closed.has(event.market), "MARKET_EXISTS");
    const base = listing.units(book, event);
    const market = { ...base, tiers: listing.tiers(base, event.tiers), ...listing.limits(book, base, event),
      ...listing.fees(event) };
    book.set(book.markets, market.id, market);
  },

  units(book, event) {
    const digits = book.decimalsOf(event.asset);
    const [priceDecimals, quantityDecimals] = [event.price_decimals, event.quantity_decimals];
    refuseIf(priceDecimals < 0 || quantityDecimals < 0 || priceDecimals + quantityDecimals > digits, "INVALID_MARKET");
    const tick = decimals.parse(event.tick, priceDecimals);
    refuseIf(tick === null || tick <= 0n || tick > QUANTITY_LIMIT, "INVALID_MARKET");
    const unit = 10n ** BigInt(digits - priceDecimals - quantityDecimals);
    return { id: event.market, asset: event.asset, decimals: digits, priceDecimals, quantityDecimals, tick, unit };
  },

  /** A tier table with its deductions, in 1e-8 of a quantum (MKT-02). */
  tiers(market, listed) {
    refuseIf(listed.length < 1 || listed.length > 64, "INVALID_TIERS");
    const tiers = listed.map((tier) => ({
      floor: decimals.parse(tier.floor, market.decimals),
      leverage: BigInt(tier.max_leverage),
      rate: decimals.parse(tier.maintenance_rate, 8),
    }));
    tiers.forEach((tier, i) => {
      refuseIf(!listing.isTier(tier, tiers[i - 1]), "INVALID_TIERS");
      const below = tiers[i - 1];
      tier.deduction = below ? below.deduction + tier.floor * (tier.rate - below.rate) : 0n;
    });
    return tiers;
  },

  isTier({ floor, leverage, rate }, below) {
    if (floor === null || floor < 0n || floor > AMOUNT_LIMIT || leverage < 1n || leverage > 1000n) return false;
    if (rate === null || rate <= 0n || rate * leverage >= RATE) return false;
    return below ? floor > below.floor && leverage < below.leverage && rate > below.rate : floor === 0n;
  },

  limits(book, market, event) {
    const stated = event.position_limit;
    const positionLimit = stated === undefined ? null : checks.amountAbove(book, market.asset, stated);
    return { positionLimit, priceBand: checks.bound(event.price_band), fillBand: checks.bound(event.fill_band),
      fundingCap: checks.bound(event.funding_cap) };
  },

  fees: (event) => ({ takerFee: checks.rate(event.taker_fee), makerFee: checks.rate(event.maker_fee),
    insuranceShare: checks.rate(event.insurance_fee_share), clearanceFee: checks.rate(event.clearance_fee) }),

  change(book, event, parts) {
    const market = checks.market(book, event.market);
    const changed = { ...market, ...parts(market) };
    book.set(book.markets, market.id, changed);
    return changed;
  },

  updateTiers(book, event) {
    const market = listing.change(book, event, (old) => ({ tiers: listing.tiers(old, event.tiers) }));
    return { market, suspected: book.marks.has(market.id) };
  },

  updateFees(book, event) {
    return { market: listing.change(book, event, () => listing.fees(event)) };
  },

  updateLimits(book, event) {
    return { market: listing.change(book, event, (old) => listing.limits(book, old, event)) };
  },

  mark(book, event) {
    const market = checks.market(book, event.market);
    return { market: listing.setMark(book, market, checks.price(market, event.price, false)), suspected: true };
  },

  setMark(book, market, price) {
    book.set(book.marks, market.id, price);
    refuseIf(checks.openInterest(book, market.asset) > 2n * FUND_LIMIT, "OUT_OF_RANGE");
    return market;
  },

  settle(book, event) {
    const market = checks.market(book, event.market);
    checks.marked(book, market);
    listing.setMark(book, market, checks.price(market, event.price, false));
    for (const account of book.accounts.keys()) {
      orders.cancelAll(book, account, (order) => order.market === market.id);
    }
    return { market, suspected: true, closes: true };
  },
};
