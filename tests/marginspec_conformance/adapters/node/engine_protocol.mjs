// The engine protocol of marginspec, version 1: the loop that hands each request to an engine.

import { createInterface } from "node:readline";

export const ok = () => ({ answer: "ok" });
// The fields are those that were wanted.
export const accepted = (fields = {}) => ({ answer: "result", ...fields });
// For one of the rulebook's reasons.
export const rejected = (reason) => ({ answer: "rejected", reason });
export const unsupported = (capability) => ({ answer: "unsupported", capability });

// What an engine answers; whatever a subclass does not have of its own is unsupported.
export class Engine {
  configure(header) { return ok(); }
  // From nothing, or from a state.
  reset(state) { return state === undefined ? ok() : unsupported("reset_state"); }
  // One event; `want` says how much a result tells.
  step(event, want) { return unsupported(event.type); }
  state() { return unsupported("state"); }
  calc(question) { return unsupported("calc"); }
}

const answers = {
  hello: (engine) => engine.hello(),
  configure: (engine, { header }) => engine.configure(header),
  reset: (engine, { state }) => engine.reset(state),
  step: (engine, { event, want }) => engine.step(event, want),
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
