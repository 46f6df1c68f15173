// The engine protocol of marginspec, version 1: the loop that hands each request to an engine.
#pragma once

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "json.hpp"

// The fields of an answer, each as JSON text: `json::quoted` makes it of a text, `json::list` of several JSON texts.
using Fields = std::map<std::string, std::string>;

inline Fields answer(const std::string& kind, Fields fields = {}) {
    fields["answer"] = json::quoted(kind);
    return fields;
}
inline Fields ok() { return answer("ok"); }
inline Fields rejected(const std::string& reason) { return answer("rejected", {{"reason", json::quoted(reason)}}); }
inline Fields unsupported(const std::string& capability) {
    return answer("unsupported", {{"capability", json::quoted(capability)}});
}

// What an engine answers; whatever it does not override is unsupported.
struct Engine {
    virtual ~Engine() = default;
    virtual Fields hello() = 0;
    virtual Fields configure(const json::Value&) { return ok(); }
    // From nothing, or from a state.
    virtual Fields reset(const json::Value* state) { return state ? unsupported("reset_state") : ok(); }
    // One event; `want` says how much a result tells.
    virtual Fields step(const json::Value& event, const std::string&) { return unsupported(event.at("type").as_text()); }
    virtual Fields state() { return unsupported("state"); }
    virtual Fields calc(const json::Value&) { return unsupported("calc"); }
};

inline Fields errored(const std::exception& error) {
    return answer("errored", {{"message", json::quoted(error.what())}});
}

// What an engine throws is its word that it failed at this event.
inline Fields step(Engine& engine, const json::Value& event, const std::string& want) {
    try {
        return engine.step(event, want);
    } catch (const std::exception& error) {
        return errored(error);
    }
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
        if (wish == "reset") return engine.reset(request.find("state"));
        if (wish == "step") return step(engine, request.at("event"), request.at("want").as_text());
        if (wish == "batch") return batch(engine, request);
        if (wish == "state") return engine.state();
        if (wish == "calc") return engine.calc(request.at("question"));
        return wish == "stop" ? ok() : unsupported(wish);
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
