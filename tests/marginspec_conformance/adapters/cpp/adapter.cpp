// Between marginspec and your engine. Build with `g++ -O2 -std=c++17 -o adapter adapter.cpp`, run with `./adapter`.

#include "engine_protocol.hpp"

// Fill in one type of event after another. Amounts are texts: `units` makes whole numbers of them.
struct Adapter : Engine {
    Fields hello() override { return about("my engine", "0.1", 2, {"batch"}); }

    // Make an exchange without markets, accounts and money.
    void start() override {}

    // Answer accepted({{"liquidated", texts({"alice:USDT"})}}) or rejected("UNKNOWN_MARKET").
    Fields step(const Event& event, const std::string&) override {
        return unsupported(event.type);
    }
};

int main() {
    Adapter adapter;
    serve(adapter);
}
