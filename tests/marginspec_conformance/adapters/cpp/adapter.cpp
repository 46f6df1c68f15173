// An adapter to begin with: it speaks the engine protocol and says of every event that it is unsupported.
// Build: g++ -O2 -std=c++17 -o adapter adapter.cpp
// Replace `apply` by a call of your engine, type of event after type of event.
#include <iostream>
#include <string>

#include "json.hpp"

using Fields = std::map<std::string, std::string>;

// Your engine, as it stands after the events so far.
struct Engine {
    void reset() {}

    // The answer to one event: {"answer":"result"} with what `want` asks for, {"answer":"rejected","reason":...},
    // or {"answer":"unsupported","capability":...}. An event that is refused or unsupported must change nothing.
    Fields apply(const json::Value& event, const std::string& want) {
        (void)want;
        return {{"answer", "\"unsupported\""}, {"capability", json::quoted(event.at("type").as_text())}};
    }
};

static Fields hello() {
    return {{"answer", "\"hello\""}, {"protocol", "1"}, {"name", "\"my engine\""}, {"version", "\"0\""},
            {"language", "\"C++\""}, {"rulebook", "\"2\""}, {"level", "4"}, {"capabilities", "[]"}};
}

static Fields answer(Engine& engine, const json::Value& request, const std::string& wish) {
    if (wish == "hello") return hello();
    if (wish == "reset" && request.find("state"))
        return {{"answer", "\"unsupported\""}, {"capability", "\"reset_state\""}};
    if (wish == "reset") engine.reset();
    if (wish == "configure" || wish == "reset" || wish == "stop") return {{"answer", "\"ok\""}};
    if (wish == "step") return engine.apply(request.at("event"), request.at("want").as_text());
    return {{"answer", "\"unsupported\""}, {"capability", json::quoted(wish)}};
}

int main() {
    std::ios::sync_with_stdio(false);
    Engine engine;
    std::string line;
    while (std::getline(std::cin, line)) {
        std::string id = "0", wish;
        Fields fields;
        try {
            json::Value request = json::parse(line);
            id = std::to_string(request.at("id").as_integer());
            wish = request.at("do").as_text();
            fields = answer(engine, request, wish);
        } catch (const std::exception& error) {
            fields = {{"answer", "\"errored\""}, {"message", json::quoted(error.what())}};
        }
        fields["id"] = id;
        std::cout << json::object(fields) << std::endl;
        if (wish == "stop") return 0;
    }
}
