// Headers and whole states (11. Wire).
#include "reading.hpp"

namespace {

const json::Value* allowed(const json::Value& object, const char* field, std::initializer_list<const char*> words) {
    const json::Value* given = object.find(field);
    if (!given) return nullptr;
    for (const char* word : words)
        if (given->as_text() == word) return given;
    throw json::Malformed(std::string("unknown value of ") + field);
}

}  // namespace

void Engine::configure(const json::Value& header) {
    json::Value kept = header;  // `header` may be header_ itself
    book = Book();
    accepted_ = rejected_ = 0;
    for (const auto& [name, value] : kept.fields)
        if (name != "journal" && name != "rulebook" && name != "profile" && name != "assets")
            throw json::Malformed("unknown field " + name);
    if (kept.at("journal").as_integer() != 1 || kept.at("rulebook").as_text() != "2")
        throw json::Malformed("a journal of another format or rulebook");
    const json::Value* profile = kept.find("profile");
    if (profile && profile->kind == json::Value::Object) {
        const json::Value* ranking = allowed(*profile, "adl_ranking", {"binance", "bitmex"});
        const json::Value* resort = allowed(*profile, "last_resort", {"levy", "none"});
        if (profile->fields.size() != std::size_t(!!ranking) + !!resort) throw json::Malformed("unknown field of profile");
        book.ranks_bitmex = ranking && ranking->text == "bitmex";
        book.levies = !resort || resort->text == "levy";
    } else {
        allowed(kept, "profile", {"reserve"});
    }
    if (const json::Value* assets = kept.find("assets"))
        for (const auto& [id, asset] : assets->fields) {
            std::int64_t decimals = asset.at("decimals").as_integer();
            if (decimals < 0 || decimals > 8) throw json::Malformed("decimals out of bounds");
            book.asset_decimals[id] = int(decimals);
        }
    header_ = kept;
}
