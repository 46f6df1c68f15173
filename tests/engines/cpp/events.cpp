#include "reading.hpp"

#include <cstring>

const char* name_of(Reason reason) {
    static const char* const names[] = {
#define NAMED(name) #name,
        REASONS(NAMED)
#undef NAMED
    };
    return names[static_cast<int>(reason)];
}

// ---- the form of a line ----

namespace {

// By type of event its fields: n name, d decimal, i integer, b truth, t tiers, or a list of words; ? before an optional one.
struct Field {
    const char* name;
    const char* kind;
};
using Form = std::vector<Field>;

const std::map<std::string, Form> forms = {
    {"list_market", {{"market", "n"}, {"asset", "n"}, {"price_decimals", "i"}, {"quantity_decimals", "i"}, {"tick", "d"},
                     {"taker_fee", "d"}, {"maker_fee", "d"}, {"insurance_fee_share", "d"}, {"clearance_fee", "d"},
                     {"tiers", "t"}, {"price_band", "?d"}, {"fill_band", "?d"}, {"funding_cap", "?d"},
                     {"position_limit", "?d"}}},
    {"update_tiers", {{"market", "n"}, {"tiers", "t"}}},
    {"update_fees", {{"market", "n"}, {"taker_fee", "d"}, {"maker_fee", "d"}, {"insurance_fee_share", "d"},
                     {"clearance_fee", "d"}}},
    {"update_limits", {{"market", "n"}, {"price_band", "?d"}, {"fill_band", "?d"}, {"funding_cap", "?d"},
                       {"position_limit", "?d"}}},
    {"deposit", {{"account", "n"}, {"asset", "n"}, {"amount", "d"}}},
    {"withdraw", {{"account", "n"}, {"asset", "n"}, {"amount", "d"}}},
    {"fund_insurance", {{"asset", "n"}, {"amount", "d"}}},
    {"withdraw_house", {{"asset", "n"}, {"amount", "d"}}},
    {"set_position_mode", {{"account", "n"}, {"mode", "hedge|one_way"}}},
    {"set_margin_mode", {{"account", "n"}, {"market", "n"}, {"mode", "isolated|cross"}}},
    {"set_leverage", {{"account", "n"}, {"market", "n"}, {"leverage", "i"}}},
    {"adjust_isolated_margin", {{"account", "n"}, {"market", "n"}, {"side", "BOTH|LONG|SHORT"}, {"amount", "d"}}},
    {"place_order", {{"account", "n"}, {"order", "n"}, {"market", "n"}, {"side", "buy|sell"},
                     {"position_side", "BOTH|LONG|SHORT"}, {"quantity", "d"}, {"price", "d"}, {"reduce_only", "b"}}},
    {"cancel_order", {{"account", "n"}, {"order", "n"}}},
    {"trade", {{"market", "n"}, {"price", "d"}, {"quantity", "d"}, {"buyer", "n"}, {"seller", "n"},
               {"taker", "buyer|seller"}, {"buyer_side", "?BOTH|LONG|SHORT"}, {"seller_side", "?BOTH|LONG|SHORT"},
               {"buyer_order", "?n"}, {"seller_order", "?n"}, {"buyer_fee", "?d"}, {"seller_fee", "?d"}}},
    {"mark_price", {{"market", "n"}, {"price", "d"}}},
    {"settle_market", {{"market", "n"}, {"price", "d"}}},
    {"funding", {{"market", "n"}, {"rate", "d"}}},
    {"liquidation_fill", {{"market", "n"}, {"side", "long|short"}, {"counterparty", "n"}, {"quantity", "d"},
                          {"price", "d"}, {"counterparty_side", "?BOTH|LONG|SHORT"}, {"counterparty_fee", "?d"}}},
    {"deleverage", {{"market", "n"}, {"side", "long|short"}, {"quantity", "d"}}},
};

// Of characters beyond ASCII only the plane is tested, not the table of the appendix.
void check_name(const std::string& name) {
    int characters = 0;
    for (unsigned char c : name) {
        characters += (c & 0xC0) != 0x80;
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && c < 0x80 && !std::strchr("._-", c)) throw json::Malformed("not a name");
        if (c >= 0xF0) throw json::Malformed("not a name");
    }
    if (characters < 1 || characters > 64) throw json::Malformed("not a name");
}

void check_word(const std::string& word, const char* words) {
    std::string list = std::string("|") + words + "|";
    if (word.empty() || word.find('|') != std::string::npos || list.find("|" + word + "|") == std::string::npos)
        throw json::Malformed("not one of " + std::string(words));
}

void check_tiers(const json::Value& tiers) {
    for (const json::Value& tier : tiers.as_list()) {
        amount_of(tier.at("floor"), 8);
        amount_of(tier.at("maintenance_rate"), 8);
        tier.at("max_leverage").as_integer();
        if (tier.fields.size() != 3) throw json::Malformed("unknown field of a tier");
    }
}

