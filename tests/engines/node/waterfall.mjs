// Who bears a loss (section 7): draws, cover, the levy and what goes back of it.

import { byKey, refuseIf } from "./book.mjs";
import { decimals, max, min } from "./decimals.mjs";
import { margin } from "./margin.mjs";

export const waterfall = {
  /** Profits of lots go to the reserve, then losses are drawn; refused if cover does not suffice. */
  realise(book, market, realised) {
    for (const { lot, amount } of realised) {
      if (amount > 0n) waterfall.gain(book, market, lot.ledger, amount);
    }
    for (const { lot, amount } of realised) {
      if (amount < 0n) waterfall.draw(book, market, lot.ledger, -amount);
    }
  },

  gain(book, market, ledger, amount) {
    book.transfer(ledger, `reserve:${market.id}`, amount);
    book.count(market.id, "inflow", amount);
  },

  /** Draws a loss from reserve, insurance fund and relief, in this order (WTF-01). */
  draw(book, market, ledger, loss) {
    const funds = book.funds(market);
    refuseIf(loss > funds.reduce((sum, fund) => sum + book.balance(fund), 0n), "COVER_EXCEEDED");
    let left = loss;
    for (const fund of funds) {
      const drawn = min(left, book.balance(fund));
      book.transfer(fund, ledger, drawn);
      left -= drawn;
      if (drawn > 0n) waterfall.drawnFrom(book, market, fund, drawn);
    }
  },

  drawnFrom(book, market, fund, drawn) {
    const [reserve, insurance] = book.funds(market);
    if (fund === reserve) book.count(market.id, "outflow", drawn);
    else if (fund === insurance) book.count(market.id, "insurance_drawn", drawn);
    else waterfall.lowerClaims(book, market.asset, drawn);
  },

  /** Claims fall pro rata by what leaves relief; the parts are returned in order. */
  lowerClaims(book, asset, amount) {
    const claims = book.claimsOf(asset);
    const parts = decimals.share(amount, claims.map((claim) => claim.amount));
    claims.forEach(({ domain }, i) => { if (parts[i] > 0n) book.addClaim(domain, -parts[i]); });
    return claims.map(({ domain }, i) => ({ domain, part: parts[i] }));
  },

  /** What a market's lots lose at mark beyond its reserve (WTF-02). */
  shortfall(book, market) {
    const lots = book.lotsOf(market.id);
    if (lots.length === 0) return 0n;
    const profit = lots.reduce((sum, lot) => sum + margin.unrealised(book, lot), 0n);
    return max(0n, -profit - book.balance(`reserve:${market.id}`));
  },

  shortfalls: (book, asset) => book.marketsOf(asset)
    .map((market) => ({ market, shortfall: waterfall.shortfall(book, market) })),

  total: (book, asset) => waterfall.shortfalls(book, asset).reduce((sum, { shortfall }) => sum + shortfall, 0n),

  /** What the cover test fails by; zero or below if it holds. */
  missing(book, asset) {
    return waterfall.total(book, asset) - book.balance(`insurance:${asset}`) - book.balance(`relief:${asset}`);
  },

  // The last resort (LVY-01).

  /** House first, then three layers of levy; gives the domains that paid. */
  lastResort(book, asset, market) {
    const house = `house:${asset}`;
    const paid = min(waterfall.missing(book, asset), book.balance(house));
    book.transfer(house, `insurance:${asset}`, paid);
    book.count(market.id, "levied", paid);
    const payers = [];
    for (const layer of [waterfall.profitWeight, waterfall.spareWeight, waterfall.equityWeight]) {
      const missing = waterfall.missing(book, asset);
      if (missing > 0n) payers.push(...waterfall.levy(book, asset, market, layer, missing));
    }
    return payers;
  },

  levy(book, asset, market, layer, missing) {
    const short = new Set(waterfall.shortfalls(book, asset).filter(({ shortfall }) => shortfall > 0n)
      .map((item) => item.market.id));
    const payers = waterfall.domains(book, asset)
      .map((domain) => ({ domain, weight: layer(book, margin.figures(book, domain), short) }))
      .filter(({ weight }) => weight > 0n);
    if (payers.length === 0) return [];
    const weights = payers.map(({ weight }) => weight);
    const amount = min(missing, weights.reduce((a, b) => a + b, 0n));
    const parts = decimals.share(amount, weights);
    payers.forEach(({ domain }, i) => {
      if (parts[i] === 0n) return;
      book.transfer(domain.cash, `relief:${asset}`, parts[i]);
      book.addClaim(domain, parts[i]);
      book.decisions.levied.push(domain.name);
    });
    book.count(market.id, "levied", amount);
    return payers.map(({ domain }) => domain);
  },

  /** The margin domains of an asset in key order, flat wallets too. */
  domains(book, asset) {
    const found = new Map();
    for (const account of book.accounts.keys()) {
      const cross = book.domain(account, asset);
      found.set(cross.key, cross);
      for (const position of book.ofAccount(account)) {
        const domain = book.domainOf(position);
        if (domain.asset === asset) found.set(domain.key, domain);
      }
    }
    return [...found.values()].sort(byKey);
  },

  profitWeight(book, figures, short) {
    const net = new Map();
    for (const position of figures.positions) {
      if (!short.has(position.market)) continue;
      net.set(position.market, (net.get(position.market) ?? 0n) + margin.unrealised(book, position));
    }
    const profit = [...net.values()].reduce((sum, amount) => sum + max(0n, amount), 0n);
    return min(profit, waterfall.spareWeight(book, figures));
  },

  spareWeight(book, { flat, equity, maintenance }) {
    return max(0n, flat ? equity : equity - maintenance - 1n);
  },

  equityWeight: (book, { equity }) => max(0n, equity),

  /** Relief that is not needed any more goes back to those who have claims (LVY-02). */
  giveBack(book, asset) {
    const relief = `relief:${asset}`;
    if (book.balance(relief) === 0n) return;
    const needed = max(0n, waterfall.total(book, asset) - book.balance(`insurance:${asset}`));
    const excess = book.balance(relief) - needed;
    if (excess <= 0n) return;
    for (const { domain, part } of waterfall.lowerClaims(book, asset, excess)) {
      const flat = domain.market && book.position(domain.account, domain.market, domain.side).quantity === 0n;
      book.transfer(relief, flat ? book.domain(domain.account, asset).cash : domain.cash, part);
    }
  },
};
