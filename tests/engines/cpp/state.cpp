// Headers and whole states (11. Wire).
#include "reading.hpp"

namespace {

const json::Value* allowed(const json::Value& object, const char* field, std::initializer_list<const char*> words) {
    const json::Value* given = object.find(field);
    if (!given) return nullptr;
    for (const char* word : words)
        if (given->as_text() == word) return given;
    throw json::Malformed(std::string("unknown value of ") + field);
}

}  // namespace

void Engine::configure(const json::Value& header) {
    json::Value kept = header;  // `header` may be header_ itself
    book = Book();
    accepted_ = rejected_ = 0;
    for (const auto& [name, value] : kept.fields)
        if (name != "journal" && name != "rulebook" && name != "profile" && name != "assets")
            throw json::Malformed("unknown field " + name);
    if (kept.at("journal").as_integer() != 1 || kept.at("rulebook").as_text() != "2")
        throw json::Malformed("a journal of another format or rulebook");
    const json::Value* profile = kept.find("profile");
    if (profile && profile->kind == json::Value::Object) {
        const json::Value* ranking = allowed(*profile, "adl_ranking", {"binance", "bitmex"});
        const json::Value* resort = allowed(*profile, "last_resort", {"levy", "none"});
        if (profile->fields.size() != std::size_t(!!ranking) + !!resort) throw json::Malformed("unknown field of profile");
        book.ranks_bitmex = ranking && ranking->text == "bitmex";
        book.levies = !resort || resort->text == "levy";
    } else {
        allowed(kept, "profile", {"reserve"});
    }
    if (const json::Value* assets = kept.find("assets"))
        for (const auto& [id, asset] : assets->fields) {
            std::int64_t decimals = asset.at("decimals").as_integer();
            if (decimals < 0 || decimals > 8) throw json::Malformed("decimals out of bounds");
            book.asset_decimals[id] = int(decimals);
        }
    header_ = kept;
    std::map<std::string, std::string> assets;
    for (const auto& [id, decimals] : book.asset_decimals)
        assets[id] = json::object({{"decimals", std::to_string(decimals)}});
    std::string profile_text = json::object({{"adl_ranking", book.ranks_bitmex ? "\"bitmex\"" : "\"binance\""},
                                             {"last_resort", book.levies ? "\"levy\"" : "\"none\""}});
    canonical_header_ = json::object({{"journal", "1"}, {"rulebook", "\"2\""}, {"profile", profile_text},
                                      {"assets", json::object(assets)}});
}

// ---- a state from the wire ----

namespace {

std::vector<std::string> parts_of(const std::string& name) {
    std::vector<std::string> parts(1);
    for (char c : name)
        if (c == ':') parts.emplace_back();
        else parts.back() += c;
    return parts;
}

Int figure(const json::Value& text, int digits) {
    Amount amount = amount_of(text, digits);
    if (amount.fine) throw json::Malformed("an amount finer than its unit");
    return amount.value;
}

template <class T>
T& known(T* found, const std::string& name) {
    if (!found) throw json::Malformed("a name that is not in the state: " + name);
    return *found;
}

Cell* counter_of(Market& market, const std::string& name) {
    Counters& all = market.counters;
    const std::map<std::string, Cell*> counters{
        {"high_water", &all.high_water}, {"inflow", &all.inflow}, {"outflow", &all.outflow},
        {"insurance_drawn", &all.insurance_drawn}, {"deleveraged", &all.deleveraged}, {"levied", &all.levied}};
    auto found = counters.find(name);
    return found == counters.end() ? nullptr : found->second;
}

}  // namespace

void Engine::load(const json::Value& state) {
    json::Value configured = header_;
    configure(state.at("header"));
    if (configured.kind == json::Value::Object) header_ = configured;
    book.begin();
    accepted_ = state.at("accepted").as_integer();
    rejected_ = state.at("rejected").as_integer();
    try {
        for (const auto& [id, parameters] : state.at("markets").fields) list_market(id, parameters);
    } catch (const Rejected& rejected) {
        throw json::Malformed(std::string("a market of the state: ") + name_of(rejected.reason));
    }
    for (const auto& id : state.at("closed_markets").as_list()) book.closed[id.as_text()] = nullptr;
    for (const auto& [id, mark] : state.at("marks").fields) {
        Market& market = known(book.market(id), id);
        market.mark = figure(mark, market.price_decimals);
    }
    load_settings(state);
    load_holdings(state);
    for (const auto& [name, amount] : state.at("ledger").fields) load_balance(name, amount);
    for (const auto& [id, counters] : state.at("fund_status").fields) {
        Market& market = known(book.market(id), id);
        for (const auto& [name, amount] : counters.fields)
            if (Cell* counter = counter_of(market, name)) counter->now = figure(amount, market.asset->decimals);
    }
    test_sums();
    book.begin();
}

