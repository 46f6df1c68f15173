// The engine protocol of marginspec, version 1: the loop that hands each request to an engine, and what adapters need.
// An event is an object as in a journal: amounts are texts, `tiers` is a list, what is optional may not be there.

import { createInterface } from "node:readline";

export const about = (name, version, level, capabilities) =>
  ({ answer: "hello", protocol: 1, name, version, language: "JavaScript", rulebook: "2", level, capabilities });
// The same, with the clauses that the engine does not follow.
export const leavingOut = (hello, ...clauses) => ({ ...hello, left_out: clauses });
export const ok = () => ({ answer: "ok" });
// Nobody is liquidated, deleveraged or levied but whom the fields name.
export const accepted = (fields = {}) => ({ answer: "result", liquidated: [], deleveraged: [], levied: [], ...fields });
// For one of the rulebook's reasons; an unknown one is never the right one.
export const rejected = (reason) => ({ answer: "rejected", reason: reason || "NO_REASON_OF_THE_RULEBOOK" });
export const unsupported = (capability) => ({ answer: "unsupported", capability });

// The engine has nothing for what is asked; thrown anywhere, it is the answer.
export class Unsupported extends Error {}

// A decimal text as a BigInt, counted in 10^-decimals; Unsupported if it is finer.
export function units(text, decimals = 8) {
  const [whole, part = ""] = text.replace("-", "").split(".");
  if (/[1-9]/.test(part.slice(decimals))) throw new Unsupported("finer amounts");
  const counted = BigInt(whole + part.slice(0, decimals).padEnd(decimals, "0"));
  return text.startsWith("-") ? -counted : counted;
}

// What is counted in 10^-decimals as a decimal text, in its shortest form.
export function decimal(counted, decimals = 8) {
  const digits = String(counted).replace("-", "").padStart(decimals + 1, "0");
  const place = digits.length - decimals;
  return shortest(`${counted < 0 ? "-" : ""}${digits.slice(0, place)}.${digits.slice(place)}`);
}

// A decimal text in its shortest form: `1.5` for `1.50`, `0` for `-0.0`.
export function shortest(text) {
  const short = text.includes(".") ? text.replace(/\.?0*$/, "") : text;
  return short === "-0" ? "0" : short;
}

// The decimals of an asset: those that the header says, else eight.
export const decimalsOf = (header, asset) => header.assets[asset]?.decimals ?? 8;
// The leverage of an account that set none: 20, or the first tier's maximum if that is less.
export const defaultLeverage = (tiers) => Math.min(20, tiers[0].max_leverage);
// The taker and the maker of a trade.
export const parties = ({ buyer, seller, taker }) => (taker === "buyer" ? [buyer, seller] : [seller, buyer]);

// A market's table as venues have it, by the decimals of its asset: MKT-02. `floor`, `ceiling` (null of the last) and
// `deduction` are BigInts that count quanta, `rate` 10^-8; Unsupported if a deduction is no whole number of quanta.
export function brackets(tiers, decimals) {
  const [rows, one] = [[], 10n ** 8n];
  let [deduction, rate] = [0n, 0n];
  for (const tier of tiers) {
    const [floor, before] = [units(tier.floor, decimals), rate];
    rate = units(tier.maintenance_rate);
    deduction += floor * (rate - before);
    if (deduction % one) throw new Unsupported("finer deductions");
    if (rows.length) rows.at(-1).ceiling = floor;
    rows.push({ floor, ceiling: null, rate, deduction: deduction / one, max_leverage: tier.max_leverage });
  }
  return rows;
}

export const position = (account, market, side = "BOTH") => `${account}:${market}:${side}`;
// The name of a margin domain: of an account if it is cross, of a position if it is isolated.
export const domain = (owner, asset) => `${owner}:${asset}`;

