// SHA-256 (FIPS 180-4), for digests of batches.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

class Sha256 {
  public:
    void add(const std::string& bytes) {
        length_ += bytes.size();
        pending_ += bytes;
        std::size_t at = 0;
        for (; pending_.size() - at >= 64; at += 64) block(reinterpret_cast<const unsigned char*>(&pending_[at]));
        pending_.erase(0, at);
    }

    std::string hex() {
        std::uint64_t bits = length_ * 8;
        std::string tail("\x80");
        while ((pending_.size() + tail.size()) % 64 != 56) tail += '\0';
        for (int shift = 56; shift >= 0; shift -= 8) tail += char(bits >> shift);
        add(tail);
        static const char* digits = "0123456789abcdef";
        std::string out;
        for (std::uint32_t word : state_)
            for (int shift = 28; shift >= 0; shift -= 4) out += digits[word >> shift & 15];
        return out;
    }

  private:
    std::uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::uint64_t length_ = 0;
    std::string pending_;

    static std::uint32_t turn(std::uint32_t x, int by) { return x >> by | x << (32 - by); }

    void block(const unsigned char* bytes) {
        static const std::uint32_t constants[64] = {
            0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
            0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
            0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
            0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
            0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
            0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
            0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
            0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
        std::uint32_t w[64], s[8];
        for (int i = 0; i < 16; ++i)
            w[i] = std::uint32_t(bytes[4 * i]) << 24 | bytes[4 * i + 1] << 16 | bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
        for (int i = 16; i < 64; ++i) {
            std::uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
            std::uint32_t b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + a + w[i - 7] + b;
        }
        std::memcpy(s, state_, sizeof s);
        for (int i = 0; i < 64; ++i) {
            std::uint32_t e = turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25), choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
            std::uint32_t one = s[7] + e + choice + constants[i] + w[i];
            std::uint32_t a = turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22);
            std::uint32_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            std::memmove(s + 1, s, 7 * sizeof *s);
            s[4] += one;
            s[0] = one + two;
        }
        for (int i = 0; i < 8; ++i) state_[i] += s[i];
    }
};
