// Orders, trades, fees, funding, and fills of the liquidation engine (TRD-01 to TRD-03, FND-01, LIQ-05).
#include "reading.hpp"

namespace {

// MKT-04: the stretch around the mark is widened to the next ticks.
bool within_band(const Market& market, Int difference) {
    if (market.limits.price_band == 0) return true;
    return (difference - market.tick) * rate_one < market.mark * market.limits.price_band;
}

bool only_reduces(Int held, bool buys, Int quantity) {
    return (held != 0 && (held < 0) == buys) && quantity <= absolute(held);
}

Int held_by(const Slot& slot, Side side) { return slot.positions[side] ? slot.positions[side]->quantity.now : 0; }

}  // namespace

// ---- orders ----

void Engine::place_order(const json::Value& event) {
    Market& market = market_of(event);
    Account& account = account_of(event);
    require(market.mark > 0, Reason::NO_MARK);
    Int price = price_of(event, market, true);
    Party party{&account, event.at("side").text == "buy", false, side_of(event.at("position_side").text), {}, {}};
    require(within_band(market, party.buys ? price - market.mark : market.mark - price), Reason::PRICE_OUT_OF_BAND);
    Int quantity = quantity_of(event, market, price);
    bring_party(party, market);
    choose_side(party, market, quantity);
    const std::string& id = event.at("order").text;
    require(!account.order_places.count(id), Reason::ORDER_EXISTS);
    bool reduce_only = event.at("reduce_only").truth;
    require(!reduce_only || only_reduces(held_by(*party.slot, party.side), party.buys, quantity), Reason::REDUCE_ONLY);

    Slot& slot = *party.slot;
    Margins cross = margins(book, {&account, market.asset, nullptr});
    Int before = order_margin(slot, party.side);
    auto order = std::make_shared<Order>(Order{party.buys, reduce_only, party.side, price, {}});
    order->left.now = quantity;
    slot.orders[id] = order;
    account.order_places[id] = &market;
    book.note([&account, &slot, id] {
        slot.orders.erase(id);
        account.order_places.erase(id);
    });
    Int increase = order_margin(slot, party.side) - before;
    require(increase <= (slot.isolated ? cross.movable() : cross.available()), Reason::INSUFFICIENT_BALANCE);
}

void Engine::cancel_order(const json::Value& event) {
    Account& account = account_of(event);
    const std::string& id = event.at("order").text;
    auto place = account.order_places.find(id);
    require(place != account.order_places.end(), Reason::UNKNOWN_ORDER);
    book.remove_order(account, book.slot(account, *place->second), std::string(id));
}

// ---- parties ----

void Engine::bring_party(Party& party, Market& market) {
    party.slot = &book.slot(*party.account, market);
}

// The side that is named, or the one that opens; WRONG_POSITION_SIDE if it does not fit (11. Wire).
void Engine::choose_side(Party& party, Market&, Int quantity) {
    bool hedge = party.account->hedge;
    party.side = party.named ? *party.named : !hedge ? Both : party.buys ? Long : Short;
    require((party.side == Both) == !hedge, Reason::WRONG_POSITION_SIDE);
    bool closes = (party.side == Long && !party.buys) || (party.side == Short && party.buys);
    require(!closes || quantity <= absolute(held_by(*party.slot, party.side)), Reason::WRONG_POSITION_SIDE);
}

// Each reason is tested for both parties before the next one.
void Engine::test_orders(std::vector<Party*> parties, Market& market, Int quantity, Int price) {
    for (Party* party : parties)
        require(!party->order || party->account->order_places.count(*party->order), Reason::UNKNOWN_ORDER);
    for (Party* party : parties) {
        if (!party->order) continue;
        bool here = party->account->order_places.at(*party->order) == &market;
        require(here, Reason::ORDER_MISMATCH);
        const Order& order = *party->slot->orders.at(*party->order);
        require(order.buys == party->buys && order.side == party->side && quantity <= order.left.now &&
                    (order.buys ? price <= order.price : price >= order.price),
                Reason::ORDER_MISMATCH);
    }
    for (Party* party : parties) {
        if (!party->order || !party->slot->orders.at(*party->order)->reduce_only) continue;
        require(only_reduces(held_by(*party->slot, party->side), party->buys, quantity), Reason::REDUCE_ONLY);
    }
}