// Margin domains in the order in which they are liquidated: by account, asset, market and side, cross first.
export function inOrder(domains) {
  const key = (name) => {
    const [account, ...rest] = name.split(":");
    return [account, rest.pop(), ...rest].join("\0");
  };
  return [...domains].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

// Names as whole numbers from 1 on, for engines that name nothing.
export class Numbers {
  names = [];
  // The number of a name, a new one if it has none.
  of(name) { return (this.names.indexOf(name) + 1) || this.names.push(name); }
  name(number) { return this.names[number - 1]; }
}

// By the events that move money from outside or out, which way `external` goes.
const OUTSIDE = { deposit: -1n, fund_insurance: -1n, withdraw: 1n, withdraw_house: 1n };

// An engine's balances from event to event, and the money that came from outside.
export class Books {
  outside = {};
  before = { ledger: {}, positions: {}, claims: {} };

  // What an accepted event changed; all balances after it, by name, are given, but for `external`.
  changes(event, ledger, positions, claims = {}) {
    if (event.type in OUTSIDE)
      this.outside[event.asset] = (this.outside[event.asset] ?? 0n) + OUTSIDE[event.type] * units(event.amount);
    const after = { ledger: { ...ledger }, positions, claims };
    for (const asset in this.outside) after.ledger[`external:${asset}`] = decimal(this.outside[asset]);
    const changed = {};
    for (const kind in after) {
      after[kind] = Object.fromEntries(Object.entries(after[kind]).map(([name, text]) => [name, shortest(text)]));
      changed[kind] = {};
      for (const name of Object.keys({ ...this.before[kind], ...after[kind] }))
        if ((this.before[kind][name] ?? "0") !== (after[kind][name] ?? "0")) changed[kind][name] = after[kind][name] ?? "0";
    }
    this.before = after;
    return changed;
  }
}

// What an engine answers; whatever a subclass does not have of its own is unsupported.
export class Engine {
  configure(header) {
    this.header = header;
    return ok();
  }
  // Make an exchange without markets, accounts and money.
  start() {}
  // From nothing, or from a state.
  reset(state) {
    if (state !== undefined) return unsupported("reset_state");
    this.start();
    return ok();
  }
  // One event; `want` says how much a result tells.
  step(event, want) { return unsupported(event.type); }
  // What `restore` needs to bring the exchange back where it is, by copy; asked for before each event.
  save() {}
  // Bring the exchange back to where it was saved; called after each event that is not accepted.
  restore(saved) {}
  // The listing of an event's market.
  listing(event) { return this.listed[event.market] ?? { price_decimals: 8, quantity_decimals: 8 }; }
  // An amount counted in quanta of the event's asset, or of its market's; Unsupported if it is finer.
  money(event, text) { return units(text, decimalsOf(this.header, event.asset ?? this.listing(event).asset)); }
  state() { return unsupported("state"); }
  calc(question) { return unsupported("calc"); }
}

const answers = {
  hello: (engine) => engine.hello(),
  configure: (engine, { header }) => engine.configure(header),
  reset(engine, { state }) {
    engine.listed = {};
    return engine.reset(state);
  },
  // What is not accepted changes nothing.
  step(engine, { event, want }) {
    const saved = engine.save();
    let answer;
    try {
      answer = engine.step(event, want);
    } finally {
      if (answer?.answer !== "result") engine.restore(saved);
      else if (event.type === "list_market") engine.listed[event.market] = event;
    }
    return answer;
  },
  batch: (engine, { events, want }) =>
    ({ answer: "batch", answers: events.map((event) => answerTo(engine, { do: "step", event, want })) }),
  state: (engine) => engine.state(),
  calc: (engine, { question }) => engine.calc(question),
  stop: () => ok(),
};

// What an engine throws is its word that it failed.
function answerTo(engine, request) {
  try {
    return (answers[request.do] ?? (() => unsupported(request.do)))(engine, request);
  } catch (error) {
    if (error instanceof Unsupported) return unsupported(error.message);
    console.error(error);
    return { answer: "errored", message: String(error) };
  }
}

// Answer requests until `stop`. What the engine prints goes to standard error: only answers may stand on the other.
export async function serve(engine) {
  console.log = console.info = console.debug = console.error;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    process.stdout.write(`${JSON.stringify({ id: request.id, ...answerTo(engine, request) })}\n`);
    if (request.do === "stop") return;
  }
}
