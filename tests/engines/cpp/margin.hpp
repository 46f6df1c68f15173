// Margins, health and what may be moved (MRG-01 to MRG-06); pure figures of the book.
#pragma once

#include "book.hpp"

// ACC-03: a cross wallet with its positions, or one isolated position.
struct Domain {
    Account* account = nullptr;
    Asset* asset = nullptr;
    Position* isolated = nullptr;

    DomainKey key() const {
        if (!isolated) return {account->name, "", -1};
        return {account->name, isolated->market->id, isolated->side};
    }
    std::string name() const;
};

struct ByDomain {
    bool operator()(const Domain& a, const Domain& b) const;
};

const Tier& tier_of(const Market& market, Int notional);
Int notional(const Market& market, Int quantity);
Int maintenance(const Market& market, Int quantity);
Int leverage(const Slot& slot);
Int initial(const Slot& slot, Int quantity);
Int unrealised(const Position& position);
Int order_margin(const Slot& slot, Side side);

Domain domain_of(Position& position);
Cell& cash(Book& book, const Domain& domain);
std::vector<Position*> positions(const Domain& domain);

// The figures of a domain, summed over its positions; order margin only of a cross domain.
struct Margins {
    Int cash = 0, equity = 0, maintenance = 0, initial = 0, orders = 0;
    bool flat = true;
    bool healthy() const { return flat || equity > maintenance; }
    Int available() const { return std::max<Int>(0, equity - initial - orders); }
    Int movable() const { return std::max<Int>(0, std::min(cash, equity) - initial - orders); }
};

Margins health(Book& book, const Domain& domain);   // without initial and order margin
Margins margins(Book& book, const Domain& domain);  // with both

Int loss(const Market& market);       // WTF-02
Int shortfall(const Market& market);
Int shortfalls(const Asset& asset);
inline Int missing(const Asset& asset) { return shortfalls(asset) - asset.insurance.now - asset.relief.now; }
