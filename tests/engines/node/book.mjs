// What an exchange holds: the ledger (LED-01), positions, orders, lots, settings and claims.
// Every change goes through `set`, so that a refused event can be taken back.

import { abs, max, min } from "./decimals.mjs";

export const QUANTITY_LIMIT = 2n ** 53n;
export const AMOUNT_LIMIT = 2n ** 62n;
export const FUND_LIMIT = 2n ** 60n;

/** An event that is refused; `reason` is one of the rulebook's. */
export class Rejection extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export const refuseIf = (condition, reason) => {
  if (condition) throw new Rejection(reason);
};

/** Fields joined by a character below all others: strings then compare field by field. */
export const keyOf = (...fields) => fields.join("\0");
export const byKey = (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

const FUNDS = new Set(["reserve", "insurance", "relief", "house", "clearing"]);
const kindOf = (name) => name.slice(0, name.indexOf(":"));

export class Book {
  constructor(header) {
    const profile = header.profile === "reserve" ? {} : (header.profile ?? {});
    this.header = header;
    this.ranking = profile.adl_ranking ?? "binance";
    this.lastResort = profile.last_resort ?? "levy";
    for (const name of ["balances", "positions", "positionsOfMarket", "positionsOfAccount", "markets", "marks",
      "closed", "accounts", "leverages", "marginModes", "orders", "lots", "claims", "uncovered", "counters"]) {
      this[name] = new Map();
    }
    this.single = new Map([["nextLot", 1]]);
    this.begin();
  }

  /** Forgets what the last event did, so that the next one's changes stand alone. */
  begin() {
    this.undo = [];
    this.own = true;
    this.outOfRange = false;
    this.queues = new Map();
    this.ruledOut = new Set();
    this.decisions = { liquidated: [], deleveraged: [], levied: [] };
  }

  set(map, key, value) {
    this.undo.push([map, key, map.get(key)]);
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }

  rollback() {
    for (const [map, key, old] of this.undo.reverse()) {
      if (old === undefined) map.delete(key);
      else map.set(key, old);
    }
    this.undo = [];
  }

  /** The keys of `map` whose values differ from those before the event. */
  changed(map) {
    const before = new Map();
    for (const [which, key, old] of this.undo) if (which === map && !before.has(key)) before.set(key, old);
    return [...before].filter(([key, old]) => old !== map.get(key)).map(([key, old]) => ({ key, old }));
  }

  decimalsOf(asset) {
    return this.header.assets?.[asset]?.decimals ?? 8;
  }

  // The ledger.

  balance(name) {
    return this.balances.get(name) ?? 0n;
  }

  transfer(source, target, amount) {
    if (amount === 0n) return;
    if (amount < 0n) return void this.transfer(target, source, -amount);
    this.adjust(source, -amount);
    this.adjust(target, amount);
    if (this.own) this.outOfRange ||= this.isPastLimit(source) || this.isPastLimit(target);
  }

  adjust(name, amount) {
    const balance = this.balance(name) + amount;
    if (balance < 0n && FUNDS.has(kindOf(name))) throw new Error(`${name} would be ${balance}`);
    this.set(this.balances, name, balance === 0n ? undefined : balance);
  }

  isPastLimit(name) {
    const balance = this.balance(name);
    const kind = kindOf(name);
    if (FUNDS.has(kind)) return balance > FUND_LIMIT;
    if (kind === "external") return -balance > FUND_LIMIT || balance > AMOUNT_LIMIT;
    return abs(balance) > AMOUNT_LIMIT;
  }

  /** What stands behind a market's realised losses, as (reserve, insurance, relief). */
  funds(market) {
    return [`reserve:${market.id}`, `insurance:${market.asset}`, `relief:${market.asset}`];
  }

  // Positions and domains.

  position(account, market, side) {
    const key = keyOf(account, market, side);
    return this.positions.get(key)
      ?? { key, account, market, side, quantity: 0n, ledger: `position:${account}:${market}:${side}` };
  }

  setQuantity(position, quantity) {
    const value = quantity === 0n ? undefined : { ...position, quantity };
    for (const map of [this.positions, this.within(this.positionsOfMarket, position.market),
      this.within(this.positionsOfAccount, position.account)]) this.set(map, position.key, value);
    return { ...position, quantity };
  }

  within(map, key) {
    if (!map.has(key)) map.set(key, new Map());
    return map.get(key);
  }

  cost(holding) {
    return -this.balance(holding.ledger);
  }

  inMarket(market) {
    return [...(this.positionsOfMarket.get(market)?.values() ?? [])].sort(byKey);
  }

  ofAccount(account) {
    return [...(this.positionsOfAccount.get(account)?.values() ?? [])].sort(byKey);
  }

  isIsolated(account, market) {
    return this.marginModes.get(keyOf(account, market)) === "isolated";
  }

  leverage(account, market) {
    return this.leverages.get(keyOf(account, market.id)) ?? min(20n, market.tiers[0].leverage);
  }

  domain(account, asset, market = "", side = "") {
    const key = keyOf(account, asset, market, side);
    const name = market ? `${account}:${market}:${side}:${asset}` : `${account}:${asset}`;
    const cash = market ? `isolated:${account}:${market}:${side}` : `wallet:${account}:${asset}`;
    return { key, account, asset, market, side, name, cash };
  }

  domainOf({ account, market, side }) {
    const { asset } = this.markets.get(market);
    return this.isIsolated(account, market)
      ? this.domain(account, asset, market, side) : this.domain(account, asset);
  }

  /** The positions of a domain, in key order. */
  positionsOf(domain) {
    if (domain.market) {
      const position = this.position(domain.account, domain.market, domain.side);
      return position.quantity === 0n ? [] : [position];
    }
    return this.ofAccount(domain.account).filter((position) =>
      !this.isIsolated(domain.account, position.market)
      && this.markets.get(position.market).asset === domain.asset);
  }

  // Orders, lots and claims.

  ordersOf(account) {
    return [...(this.orders.get(account)?.values() ?? [])];
  }

  setOrder(account, id, order) {
    this.set(this.within(this.orders, account), id, order);
  }

  /** The lots of a market, oldest first; of one direction if a sign is given. */
  lotsOf(market, sign = 0n) {
    return [...this.lots.values()]
      .filter((lot) => lot.market === market && (sign === 0n || lot.quantity > 0n === sign > 0n))
      .sort((a, b) => a.id - b.id);
  }

  openLot(position, quantity, reason) {
    const id = this.single.get("nextLot");
    const { account, market, side } = position;
    const mode = this.isIsolated(account, market) ? "isolated" : "cross";
    const lot = { id, ledger: `lot:${id}`, account, market, side, mode, quantity, reason };
    this.set(this.single, "nextLot", id + 1);
    this.set(this.lots, id, lot);
    return lot;
  }

  reduceLot(lot, size) {
    const quantity = lot.quantity > 0n ? lot.quantity - size : lot.quantity + size;
    this.set(this.lots, lot.id, quantity === 0n ? undefined : { ...lot, quantity });
  }

  claimsOf(asset) {
    return [...this.claims.values()].filter((claim) => claim.domain.asset === asset)
      .sort((a, b) => byKey(a.domain, b.domain));
  }

  addClaim(domain, amount) {
    const total = (this.claims.get(domain.key)?.amount ?? 0n) + amount;
    this.set(this.claims, domain.key, total === 0n ? undefined : { domain, amount: total });
  }

  assets() {
    return [...new Set([...this.markets.values()].map((market) => market.asset))].sort();
  }

  marketsOf(asset) {
    return [...this.markets.values()].filter((market) => market.asset === asset)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Adds to a counter of the public status of a market's funds (TRN-01). */
  count(market, counter, amount) {
    const key = keyOf(market, counter);
    this.set(this.counters, key, (this.counters.get(key) ?? 0n) + amount);
    if (counter !== "inflow") return;
    const high = keyOf(market, "high_water");
    this.set(this.counters, high, max(this.counters.get(high) ?? 0n, this.balance(`reserve:${market}`)));
  }
}
