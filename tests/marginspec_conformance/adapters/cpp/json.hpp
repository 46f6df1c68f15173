// Strict JSON as the engine protocol needs it: objects without repeated fields, and no numbers but integers.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace json {

struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Value {
    enum Kind { Null, Bool, Integer, String, Array, Object };
    Kind kind = Null;
    bool truth = false;
    std::int64_t integer = 0;
    std::string text;
    std::vector<Value> items;
    std::vector<std::pair<std::string, Value>> fields;

    // A field of an object, or null if there is none.
    const Value* find(const std::string& name) const {
        for (const auto& field : fields)
            if (field.first == name) return &field.second;
        return nullptr;
    }
    const Value& at(const std::string& name) const {
        const Value* found = kind == Object ? find(name) : nullptr;
        if (!found) throw Malformed("no field " + name);
        return *found;
    }
    const std::string& as_text() const { return expect(String, "a string").text; }
    std::int64_t as_integer() const { return expect(Integer, "an integer").integer; }
    bool as_bool() const { return expect(Bool, "true or false").truth; }
    const std::vector<Value>& as_list() const { return expect(Array, "a list").items; }
    const Value& expect(Kind wanted, const char* name) const {
        if (kind != wanted) throw Malformed(std::string("not ") + name);
        return *this;
    }
};

class Parser {
  public:
    explicit Parser(const std::string& text) : at_(text.data()), end_(text.data() + text.size()) {}

    Value whole() {
        Value value = parse(0);
        space();
        if (at_ != end_) throw Malformed("text after the value");
        return value;
    }

  private:
    static constexpr int deepest = 64;
    const char* at_;
    const char* end_;

    void space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n')) ++at_;
    }
    char peek() const {
        if (at_ == end_) throw Malformed("text ends too early");
        return *at_;
    }
    void take(char wanted) {
        if (peek() != wanted) throw Malformed(std::string("expected ") + wanted);
        ++at_;
    }
    void word(const char* rest) {
        for (; *rest; ++rest) take(*rest);
    }

    Value parse(int depth) {
        if (depth > deepest) throw Malformed("nested too deep");
        space();
        Value value;
        switch (peek()) {
            case '{': object(value, depth); break;
            case '[': array(value, depth); break;
            case '"': value.kind = Value::String; value.text = string(); break;
            case 't': word("true"); value.kind = Value::Bool; value.truth = true; break;
            case 'f': word("false"); value.kind = Value::Bool; break;
            case 'n': word("null"); break;
            default: value.kind = Value::Integer; value.integer = integer();
        }
        return value;
    }

    void object(Value& value, int depth) {
        value.kind = Value::Object;
        take('{');
        space();
        if (peek() == '}') { ++at_; return; }
        for (;;) {
            space();
            std::string name = string();
            if (value.find(name)) throw Malformed("repeated field " + name);
            space();
            take(':');
            value.fields.emplace_back(std::move(name), parse(depth + 1));
            space();
            if (peek() == '}') { ++at_; return; }
            take(',');
        }
    }

    void array(Value& value, int depth) {
        value.kind = Value::Array;
        take('[');
        space();
        if (peek() == ']') { ++at_; return; }
        for (;;) {
            value.items.push_back(parse(depth + 1));
            space();
            if (peek() == ']') { ++at_; return; }
            take(',');
        }
    }

    std::int64_t integer() {
        bool negative = peek() == '-';
        if (negative) ++at_;
        const char* first = at_;
        std::int64_t value = 0;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9' && at_ - first < 19) value = value * 10 + (*at_++ - '0');
        auto digits = at_ - first;
        if (digits == 0 || digits > 18 || (digits > 1 && *first == '0') || (negative && value == 0))
            throw Malformed("not an integer");
        if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) throw Malformed("not an integer");
        return negative ? -value : value;
    }

    unsigned hex4() {
        unsigned code = 0;
        for (int i = 0; i < 4; ++i) {
            char c = peek();
            ++at_;
            code <<= 4;
            if (c >= '0' && c <= '9') code += c - '0';
            else if (c >= 'a' && c <= 'f') code += c - 'a' + 10;
            else if (c >= 'A' && c <= 'F') code += c - 'A' + 10;
            else throw Malformed("not a hexadecimal digit");
        }
        return code;
    }

    void escape(std::string& out) {
        char c = peek();
        ++at_;
        switch (c) {
            case '"': case '\\': case '/': out += c; return;
            case 'b': out += '\b'; return;
            case 'f': out += '\f'; return;
            case 'n': out += '\n'; return;
            case 'r': out += '\r'; return;
            case 't': out += '\t'; return;
            case 'u': break;
            default: throw Malformed("unknown escape");
        }
        unsigned code = hex4();
        if (code >= 0xD800 && code < 0xDC00) {
            take('\\');
            take('u');
            unsigned low = hex4();
            if (low < 0xDC00 || low > 0xDFFF) throw Malformed("half a surrogate pair");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else if (code >= 0xDC00 && code < 0xE000) {
            throw Malformed("half a surrogate pair");
        }
        utf8(out, code);
    }

    static void utf8(std::string& out, unsigned code) {
        if (code < 0x80) { out += char(code); return; }
        int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
        out += char(lead[more] | code >> 6 * more);
        while (more-- > 0) out += char(0x80 | (code >> 6 * more & 0x3F));
    }

    std::string string() {
        take('"');
        std::string out;
        for (;;) {
            const char* first = at_;
            while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) ++at_;
            out.append(first, at_);
            char c = peek();
            ++at_;
            if (c == '"') return out;
            if (c != '\\') throw Malformed("a control character in a string");
            escape(out);
        }
    }
};

inline Value parse(const std::string& text) { return Parser(text).whole(); }

// A string as canonical JSON writes it: whatever is not ASCII is escaped. The text is UTF-8.
inline std::string quoted(const std::string& text) {
    static const char* digits = "0123456789abcdef";
    std::string out = "\"";
    auto unit = [&out](unsigned code) {
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4) out += digits[code >> shift & 15];
    };
    for (std::size_t i = 0; i < text.size();) {
        unsigned char c = text[i++];
        if (c == '"' || c == '\\') { out += '\\'; out += char(c); continue; }
        if (c == '\n') { out += "\\n"; continue; }
        if (c >= 0x20 && c < 0x7F) { out += char(c); continue; }
        int more = c < 0xC0 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
        unsigned code = more == 0 ? c : c & (0x3F >> more);
        for (; more > 0 && i < text.size(); --more) code = code << 6 | (text[i++] & 0x3F);
        if (code < 0x10000) { unit(code); continue; }
        unit(0xD800 + ((code - 0x10000) >> 10));
        unit(0xDC00 + ((code - 0x10000) & 0x3FF));
    }
    return out += '"';
}

// An object whose fields are JSON texts already, in order of their names.
inline std::string object(const std::map<std::string, std::string>& fields) {
    std::string out = "{";
    for (const auto& [name, text] : fields) {
        if (out.size() > 1) out += ',';
        out += quoted(name) + ':' + text;
    }
    return out += '}';
}

inline std::string list(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const auto& item : items) {
        if (out.size() > 1) out += ',';
        out += item;
    }
    return out += ']';
}

}  // namespace json
