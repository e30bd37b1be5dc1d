// The order of an epoch: NumPy's Generator(PCG64(SeedSequence)).permutation, draw by draw (randomness.py), without the
// objects that NumPy makes for it, which take longer than the drawing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace backlit {

// NumPy's SeedSequence: words of entropy mixed into a pool of four, from which words of state are made (O'Neill 2015).
class SeedPool {
    static constexpr int SHIFT = 16;
    std::uint32_t pool[4];
    std::uint32_t factor = 0x43b0d7e5u;

    std::uint32_t hashed(std::uint32_t value) {
        value ^= factor;
        factor *= 0x931e8875u;
        value *= factor;
        return value ^ value >> SHIFT;
    }
    static std::uint32_t mixed(std::uint32_t x, std::uint32_t y) {
        const std::uint32_t r = 0xca01f9ddu * x - 0x4973f715u * y;
        return r ^ r >> SHIFT;
    }

  public:
    // At least four words.
    SeedPool(const std::uint32_t* words, std::size_t count) {
        for (int i = 0; i < 4; ++i) pool[i] = hashed(words[i]);
        for (int from = 0; from < 4; ++from)
            for (int to = 0; to < 4; ++to)
                if (from != to) pool[to] = mixed(pool[to], hashed(pool[from]));
        for (std::size_t i = 4; i < count; ++i)
            for (int to = 0; to < 4; ++to) pool[to] = mixed(pool[to], hashed(words[i]));
    }

    void state(std::uint64_t (&made)[4]) const {
        std::uint32_t at = 0x8b51f9ddu, words[8];
        for (int i = 0; i < 8; ++i) {
            std::uint32_t value = pool[i % 4] ^ at;
            at *= 0x58f38dedu;
            value *= at;
            words[i] = value ^ value >> SHIFT;
        }
        for (int i = 0; i < 4; ++i) made[i] = words[2 * i] | std::uint64_t(words[2 * i + 1]) << 32;
    }
};

// PCG64, XSL-RR (O'Neill 2014), its 128 bits as two halves, and NumPy's way of taking 32 bits at a time.
class Pcg64 {
    struct Wide {
        std::uint64_t high, low;
    };
    static constexpr Wide FACTOR{2549297995355413924u, 4865540595714422341u};
    Wide state{0, 0}, step;
    std::uint32_t kept = 0;
    bool has_kept = false;

    static Wide sum(Wide a, Wide b) {
        const std::uint64_t low = a.low + b.low;
        return {a.high + b.high + (low < a.low), low};
    }
    static Wide product(Wide a, Wide b) {
        constexpr std::uint64_t half = 0xffffffffu;
        const std::uint64_t a0 = a.low & half, a1 = a.low >> 32, b0 = b.low & half, b1 = b.low >> 32;
        const std::uint64_t p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0;
        const std::uint64_t middle = (p00 >> 32) + (p01 & half) + (p10 & half);
        const std::uint64_t high = a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
        return {high + a.high * b.low + a.low * b.high, (p00 & half) | middle << 32};
    }
    void advance() { state = sum(product(state, FACTOR), step); }

  public:
    explicit Pcg64(const SeedPool& seed) {
        std::uint64_t s[4];
        seed.state(s);
        step = {s[2] << 1 | s[3] >> 63, s[3] << 1 | 1};
        advance();
        state = sum(state, {s[0], s[1]});
        advance();
    }

    std::uint32_t next32() {
        if (has_kept) {
            has_kept = false;
            return kept;
        }
        advance();
        const std::uint64_t word = state.high ^ state.low;
        const int turn = int(state.high >> 58);
        const std::uint64_t turned = word >> turn | word << (-turn & 63);
        kept = std::uint32_t(turned >> 32);
        has_kept = true;
        return std::uint32_t(turned);
    }

    // A whole number from 0 to ``most`` ≥ 1: the first not above it of numbers with as many bits.
    std::uint32_t at_most(std::uint32_t most) {
        const std::uint32_t mask = 0xffffffffu >> std::countl_zero(most);
        std::uint32_t found = next32() & mask;
        while (found > most) found = next32() & mask;
        return found;
    }
};

// Shuffles n < 2³² numbers in place.
inline void shuffle(const SeedPool& seed, std::int64_t* numbers, std::size_t n) {
    Pcg64 random(seed);
    for (std::size_t i = n; i-- > 1;) std::swap(numbers[i], numbers[random.at_most(std::uint32_t(i))]);
}

} // namespace backlit
