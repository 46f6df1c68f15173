// Who bears a loss: funds, deleveraging, house and levy; settlement and the end of a market
// (WTF-01 and WTF-02, ADL-01 to ADL-06, LVY-01 and LVY-02, SET-01, MKT-05).
#include "reading.hpp"

#include <algorithm>

// ---- settlement ----

void Engine::settle(Suspects& suspects) {
    for (auto& [id, asset] : book.assets) {
        return_relief(asset);
        if (asset.uncovered > 0) suspects.assets.insert(&asset);
    }
    for (;;) {
        bool liquidated_any = liquidate(suspects);
        std::vector<Asset*> exposed(suspects.assets.begin(), suspects.assets.end());
        std::sort(exposed.begin(), exposed.end(), [](Asset* a, Asset* b) { return a->id < b->id; });
        suspects.assets.clear();
        for (Asset* asset : exposed) waterfall(*asset, suspects);
        if (!liquidated_any && suspects.domains.empty()) break;
    }
    if (closing_) close_market(*closing_);
    for (auto& [id, asset] : book.assets) return_relief(asset);
    if (!book.levies) find_uncovered();
}

void Engine::find_uncovered() {
    for (auto& [id, asset] : book.assets) asset.uncovered = std::max<Int>(0, missing(asset));
}

void Engine::waterfall(Asset& asset, Suspects& suspects) {
    while (missing(asset) > 0)
        if (!deleverage_once(asset, suspects)) break;
    if (missing(asset) > 0 && book.levies) last_resort(asset, suspects);
}

// ---- funds ----

void Engine::into_reserve(Market& market, Cell& source, Int profit) {
    if (profit == 0) return;
    book.transfer(source, market.reserve, profit);
    Counters& counters = market.counters;
    book.write(counters.inflow, counters.inflow.now + profit);
    if (market.reserve.now > counters.high_water.now) book.write(counters.high_water, market.reserve.now);
}

// WTF-01: reserve, then insurance fund, then relief; COVER_EXCEEDED if they do not suffice.
void Engine::draw(Market& market, Cell& target, Int loss) {
    Asset& asset = *market.asset;
    Counters& counters = market.counters;
    Int reserved = std::min(loss, market.reserve.now), insured = std::min(loss - reserved, asset.insurance.now);
    Int lent = loss - reserved - insured;
    require(lent <= asset.relief.now, Reason::COVER_EXCEEDED);
    book.transfer(market.reserve, target, reserved);
    if (reserved > 0) book.write(counters.outflow, counters.outflow.now + reserved);
    book.transfer(asset.insurance, target, insured);
    if (insured > 0) book.write(counters.insurance_drawn, counters.insurance_drawn.now + insured);
    book.transfer(asset.relief, target, lent);
    book.claim_falls(asset, lent);
}

// ---- deleveraging ----

namespace {

// ADL-02, by the ranking of the header.
Score score_of(Book& book, const Position& position, const Margins& domain) {
    Int profit = unrealised(position);
    if (!book.ranks_bitmex) {
        Int stake = std::max(position.market->asset->unit, domain.cash);
        return {std::max<Int>(0, profit) * domain.maintenance, stake * domain.equity};
    }
    Int worth = notional(*position.market, position.quantity.now), cost = absolute(position.cost());
    if (profit >= 0) return {profit * worth, cost * domain.equity};
    return {profit * domain.equity, cost * worth};
}

}  // namespace

// The queue for lots that are not `longs`: positions of that sign; both queues are taken at the first look.
const std::vector<Position*>& Engine::queue(Market& market, bool longs) {
    auto found = queues_.find(&market);
    if (found != queues_.end()) return found->second.of[longs];
    std::vector<std::pair<Score, Position*>> ranked[2];
    for (Position* position : market.holders) {
        Margins domain = health(book, domain_of(*position));
        if (domain.healthy())
            ranked[position->quantity.now > 0].emplace_back(score_of(book, *position, domain), position);
    }
    Queues& queues = queues_[&market];
    for (int sign : {0, 1}) {
        std::stable_sort(ranked[sign].begin(), ranked[sign].end(),
                         [](const auto& a, const auto& b) { return above(a.first, b.first); });
        for (auto& [score, position] : ranked[sign]) queues.of[sign].push_back(position);
    }
    return queues.of[longs];
}

