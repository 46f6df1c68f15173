// A toy engine and its adapter: cross margin, markets of one tier, trades that open; it liquidates nobody.

import { Engine, accepted, ok, rejected, serve, unsupported } from "./engine_protocol.mjs";

const ONE = 10n ** 8n; // amounts, prices, quantities and rates are whole numbers of 1e-8
const AMOUNTS = ["amount", "price", "quantity"];
const whole = (text, [units, decimals = ""] = text.split(".")) => BigInt(units + decimals.padEnd(8, "0"));
const [size, most] = [(a) => (a < 0n ? -a : a), (a, b) => (a > b ? a : b)];

class Adapter extends Engine {
  hello() {
    const about = { name: "toy", version: "1", language: "JavaScript", rulebook: "2", level: 2 };
    return { answer: "hello", protocol: 1, ...about, capabilities: ["batch"] };
  }

  configure({ assets }) {
    this.quantum = (asset) => 10n ** BigInt(8 - (assets[asset]?.decimals ?? 8));
    return ok();
  }

  reset(state) {
    this.kept = { markets: {}, marks: {}, cash: {}, positions: {} };
    return state === undefined ? ok() : unsupported("reset_state");
  }

  step({ type, ...fields }) {
    for (const name of AMOUNTS) if (name in fields) fields[name] = whole(fields[name]);
    if (AMOUNTS.some((name) => fields[name] <= 0n || fields[name] >= 10n ** 17n)) return unsupported("checks of amounts");
    if (!(type in events)) return unsupported(type);
    const before = structuredClone(this.kept);
    const refusal = events[type](this, this.kept, fields);
    if (refusal) this.kept = before; // what is not accepted changes nothing
    return refusal ?? accepted({ liquidated: [], deleveraged: [], levied: [] });
  }

  // An amount of 1e-8 / by, rounded up to a whole quantum.
  up(amount, by, asset) {
    const unit = this.quantum(asset) * by;
    return ((amount + unit - 1n) / unit) * this.quantum(asset);
  }

  margins(account, asset) {
    const held = this.kept.cash[account][asset] ?? 0n;
    let [equity, initial, maintenance] = [held, 0n, 0n];
    for (const { owner, market, quantity, cost } of Object.values(this.kept.positions)) {
      const terms = this.kept.markets[market];
      if (owner !== account || terms.asset !== asset) continue;
      const value = this.kept.marks[market] * quantity / ONE;
      const least = this.up(size(value) * terms.rate, ONE, asset);
      equity += value - cost;
      maintenance += least;
      initial += most(this.up(size(value), BigInt(Math.min(20, terms.leverage)), asset), least + this.quantum(asset));
    }
    return { held, equity, initial, maintenance };
  }
}

const events = {
  list_market(engine, { markets }, { market, tiers, ...terms }) {
    if (market in markets) return rejected("MARKET_EXISTS");
    if (tiers.length !== 1 || tiers[0].floor !== "0" || tiers[0].max_leverage > 1000)
      return unsupported("checks of tiers, and several of them");
    const [rate, leverage] = [whole(tiers[0].maintenance_rate), tiers[0].max_leverage];
    if (rate <= 0n || leverage <= 0 || rate * BigInt(leverage) >= ONE) return rejected("INVALID_TIERS");
    markets[market] = { ...terms, rate, leverage };
  },
  deposit(engine, { cash }, { account, asset, amount }) {
    if (amount % engine.quantum(asset)) return rejected("INVALID_AMOUNT");
    cash[account] ??= {};
    cash[account][asset] = (cash[account][asset] ?? 0n) + amount;
  },
  withdraw(engine, { cash }, { account, asset, amount }) {
    if (!(account in cash)) return rejected("UNKNOWN_ACCOUNT");
    const { held, equity, initial } = engine.margins(account, asset);
    if (amount > (held < equity ? held : equity) - initial) return rejected("INSUFFICIENT_BALANCE");
    cash[account][asset] -= amount;
  },
  mark_price(engine, { markets, marks, cash }, { market, price }) {
    if (!(market in markets)) return rejected("UNKNOWN_MARKET");
    marks[market] = price;
    const margins = Object.keys(cash).map((account) => engine.margins(account, markets[market].asset));
    if (margins.some(({ equity, maintenance }) => maintenance && equity <= maintenance)) return unsupported("liquidation");
  },
  trade(engine, { markets, marks, cash, positions }, { market, buyer, seller, quantity, price, taker }) {
    if (!(market in marks)) return rejected(market in markets ? "NO_MARK" : "UNKNOWN_MARKET");
    const terms = markets[market];
    for (const [side, owner, signed] of [["buyer", buyer, quantity], ["seller", seller, -quantity]]) {
      const { quantity: held, cost } = positions[`${owner}:${market}`] ?? { quantity: 0n, cost: 0n };
      if (held * signed < 0n) return unsupported("trades that close");
      const rate = whole(side === taker ? terms.taker_fee : terms.maker_fee);
      cash[owner][terms.asset] -= engine.up(price * quantity / ONE * rate, ONE, terms.asset);
      positions[`${owner}:${market}`] = { owner, market, quantity: held + signed, cost: cost + price * signed / ONE };
    }
    const margins = [buyer, seller].map((owner) => engine.margins(owner, terms.asset));
    if (margins.some(({ equity, initial }) => equity < initial)) return rejected("INSUFFICIENT_MARGIN");
  },
};

await serve(new Adapter());
