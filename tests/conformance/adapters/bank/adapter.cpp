// A bank by means of the kit: it keeps wallets, and calls a mark a liquidation.

#include "engine_protocol.hpp"

struct Adapter : Engine {
    std::map<std::string, std::int64_t> cash;
    std::int64_t leverage = 0;
    Books books;
    Numbers numbers;
    std::vector<Bracket> rows;

    Fields hello() override { return leaving_out(about("bank", "1", 4, {"batch"}), {"ADL-02", "ADL-06"}); }

    void start() override { cash.clear(), leverage = 0, books = Books(), numbers = Numbers(); }
    std::any save() override { return cash; }
    void restore(const std::any& saved) override { cash = std::any_cast<decltype(cash)>(saved); }

    Fields step(const Event& event, const std::string&) override {
        std::vector<std::string> liquidated;
        Figures ledger, quantities;
        const int decimals = decimals_of(header, "USD");
        const std::string wallet = "wallet:" + event.account + ":" + event.asset, held = position("alice", event.market);
        if (event.type == "list_market") {
            leverage = default_leverage(event.tiers);
            rows = event.brackets();
        } else if (event.type == "deposit") {
            cash[wallet] += units(event.amount, decimals);
        } else if (event.type == "withdraw") {
            if (cash[wallet] < units(event.amount, decimals)) return rejected("INSUFFICIENT_BALANCE");
            cash[wallet] -= units(event.amount, decimals);
        } else if (event.type == "mark_price") {
            liquidated = in_order({domain(held, "USD"), "alice:USD", "alice:A.B:BOTH:EUR", "alice:A:BOTH:EUR", "al:USD"});
            quantities[held] = decimal(-leverage, 1);
        } else if (event.type == "trade") {
            const auto [taker, maker] = event.parties();
            cash["wallet:" + taker + ":USD"] += event.money(event.price);
            if (event.price == "13") return rejected("");
            const std::int64_t quantity = rows.back().deduction + numbers.of(maker);
            quantities[position(taker, event.market)] = decimal(quantity, int(event.listing->quantity_decimals));
            liquidated = {domain(numbers.name(1), "USD")};
        } else {
            return unsupported(event.type);
        }
        for (const auto& [name, money] : cash) ledger[name] = decimal(money, decimals);
        return accepted({{"liquidated", texts(liquidated)}, {"changes", books.changes(event, ledger, quantities)}});
    }
};

int main() {
    Adapter adapter;
    serve(adapter);
}