namespace {

std::optional<Side> optional_side(const json::Value& event, const char* field) {
    const json::Value* given = event.find(field);
    if (!given) return std::nullopt;
    return side_of(given->text);
}

std::optional<std::string> optional_name(const json::Value& event, const char* field) {
    const json::Value* given = event.find(field);
    if (!given) return std::nullopt;
    return given->text;
}

std::optional<Int> optional_fee(const json::Value& event, const char* field, const Market& market, Int value) {
    const json::Value* given = event.find(field);
    if (!given) return std::nullopt;
    Amount fee = amount_of(*given, market.asset->decimals);
    require(!fee.fine && absolute(fee.value) <= value && absolute(fee.value) <= most_amount, Reason::INVALID_AMOUNT);
    return fee.value;
}

}  // namespace

// TRD-01: a stated fee takes the place of the rate; below zero it is a rebate.
Int Engine::fee_of(const Party& party, const Market& market, Int quantity, Int price) {
    if (party.stated_fee) return *party.stated_fee;
    Int rate = party.taker ? market.taker_fee : market.maker_fee;
    return ceil_div(market.value(price, quantity) * rate, rate_one);
}

void Engine::pay_fee(const Party& party, Market& market) {
    if (party.fee <= 0) return;
    Int insured = floor_div(party.fee * market.insurance_fee_share, rate_one);
    Cell& payer = cash(book, party.domain);
    book.transfer(payer, market.asset->insurance, insured);
    book.transfer(payer, market.asset->house, party.fee - insured);
}

// ---- legs (ACC-02, ACC-04) ----

// A party's side of a trade whose value has passed to or from its position already.
void Engine::leg(Party& party, Market& market, Int quantity, Int price) {
    if (party.order) book.reduce_order(*party.account, *party.slot, *party.order, quantity);
    Int held = party.position->quantity.now;
    bool reduces = held != 0 && (held < 0) == party.buys;
    Int closed = reduces ? std::min(absolute(held), quantity) : 0, opened = quantity - closed;
    if (closed > 0) close_part(party, market, closed, opened > 0, price);
    if (opened > 0) open_part(party, market, opened, closed > 0, price);
}

void Engine::close_part(Party& party, Market& market, Int closed, bool flips, Int price) {
    Position& position = *party.position;
    Int held = position.quantity.now, part = held > 0 ? closed : -closed;
    Int released = ceil_div(party.cost_before * closed, absolute(held));
    book.set_quantity(position, held - part);
    book.transfer(position.balance, cash(book, party.domain), market.value(price, part) - released);
    pay_fee(party, market);
    if (!party.domain.isolated) return;
    Cell& wallet = book.wallet(*party.account, *market.asset);
    if (part == held) {
        if (position.cash.now >= 0) book.transfer(position.cash, wallet, position.cash.now);
        else party.flips_below_zero = flips;
        return;
    }
    Int share = floor_div(position.cash.now * closed, absolute(held));
    Int back = std::min(share, margins(book, party.domain).movable());
    if (back > 0) book.transfer(position.cash, wallet, back);
}

void Engine::open_part(Party& party, Market& market, Int opened, bool closed, Int price) {
    Position& position = *party.position;
    Int part = party.buys ? opened : -opened;
    party.opens = true;
    if (party.domain.isolated) {
        Int dealt = market.value(price, part), marked = market.value(market.mark, part);
        Int margin = ceil_div(std::max(absolute(dealt), absolute(marked)), leverage(*party.slot));
        margin += std::max<Int>(0, dealt - marked) + (closed ? 0 : std::max<Int>(0, party.fee));
        Margins cross = margins(book, {party.account, market.asset, nullptr});
        party.too_little = margin > cross.movable();
        book.transfer(book.wallet(*party.account, *market.asset), position.cash, margin);
    }
    book.set_quantity(position, position.quantity.now + part);
    if (!closed) pay_fee(party, market);
}

