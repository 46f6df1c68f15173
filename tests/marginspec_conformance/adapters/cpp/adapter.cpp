// Between marginspec and your engine. Build with `g++ -O2 -std=c++17 -o adapter adapter.cpp`, run with `./adapter`.

#include "engine_protocol.hpp"

// Fill in one type of event after another. Amounts are texts: make integers of them, never floating-point numbers.
struct Adapter : Engine {
    Fields hello() override {
        return answer("hello", {{"protocol", "1"}, {"name", json::quoted("my engine")},
                                {"version", json::quoted("0.1")}, {"language", json::quoted("C++")},
                                {"rulebook", json::quoted("2")}, {"level", "2"},
                                {"capabilities", json::list({json::quoted("batch")})}});
    }

    Fields reset(const json::Value* state) override {
        if (state) return unsupported("reset_state");
        // Make an exchange without markets, accounts and money.
        return ok();
    }

    // Answer answer("result", {{"liquidated", "[]"}, {"deleveraged", "[]"}, {"levied", "[]"}})
    // or rejected("UNKNOWN_MARKET").
    Fields step(const json::Value& event, const std::string&) override {
        const std::string& type = event.at("type").as_text();
        return unsupported(type);
    }
};

int main() {
    Adapter adapter;
    serve(adapter);
}