namespace {

Int released_loss(const Step& step, Int lot_loss, Int profit, Int quantity) {
    if (step.price == Step::AtMark) return 0;
    if (step.price == Step::AtLot) return ceil_div(lot_loss * quantity, absolute(step.lot->quantity.now));
    return floor_div(profit * quantity, absolute(step.position->quantity.now));
}

// ADL-01: the quantity by what is released: enough for what is lacking, or at most the shortfall here.
Int wanted(const Step& step, Int lot_loss, Int profit, Int shortfall_here, Int lacking) {
    bool at_lot = step.price == Step::AtLot;
    Int size = absolute(at_lot ? step.lot->quantity.now : step.position->quantity.now), loss = at_lot ? lot_loss : profit;
    if (shortfall_here >= lacking)
        return at_lot ? floor_div((lacking - 1) * size, loss) + 1 : ceil_div(lacking * size, loss);
    return at_lot ? floor_div(shortfall_here * size, loss) : floor_div((shortfall_here + 1) * size - 1, loss);
}

}  // namespace

// Finds price and quantity of a step of lot and position (ADL-03, ADL-04); false if the pair is not eligible.
// Declared deleveraging gives the `most` to close, settlement gives 0 and goes by the shortfall.
bool Engine::eligible(Step& step, Int shortfall_here, Int lacking, Int most) {
    Position& position = *step.position;
    Market& market = *position.market;
    const Lot& lot = *step.lot;
    Int held = position.quantity.now, size = absolute(held), of_lot = absolute(lot.quantity.now);
    if (held == 0 || position.ruled_out == book.event) return false;
    Int profit = unrealised(position);
    Int lot_loss = lot.cost() - market.value(market.mark, lot.quantity.now);
    if (lot_loss <= 0) {
        if (profit < 0) return false;
        step.price = Step::AtMark;
    } else {
        // Entry against the lot's price, cost / q each, multiplied out by both sizes.
        Int entry = position.cost() * of_lot * (held > 0 ? 1 : -1);
        Int price = lot.cost() * size * (lot.is_long ? 1 : -1);
        bool no_worse = held > 0 ? entry <= price : entry >= price;
        step.price = no_worse ? Step::AtLot : Step::AtEntry;
        if (!no_worse) {
            if (floor_div(profit, size) < 1) return false;
            if (market.lots[lot.is_long].size() == 1) --of_lot;
        }
    }
    Int cap = std::min(of_lot, size);
    cap = std::min(cap, most > 0 ? most : wanted(step, lot_loss, profit, shortfall_here, lacking));
    if (cap <= 0) return false;
    Margins domain = health(book, domain_of(position));
    Int others = domain.maintenance - maintenance(market, held);
    auto room = [&](Int k) {
        Int left = maintenance(market, held > 0 ? held - k : held + k);
        return domain.equity - released_loss(step, lot_loss, profit, k) - others - left > 0;
    };
    if (!room(1)) return false;
    step.halved = !room(cap);
    Int low = 1, high = cap;
    while (step.halved && high - low > 1) {
        Int middle = (low + high) / 2;
        (room(middle) ? low : high) = middle;
    }
    step.quantity = step.halved ? low : cap;
    return true;
}

// ADL-01: one step, if there is an eligible pair in a market with shortfall.
bool Engine::deleverage_once(Asset& asset, Suspects& suspects) {
    Int lacking = missing(asset);
    std::vector<std::pair<Int, Market*>> short_of;
    for (auto& [id, market] : asset.markets)
        if (Int here = shortfall(*market)) short_of.emplace_back(here, market);
    std::stable_sort(short_of.begin(), short_of.end(), [](auto& a, auto& b) { return a.first > b.first; });
    for (auto& [here, market] : short_of) {
        std::map<std::int64_t, Lot*> losing;
        for (Lots& lots : market->lots)
            for (auto& [id, lot] : lots)
                if (lot->cost() > market->value(market->mark, lot->quantity.now)) losing[id] = lot.get();
        for (auto& [id, lot] : losing) {
            for (Position* position : queue(*market, !lot->is_long)) {
                Step step{lot, position, 0, Step::AtLot, false};
                if (!eligible(step, here, lacking, 0)) continue;
                carry_out(step, suspects);
                return true;
            }
        }
    }
    return false;
}

