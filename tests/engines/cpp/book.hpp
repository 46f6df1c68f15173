// What the exchange holds: ledger (LED-01), markets (MKT-01), accounts (ACC-01), lots (LIQ-04), claims.
// Every figure that an event may change is a Cell, so that a refused event is taken back (INV-09),
// and what an accepted one changed is known without a look at the rest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "numbers.hpp"

enum class Kind { Ledger, Quantity, Claim, Hidden };
enum Side { Both, Long, Short };
inline const char* const side_names[] = {"BOTH", "LONG", "SHORT"};

struct Position;
struct Lot;

struct Cell {
    Int now = 0, before = 0;
    std::uint64_t touched = 0;
    Kind kind = Kind::Hidden;
    int digits = 0;
    bool fund = false;              // limited to most_fund by an event's own transfers
    Position* position = nullptr;   // whose quantity this is
    Lot* lot = nullptr;             // whose balance this is
    std::string name;

    Cell() = default;
    Cell(Kind kind, std::string name, int digits) : kind(kind), digits(digits), name(std::move(name)) {}
};

struct Market;

// A domain's name as a key: the cross one has no market.
struct DomainKey {
    std::string account, market;
    int side = -1;
    bool operator<(const DomainKey& other) const {
        return std::tie(account, market, side) < std::tie(other.account, other.market, other.side);
    }
};

struct Asset {
    std::string id;
    int decimals;
    Int unit;
    Cell external, insurance, relief, house, clearing;
    std::map<std::string, Market*> markets;  // those that are listed
    std::map<DomainKey, Cell> claims;
    Int uncovered = 0;
};

struct Tier {
    Int floor, max_leverage, rate, deduction;
};

struct Limits {
    Int price_band = 0, fill_band = 0, funding_cap = 0, position_limit = 0;  // 0: none
};

struct Account;

struct Position {
    Account* account;
    Market* market;
    Side side;
    Cell quantity, balance, cash;
    std::uint64_t ruled_out = 0;  // the event in which halving found its quantity (ADL-04)
    Int cost() const { return -balance.now; }
};

struct Lot {
    std::int64_t id;
    std::string account;
    Market* market;
    Side side;
    bool isolated, step_down;
    bool is_long;
    Cell quantity, balance;
    Int cost() const { return -balance.now; }
};

struct ByKey {
    bool operator()(const Position* a, const Position* b) const;
};

using Lots = std::map<std::int64_t, std::shared_ptr<Lot>>;

struct Counters {
    Cell high_water, inflow, outflow, insurance_drawn, deleveraged, levied;
};

struct Market {
    std::string id;
    Asset* asset;
    int price_decimals, quantity_decimals;
    Int quanta;  // of one lot at a price of one unit
    Int tick;
    Int taker_fee, maker_fee, insurance_fee_share, clearance_fee;
    Limits limits;
    std::vector<Tier> tiers;
    Int mark = 0;  // 0: none yet
    Cell reserve;
    Counters counters;
    std::set<Position*, ByKey> holders;
    Lots lots[2];                                    // short, long
    Cell long_quantity, lot_quantity, lot_balance;   // sums

    Int value(Int price, Int quantity) const { return price * quantity * quanta; }
};

struct Order {
    bool buys, reduce_only;
    Side side;
    Int price;
    Cell left;
};

struct Slot {
    Market* market = nullptr;
    Int leverage = 0;  // 0: the default
    bool isolated = false, mode_set = false;
    std::unique_ptr<Position> positions[3];
    std::map<std::string, std::shared_ptr<Order>> orders;
};

struct Account {
    std::string name;
    bool hedge = false;
    std::map<std::string, Slot> slots;           // by market
    std::map<std::string, Cell> wallets;         // by asset
    std::map<std::string, Market*> order_places;  // by order
};

inline bool ByKey::operator()(const Position* a, const Position* b) const {
    int order = a->account->name.compare(b->account->name);
    return order != 0 ? order < 0 : a->side < b->side;
}

class Book {
  public:
    std::map<std::string, int> asset_decimals;
    bool ranks_bitmex = false, levies = true;
    std::map<std::string, Asset> assets;
    std::map<std::string, std::unique_ptr<Market>> markets;
    std::map<std::string, std::unique_ptr<Market>> closed;
    std::map<std::string, Account> accounts;
    std::int64_t next_lot = 1;
    std::uint64_t event = 1;
    bool own = false;           // whether transfers are the event's own, which limits test
    bool out_of_range = false;  // noted by such a transfer

    Asset& asset(const std::string& id);
    Market* market(const std::string& id);
    Account* account(const std::string& id);
    Slot& slot(Account& account, Market& market);
    Position& position(Account& account, Market& market, Side side);
    Cell& wallet(Account& account, Asset& asset);
    Cell& claim(Asset& asset, const DomainKey& key);

    void begin();                   // the next event
    void take_back();               // everything since begin
    void write(Cell& cell, Int value);
    void note(std::function<void()> undo) { undo_.push_back(std::move(undo)); }
    const std::vector<Cell*>& touched() const { return touched_; }

    void transfer(Cell& source, Cell& target, Int amount);
    void set_quantity(Position& position, Int quantity);
    Lot& open_lot(const Position& position, bool isolated, Int quantity, bool step_down);
    void set_lot_quantity(Lot& lot, Int quantity);
    void drop_lot(Lot& lot);
    void add_lot(std::shared_ptr<Lot> lot);
    void reduce_order(Account& account, Slot& slot, const std::string& id, Int quantity);
    void remove_order(Account& account, Slot& slot, const std::string& id);
    void claim_falls(Asset& asset, Int drawn);
    void keep(std::shared_ptr<void> gone) { graveyard_.push_back(std::move(gone)); }

  private:
    std::vector<Cell*> touched_;
    std::vector<std::function<void()>> undo_;
    std::vector<std::shared_ptr<void>> graveyard_;  // what ended in this event: its cells may be touched
    void place(Position& position);
    void test_range(const Cell& cell);
};