void check_field(const json::Value& value, const char* kind) {
    switch (*kind) {
        case 'n': check_name(value.as_text()); break;
        case 'd': amount_of(value, 8); break;
        case 't': check_tiers(value); break;
        default: value.as_integer();
    }
}

}  // namespace

void check_form(const json::Value& event) {
    auto form = forms.find(event.at("type").as_text());
    if (form == forms.end()) throw json::Malformed("unknown type of event");
    std::size_t known = 1;
    for (const char* unused : {"ts", "ref", "observed"}) known += event.find(unused) != nullptr;
    for (const Field& field : form->second) {
        const char* kind = field.kind;
        const json::Value* value = event.find(field.name);
        bool optional = *kind == '?';
        if (!value && optional) continue;
        if (!value) throw json::Malformed(std::string("no field ") + field.name);
        ++known;
        kind += optional;
        if (kind[1] != 0) check_word(value->as_text(), kind);
        else if (*kind == 'b') value->as_bool();
        else check_field(*value, kind);
    }
    if (known != event.fields.size()) throw json::Malformed("unknown field");
}

// ---- applying ----

std::optional<Reason> Engine::apply(const json::Value& event) {
    check_form(event);
    book.begin();
    liquidated.clear();
    deleveraged.clear();
    levied.clear();
    queues_.clear();
    event_market_ = closing_ = nullptr;
    try {
        book.own = true;
        Suspects suspects = book_event(event);
        require(!book.out_of_range, Reason::OUT_OF_RANGE);
        book.own = false;
        settle(suspects);
    } catch (const Rejected& rejected) {
        book.take_back();
        ++rejected_;
        return rejected.reason;
    }
    ++accepted_;
    return std::nullopt;
}

Suspects Engine::book_event(const json::Value& event) {
    const std::string& type = event.at("type").text;
    Suspects suspects;
    if (type == "trade") trade(event);
    else if (type == "mark_price") mark_price(event, suspects);
    else if (type == "place_order") place_order(event);
    else if (type == "cancel_order") cancel_order(event);
    else if (type == "liquidation_fill") liquidation_fill(event, suspects);
    else if (type == "funding") funding(event, suspects);
    else if (type == "deposit") deposit(event);
    else if (type == "withdraw") withdraw(event);
    else if (type == "deleverage") deleverage(event, suspects);
    else if (type == "adjust_isolated_margin") adjust_isolated_margin(event);
    else if (type == "set_leverage") set_leverage(event);
    else if (type == "set_margin_mode") set_margin_mode(event);
    else if (type == "set_position_mode") set_position_mode(event);
    else if (type == "fund_insurance") fund_insurance(event);
    else if (type == "withdraw_house") withdraw_house(event);
    else if (type == "list_market") list_market(event);
    else if (type == "update_tiers") update_tiers(event, suspects);
    else if (type == "update_fees") update_fees(event);
    else if (type == "update_limits") update_limits(event);
    else settle_market(event, suspects);
    return suspects;
}

Market& Engine::market_of(const json::Value& event) {
    Market* market = book.market(event.at("market").text);
    require(market != nullptr, Reason::UNKNOWN_MARKET);
    event_market_ = market;
    return *market;
}

Account& Engine::account_of(const json::Value& event, const char* field) {
    Account* account = book.account(event.at(field).text);
    require(account != nullptr, Reason::UNKNOWN_ACCOUNT);
    return *account;
}

// ---- markets ----

