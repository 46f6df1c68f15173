// The engine protocol over standard input and output (docs/conformance/protocol.md).
#include <iostream>

#include "engine.hpp"
#include "sha256.hpp"

namespace {

using Fields = std::map<std::string, std::string>;

Fields hello() {
    return {{"answer", "\"hello\""}, {"protocol", "1"}, {"name", "\"cpp-from-the-pages\""}, {"version", "\"1\""},
            {"language", "\"C++\""}, {"rulebook", "\"2\""}, {"level", "4"},
            {"capabilities",
             "[\"batch\",\"digest\",\"state\",\"reset_state\",\"isolated\",\"hedge\",\"orders\",\"limits\",\"stated_fees\",\"funding\","
             "\"fills\",\"deleverage\",\"settle_market\",\"bitmex\",\"adl\",\"levy\",\"no_levy\"]"}};
}

std::string names(const std::vector<std::string>& items) {
    std::vector<std::string> texts;
    for (const auto& item : items) texts.push_back(json::quoted(item));
    return json::list(texts);
}

std::string changes(const Engine& engine) {
    Fields kinds[3];
    for (const Cell* cell : engine.book.touched()) {
        if (cell->kind == Kind::Hidden || cell->now == cell->before) continue;
        kinds[int(cell->kind)][cell->name] = json::quoted(decimal(cell->now, cell->digits, true));
    }
    return json::object({{"ledger", json::object(kinds[int(Kind::Ledger)])},
                         {"positions", json::object(kinds[int(Kind::Quantity)])},
                         {"claims", json::object(kinds[int(Kind::Claim)])}});
}

Fields step(Engine& engine, const json::Value& event, const std::string& want) {
    if (want == "receipts") return {{"answer", "\"unsupported\""}, {"capability", "\"receipts\""}};
    if (auto reason = engine.apply(event))
        return {{"answer", "\"rejected\""}, {"reason", json::quoted(name_of(*reason))}};
    Fields fields{{"answer", "\"result\""}};
    if (want == "verdict") return fields;
    fields["liquidated"] = names(engine.liquidated);
    fields["deleveraged"] = names(engine.deleveraged);
    fields["levied"] = names(engine.levied);
    if (want != "decisions") fields["changes"] = changes(engine);
    return fields;
}

Fields batch(Engine& engine, const json::Value& request) {
    const json::Value* asked = request.find("digest");
    bool digest = asked && asked->as_bool();
    const std::string& want = request.at("want").as_text();
    Sha256 hash;
    std::vector<std::string> answers;
    const auto& events = request.at("events").as_list();
    for (const json::Value& event : events) {
        std::string answer;
        try {
            answer = json::object(step(engine, event, want));
        } catch (const json::Malformed& error) {
            answer = json::object({{"answer", "\"errored\""}, {"message", json::quoted(error.what())}});
        }
        if (digest) hash.add(answer + "\n");
        else answers.push_back(std::move(answer));
    }
    if (!digest) return {{"answer", "\"batch\""}, {"answers", json::list(answers)}};
    return {{"answer", "\"batch\""}, {"steps", std::to_string(events.size())}, {"digest", json::quoted(hash.hex())}};
}

Fields answer(Engine& engine, const json::Value& request, const std::string& wish) {
    const Fields ok{{"answer", "\"ok\""}};
    if (wish == "hello") return hello();
    if (wish == "step") return step(engine, request.at("event"), request.at("want").as_text());
    if (wish == "batch") return batch(engine, request);
    if (wish == "configure") engine.configure(request.at("header"));
    else if (wish == "reset" && request.find("state")) engine.load(request.at("state"));
    else if (wish == "reset") engine.reset();
    else if (wish == "state") return {{"answer", "\"state\""}, {"state", engine.state()}};
    else if (wish != "stop") return {{"answer", "\"unsupported\""}, {"capability", json::quoted(wish)}};
    return ok;
}

}  // namespace

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
        std::cout << json::object(fields) << '\n' << std::flush;
        if (wish == "stop") return 0;
    }
}
