#!/usr/bin/env node
// Engines that are wrong on purpose: node tests/engines/node/broken.mjs --fault NAME
// Each fault replaces one rule of the clean engine; what should be blamed for it is in broken.json.

import { pathToFileURL } from "node:url";

import { Book, byKey } from "./book.mjs";
import { checks } from "./checks.mjs";
import { RATE, decimals } from "./decimals.mjs";
import { deleveraging } from "./deleveraging.mjs";
import { rules } from "./exchange.mjs";
import { liquidation } from "./liquidation.mjs";
import { margin } from "./margin.mjs";
import { serve } from "./protocol.mjs";
import { trading } from "./trading.mjs";
import { waterfall } from "./waterfall.mjs";

export const faults = {
  /** A notional at a tier's floor is in that tier already. */
  "tier-edge"() {
    margin.tierIndex = (market, notional) =>
      Math.max(0, market.tiers.findLastIndex((tier) => notional >= tier.floor));
  },

  /** The taker's and maker's fees are worked out in floating point. */
  "float-money"() {
    trading.fee = (value, rate) => BigInt(Math.ceil(Number(value) * (Number(rate) / 1e8)));
  },

  /** The clearance fee is taken in full, without the caps at what is released and what is there. */
  "fee-before-takeover"() {
    liquidation.clearanceFee = (market, value) => decimals.up(value * market.clearanceFee, RATE);
  },

  /** A loss is drawn from the reserve alone, for more than there is: the reserve is overdrawn. */
  "reserve-overdrawn"() {
    unguarded();
    waterfall.draw = (book, market, ledger, loss) => book.transfer(`reserve:${market.id}`, ledger, loss);
  },

  /** The reserves of an asset's markets stand behind each other's losses. */
  "shared-reserve"() {
    waterfall.total = (book, asset) => book.marketsOf(asset).reduce((sum, market) =>
      sum + waterfall.shortfall(book, market)
      - (waterfall.shortfall(book, market) > 0n ? 0n : book.balance(`reserve:${market.id}`)), 0n);
  },

  /** Equal scores are ranked with the last key first. */
  "adl-tie-break"() {
    deleveraging.compare = (a, b) => {
      const difference = b.top * a.bottom - a.top * b.bottom;
      return difference < 0n ? -1 : difference > 0n ? 1 : byKey(b, a);
    };
  },

  /** Whoever stands in the queue is closed at the lot's price, at the cost of its principal. */
  "adl-on-principal"() {
    deleveraging.isWorse = () => false;
  },

  /** What rounding leaves of funding goes to the last receiver instead of the insurance fund. */
  "funding-not-zero-sum"() {
    rules.funding = (book, event) => {
      const market = checks.market(book, event.market);
      const insurance = `insurance:${market.asset}`;
      const before = book.balance(insurance);
      const settled = { ...trading.funding(book, event), suspected: true };
      const left = book.balance(insurance) - before;
      const receiver = book.inMarket(market.id).at(-1);
      if (receiver) book.transfer(insurance, book.domainOf(receiver).cash, left);
      return settled;
    };
  },

  /** Maintenance margin rounds down. */
  "maintenance-rounding"() {
    margin.maintenanceOf = (market, notional) => {
      const tier = margin.tierOf(market, notional);
      return decimals.down(notional * tier.rate - tier.deduction, RATE);
    };
  },

  /** What rounding leaves of a shared sum goes to the last claim as a whole. */
  "levy-dust"() {
    decimals.share = (total, weights) => {
      const sum = weights.reduce((a, b) => a + b, 0n);
      const parts = weights.map((weight) => (total * weight) / sum);
      if (parts.length > 0) parts[parts.length - 1] += total - parts.reduce((a, b) => a + b, 0n);
      return parts;
    };
  },

  /** A levy leaves out the layer of profits. */
  "levy-skips-profit"() {
    waterfall.profitWeight = () => 0n;
  },

  /** Insurance pays a fill's losses before its profits have come in, and may be below zero in between. */
  "transient-negative-fund"() {
    unguarded();
    waterfall.realise = (book, market, realised) => {
      const insurance = `insurance:${market.asset}`;
      for (const { lot, amount } of realised) {
        if (amount < 0n) book.transfer(insurance, lot.ledger, -amount);
      }
      for (const { lot, amount } of realised) {
        if (amount > 0n) waterfall.gain(book, market, lot.ledger, amount);
      }
    };
  },

  /** A trade that leaves a party below its initial margin is accepted. */
  "accepts-too-much"() {
    const test = trading.test;
    trading.test = (book, party, long) => {
      test(book, party, long);
      party.noted.delete("INSUFFICIENT_MARGIN");
    };
  },

  /** Unrealised profit may be withdrawn. */
  "withdraws-profit"() {
    margin.movable = margin.available;
  },

  /** Relief stays where it is, though nothing needs it any more. */
  "keeps-relief"() {
    waterfall.giveBack = () => {};
  },

  /** A takeover with a debt spreads it over the lots of all markets. */
  "debt-everywhere"() {
    const takeOver = liquidation.takeOver;
    liquidation.takeOver = (book, domain, figures, market) =>
      figures.equity >= 0n ? takeOver(book, domain, figures, market) : spread(book, domain, figures);
  },

  /** Step-downs are skipped: whoever is unhealthy is taken over at once. */
  "no-step-down"() {
    liquidation.stepDown = () => {};
  },

  /** A step-down cuts nothing off, so that it goes on for ever. */
  "never-terminates"() {
    liquidation.cut = () => {};
  },
};

/** Lets funds fall below zero, as an engine without LED-02 does. */
function unguarded() {
  Book.prototype.adjust = function adjust(name, amount) {
    const balance = this.balance(name) + amount;
    this.set(this.balances, name, balance === 0n ? undefined : balance);
  };
}

/** The lots of a takeover share a debt over all markets, by maintenance. */
function spread(book, domain, { equity, positions }) {
  liquidation.useClaim(book, domain, -equity);
  const shares = decimals.share(-equity, positions.map((position) => margin.maintenance(book, position)));
  positions.forEach((position, i) => {
    const value = margin.atMark(book, book.markets.get(position.market), position.quantity);
    const realised = value - book.cost(position);
    const lot = book.openLot(position, position.quantity, "takeover");
    book.transfer(lot.ledger, position.ledger, value);
    book.setQuantity(position, 0n);
    book.transfer(position.ledger, domain.cash, realised);
    book.transfer(lot.ledger, domain.cash, shares[i]);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const name = process.argv[process.argv.indexOf("--fault") + 1];
  if (!process.argv.includes("--fault") || faults[name] === undefined) {
    process.stderr.write(`broken.mjs --fault NAME, with one of ${Object.keys(faults).sort().join(", ")}\n`);
    process.exit(2);
  }
  faults[name]();
  await serve();
}
