// The engine: events are tested and booked, then settled (SET-01).
#pragma once

#include <optional>
#include <set>

#include "../../marginspec_conformance/adapters/cpp/json.hpp"
#include "book.hpp"
#include "margin.hpp"

// Reasons of rejection in their precedence (11. Wire).
#define REASONS(X)                                                                                                    \
    X(UNKNOWN_MARKET) X(MARKET_EXISTS) X(INVALID_MARKET) X(INVALID_TIERS) X(UNKNOWN_ACCOUNT) X(NO_MARK) X(SELF_TRADE) \
    X(INVALID_PRICE) X(PRICE_OUT_OF_BAND) X(INVALID_QUANTITY) X(INVALID_AMOUNT) X(INVALID_RATE) X(INVALID_LEVERAGE)   \
    X(WRONG_POSITION_SIDE) X(ORDER_EXISTS) X(UNKNOWN_ORDER) X(ORDER_MISMATCH) X(REDUCE_ONLY) X(NO_POSITION)           \
    X(NOT_FLAT) X(LEVERAGE_REDUCTION) X(NOT_ISOLATED) X(NO_INVENTORY) X(NO_COUNTERPARTY) X(COVER_EXCEEDED)            \
    X(INSUFFICIENT_FUNDS) X(INSUFFICIENT_BALANCE) X(LEVERAGE_ABOVE_TIER) X(POSITION_LIMIT) X(NEGATIVE_CASH)           \
    X(UNHEALTHY) X(INSUFFICIENT_MARGIN) X(OUT_OF_RANGE)

enum class Reason {
#define NAMED(name) name,
    REASONS(NAMED)
#undef NAMED
};
const char* name_of(Reason reason);

struct Rejected {
    Reason reason;
};

inline void require(bool holds, Reason reason) {
    if (!holds) throw Rejected{reason};
}

// Whom settlement has to look at (decision 0001).
struct Suspects {
    std::set<Domain, ByDomain> domains;
    std::set<Asset*> assets;
};

// One side of a trade, or the counterparty of a fill.
struct Party {
    Account* account;
    bool buys, taker;
    std::optional<Side> named;
    std::optional<std::string> order;
    std::optional<Int> stated_fee;
    Side side = Both;
    Slot* slot = nullptr;
    Position* position = nullptr;
    Domain domain{};
    Int fee = 0, cost_before = 0;
    bool opens = false, too_little = false, flips_below_zero = false;
};

// What closing k of a lot against a counterparty means (ADL-01, ADL-03, ADL-04).
struct Step {
    Lot* lot;
    Position* position;
    Int quantity;
    enum Price { AtLot, AtEntry, AtMark } price;
    bool halved;
};

class Engine {
  public:
    Book book;
    std::vector<std::string> liquidated, deleveraged, levied;

    void configure(const json::Value& header);
    void reset() { configure(header_); }
    void load(const json::Value& state);
    std::string state();
    // Applies and settles an event; the reason if it is refused. json::Malformed if its line is.
    std::optional<Reason> apply(const json::Value& event);

  private:
    json::Value header_;
    std::string canonical_header_;
    std::int64_t accepted_ = 0, rejected_ = 0;
    Market* event_market_ = nullptr;
    Market* closing_ = nullptr;
    struct Queues {
        std::vector<Position*> of[2];  // short positions, long positions
    };
    std::map<Market*, Queues> queues_;

    // state.cpp
    void load_settings(const json::Value& state);
    void load_holdings(const json::Value& state);
    void load_balance(const std::string& name, const json::Value& amount);
    void test_sums() const;

    // events.cpp: validation, and the events that need no more
    Suspects book_event(const json::Value& event);
    Market& market_of(const json::Value& event);
    Account& account_of(const json::Value& event, const char* field = "account");
    void list_market(const json::Value& event);
    void list_market(const std::string& id, const json::Value& parameters);
    void update_tiers(const json::Value& event, Suspects& suspects);
    void update_fees(const json::Value& event);
    void update_limits(const json::Value& event);
    void deposit(const json::Value& event);
    void withdraw(const json::Value& event);
    void fund_insurance(const json::Value& event);
    void withdraw_house(const json::Value& event);
    void set_position_mode(const json::Value& event);
    void set_margin_mode(const json::Value& event);
    void set_leverage(const json::Value& event);
    void adjust_isolated_margin(const json::Value& event);
    void mark_price(const json::Value& event, Suspects& suspects);
    void settle_market(const json::Value& event, Suspects& suspects);
    void suspect_market(Market& market, Suspects& suspects);
    void set_mark(Market& market, Int price);

    // trading.cpp
    void place_order(const json::Value& event);
    void cancel_order(const json::Value& event);
    void trade(const json::Value& event);
    void funding(const json::Value& event, Suspects& suspects);
    void liquidation_fill(const json::Value& event, Suspects& suspects);
    void choose_side(Party& party, Market& market, Int quantity);
    void test_orders(std::vector<Party*> parties, Market& market, Int quantity, Int price);
    Int fee_of(const Party& party, const Market& market, Int quantity, Int price);
    void leg(Party& party, Market& market, Int quantity, Int price);
    void close_part(Party& party, Market& market, Int closed, bool flips, Int price);
    void open_part(Party& party, Market& market, Int opened, bool closed, Int price);
    void pay_fee(const Party& party, Market& market);
    void pay_rebates(std::vector<Party*> parties, Market& market);
    void test_parties(std::vector<Party*> parties, Market& market, Int long_before);
    void bring_party(Party& party, Market& market);

    // liquidation.cpp
    bool liquidate(Suspects& suspects);
    void liquidate(const Domain& domain);
    void cancel_orders(const Domain& domain);
    bool step_down(const Domain& domain);
    void take_over(const Domain& domain, const Margins& found);
    void realise(Position& position, Int profit);
    void return_cash_if_flat(Position& position);

    // waterfall.cpp
    void settle(Suspects& suspects);
    void waterfall(Asset& asset, Suspects& suspects);
    const std::vector<Position*>& queue(Market& market, bool longs);
    bool eligible(Step& step, Int shortfall_here, Int lacking, Int most);
    bool deleverage_once(Asset& asset, Suspects& suspects);
    void carry_out(const Step& step, Suspects& suspects);
    void deleverage(const json::Value& event, Suspects& suspects);
    void last_resort(Asset& asset, Suspects& suspects);
    void levy_layer(Asset& asset, int layer, Suspects& suspects);
    std::vector<Domain> domains_of(Asset& asset);
    void return_relief(Asset& asset);
    void into_reserve(Market& market, Cell& source, Int profit);
    void draw(Market& market, Cell& target, Int loss);
    void close_market(Market& market);
    void drop_market(Market& market);
    void find_uncovered();
};