void Engine::carry_out(const Step& step, Suspects& suspects) {
    Position& position = *step.position;
    Lot& lot = *step.lot;
    Market& market = *position.market;
    Int held = position.quantity.now, size = absolute(held), k = step.quantity;
    Int lot_size = absolute(lot.quantity.now), part = lot.is_long ? k : -k;
    Int released = ceil_div(position.cost() * k, size), lot_released = ceil_div(lot.cost() * k, lot_size);
    Int value = step.price == Step::AtLot     ? lot_released
                : step.price == Step::AtEntry ? -released
                                              : market.value(market.mark, part);
    Int given_up = value - market.value(market.mark, part);
    deleveraged.push_back(position.account->name + ":" + market.id + ":" + side_names[position.side]);
    if (step.halved) position.ruled_out = book.event;
    suspects.domains.insert(domain_of(position));
    book.transfer(position.balance, lot.balance, value);
    book.set_lot_quantity(lot, lot.quantity.now - part);
    book.set_quantity(position, held + part);
    realise(position, -value - released);
    return_cash_if_flat(position);
    if (step.price == Step::AtMark) into_reserve(market, lot.balance, value - lot_released);
    Cell& passed = market.counters.deleveraged;
    if (given_up != 0) book.write(passed, passed.now + given_up);
    if (lot.quantity.now != 0) return;
    Lots& queue = market.lots[lot.is_long];
    if (lot.balance.now != 0) {
        auto newest = std::prev(queue.end());
        if (newest->second.get() == &lot) --newest;
        book.transfer(newest->second->balance, lot.balance, -lot.balance.now);
    }
    book.drop_lot(lot);
}

// ADL-06: by the venue's own decision.
void Engine::deleverage(const json::Value& event, Suspects& suspects) {
    Market& market = market_of(event);
    require(market.mark > 0, Reason::NO_MARK);
    bool longs = event.at("side").text == "long";
    Int left = quantity_of(event, market, 0), there = 0;
    for (auto& [id, lot] : market.lots[longs]) there += absolute(lot->quantity.now);
    require(left <= there, Reason::NO_INVENTORY);
    bool any = false;
    auto next_step = [&] {
        for (auto& [id, lot] : market.lots[longs]) {
            for (Position* position : queue(market, !longs)) {
                Step step{lot.get(), position, 0, Step::AtLot, false};
                if (!eligible(step, 0, 0, left)) continue;
                left -= step.quantity;
                carry_out(step, suspects);
                return true;
            }
        }
        return false;
    };
    while (left > 0 && next_step()) any = true;
    require(any, Reason::NO_COUNTERPARTY);
    suspects.assets.insert(market.asset);
}

// ---- house and levy ----

std::vector<Domain> Engine::domains_of(Asset& asset) {
    std::vector<Domain> found;
    for (auto& [name, account] : book.accounts) {
        found.push_back({&account, &asset, nullptr});
        for (auto& [id, slot] : account.slots) {
            if (!slot.isolated || slot.market->asset != &asset) continue;
            for (auto& position : slot.positions)
                if (position && position->quantity.now != 0) found.push_back({&account, &asset, position.get()});
        }
    }
    return found;
}

void Engine::last_resort(Asset& asset, Suspects& suspects) {
    Int paid = std::min(missing(asset), asset.house.now);
    book.transfer(asset.house, asset.insurance, paid);
    Cell& counter = event_market_->counters.levied;
    if (paid > 0) book.write(counter, counter.now + paid);
    for (int layer = 1; layer <= 3 && missing(asset) > 0; ++layer) levy_layer(asset, layer, suspects);
}

namespace {

Int profit_of(const Domain& domain) {
    std::map<Market*, Int> net;
    for (Position* position : positions(domain))
        if (shortfall(*position->market) > 0) net[position->market] += unrealised(*position);
    Int sum = 0;
    for (auto& [market, profit] : net) sum += std::max<Int>(0, profit);
    return sum;
}

}  // namespace

