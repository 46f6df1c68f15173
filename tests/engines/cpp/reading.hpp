// Fields of events as figures of the rules, with the reason of rejection that each has.
#pragma once

#include "engine.hpp"

void check_form(const json::Value& event);  // json::Malformed where a line by itself is malformed (11. Wire)

struct Amount {
    Int value;
    bool fine;  // digits beyond the unit
};

inline Amount amount_of(const json::Value& value, int digits) {
    Amount amount{};
    if (!read_decimal(value.as_text(), digits, amount.value, amount.fine)) throw json::Malformed("not a decimal");
    return amount;
}

inline Int money(const json::Value& event, const char* field, const Asset& asset) {
    Amount amount = amount_of(event.at(field), asset.decimals);
    require(!amount.fine && amount.value > 0 && amount.value <= most_amount, Reason::INVALID_AMOUNT);
    return amount.value;
}

inline Int price_of(const json::Value& event, const Market& market, bool on_tick) {
    Amount price = amount_of(event.at("price"), market.price_decimals);
    require(!price.fine && price.value > 0 && price.value <= most_input, Reason::INVALID_PRICE);
    require(!on_tick || price.value % market.tick == 0, Reason::INVALID_PRICE);
    return price.value;
}

// A quantity in lots whose value, at a price and at mark, is within 2^62 (NUM-03).
inline Int quantity_of(const json::Value& event, const Market& market, Int price) {
    Amount lots = amount_of(event.at("quantity"), market.quantity_decimals);
    require(!lots.fine && lots.value > 0 && lots.value <= most_input, Reason::INVALID_QUANTITY);
    Int most = most_amount / market.quanta;
    require(lots.value * price <= most && lots.value * market.mark <= most, Reason::INVALID_QUANTITY);
    return lots.value;
}

inline Side side_of(const std::string& name) {
    if (name == "BOTH") return Both;
    return name == "LONG" ? Long : Short;
}