void Engine::load_settings(const json::Value& state) {
    for (const auto& [name, fields] : state.at("accounts").fields) {
        Account& account = book.accounts[name];
        account.name = name;
        account.hedge = fields.at("position_mode").as_text() == "hedge";
    }
    for (const auto& [name, fields] : state.at("settings").fields) {
        auto parts = parts_of(name);
        parts.resize(2);
        Slot& slot = book.slot(known(book.account(parts[0]), name), known(book.market(parts[1]), name));
        if (const json::Value* leverage = fields.find("leverage")) slot.leverage = leverage->as_integer();
        const json::Value* mode = fields.find("margin_mode");
        slot.mode_set = mode != nullptr;
        slot.isolated = mode && mode->as_text() == "isolated";
    }
    for (const auto& [name, orders] : state.at("orders").fields) {
        Account& account = known(book.account(name), name);
        for (const auto& [id, fields] : orders.fields) {
            Market& market = known(book.market(fields.at("market").as_text()), id);
            auto order = std::make_shared<Order>(Order{
                fields.at("side").as_text() == "buy", fields.at("reduce_only").as_bool(),
                side_of(fields.at("position_side").as_text()), figure(fields.at("price"), market.price_decimals), {}});
            order->left.now = figure(fields.at("quantity"), market.quantity_decimals);
            book.slot(account, market).orders[id] = order;
            account.order_places[id] = &market;
        }
    }
}

void Engine::load_holdings(const json::Value& state) {
    for (const auto& [name, fields] : state.at("positions").fields) {
        auto parts = parts_of(name);
        parts.resize(3);
        Market& market = known(book.market(parts[1]), name);
        Position& position = book.position(known(book.account(parts[0]), name), market, side_of(parts[2]));
        book.set_quantity(position, figure(fields.at("quantity"), market.quantity_decimals));
    }
    for (const auto& [id, fields] : state.at("lots").fields) {
        auto lot = std::make_shared<Lot>();
        lot->id = std::stoll(id);
        lot->account = fields.at("account").as_text();
        lot->market = &known(book.market(fields.at("market").as_text()), id);
        lot->side = side_of(fields.at("side").as_text());
        lot->isolated = fields.at("margin_mode").as_text() == "isolated";
        lot->step_down = fields.at("reason").as_text() == "step_down";
        Int quantity = figure(fields.at("quantity"), lot->market->quantity_decimals);
        lot->is_long = quantity > 0;
        book.add_lot(lot);
        book.set_lot_quantity(*lot, quantity);
    }
    book.next_lot = state.at("next_lot").as_integer();
    for (const auto& [name, amount] : state.at("relief_claims").fields) {
        auto parts = parts_of(name);
        Asset& asset = book.asset(parts.back());
        DomainKey key{parts[0], "", -1};
        if (parts.size() == 4) key = {parts[0], parts[1], side_of(parts[2])};
        book.claim(asset, key).now = figure(amount, asset.decimals);
    }
    for (const auto& [id, amount] : state.at("uncovered").fields) {
        Asset& asset = book.asset(id);
        asset.uncovered = figure(amount, asset.decimals);
    }
}

