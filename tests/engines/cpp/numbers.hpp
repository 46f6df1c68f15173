// Integers of the rules (NUM-01 to NUM-03): 128 bits, and products of two of them in 256 where they may be longer.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

using Int = __int128;
using Natural = unsigned __int128;

constexpr Int power2(int exponent) { return Int(1) << exponent; }
constexpr Int most_input = power2(53);     // of a price in units, of a quantity in lots
constexpr Int most_amount = power2(62);    // of an amount, a value at trading, a ledger balance
constexpr Int most_fund = power2(60);      // of a fund, of net deposits, of costs, of open interest that is traded
constexpr Int most_interest = power2(61);  // of open interest at a new mark
constexpr Int rate_one = 100'000'000;      // a rate counts 1e-8

inline Int absolute(Int a) { return a < 0 ? -a : a; }
inline Int floor_div(Int a, Int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
inline Int ceil_div(Int a, Int b) { return -floor_div(-a, b); }

inline Int power10(int exponent) {
    Int power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

// The exact product of two naturals, as high and low half.
struct Product {
    Natural high, low;
    bool operator<(const Product& other) const { return high != other.high ? high < other.high : low < other.low; }
    bool operator==(const Product& other) const { return high == other.high && low == other.low; }
};

inline Product product(Natural a, Natural b) {
    const Natural mask = ~std::uint64_t(0);
    Natural low = (a & mask) * (b & mask), cross = (a >> 64) * (b & mask) + (low >> 64);
    Natural other = (a & mask) * (b >> 64) + (cross & mask);
    return {(a >> 64) * (b >> 64) + (cross >> 64) + (other >> 64), (other << 64) | (low & mask)};
}

// a * b / c rounded down, and whether it is exact, for a, b >= 0 and c > 0 whose quotient has at most 127 bits.
inline Int product_over(Int a, Int b, Int c, bool& exact) {
    Int whole;
    if (!__builtin_mul_overflow(a, b, &whole)) {
        exact = whole % c == 0;
        return whole / c;
    }
    Product left = product(a, b);
    Natural rest = 0, quotient = 0;
    for (int bit = 255; bit >= 0; --bit) {
        rest = rest << 1 | ((bit >= 128 ? left.high >> (bit - 128) : left.low >> bit) & 1);
        quotient <<= 1;
        if (rest >= Natural(c)) {
            rest -= c;
            quotient |= 1;
        }
    }
    exact = rest == 0;
    return quotient;
}

// A rational whose denominator is above zero.
struct Score {
    Int numerator, denominator;
};

// Whether a is above b: by cross multiplication, in 256 bits.
inline bool above(const Score& a, const Score& b) {
    if ((a.numerator < 0) != (b.numerator < 0)) return b.numerator < 0;
    Product left = product(absolute(a.numerator), b.denominator), right = product(absolute(b.numerator), a.denominator);
    return a.numerator < 0 ? left < right : right < left;
}

// NUM-02: an amount of either sign shared pro rata; single quanta of what is left go in order to inexact shares.
inline std::vector<Int> shares(Int amount, const std::vector<Int>& weights) {
    Int sum = 0, left = absolute(amount);
    for (Int weight : weights) sum += weight;
    std::vector<Int> given(weights.size(), 0);
    std::vector<bool> whole(weights.size(), true);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        bool exact = true;
        if (sum > 0) given[i] = product_over(absolute(amount), weights[i], sum, exact);
        whole[i] = exact;
        left -= given[i];
    }
    for (std::size_t i = 0; i < weights.size() && left > 0; ++i) {
        if (whole[i]) continue;
        ++given[i];
        --left;
    }
    if (amount < 0)
        for (Int& share : given) share = -share;
    return given;
}

// Reads a decimal of the wire's grammar in units of 10^-digits. False if the grammar is broken; `fine` tells
// whether it has digits beyond the unit (the number is cut off then).
inline bool read_decimal(const std::string& text, int digits, Int& value, bool& fine) {
    std::size_t at = !text.empty() && text[0] == '-', first = at;
    bool negative = at == 1;
    Int number = 0;
    fine = false;
    auto digit = [&text](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    for (; digit(at); ++at) {
        if (at - first >= 30) return false;
        number = number * 10 + (text[at] - '0');
    }
    if (at == first || (text[first] == '0' && at - first > 1)) return false;
    int behind = 0;
    bool any = number != 0;
    if (at < text.size()) {
        if (text[at++] != '.') return false;
        for (; digit(at); ++at, ++behind) {
            any = any || text[at] != '0';
            if (behind < digits) number = number * 10 + (text[at] - '0');
            else if (text[at] != '0') fine = true;
        }
        if (behind == 0 || behind > 8 || at != text.size()) return false;
    }
    if (negative && !any) return false;
    for (; behind < digits; ++behind) number *= 10;
    value = negative ? -number : number;
    return true;
}

inline std::string digits_of(Natural number) {
    char text[40];
    int at = 40;
    do text[--at] = char('0' + int(number % 10));
    while ((number /= 10) != 0);
    return std::string(text + at, 40 - at);
}

// A decimal with all its digits behind the point, or in its shortest form.
inline std::string decimal(Int value, int digits, bool shortest) {
    std::string text = digits_of(absolute(value));
    if (digits > 0) {
        if (int(text.size()) <= digits) text.insert(0, digits + 1 - text.size(), '0');
        text.insert(text.size() - digits, ".");
        if (shortest) {
            text.erase(text.find_last_not_of('0') + 1);
            if (text.back() == '.') text.pop_back();
        }
    }
    return value < 0 ? "-" + text : text;
}
