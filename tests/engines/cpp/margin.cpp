#include "margin.hpp"

#include <algorithm>

std::string Domain::name() const {
    if (!isolated) return account->name + ":" + asset->id;
    return account->name + ":" + isolated->market->id + ":" + side_names[isolated->side] + ":" + asset->id;
}

bool ByDomain::operator()(const Domain& a, const Domain& b) const {
    if (int order = a.account->name.compare(b.account->name)) return order < 0;
    if (int order = a.asset->id.compare(b.asset->id)) return order < 0;
    if (!a.isolated || !b.isolated) return !a.isolated && b.isolated;
    if (int order = a.isolated->market->id.compare(b.isolated->market->id)) return order < 0;
    return a.isolated->side < b.isolated->side;
}

const Tier& tier_of(const Market& market, Int notional) {
    std::size_t i = 0;
    while (i + 1 < market.tiers.size() && market.tiers[i + 1].floor < notional) ++i;
    return market.tiers[i];
}

Int notional(const Market& market, Int quantity) { return absolute(market.value(market.mark, quantity)); }

// MRG-04 of a notional; it is split at 1e8 so that the notional of orders, of up to 2^125, stays within 128 bits.
static Int maintenance_of(const Tier& tier, Int notional) {
    return notional / rate_one * tier.rate + ceil_div(notional % rate_one * tier.rate - tier.deduction, rate_one);
}

Int maintenance(const Market& market, Int quantity) {
    if (quantity == 0) return 0;
    Int worth = notional(market, quantity);
    return maintenance_of(tier_of(market, worth), worth);
}

Int leverage(const Slot& slot) {
    return slot.leverage ? slot.leverage : std::min<Int>(20, slot.market->tiers[0].max_leverage);
}

Int initial(const Slot& slot, Int quantity) {
    if (quantity == 0) return 0;
    Int worth = notional(*slot.market, quantity);
    const Tier& tier = tier_of(*slot.market, worth);
    return std::max(ceil_div(worth, std::min(leverage(slot), tier.max_leverage)), maintenance_of(tier, worth) + 1);
}

Int unrealised(const Position& position) {
    return position.market->value(position.market->mark, position.quantity.now) - position.cost();
}

Int order_margin(const Slot& slot, Side side) {
    if (slot.orders.empty()) return 0;
    const Market& market = *slot.market;
    Int held = slot.positions[side] ? slot.positions[side]->quantity.now : 0;
    Int bids = 0, asks = 0, bid_loss = 0, ask_loss = 0;
    for (const auto& [id, order] : slot.orders) {
        if (order->side != side || order->reduce_only) continue;
        if (side == Long && !order->buys) continue;
        if (side == Short && order->buys) continue;
        Int difference = market.value(order->price - market.mark, order->left.now);
        (order->buys ? bids : asks) += order->left.now;
        if (order->buys) bid_loss += std::max<Int>(0, difference);
        else ask_loss += std::max<Int>(0, -difference);
    }
    Int larger = std::max(absolute(held + bids), absolute(held - asks));
    Int margin = initial(slot, larger) - initial(slot, held);
    if (held + bids > 0) margin += bid_loss;
    if (held - asks < 0) margin += ask_loss;
    return margin;
}

Domain domain_of(Position& position) {
    Asset* asset = position.market->asset;
    bool isolated = position.account->slots.at(position.market->id).isolated;
    return {position.account, asset, isolated ? &position : nullptr};
}

Cell& cash(Book& book, const Domain& domain) {
    return domain.isolated ? domain.isolated->cash : book.wallet(*domain.account, *domain.asset);
}

std::vector<Position*> positions(const Domain& domain) {
    std::vector<Position*> found;
    if (domain.isolated) {
        if (domain.isolated->quantity.now != 0) found.push_back(domain.isolated);
        return found;
    }
    for (auto& [id, slot] : domain.account->slots) {
        if (slot.isolated || slot.market->asset != domain.asset) continue;
        for (auto& position : slot.positions)
            if (position && position->quantity.now != 0) found.push_back(position.get());
    }
    return found;
}

Margins health(Book& book, const Domain& domain) {
    Margins sum;
    sum.equity = sum.cash = cash(book, domain).now;
    for (Position* position : positions(domain)) {
        sum.flat = false;
        sum.equity += unrealised(*position);
        sum.maintenance += maintenance(*position->market, position->quantity.now);
    }
    return sum;
}

Margins margins(Book& book, const Domain& domain) {
    Margins sum = health(book, domain);
    for (Position* position : positions(domain))
        sum.initial += initial(domain.account->slots.at(position->market->id), position->quantity.now);
    if (domain.isolated) return sum;
    for (auto& [id, slot] : domain.account->slots) {
        if (slot.market->asset != domain.asset) continue;
        for (Side side : {Both, Long, Short}) sum.orders += order_margin(slot, side);
    }
    return sum;
}

Int loss(const Market& market) {
    Int profit = market.value(market.mark, market.lot_quantity.now) + market.lot_balance.now;
    return std::max<Int>(0, -profit);
}

Int shortfall(const Market& market) { return std::max<Int>(0, loss(market) - market.reserve.now); }

Int shortfalls(const Asset& asset) {
    Int sum = 0;
    for (const auto& [id, market] : asset.markets) sum += shortfall(*market);
    return sum;
}