void Engine::load_balance(const std::string& name, const json::Value& amount) {
    auto parts = parts_of(name);
    const std::string kind = parts[0];
    parts.resize(4);
    auto set = [&amount](Cell& cell) { cell.now = figure(amount, cell.digits); };
    if (kind == "wallet") return set(book.wallet(known(book.account(parts[1]), name), book.asset(parts[2])));
    if (kind == "position" || kind == "isolated") {
        Market& market = known(book.market(parts[2]), name);
        Position& position = book.position(known(book.account(parts[1]), name), market, side_of(parts[3]));
        return set(kind == "position" ? position.balance : position.cash);
    }
    if (kind == "reserve") return set(known(book.market(parts[1]), name).reserve);
    if (kind == "lot") {
        for (auto& [id, market] : book.markets)
            for (Lots& lots : market->lots)
                for (auto& [number, lot] : lots) {
                    if (std::to_string(number) != parts[1]) continue;
                    set(lot->balance);
                    market->lot_balance.now += lot->balance.now;
                    return;
                }
        throw json::Malformed("no such lot: " + name);
    }
    Asset& asset = book.asset(parts[1]);
    const std::map<std::string, Cell*> of_asset{
        {"external", &asset.external}, {"insurance", &asset.insurance}, {"relief", &asset.relief}, {"house", &asset.house}};
    auto found = of_asset.find(kind);
    if (found == of_asset.end()) throw json::Malformed("no such ledger account: " + name);
    set(*found->second);
}

// ---- a state for the wire ----

namespace {

using Fields = std::map<std::string, std::string>;

std::string money(Int value, const Asset& asset) { return json::quoted(decimal(value, asset.decimals, false)); }
std::string rate(Int value) { return json::quoted(decimal(value, 8, false)); }
std::string mode_of(bool isolated) { return isolated ? "\"isolated\"" : "\"cross\""; }

std::string parameters(const Market& market) {
    const Asset& asset = *market.asset;
    std::vector<std::string> tiers;
    for (const Tier& tier : market.tiers)
        tiers.push_back(json::object({{"floor", money(tier.floor, asset)},
                                      {"max_leverage", digits_of(tier.max_leverage)},
                                      {"maintenance_rate", rate(tier.rate)}}));
    Fields fields{{"asset", json::quoted(asset.id)}, {"tiers", json::list(tiers)},
                  {"price_decimals", std::to_string(market.price_decimals)},
                  {"quantity_decimals", std::to_string(market.quantity_decimals)},
                  {"tick", json::quoted(decimal(market.tick, market.price_decimals, false))},
                  {"taker_fee", rate(market.taker_fee)}, {"maker_fee", rate(market.maker_fee)},
                  {"insurance_fee_share", rate(market.insurance_fee_share)}, {"clearance_fee", rate(market.clearance_fee)}};
    if (market.limits.price_band) fields["price_band"] = rate(market.limits.price_band);
    if (market.limits.fill_band) fields["fill_band"] = rate(market.limits.fill_band);
    if (market.limits.funding_cap) fields["funding_cap"] = rate(market.limits.funding_cap);
    if (market.limits.position_limit) fields["position_limit"] = money(market.limits.position_limit, asset);
    return json::object(fields);
}

std::string orders_of(const Account& account) {
    Fields orders;
    for (const auto& [market_id, slot] : account.slots)
        for (const auto& [id, order] : slot.orders) {
            const Market& market = *slot.market;
            orders[id] = json::object(
                {{"market", json::quoted(market_id)}, {"position_side", json::quoted(side_names[order->side])},
                 {"quantity", json::quoted(decimal(order->left.now, market.quantity_decimals, false))},
                 {"side", order->buys ? "\"buy\"" : "\"sell\""}, {"reduce_only", order->reduce_only ? "true" : "false"},
                 {"price", json::quoted(decimal(order->price, market.price_decimals, false))}});
        }
    return json::object(orders);
}

// By the name of each cell that is not zero its figure.
void add(Fields& fields, const Cell& cell) {
    if (cell.now != 0) fields[cell.name] = json::quoted(decimal(cell.now, cell.digits, false));
}

std::string counters(const Market& market) {
    const Counters& all = market.counters;
    Fields fields{{"balance", money(market.reserve.now, *market.asset)}};
    bool any = market.reserve.now != 0;
    auto add = [&](const char* name, const Cell& cell) {
        fields[name] = money(cell.now, *market.asset);
        any = any || cell.now != 0;
    };
    add("high_water", all.high_water);
    add("inflow", all.inflow);
    add("outflow", all.outflow);
    add("insurance_drawn", all.insurance_drawn);
    add("deleveraged", all.deleveraged);
    add("levied", all.levied);
    return any ? json::object(fields) : "";
}

}  // namespace