void Engine::levy_layer(Asset& asset, int layer, Suspects& suspects) {
    std::vector<Domain> payers;
    std::vector<Int> weights;
    Int sum = 0;
    for (const Domain& domain : domains_of(asset)) {
        Margins found = health(book, domain);
        Int weight = std::max<Int>(0, found.equity);
        if (layer < 3 && !found.flat) weight = std::max<Int>(0, found.equity - found.maintenance - 1);
        if (layer == 1) weight = std::min(weight, profit_of(domain));
        if (weight == 0) continue;
        payers.push_back(domain);
        weights.push_back(weight);
        sum += weight;
    }
    Int amount = std::min(missing(asset), sum);
    auto parts = shares(amount, weights);
    for (std::size_t i = 0; i < payers.size(); ++i) {
        if (parts[i] == 0) continue;
        book.transfer(cash(book, payers[i]), asset.relief, parts[i]);
        Cell& claim = book.claim(asset, payers[i].key());
        book.write(claim, claim.now + parts[i]);
        levied.push_back(payers[i].name());
        suspects.domains.insert(payers[i]);
    }
    Cell& counter = event_market_->counters.levied;
    if (amount > 0) book.write(counter, counter.now + amount);
}

// LVY-02: what is not needed goes back, to the domain or, if it is isolated and flat, to its account's wallet.
void Engine::return_relief(Asset& asset) {
    if (asset.relief.now == 0) return;
    Int excess = asset.relief.now - std::max<Int>(0, shortfalls(asset) - asset.insurance.now);
    if (excess <= 0) return;
    std::vector<std::pair<DomainKey, Cell*>> claims;
    std::vector<Int> weights;
    for (auto& [key, cell] : asset.claims) {
        if (cell.now == 0) continue;
        claims.emplace_back(key, &cell);
        weights.push_back(cell.now);
    }
    auto parts = shares(excess, weights);
    for (std::size_t i = 0; i < claims.size(); ++i) {
        if (parts[i] == 0) continue;
        auto& [key, claim] = claims[i];
        Account& account = *book.account(key.account);
        Cell* target = &book.wallet(account, asset);
        auto slot = account.slots.find(key.market);
        if (key.side >= 0 && slot != account.slots.end() && slot->second.isolated) {
            Position* position = slot->second.positions[key.side].get();
            if (position && position->quantity.now != 0) target = &position->cash;
        }
        book.transfer(asset.relief, *target, parts[i]);
        book.write(*claim, claim->now - parts[i]);
    }
}

// ---- final settlement (MKT-05) ----

void Engine::close_market(Market& market) {
    Asset& asset = *market.asset;
    std::vector<Position*> held(market.holders.begin(), market.holders.end());
    std::map<std::int64_t, std::shared_ptr<Lot>> lots;
    for (Lots& queue : market.lots) lots.insert(queue.begin(), queue.end());
    for (bool longs : {false, true}) {
        auto pay = [&](Cell& balance, Int quantity) {
            if ((quantity > 0) == longs)
                book.transfer(asset.clearing, balance, market.value(market.mark, quantity));
        };
        for (Position* position : held) pay(position->balance, position->quantity.now);
        for (auto& [id, lot] : lots) pay(lot->balance, lot->quantity.now);
    }
    for (Position* position : held) {
        book.set_quantity(*position, 0);
        realise(*position, position->balance.now);
        return_cash_if_flat(*position);
    }
    for (auto& [id, lot] : lots) book.set_lot_quantity(*lot, 0);
    for (auto& [id, lot] : lots)
        if (lot->balance.now > 0) into_reserve(market, lot->balance, lot->balance.now);
    for (auto& [id, lot] : lots)
        if (lot->balance.now < 0) draw(market, lot->balance, -lot->balance.now);
    for (auto& [id, lot] : lots) book.drop_lot(*lot);
    book.transfer(market.reserve, asset.insurance, market.reserve.now);
    drop_market(market);
}

void Engine::drop_market(Market& market) {
    for (auto& [name, account] : book.accounts) {
        auto slot = account.slots.find(market.id);
        if (slot == account.slots.end()) continue;
        book.keep(std::make_shared<Slot>(std::move(slot->second)));
        account.slots.erase(slot);
    }
    market.asset->markets.erase(market.id);
    book.closed[market.id] = std::move(book.markets.at(market.id));
    book.markets.erase(market.id);
}