namespace {

// MKT-02, with the deductions, or INVALID_TIERS.
std::vector<Tier> tiers_of(const json::Value& event, const Asset& asset) {
    const auto& rows = event.at("tiers").items;
    require(!rows.empty() && rows.size() <= 64, Reason::INVALID_TIERS);
    std::vector<Tier> tiers;
    for (const json::Value& row : rows) {
        Amount floor = amount_of(row.at("floor"), asset.decimals), rate = amount_of(row.at("maintenance_rate"), 8);
        Tier tier{floor.value, row.at("max_leverage").integer, rate.value, 0};
        require(!floor.fine && tier.floor <= most_amount && tier.rate > 0 && tier.rate <= rate_one &&
                    tier.max_leverage >= 1 && tier.max_leverage <= 1000 && tier.rate * tier.max_leverage < rate_one,
                Reason::INVALID_TIERS);
        if (tiers.empty()) {
            require(tier.floor == 0, Reason::INVALID_TIERS);
        } else {
            const Tier& last = tiers.back();
            require(tier.floor > last.floor && tier.max_leverage < last.max_leverage && tier.rate > last.rate,
                    Reason::INVALID_TIERS);
            tier.deduction = last.deduction + tier.floor * (tier.rate - last.rate);
        }
        tiers.push_back(tier);
    }
    return tiers;
}

Int share_of(const json::Value& event, const char* field) {
    Int rate = amount_of(event.at(field), 8).value;
    require(rate >= 0 && rate <= rate_one, Reason::INVALID_RATE);
    return rate;
}

Int optional_rate(const json::Value& event, const char* field) {
    const json::Value* given = event.find(field);
    if (!given) return 0;
    Int rate = amount_of(*given, 8).value;
    require(rate > 0 && rate <= rate_one, Reason::INVALID_RATE);
    return rate;
}

Limits limits_of(const json::Value& event, const Asset& asset) {
    Limits limits;
    if (event.find("position_limit")) limits.position_limit = money(event, "position_limit", asset);
    limits.price_band = optional_rate(event, "price_band");
    limits.fill_band = optional_rate(event, "fill_band");
    limits.funding_cap = optional_rate(event, "funding_cap");
    return limits;
}

void read_fees(const json::Value& event, Market& market) {
    market.taker_fee = share_of(event, "taker_fee");
    market.maker_fee = share_of(event, "maker_fee");
    market.insurance_fee_share = share_of(event, "insurance_fee_share");
    market.clearance_fee = share_of(event, "clearance_fee");
}

}  // namespace

void Engine::list_market(const json::Value& event) {
    list_market(event.at("market").text, event);
}

void Engine::list_market(const std::string& id, const json::Value& event) {
    require(!book.market(id) && !book.closed.count(id), Reason::MARKET_EXISTS);
    Asset& asset = book.asset(event.at("asset").text);
    std::int64_t prices = event.at("price_decimals").integer, lots = event.at("quantity_decimals").integer;
    require(prices >= 0 && lots >= 0 && prices <= 8 && lots <= 8 && prices + lots <= asset.decimals,
            Reason::INVALID_MARKET);
    Amount tick = amount_of(event.at("tick"), int(prices));
    require(!tick.fine && tick.value > 0 && tick.value <= most_input, Reason::INVALID_MARKET);
    auto market = std::make_unique<Market>();
    market->id = id;
    market->asset = &asset;
    market->price_decimals = int(prices);
    market->quantity_decimals = int(lots);
    market->quanta = power10(asset.decimals - int(prices + lots));
    market->tick = tick.value;
    market->tiers = tiers_of(event, asset);
    market->limits = limits_of(event, asset);
    read_fees(event, *market);
    market->reserve = Cell(Kind::Ledger, "reserve:" + id, asset.decimals);
    market->reserve.fund = true;
    asset.markets[id] = market.get();
    book.markets[id] = std::move(market);
}

void Engine::suspect_market(Market& market, Suspects& suspects) {
    suspects.assets.insert(market.asset);
    for (Position* position : market.holders) suspects.domains.insert(domain_of(*position));
}

void Engine::update_tiers(const json::Value& event, Suspects& suspects) {
    Market& market = market_of(event);
    market.tiers = tiers_of(event, *market.asset);
    suspect_market(market, suspects);
}

void Engine::update_fees(const json::Value& event) {
    Market& market = market_of(event);
    Market fees;
    read_fees(event, fees);
    market.taker_fee = fees.taker_fee;
    market.maker_fee = fees.maker_fee;
    market.insurance_fee_share = fees.insurance_fee_share;
    market.clearance_fee = fees.clearance_fee;
}

void Engine::update_limits(const json::Value& event) {
    Market& market = market_of(event);
    market.limits = limits_of(event, *market.asset);
}

void Engine::set_mark(Market& market, Int price) {
    Int interest = 0;
    for (const auto& [id, other] : market.asset->markets)
        interest += other->value(other == &market ? price : other->mark, other->long_quantity.now);
    require(interest <= most_interest, Reason::OUT_OF_RANGE);
    book.note([&market, before = market.mark] { market.mark = before; });
    market.mark = price;
}

void Engine::mark_price(const json::Value& event, Suspects& suspects) {
    Market& market = market_of(event);
    set_mark(market, price_of(event, market, false));
    suspect_market(market, suspects);
}

void Engine::settle_market(const json::Value& event, Suspects& suspects) {
    Market& market = market_of(event);
    require(market.mark > 0, Reason::NO_MARK);
    set_mark(market, price_of(event, market, false));
    for (auto& [name, account] : book.accounts) {
        auto slot = account.slots.find(market.id);
        if (slot == account.slots.end()) continue;
        while (!slot->second.orders.empty()) {
            std::string id = slot->second.orders.begin()->first;
            book.remove_order(account, slot->second, id);
        }
    }
    suspect_market(market, suspects);
    closing_ = &market;
}

// ---- money in and out ----