// TRD-01: after both sides are booked, the house pays rebates, if it has enough for all of them.
void Engine::pay_rebates(std::vector<Party*> parties, Market& market) {
    Int rebates = 0;
    for (Party* party : parties) rebates += std::max<Int>(0, -party->fee);
    require(rebates <= market.asset->house.now, Reason::INSUFFICIENT_FUNDS);
    for (Party* party : parties) {
        if (party->fee >= 0) continue;
        bool gone = party->domain.isolated && party->position->quantity.now == 0;
        Cell& target = gone ? book.wallet(*party->account, *market.asset) : cash(book, party->domain);
        book.transfer(market.asset->house, target, -party->fee);
    }
}

// TRD-02 and the limits of state, each reason for both parties before the next.
void Engine::test_parties(std::vector<Party*> parties, Market& market, Int long_before) {
    for (Party* party : parties) require(!party->too_little, Reason::INSUFFICIENT_BALANCE);
    auto worth = [&market](Party* party) { return notional(market, party->position->quantity.now); };
    for (Party* party : parties)
        require(!party->opens || leverage(*party->slot) <= tier_of(market, worth(party)).max_leverage,
                Reason::LEVERAGE_ABOVE_TIER);
    for (Party* party : parties)
        require(!party->opens || market.limits.position_limit == 0 || worth(party) <= market.limits.position_limit,
                Reason::POSITION_LIMIT);
    std::vector<Margins> traded;
    for (Party* party : parties) {
        Domain cross{party->account, market.asset, nullptr};
        traded.push_back(margins(book, party->domain));
        Margins rest = health(book, cross);
        bool below = (traded.back().flat && traded.back().cash < 0) || (rest.flat && rest.cash < 0);
        require(!below && !party->flips_below_zero, Reason::NEGATIVE_CASH);
    }
    for (const Margins& margin : traded) require(margin.healthy(), Reason::UNHEALTHY);
    for (std::size_t i = 0; i < parties.size(); ++i) {
        bool asked = parties[i]->opens && !parties[i]->domain.isolated;
        require(!asked || traded[i].equity >= traded[i].initial + traded[i].orders, Reason::INSUFFICIENT_MARGIN);
    }
    if (market.long_quantity.now > long_before) {
        Int interest = 0;
        for (const auto& [id, other] : market.asset->markets)
            interest += other->value(other->mark, other->long_quantity.now);
        require(interest <= most_fund, Reason::OUT_OF_RANGE);
    }
    for (Party* party : parties) {
        if (!party->opens) continue;
        Int costs = 0;
        for (Position* position : positions(party->domain)) costs += absolute(position->cost());
        require(costs <= most_fund, Reason::OUT_OF_RANGE);
    }
}

void Engine::trade(const json::Value& event) {
    Market& market = market_of(event);
    bool buyer_takes = event.at("taker").text == "buyer";
    Party buyer{&account_of(event, "buyer"), true, buyer_takes, optional_side(event, "buyer_side"),
                optional_name(event, "buyer_order"), {}};
    Party seller{&account_of(event, "seller"), false, !buyer_takes, optional_side(event, "seller_side"),
                 optional_name(event, "seller_order"), {}};
    require(market.mark > 0, Reason::NO_MARK);
    require(buyer.account != seller.account, Reason::SELF_TRADE);
    Int price = price_of(event, market, true);
    require(within_band(market, absolute(price - market.mark)), Reason::PRICE_OUT_OF_BAND);
    Int quantity = quantity_of(event, market, price), value = market.value(price, quantity);
    buyer.stated_fee = optional_fee(event, "buyer_fee", market, value);
    seller.stated_fee = optional_fee(event, "seller_fee", market, value);
    std::vector<Party*> parties{&buyer, &seller};
    for (Party* party : parties) bring_party(*party, market);
    for (Party* party : parties) choose_side(*party, market, quantity);
    test_orders(parties, market, quantity, price);
    for (Party* party : parties) {
        party->position = &book.position(*party->account, market, party->side);
        party->domain = domain_of(*party->position);
        party->fee = fee_of(*party, market, quantity, price);
        party->cost_before = party->position->cost();
    }
    Int long_before = market.long_quantity.now;
    book.transfer(buyer.position->balance, seller.position->balance, value);
    for (Party* party : parties) leg(*party, market, quantity, price);
    pay_rebates(parties, market);
    test_parties(parties, market, long_before);
}

