// The engine protocol of marginspec, version 1: the loop that hands each request to an engine, and what adapters need.
#pragma once

#include <algorithm>
#include <any>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "json.hpp"

// The fields of an answer, each as JSON text: `json::quoted` makes it of a text, `json::list` of several JSON texts.
using Fields = std::map<std::string, std::string>;

inline Fields answer(const std::string& kind, Fields fields = {}) {
    fields["answer"] = json::quoted(kind);
    return fields;
}
// The texts as a list of JSON, as of names.
inline std::string texts(const std::vector<std::string>& given) {
    std::vector<std::string> quoted;
    for (const auto& one : given) quoted.push_back(json::quoted(one));
    return json::list(quoted);
}
// What an engine says of itself.
inline Fields about(const std::string& name, const std::string& version, int level,
                    const std::vector<std::string>& capabilities) {
    return answer("hello", {{"protocol", "1"}, {"name", json::quoted(name)}, {"version", json::quoted(version)},
                            {"language", json::quoted("C++")}, {"rulebook", json::quoted("2")},
                            {"level", std::to_string(level)}, {"capabilities", texts(capabilities)}});
}
// The same, with the clauses that the engine does not follow.
inline Fields leaving_out(Fields hello, const std::vector<std::string>& clauses) {
    hello["left_out"] = texts(clauses);
    return hello;
}
inline Fields ok() { return answer("ok"); }
// Nobody is liquidated, deleveraged or levied but whom the fields name.
inline Fields accepted(Fields fields = {}) {
    for (const char* name : {"liquidated", "deleveraged", "levied"}) fields.emplace(name, "[]");
    return answer("result", fields);
}
// For one of the rulebook's reasons; an unknown one is never the right one.
inline Fields rejected(const std::string& reason) {
    return answer("rejected", {{"reason", json::quoted(reason.empty() ? "NO_REASON_OF_THE_RULEBOOK" : reason)}});
}
inline Fields unsupported(const std::string& capability) {
    return answer("unsupported", {{"capability", json::quoted(capability)}});
}

// The engine has nothing for what is asked; thrown anywhere, it is the answer.
struct Unsupported : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What 64 bits do not hold: all money of an asset in 10^-8. GCC and Clang have it.
__extension__ typedef __int128 Wide;

inline Wide wide_units(const std::string& text, int decimals) {
    std::string digits = text.substr(text[0] == '-'), part;
    if (auto point = digits.find('.'); point != std::string::npos) {
        part = digits.substr(point + 1);
        digits.erase(point);
    }
    part.resize(std::max<std::size_t>(part.size(), decimals), '0');
    if (part.find_first_not_of('0', decimals) != std::string::npos) throw Unsupported("finer amounts");
    digits += part.substr(0, decimals);
    if (digits.size() > 38) throw Unsupported("big numbers");
    Wide counted = 0;
    for (char digit : digits) counted = 10 * counted + (digit - '0');
    return text[0] == '-' ? -counted : counted;
}

// A decimal text counted in 10^-decimals; Unsupported if it is finer, or beyond 64 bits.
inline std::int64_t units(const std::string& text, int decimals = 8) {
    const Wide counted = wide_units(text, decimals);
    if (counted != std::int64_t(counted)) throw Unsupported("big numbers");
    return std::int64_t(counted);
}