void Engine::deposit(const json::Value& event) {
    Asset& asset = book.asset(event.at("asset").text);
    Int amount = money(event, "amount", asset);
    const std::string& name = event.at("account").text;
    require(amount - asset.external.now <= most_fund, Reason::OUT_OF_RANGE);
    Account* account = book.account(name);
    bool opens = account == nullptr;
    if (opens) {
        account = &book.accounts[name];
        account->name = name;
    }
    book.transfer(asset.external, book.wallet(*account, asset), amount);
    // The wallet of an account that opens holds at most the net deposits, so that nothing is taken back there.
}

void Engine::withdraw(const json::Value& event) {
    Account& account = account_of(event);
    Asset& asset = book.asset(event.at("asset").text);
    Int amount = money(event, "amount", asset);
    Margins cross = margins(book, {&account, &asset, nullptr});
    require(amount <= cross.movable(), Reason::INSUFFICIENT_BALANCE);
    book.transfer(book.wallet(account, asset), asset.external, amount);
}

void Engine::fund_insurance(const json::Value& event) {
    Asset& asset = book.asset(event.at("asset").text);
    Int amount = money(event, "amount", asset);
    require(amount - asset.external.now <= most_fund, Reason::OUT_OF_RANGE);
    book.transfer(asset.external, asset.insurance, amount);
}

void Engine::withdraw_house(const json::Value& event) {
    Asset& asset = book.asset(event.at("asset").text);
    Int amount = money(event, "amount", asset);
    require(amount <= asset.house.now, Reason::INSUFFICIENT_FUNDS);
    book.transfer(asset.house, asset.external, amount);
}

void Engine::adjust_isolated_margin(const json::Value& event) {
    Market& market = market_of(event);
    Account& account = account_of(event);
    Amount amount = amount_of(event.at("amount"), market.asset->decimals);
    require(!amount.fine && amount.value != 0 && absolute(amount.value) <= most_amount, Reason::INVALID_AMOUNT);
    Slot& slot = book.slot(account, market);
    Position* position = slot.positions[side_of(event.at("side").text)].get();
    require(position && position->quantity.now != 0, Reason::NO_POSITION);
    require(slot.isolated, Reason::NOT_ISOLATED);
    Domain cross{&account, market.asset, nullptr};
    Margins left = margins(book, amount.value > 0 ? cross : domain_of(*position));
    require(absolute(amount.value) <= left.movable(), Reason::INSUFFICIENT_BALANCE);
    book.transfer(book.wallet(account, *market.asset), position->cash, amount.value);
}

// ---- settings (ACC-01) ----

namespace {

bool holds_anything(const Slot& slot) {
    bool held = !slot.orders.empty();
    for (const auto& position : slot.positions) held = held || (position && position->quantity.now != 0);
    return held;
}

}  // namespace

void Engine::set_position_mode(const json::Value& event) {
    Account& account = account_of(event);
    bool hedge = event.at("mode").text == "hedge";
    if (hedge == account.hedge) return;
    for (const auto& [id, slot] : account.slots) require(!holds_anything(slot), Reason::NOT_FLAT);
    account.hedge = hedge;
}

void Engine::set_margin_mode(const json::Value& event) {
    Market& market = market_of(event);
    Account& account = account_of(event);
    Slot& slot = book.slot(account, market);
    bool isolated = event.at("mode").text == "isolated";
    if (isolated == slot.isolated) return;
    require(!holds_anything(slot), Reason::NOT_FLAT);
    slot.isolated = isolated;
    slot.mode_set = true;
}

void Engine::set_leverage(const json::Value& event) {
    Market& market = market_of(event);
    Account& account = account_of(event);
    Int chosen = event.at("leverage").integer;
    require(chosen >= 1 && chosen <= 1000 && chosen <= market.tiers[0].max_leverage, Reason::INVALID_LEVERAGE);
    Slot& slot = book.slot(account, market);
    Int before = leverage(slot);
    if (chosen == before) return;
    for (const auto& position : slot.positions)
        require(!position || position->quantity.now == 0 || !slot.isolated || chosen > before,
                Reason::LEVERAGE_REDUCTION);
    for (const auto& position : slot.positions) {
        if (!position || position->quantity.now == 0) continue;
        Int most = tier_of(market, notional(market, position->quantity.now)).max_leverage;
        require(chosen <= most, Reason::LEVERAGE_ABOVE_TIER);
    }
    Domain cross{&account, market.asset, nullptr};
    Margins was = margins(book, cross);
    book.note([&slot, before = slot.leverage] { slot.leverage = before; });
    slot.leverage = chosen;
    Margins is = margins(book, cross);
    bool asks_more = chosen < before || is.initial + is.orders > was.initial + was.orders;
    require(!asks_more || is.equity >= is.initial + is.orders, Reason::INSUFFICIENT_MARGIN);
}