// ---- fills ----

void Engine::liquidation_fill(const json::Value& event, Suspects& suspects) {
    Market& market = market_of(event);
    Asset& asset = *market.asset;
    bool longs = event.at("side").text == "long";
    Party party{&account_of(event, "counterparty"), longs, false, optional_side(event, "counterparty_side"), {}, {}};
    require(market.mark > 0, Reason::NO_MARK);
    Int price = price_of(event, market, true);
    Int worse = longs ? market.mark - price : price - market.mark;
    require(within_band(market, absolute(worse)), Reason::PRICE_OUT_OF_BAND);
    require(market.limits.fill_band == 0 || worse <= 0 || worse * rate_one <= market.mark * market.limits.fill_band,
            Reason::PRICE_OUT_OF_BAND);
    Int quantity = quantity_of(event, market, price);
    party.stated_fee = optional_fee(event, "counterparty_fee", market, market.value(price, quantity));
    bring_party(party, market);
    choose_side(party, market, quantity);
    Int there = 0;
    for (const auto& [id, lot] : market.lots[longs]) there += absolute(lot->quantity.now);
    require(quantity <= there, Reason::NO_INVENTORY);
    party.position = &book.position(*party.account, market, party.side);
    party.domain = domain_of(*party.position);
    party.fee = fee_of(party, market, quantity, price);
    party.cost_before = party.position->cost();
    Int long_before = market.long_quantity.now, lacking_before = std::max<Int>(0, missing(asset));

    std::vector<std::pair<std::shared_ptr<Lot>, Int>> gains;
    Int left = quantity;
    for (const auto& [id, lot] : market.lots[longs]) {
        if (left == 0) break;
        Int size = absolute(lot->quantity.now), closed = std::min(size, left), part = longs ? closed : -closed;
        Int released = ceil_div(lot->cost() * closed, size), value = market.value(price, part);
        book.transfer(party.position->balance, lot->balance, value);
        book.set_lot_quantity(*lot, lot->quantity.now - part);
        gains.emplace_back(lot, value - released);
        left -= closed;
    }
    for (auto& [lot, gain] : gains)
        if (gain > 0) into_reserve(market, lot->balance, gain);
    for (auto& [lot, gain] : gains)
        if (gain < 0) draw(market, lot->balance, -gain);
    for (auto& [lot, gain] : gains)
        if (lot->quantity.now == 0) book.drop_lot(*lot);
    require(std::max<Int>(0, missing(asset)) <= lacking_before, Reason::COVER_EXCEEDED);
    leg(party, market, quantity, price);
    pay_rebates({&party}, market);
    test_parties({&party}, market, long_before);
    suspects.assets.insert(&asset);
}

// ---- funding ----

void Engine::funding(const json::Value& event, Suspects& suspects) {
    Market& market = market_of(event);
    require(market.mark > 0, Reason::NO_MARK);
    Int rate = amount_of(event.at("rate"), 8).value;
    Int most = market.limits.funding_cap ? market.limits.funding_cap : rate_one;
    require(absolute(rate) <= most, Reason::INVALID_RATE);
    std::vector<std::pair<Cell*, Int>> parts;  // what each owes, in 1e-8 of a quantum
    for (Position* position : market.holders)
        parts.emplace_back(&cash(book, domain_of(*position)), market.value(market.mark, position->quantity.now) * rate);
    std::map<std::int64_t, Lot*> lots;
    for (const Lots& queue : market.lots)
        for (const auto& [id, lot] : queue) lots[id] = lot.get();
    for (auto& [id, lot] : lots) parts.emplace_back(&lot->balance, market.value(market.mark, lot->quantity.now) * rate);
    Cell& clearing = market.asset->clearing;
    for (auto& [cell, owed] : parts)
        if (owed > 0) book.transfer(*cell, clearing, ceil_div(owed, rate_one));
    for (auto& [cell, owed] : parts)
        if (owed < 0) book.transfer(clearing, *cell, -owed / rate_one);
    book.transfer(clearing, market.asset->insurance, clearing.now);
    suspect_market(market, suspects);
}
