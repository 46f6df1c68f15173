// The engine protocol: requests on standard input, answers on standard output, a line of JSON each.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

import { decimals } from "./decimals.mjs";
import { Exchange, rules } from "./exchange.mjs";
import { states } from "./states.mjs";

const HELLO = {
  answer: "hello", protocol: 1, name: "node-rulebook", version: "1", language: "JavaScript", rulebook: "2", level: 4,
  capabilities: ["batch", "digest", "reset_state", "isolated", "hedge", "orders", "limits", "stated_fees", "funding",
    "fills", "deleverage", "settle_market", "bitmex", "adl", "levy", "no_levy"],
};

const WANTS = ["verdict", "decisions", "balances", "terms", "receipts"];

/** Canonical JSON: keys in order of code points, no spaces. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return ascii(JSON.stringify(value));
  return `{${Object.keys(value).sort().map((key) => `${ascii(JSON.stringify(key))}:${canonical(value[key])}`).join(",")}}`;
}

const ascii = (text) => text.replace(/[\u007f-\uffff]/g,
  (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** What the event changed, with the values after it. */
export function changes(book) {
  const gone = new Map();
  for (const [map, key, old] of book.undo) {
    if (old === undefined) continue;
    if (map === book.markets) gone.set(key, old);
    if (map === book.lots) gone.set(old.ledger, old);
  }
  for (const lot of book.undo.filter(([map]) => map === book.lots)) {
    const now = book.lots.get(lot[1]);
    if (now) gone.set(now.ledger, now);
  }
  const ledger = {};
  for (const { key, old } of book.changed(book.balances)) {
    const now = book.balance(key);
    if (now !== (old ?? 0n)) ledger[key] = decimals.format(now, states.digitsOf(book, key, gone));
  }
  const positions = {};
  for (const { key, old } of book.changed(book.positions)) {
    const now = book.positions.get(key);
    const { account, market, side } = now ?? old ?? {};
    if ((now?.quantity ?? 0n) === (old?.quantity ?? 0n)) continue;
    const digits = (book.markets.get(market) ?? gone.get(market)).quantityDecimals;
    positions[`${account}:${market}:${side}`] = decimals.format(now?.quantity ?? 0n, digits);
  }
  const claims = {};
  for (const { key, old } of book.changed(book.claims)) {
    const now = book.claims.get(key);
    if ((now?.amount ?? 0n) === (old?.amount ?? 0n)) continue;
    const { domain } = now ?? old;
    claims[domain.name] = decimals.format(now?.amount ?? 0n, book.decimalsOf(domain.asset));
  }
  return { ledger, positions, claims };
}

export class Session {
  constructor() {
    this.header = { journal: 1, rulebook: "2" };
    this.exchange = new Exchange(this.header);
  }

  answer(request) {
    const does = this[`do_${request.do}`];
    if (does === undefined) return { answer: "unsupported", capability: String(request.do) };
    try {
      return does.call(this, request);
    } catch (error) {
      return { answer: "errored", message: String(error.stack ?? error) };
    }
  }

  do_hello() {
    return HELLO;
  }

  do_configure({ header }) {
    this.header = header;
    return { answer: "ok" };
  }

  do_reset({ state }) {
    this.exchange = new Exchange(this.header);
    if (state !== undefined) this.exchange.book = states.read(state);
    return { answer: "ok" };
  }

  do_step({ event, want }) {
    if (rules[event.type] === undefined) return { answer: "unsupported", capability: event.type };
    const reason = this.exchange.apply(event);
    if (reason !== null) return { answer: "rejected", reason };
    const wanted = WANTS.indexOf(want);
    const { book } = this.exchange;
    return { answer: "result", ...(wanted >= 1 ? book.decisions : {}), ...(wanted >= 2 ? { changes: changes(book) } : {}) };
  }

  do_batch({ events, want, digest }) {
    if (!digest) return { answer: "batch", answers: events.map((event) => this.answer({ do: "step", event, want })) };
    const hash = createHash("sha256");
    for (const event of events) hash.update(`${canonical(this.answer({ do: "step", event, want }))}\n`);
    return { answer: "batch", steps: events.length, digest: hash.digest("hex") };
  }

  do_stop() {
    return { answer: "ok" };
  }
}

/** Answers the requests of standard input until it is told to stop, or the input ends. */
export async function serve(session = new Session()) {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    process.stdout.write(`${canonical({ id: request.id, ...session.answer(request) })}\n`);
    if (request.do === "stop") return;
  }
}
