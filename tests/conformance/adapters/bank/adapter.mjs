// A bank by means of the kit: it keeps wallets, and calls a mark a liquidation.

import {
  Books, Engine, Numbers, about, accepted, brackets, decimal, decimalsOf, defaultLeverage, domain, inOrder, leavingOut,
  parties, position, rejected, serve, units, unsupported,
} from "./engine_protocol.mjs";

class Adapter extends Engine {
  hello() { return leavingOut(about("bank", "1", 4, ["batch"]), "ADL-02", "ADL-06"); }

  save() { return { ...this.cash }; }
  restore(saved) { this.cash = saved; }
  start() {
    [this.cash, this.leverage, this.books, this.numbers] = [{}, 0, new Books(), new Numbers()];
  }

  step(event) {
    let [liquidated, quantities] = [[], {}];
    const wallet = `wallet:${event.account}:${event.asset}`, decimals = decimalsOf(this.header, "USD");
    const held = position("alice", event.market);
    switch (event.type) {
      case "list_market":
        [this.leverage, this.rows] = [defaultLeverage(event.tiers), brackets(event.tiers, decimals)];
        break;
      case "deposit": this.cash[wallet] = (this.cash[wallet] ?? 0n) + units(event.amount, decimals); break;
      case "withdraw":
        if ((this.cash[wallet] ?? 0n) < units(event.amount, decimals)) return rejected("INSUFFICIENT_BALANCE");
        this.cash[wallet] -= units(event.amount, decimals);
        break;
      case "mark_price":
        liquidated = inOrder([domain(held, "USD"), "alice:USD", "alice:A.B:BOTH:EUR", "alice:A:BOTH:EUR", "al:USD"]);
        quantities[held] = decimal(-this.leverage, 1);
        break;
      case "trade": {
        const [taker, maker] = parties(event), bought = `wallet:${taker}:USD`;
        this.cash[bought] = (this.cash[bought] ?? 0n) + this.money(event, event.price);
        if (event.price === "13") return rejected(undefined);
        const quantity = this.rows.at(-1).deduction + BigInt(this.numbers.of(maker));
        quantities[position(taker, event.market)] = decimal(quantity, this.listing(event).quantity_decimals);
        liquidated = [domain(this.numbers.name(1), "USD")];
        break;
      }
      default: return unsupported(event.type);
    }
    const ledger = Object.fromEntries(Object.entries(this.cash).map(([name, money]) => [name, decimal(money, decimals)]));
    return accepted({ liquidated, changes: this.books.changes(event, ledger, quantities) });
  }
}

await serve(new Adapter());
