// A bank by means of the kit: it keeps wallets, and calls a mark a liquidation.

import {
  Books, Engine, about, accepted, decimal, decimalsOf, defaultLeverage, domain, inOrder, leavingOut, position, rejected,
  serve, units, unsupported,
} from "./engine_protocol.mjs";

class Adapter extends Engine {
  hello() { return leavingOut(about("bank", "1", 4, ["batch"]), "ADL-02", "ADL-06"); }

  start() {
    [this.cash, this.leverage, this.books] = [{}, 0, new Books()];
  }

  step(event) {
    let [liquidated, quantities] = [[], {}];
    const wallet = `wallet:${event.account}:${event.asset}`, decimals = decimalsOf(this.header, "USD");
    const held = position("alice", event.market);
    switch (event.type) {
      case "list_market": this.leverage = defaultLeverage(event.tiers); break;
      case "deposit": this.cash[wallet] = (this.cash[wallet] ?? 0n) + units(event.amount, decimals); break;
      case "withdraw":
        if ((this.cash[wallet] ?? 0n) < units(event.amount, decimals)) return rejected("INSUFFICIENT_BALANCE");
        this.cash[wallet] -= units(event.amount, decimals);
        break;
      case "mark_price":
        liquidated = inOrder([domain(held, "USD"), "alice:USD", "alice:A.B:BOTH:EUR", "alice:A:BOTH:EUR", "al:USD"]);
        quantities[held] = decimal(-this.leverage, 1);
        break;
      default: return unsupported(event.type);
    }
    const ledger = Object.fromEntries(Object.entries(this.cash).map(([name, money]) => [name, decimal(money, decimals)]));
    return accepted({ liquidated, changes: this.books.changes(event, ledger, quantities) });
  }
}

await serve(new Adapter());
