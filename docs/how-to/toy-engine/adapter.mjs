// A toy engine and its adapter: cross margin, one-way positions, trades that open; it liquidates nobody.

import { Engine, about, accepted, leavingOut, ok, rejected, serve, unsupported } from "./engine_protocol.mjs";

const ONE = 10n ** 8n; // amounts, prices, quantities and rates are whole numbers of 1e-8
const AMOUNTS = ["amount", "price", "quantity"];
const whole = (text, [units, decimals = ""] = text.split(".")) => BigInt(units + decimals.padEnd(8, "0"));
const [size, most] = [(a) => (a < 0n ? -a : a), (a, b) => (a > b ? a : b)];

class Adapter extends Engine {
  hello() { return leavingOut(about("toy", "1", 2, ["batch"]), "input_checks"); }
  configure({ assets }) {
    this.quantum = (asset) => 10n ** BigInt(8 - (assets[asset]?.decimals ?? 8));
    return ok();
  }
  start() { this.kept = { markets: {}, marks: {}, cash: {}, positions: {} }; }
  step({ type, ...fields }) {
    for (const name of AMOUNTS) if (name in fields) fields[name] = whole(fields[name]);
    if (!(type in events)) return unsupported(type);
    return events[type](this, this.kept, fields) ?? accepted();
  }
  save() { return structuredClone(this.kept); }
  restore(saved) { this.kept = saved; }
  up(amount, by, asset) { // amount / by, up to a whole quantum
    const unit = this.quantum(asset) * by;
    return ((amount + unit - 1n) / unit) * this.quantum(asset);
  }
  margins(account, asset) {
    const held = this.kept.cash[account][asset] ?? 0n;
    let [equity, initial, maintenance] = [held, 0n, 0n];
    for (const { owner, market, quantity, cost } of Object.values(this.kept.positions)) {
      const [terms, value] = [this.kept.markets[market], this.kept.marks[market] * quantity / ONE];
      if (owner !== account || terms.asset !== asset) continue;
      const tiers = terms.tiers.filter(({ floor }) => floor < size(value));
      const steps = tiers.map(({ floor, rate }, at) => (size(value) - floor) * (rate - (tiers[at - 1]?.rate ?? 0n)));
      const least = this.up(steps.reduce((a, b) => a + b), ONE, asset);
      equity += value - cost;
      maintenance += least;
      const leverage = Math.min(20, Number(tiers.at(-1).leverage));
      initial += most(this.up(size(value), BigInt(leverage), asset), least + this.quantum(asset));
    }
    return { held, equity, initial, maintenance };
  }
}

const events = {
  list_market(engine, { markets }, { market, tiers, ...terms }) {
    const table = tiers.map((tier) =>
      ({ floor: whole(tier.floor), leverage: BigInt(tier.max_leverage), rate: whole(tier.maintenance_rate) }));
    markets[market] = { ...terms, tiers: table };
  },
  deposit(engine, { cash }, { account, asset, amount }) {
    (cash[account] ??= {})[asset] = (cash[account][asset] ?? 0n) + amount;
  },
  withdraw(engine, { cash }, { account, asset, amount }) {
    const { held, equity, initial } = engine.margins(account, asset);
    if (amount > (held < equity ? held : equity) - initial) return rejected("INSUFFICIENT_BALANCE");
    cash[account][asset] -= amount;
  },
  mark_price(engine, { markets, marks, cash }, { market, price }) {
    marks[market] = price;
    const margins = Object.keys(cash).map((account) => engine.margins(account, markets[market].asset));
    if (margins.some(({ equity, maintenance }) => maintenance && equity <= maintenance)) return unsupported("liquidation");
  },
  trade(engine, { markets, marks, cash, positions }, { market, buyer, seller, quantity, price, taker }) {
    if (!(market in marks)) return rejected("NO_MARK");
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