std::string Engine::state() {
    Fields ledger, positions, lots, marks, uncovered, claims, listed, existing, settings, orders, funds;
    for (auto& [id, asset] : book.assets) {
        for (Cell* cell : {&asset.external, &asset.insurance, &asset.relief, &asset.house}) add(ledger, *cell);
        for (auto& [key, cell] : asset.claims) add(claims, cell);
        if (asset.uncovered > 0) uncovered[id] = money(asset.uncovered, asset);
    }
    for (auto& [id, market] : book.markets) {
        add(ledger, market->reserve);
        listed[id] = parameters(*market);
        if (market->mark > 0) marks[id] = json::quoted(decimal(market->mark, market->price_decimals, false));
        if (std::string status = counters(*market); !status.empty()) funds[id] = status;
        for (Lots& queue : market->lots)
            for (auto& [number, lot] : queue) {
                add(ledger, lot->balance);
                lots[std::to_string(number)] = json::object(
                    {{"account", json::quoted(lot->account)}, {"market", json::quoted(id)},
                     {"side", json::quoted(side_names[lot->side])}, {"margin_mode", mode_of(lot->isolated)},
                     {"quantity", json::quoted(decimal(lot->quantity.now, market->quantity_decimals, false))},
                     {"reason", lot->step_down ? "\"step_down\"" : "\"takeover\""}});
            }
    }
    for (auto& [name, account] : book.accounts) {
        existing[name] = json::object({{"position_mode", account.hedge ? "\"hedge\"" : "\"one_way\""}});
        for (auto& [id, wallet] : account.wallets) add(ledger, wallet);
        if (!account.order_places.empty()) orders[name] = orders_of(account);
        for (auto& [id, slot] : account.slots) {
            Fields set;
            if (slot.leverage) set["leverage"] = digits_of(slot.leverage);
            if (slot.mode_set) set["margin_mode"] = mode_of(slot.isolated);
            if (!set.empty()) settings[name + ":" + id] = json::object(set);
            for (auto& position : slot.positions) {
                if (!position) continue;
                add(ledger, position->balance);
                add(ledger, position->cash);
                if (position->quantity.now == 0) continue;
                positions[position->quantity.name] = json::object(
                    {{"quantity", json::quoted(decimal(position->quantity.now, position->quantity.digits, false))},
                     {"margin_mode", mode_of(slot.isolated)}, {"leverage", digits_of(leverage(slot))}});
            }
        }
    }
    std::vector<std::string> closed;
    for (const auto& [id, market] : book.closed) closed.push_back(json::quoted(id));
    return json::object({{"state", "1"}, {"rulebook", "\"2\""}, {"header", canonical_header_},
                         {"events", std::to_string(accepted_ + rejected_)}, {"accepted", std::to_string(accepted_)},
                         {"rejected", std::to_string(rejected_)}, {"ledger", json::object(ledger)},
                         {"positions", json::object(positions)}, {"lots", json::object(lots)},
                         {"marks", json::object(marks)}, {"uncovered", json::object(uncovered)},
                         {"relief_claims", json::object(claims)}, {"markets", json::object(listed)},
                         {"accounts", json::object(existing)}, {"settings", json::object(settings)},
                         {"orders", json::object(orders)}, {"next_lot", std::to_string(book.next_lot)},
                         {"fund_status", json::object(funds)}, {"closed_markets", json::list(closed)}});
}

// LED-01 and INV-02 of a given state.
void Engine::test_sums() const {
    for (const auto& [id, asset] : book.assets) {
        Int sum = asset.external.now + asset.insurance.now + asset.relief.now + asset.house.now;
        for (const auto& [name, market] : asset.markets) sum += market->reserve.now + market->lot_balance.now;
        for (const auto& [name, account] : book.accounts) {
            auto wallet = account.wallets.find(id);
            if (wallet != account.wallets.end()) sum += wallet->second.now;
            for (const auto& [market, slot] : account.slots)
                for (const auto& position : slot.positions)
                    if (position && slot.market->asset == &asset) sum += position->balance.now + position->cash.now;
        }
        if (sum != 0) throw json::Malformed("the balances do not sum to zero: " + id);
    }
    for (const auto& [id, market] : book.markets) {
        Int sum = market->lot_quantity.now;
        for (const Position* position : market->holders) sum += position->quantity.now;
        if (sum != 0) throw json::Malformed("the quantities do not sum to zero: " + id);
    }
}
