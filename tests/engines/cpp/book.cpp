#include "book.hpp"

#include <algorithm>

Asset& Book::asset(const std::string& id) {
    auto found = assets.find(id);
    if (found != assets.end()) return found->second;
    Asset& asset = assets[id];
    auto known = asset_decimals.find(id);
    asset.id = id;
    asset.decimals = known == asset_decimals.end() ? 8 : known->second;
    asset.unit = power10(asset.decimals);
    auto cell = [&](const char* kind) { return Cell(Kind::Ledger, kind + (":" + id), asset.decimals); };
    asset.external = cell("external");
    asset.insurance = cell("insurance");
    asset.relief = cell("relief");
    asset.house = cell("house");
    asset.clearing = cell("clearing");
    // NUM-03 does not name `clearing`, but LED-02 counts it among the funds, which are limited (decision 0024).
    for (Cell* fund : {&asset.insurance, &asset.relief, &asset.house, &asset.clearing}) fund->fund = true;
    return asset;
}

Market* Book::market(const std::string& id) {
    auto found = markets.find(id);
    return found == markets.end() ? nullptr : found->second.get();
}

Account* Book::account(const std::string& id) {
    auto found = accounts.find(id);
    return found == accounts.end() ? nullptr : &found->second;
}

Slot& Book::slot(Account& account, Market& market) {
    Slot& slot = account.slots[market.id];
    slot.market = &market;
    return slot;
}

Position& Book::position(Account& account, Market& market, Side side) {
    auto& held = slot(account, market).positions[side];
    if (!held) {
        std::string key = account.name + ":" + market.id + ":" + side_names[side];
        held.reset(new Position{&account, &market, side, Cell(Kind::Quantity, key, market.quantity_decimals),
                                Cell(Kind::Ledger, "position:" + key, market.asset->decimals),
                                Cell(Kind::Ledger, "isolated:" + key, market.asset->decimals)});
        held->quantity.position = held.get();
    }
    return *held;
}

Cell& Book::wallet(Account& account, Asset& asset) {
    auto found = account.wallets.find(asset.id);
    if (found != account.wallets.end()) return found->second;
    Cell cell(Kind::Ledger, "wallet:" + account.name + ":" + asset.id, asset.decimals);
    return account.wallets.emplace(asset.id, std::move(cell)).first->second;
}

Cell& Book::claim(Asset& asset, const DomainKey& key) {
    auto found = asset.claims.find(key);
    if (found != asset.claims.end()) return found->second;
    std::string name = key.account + ":";
    if (key.side >= 0) name += key.market + ":" + side_names[key.side] + ":";
    return asset.claims.emplace(key, Cell(Kind::Claim, name + asset.id, asset.decimals)).first->second;
}

void Book::begin() {
    ++event;
    own = out_of_range = false;
    touched_.clear();
    undo_.clear();
    graveyard_.clear();
}

void Book::take_back() {
    for (Cell* cell : touched_) {
        cell->now = cell->before;
        if (cell->position) place(*cell->position);
    }
    for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) (*undo)();
}

void Book::write(Cell& cell, Int value) {
    if (cell.touched != event) {
        cell.touched = event;
        cell.before = cell.now;
        touched_.push_back(&cell);
    }
    cell.now = value;
}

void Book::test_range(const Cell& cell) {
    if (absolute(cell.now) > most_amount || (cell.fund && cell.now > most_fund)) out_of_range = true;
}

void Book::transfer(Cell& source, Cell& target, Int amount) {
    if (amount == 0) return;
    write(source, source.now - amount);
    write(target, target.now + amount);
    if (source.lot) write(source.lot->market->lot_balance, source.lot->market->lot_balance.now - amount);
    if (target.lot) write(target.lot->market->lot_balance, target.lot->market->lot_balance.now + amount);
    if (!own) return;
    test_range(source);
    test_range(target);
}

void Book::place(Position& position) {
    auto& holders = position.market->holders;
    if (position.quantity.now != 0) holders.insert(&position);
    else holders.erase(&position);
}

void Book::set_quantity(Position& position, Int quantity) {
    Cell& sum = position.market->long_quantity;
    Int was = position.quantity.now;
    Int rise = std::max<Int>(quantity, 0) - std::max<Int>(was, 0);
    if (rise != 0) write(sum, sum.now + rise);
    write(position.quantity, quantity);
    if ((was == 0) != (quantity == 0)) place(position);
}

void Book::set_lot_quantity(Lot& lot, Int quantity) {
    Market& market = *lot.market;
    Int rise = quantity - lot.quantity.now;
    write(market.lot_quantity, market.lot_quantity.now + rise);
    if (lot.is_long) write(market.long_quantity, market.long_quantity.now + rise);
    write(lot.quantity, quantity);
}

void Book::add_lot(std::shared_ptr<Lot> lot) {
    lot->quantity = Cell(Kind::Hidden, "", lot->market->quantity_decimals);
    lot->balance = Cell(Kind::Ledger, "lot:" + std::to_string(lot->id), lot->market->asset->decimals);
    lot->balance.lot = lot.get();
    keep(lot);
    Lots& queue = lot->market->lots[lot->is_long];
    queue[lot->id] = lot;
    note([&queue, id = lot->id] { queue.erase(id); });
}

Lot& Book::open_lot(const Position& position, bool isolated, Int quantity, bool step_down) {
    auto lot = std::make_shared<Lot>();
    lot->id = next_lot++;
    lot->account = position.account->name;
    lot->market = position.market;
    lot->side = position.side;
    lot->isolated = isolated;
    lot->step_down = step_down;
    lot->is_long = quantity > 0;
    add_lot(lot);
    note([this] { --next_lot; });
    set_lot_quantity(*lot, quantity);
    return *lot;
}

void Book::drop_lot(Lot& lot) {
    Lots& queue = lot.market->lots[lot.is_long];
    auto kept = queue.at(lot.id);
    queue.erase(lot.id);
    keep(kept);
    note([&queue, kept] { queue[kept->id] = kept; });
}

void Book::remove_order(Account& account, Slot& slot, const std::string& id) {
    auto order = slot.orders.at(id);
    slot.orders.erase(id);
    account.order_places.erase(id);
    keep(order);
    note([&account, &slot, id, order] {
        slot.orders[id] = order;
        account.order_places[id] = slot.market;
    });
}

void Book::reduce_order(Account& account, Slot& slot, const std::string& id, Int quantity) {
    Order& order = *slot.orders.at(id);
    write(order.left, order.left.now - quantity);
    if (order.left.now == 0) remove_order(account, slot, id);
}

void Book::claim_falls(Asset& asset, Int drawn) {
    if (drawn == 0) return;
    std::vector<Cell*> claims;
    std::vector<Int> weights;
    for (auto& [key, cell] : asset.claims) {
        if (cell.now == 0) continue;
        claims.push_back(&cell);
        weights.push_back(cell.now);
    }
    auto falls = shares(drawn, weights);
    for (std::size_t i = 0; i < claims.size(); ++i)
        if (falls[i] != 0) write(*claims[i], claims[i]->now - falls[i]);
}