// A decimal text in its shortest form: `1.5` for `1.50`, `0` for `-0.0`.
inline std::string shortest(std::string text) {
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

// What is counted in 10^-decimals as a decimal text, in its shortest form.
inline std::string decimal(Wide counted, int decimals = 8) {
    std::string digits, sign = counted < 0 ? "-" : "";
    for (Wide left = counted < 0 ? -counted : counted; left > 0; left /= 10)
        digits.insert(digits.begin(), char('0' + int(left % 10)));
    if (digits.size() <= std::size_t(decimals)) digits.insert(0, decimals + 1 - digits.size(), '0');
    return shortest(sign + digits.insert(digits.size() - decimals, "."));
}

// The decimals of an asset: those that the header says, else eight.
inline int decimals_of(const json::Value& header, const std::string& asset) {
    const json::Value* given = header.at("assets").find(asset);
    return given ? int(given->at("decimals").as_integer()) : 8;
}

inline std::string position(const std::string& account, const std::string& market, const std::string& side = "BOTH") {
    return account + ":" + market + ":" + side;
}
// The name of a margin domain: of an account if it is cross, of a position if it is isolated.
inline std::string domain(const std::string& owner, const std::string& asset) { return owner + ":" + asset; }

// Margin domains in the order in which they are liquidated: by account, asset, market and side, cross first.
inline std::vector<std::string> in_order(std::vector<std::string> domains) {
    const auto key = [](const std::string& name) {
        const std::size_t first = name.find(':'), last = name.rfind(':');
        std::string position = name.substr(first, last - first);
        std::replace(position.begin(), position.end(), ':', '\0');
        return std::make_tuple(name.substr(0, first), name.substr(last + 1), position);
    };
    std::sort(domains.begin(), domains.end(), [&](const auto& one, const auto& other) { return key(one) < key(other); });
    return domains;
}

// A row of a market's table.
struct Tier {
    std::string floor;
    std::int64_t max_leverage;
    std::string maintenance_rate;
};

// The leverage of an account that set none: 20, or the first tier's maximum if that is less.
inline std::int64_t default_leverage(const std::vector<Tier>& tiers) {
    return std::min<std::int64_t>(20, tiers.at(0).max_leverage);
}

// A row of a market's table as venues have it; all but `rate`, which is in 10^-8, counts quanta.
struct Bracket {
    std::int64_t floor, ceiling, rate, deduction, max_leverage;
};

// The fields of all events; amounts are texts, and what an event does not have is empty.
struct Event {
    std::string type, market, asset, account, buyer, seller, taker, counterparty, side, order, mode, amount, price,
        quantity, rate, tick, taker_fee, maker_fee, insurance_fee_share, clearance_fee, price_band, fill_band,
        funding_cap, position_limit, position_side, buyer_side, seller_side, counterparty_side, buyer_order,
        seller_order, buyer_fee, seller_fee, counterparty_fee;
    std::int64_t leverage = 0, price_decimals = 0, quantity_decimals = 0;
    bool reduce_only = false;
    std::vector<Tier> tiers;
    std::shared_ptr<const Event> listing;  // of the event's market
    int decimals = 8;                      // of the event's asset, or of its market's

    // An amount counted in quanta of the event's asset, or of its market's; Unsupported if it is finer.
    std::int64_t money(const std::string& text) const { return units(text, decimals); }

    // The taker and the maker of a trade.
    std::pair<std::string, std::string> parties() const {
        return taker == "buyer" ? std::make_pair(buyer, seller) : std::make_pair(seller, buyer);
    }

    // The rows of a listing or of new tiers (MKT-02), the ceiling of the last the most that 64 bits hold; Unsupported if
    // a deduction is no whole number of quanta.
    std::vector<Bracket> brackets() const {
        std::vector<Bracket> rows;
        Wide deduction = 0;
        std::int64_t rate = 0;
        for (const auto& tier : tiers) {
            const std::int64_t floor = money(tier.floor), before = rate;
            rate = units(tier.maintenance_rate);
            deduction += Wide(floor) * (rate - before);
            const Wide whole = deduction / 100000000;
            if (deduction % 100000000 || whole != std::int64_t(whole)) throw Unsupported("finer deductions");
            if (!rows.empty()) rows.back().ceiling = floor;
            const std::int64_t most = std::numeric_limits<std::int64_t>::max();
            rows.push_back({floor, most, rate, std::int64_t(whole), tier.max_leverage});
        }
        return rows;
    }

    Event() = default;

    explicit Event(const json::Value& given) {
        const std::map<std::string, std::string*> words = {
            {"type", &type}, {"market", &market}, {"asset", &asset}, {"account", &account}, {"buyer", &buyer},
            {"seller", &seller}, {"taker", &taker}, {"counterparty", &counterparty}, {"side", &side}, {"order", &order},
            {"mode", &mode}, {"amount", &amount}, {"price", &price}, {"quantity", &quantity}, {"rate", &rate},
            {"tick", &tick}, {"taker_fee", &taker_fee}, {"maker_fee", &maker_fee},
            {"insurance_fee_share", &insurance_fee_share}, {"clearance_fee", &clearance_fee},
            {"price_band", &price_band}, {"fill_band", &fill_band}, {"funding_cap", &funding_cap},
            {"position_limit", &position_limit}, {"position_side", &position_side}, {"buyer_side", &buyer_side},
            {"seller_side", &seller_side}, {"counterparty_side", &counterparty_side}, {"buyer_order", &buyer_order},
            {"seller_order", &seller_order}, {"buyer_fee", &buyer_fee}, {"seller_fee", &seller_fee},
            {"counterparty_fee", &counterparty_fee}};
        const std::map<std::string, std::int64_t*> numbers = {
            {"leverage", &leverage}, {"price_decimals", &price_decimals}, {"quantity_decimals", &quantity_decimals}};
        for (const auto& [name, value] : given.fields) {
            if (auto word = words.find(name); word != words.end()) *word->second = value.as_text();
            if (auto number = numbers.find(name); number != numbers.end()) *number->second = value.as_integer();
            if (name == "reduce_only") reduce_only = value.as_bool();
            if (name == "tiers")
                for (const auto& row : value.as_list())
                    tiers.push_back({row.at("floor").as_text(), row.at("max_leverage").as_integer(),
                                     row.at("maintenance_rate").as_text()});
        }
    }
};

// Names as whole numbers from 1 on, for engines that name nothing.
class Numbers {
  public:
    // The number of a name, a new one if it has none.
    int of(const std::string& name) {
        const auto [found, is_new] = numbers_.emplace(name, int(names_.size()) + 1);
        if (is_new) names_.push_back(name);
        return found->second;
    }
    const std::string& name(int number) const { return names_.at(std::size_t(number) - 1); }

  private:
    std::map<std::string, int> numbers_;
    std::vector<std::string> names_;
};

// Balances, quantities or claims, by name.
using Figures = std::map<std::string, std::string>;

// An engine's balances from event to event, and the money that came from outside.
class Books {
  public:
    // What an accepted event changed, as JSON; all balances after it, by name, are given, but for `external`.
    std::string changes(const Event& event, Figures ledger, const Figures& positions, const Figures& claims = {}) {
        const bool in = event.type == "deposit" || event.type == "fund_insurance";
        if (in || event.type == "withdraw" || event.type == "withdraw_house")
            outside_[event.asset] += (in ? -1 : 1) * wide_units(event.amount, 8);
        for (const auto& [asset, counted] : outside_) ledger["external:" + asset] = decimal(counted);
        return json::object({{"ledger", differing("ledger", ledger)}, {"positions", differing("positions", positions)},
                             {"claims", differing("claims", claims)}});
    }

  private:
    std::map<std::string, Wide> outside_;
    std::map<std::string, Figures> before_;

    std::string differing(const std::string& kind, const Figures& given) {
        Fields found;
        Figures after, &before = before_[kind];
        for (const auto& [name, text] : given) after[name] = shortest(text);
        for (const auto& [name, text] : before) after.emplace(name, "0");
        for (const auto& [name, text] : after)
            if (text != (before.count(name) ? before[name] : "0")) found[name] = json::quoted(text);
        before = after;
        return json::object(found);
    }
};

// What an engine answers; whatever it does not override is unsupported.
struct Engine {
    json::Value header;
    std::map<std::string, std::shared_ptr<const Event>> listed;  // the markets' listings, which the loop keeps
    virtual ~Engine() = default;
    virtual Fields hello() = 0;
    virtual Fields configure(const json::Value& given) {
        header = given;
        return ok();
    }
    // Make an exchange without markets, accounts and money.
    virtual void start() {}
    // From nothing, or from a state.
    virtual Fields reset(const json::Value* state) {
        if (state) return unsupported("reset_state");
        start();
        return ok();
    }
    // One event; `want` says how much a result tells.
    virtual Fields step(const Event& event, const std::string&) { return unsupported(event.type); }
    // What `restore` needs to bring the exchange back where it is, by copy; asked for before each event.
    virtual std::any save() { return {}; }
    // Bring the exchange back to where it was saved; called after each event that is not accepted.
    virtual void restore(const std::any&) {}
    virtual Fields state() { return unsupported("state"); }
    virtual Fields calc(const json::Value&) { return unsupported("calc"); }
};

inline Fields errored(const std::exception& error) {
    return answer("errored", {{"message", json::quoted(error.what())}});
}

// An event with its market's listing, and what amounts of its asset are counted in.
inline Event event_of(const Engine& engine, const json::Value& given) {
    Event event(given), unknown;
    unknown.price_decimals = unknown.quantity_decimals = 8;
    const auto found = engine.listed.find(event.market);
    event.listing = found == engine.listed.end() ? std::make_shared<const Event>(unknown) : found->second;
    event.decimals = decimals_of(engine.header, event.asset.empty() ? event.listing->asset : event.asset);
    return event;
}

// What an engine throws is its word that it failed at this event.
inline Fields answer_of(Engine& engine, const Event& event, const std::string& want) {
    try {
        return engine.step(event, want);
    } catch (const Unsupported& lacking) {
        return unsupported(lacking.what());
    } catch (const std::exception& error) {
        return errored(error);
    }
}

// What is not accepted changes nothing.
inline Fields step(Engine& engine, const json::Value& given, const std::string& want) {
    const std::any saved = engine.save();
    const Event event = event_of(engine, given);
    const Fields answered = answer_of(engine, event, want);
    if (answered.at("answer") != json::quoted("result"))
        engine.restore(saved);
    else if (event.type == "list_market")
        engine.listed[event.market] = std::make_shared<const Event>(event);
    return answered;
}

inline Fields batch(Engine& engine, const json::Value& request) {
    std::vector<std::string> answers;
    for (const auto& event : request.at("events").as_list())
        answers.push_back(json::object(step(engine, event, request.at("want").as_text())));
    return answer("batch", {{"answers", json::list(answers)}});
}

inline Fields answer_to(Engine& engine, const json::Value& request, const std::string& wish) {
    try {
        if (wish == "hello") return engine.hello();
        if (wish == "configure") return engine.configure(request.at("header"));
        if (wish == "reset") {
            engine.listed.clear();
            return engine.reset(request.find("state"));
        }
        if (wish == "step") return step(engine, request.at("event"), request.at("want").as_text());
        if (wish == "batch") return batch(engine, request);
        if (wish == "state") return engine.state();
        if (wish == "calc") return engine.calc(request.at("question"));
        return wish == "stop" ? ok() : unsupported(wish);
    } catch (const Unsupported& lacking) {
        return unsupported(lacking.what());
    } catch (const std::exception& error) {
        return errored(error);
    }
}

// Answer requests until `stop`. What the engine prints goes to standard error: only answers may stand on the other.
inline void serve(Engine& engine) {
    std::ios::sync_with_stdio(false);
    std::ostream answers(std::cout.rdbuf(std::cerr.rdbuf()));
    for (std::string line; std::getline(std::cin, line);) {
        json::Value request = json::parse(line);
        std::string wish = request.at("do").as_text();
        Fields fields = answer_to(engine, request, wish);
        fields["id"] = std::to_string(request.at("id").as_integer());
        answers << json::object(fields) << std::endl;
        if (wish == "stop") break;
    }
    std::cout.rdbuf(answers.rdbuf());
}
