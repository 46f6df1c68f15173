// Liquidation of unhealthy domains: step-downs and takeover (LIQ-01 to LIQ-04).
#include "engine.hpp"

// Takes all suspects that are not healthy; whether there was any.
bool Engine::liquidate(Suspects& suspects) {
    std::vector<Domain> unhealthy;
    for (const Domain& domain : suspects.domains)
        if (!health(book, domain).healthy()) unhealthy.push_back(domain);
    suspects.domains.clear();
    for (const Domain& domain : unhealthy) {
        liquidate(domain);
        suspects.assets.insert(domain.asset);
    }
    return !unhealthy.empty();
}

void Engine::liquidate(const Domain& domain) {
    liquidated.push_back(domain.name());
    cancel_orders(domain);
    while (step_down(domain)) {}
    Margins found = health(book, domain);
    if (!found.healthy()) take_over(domain, found);
}

void Engine::cancel_orders(const Domain& domain) {
    std::vector<std::pair<Slot*, std::string>> gone;
    for (auto& [id, slot] : domain.account->slots) {
        if (slot.market->asset != domain.asset) continue;
        if (domain.isolated && slot.market != domain.isolated->market) continue;
        for (auto& [order_id, order] : slot.orders)
            if (!domain.isolated || order->side == domain.isolated->side) gone.emplace_back(&slot, order_id);
    }
    for (auto& [slot, id] : gone) book.remove_order(*domain.account, *slot, id);
}

// ACC-02: the realised PnL of a part whose value has come in already.
void Engine::realise(Position& position, Int profit) {
    book.transfer(position.balance, cash(book, domain_of(position)), profit);
}

void Engine::return_cash_if_flat(Position& position) {
    Domain domain = domain_of(position);
    if (!domain.isolated || position.quantity.now != 0 || position.cash.now < 0) return;
    book.transfer(position.cash, book.wallet(*position.account, *position.market->asset), position.cash.now);
}

// LIQ-02: one step-down, if there is one to make.
bool Engine::step_down(const Domain& domain) {
    Margins found = health(book, domain);
    if (found.healthy() || found.equity <= 0) return false;
    Position* largest = nullptr;
    Int most = 0;
    for (Position* position : positions(domain)) {
        const Market& market = *position->market;
        Int held = position->quantity.now, kept = maintenance(market, held);
        if (tier_of(market, notional(market, held)).floor == 0 || kept <= most) continue;
        largest = position;
        most = kept;
    }
    if (!largest) return false;
    Market& market = *largest->market;
    Int held = largest->quantity.now, size = absolute(held), cost = largest->cost();
    Int kept = tier_of(market, notional(market, held)).floor / market.value(market.mark, 1);
    Int cut = held > 0 ? size - kept : kept - size, left = held - cut;
    Int value = market.value(market.mark, cut), released = ceil_div(cost * absolute(cut), size);
    Int fee = std::min({ceil_div(absolute(value) * market.clearance_fee, rate_one),
                        most - maintenance(market, left), found.equity});
    Lot& lot = book.open_lot(*largest, domain.isolated != nullptr, cut, true);
    book.transfer(lot.balance, largest->balance, value);
    book.set_quantity(*largest, left);
    realise(*largest, value - released);
    book.transfer(cash(book, domain), lot.balance, fee);
    return_cash_if_flat(*largest);
    return true;
}

// LIQ-03: the engine takes everything over at its bankruptcy value.
void Engine::take_over(const Domain& domain, const Margins& found) {
    Asset& asset = *domain.asset;
    Int equity = found.equity;
    if (equity < 0) {
        auto claim = asset.claims.find(domain.key());
        Int given = claim == asset.claims.end() ? 0 : std::min({-equity, claim->second.now, asset.relief.now});
        book.transfer(asset.relief, asset.insurance, given);
        if (given > 0) book.write(claim->second, claim->second.now - given);
    }
    auto held = positions(domain);
    std::vector<Int> weights;
    for (Position* position : held) {
        bool bears = equity >= 0 || position->market == event_market_;
        weights.push_back(bears ? maintenance(*position->market, position->quantity.now) : 0);
    }
    auto parts = shares(equity, weights);
    for (std::size_t i = 0; i < held.size(); ++i) {
        Position& position = *held[i];
        Int quantity = position.quantity.now, cost = position.cost();
        Int value = position.market->value(position.market->mark, quantity);
        Lot& lot = book.open_lot(position, domain.isolated != nullptr, quantity, false);
        book.transfer(lot.balance, position.balance, value);
        book.set_quantity(position, 0);
        realise(position, value - cost);
        book.transfer(cash(book, domain), lot.balance, parts[i]);
    }
}
