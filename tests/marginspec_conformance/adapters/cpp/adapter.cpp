// Between marginspec and your engine. Build with `g++ -O2 -std=c++17 -o adapter adapter.cpp`, run with `./adapter`.

#include "engine_protocol.hpp"

// Fill in one type of event after another. Amounts are texts: `units` makes whole numbers of them.
struct Adapter : Engine {
    // What is left out is not asked; leave out less as your engine has more.
    Fields hello() override {
        return leaving_out(about("my engine", "0.1", 2, {"batch"}), {"input_checks", "several_assets"});
    }

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
