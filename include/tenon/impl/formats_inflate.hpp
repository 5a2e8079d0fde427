#pragma once

#include "tenon/formats/inflate.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

namespace tenon::inline v0 {

static_assert(std::endian::native == std::endian::little);

namespace inflate_detail {

/// Takes bits from bytes, the lowest first; past the end there are zeros, and `overran` tells.
class bit_reader {
 public:
  explicit bit_reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  /// The next bits without taking them; count <= 32.
  std::uint32_t peek(unsigned count) {
    while (held_ < count && at_ < bytes_.size()) {
      buffer_ |= std::uint64_t{std::to_integer<unsigned char>(bytes_[at_++])} << held_;
      held_ += 8;
    }
    return static_cast<std::uint32_t>(buffer_ & ((std::uint64_t{1} << count) - 1));
  }

  /// Takes bits that were peeked at.
  void skip(unsigned count) {
    if (count > held_) {
      overran_ = true;
      count = held_;
    }
    buffer_ >>= count;
    held_ -= count;
  }

  std::uint32_t take(unsigned count) {
    const std::uint32_t out = peek(count);
    skip(count);
    return out;
  }

  void skip_to_byte() { skip(held_ % 8); }

  /// Whole bytes, only directly after `skip_to_byte`.
  std::span<const std::byte> take_bytes(std::size_t count) {
    at_ -= held_ / 8;
    buffer_ = held_ = 0;
    if (count > bytes_.size() - at_) {
      overran_ = true;
      count = bytes_.size() - at_;
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }

  bool overran() const { return overran_; }

  /// Bytes that no bit was taken from.
  std::size_t left() const { return bytes_.size() - at_ + held_ / 8; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::uint64_t buffer_ = 0;
  unsigned held_ = 0;
  bool overran_ = false;
};

inline constexpr unsigned max_length = 15;
inline constexpr unsigned invalid = 0xFFFF;

/// A canonical prefix code: short codes by a table over their bits, long ones by counting.
class prefix_code {
 public:
  /// Takes the length of each symbol's code, 0 for none; false when no code has these lengths.
  bool build(std::span<const std::uint8_t> lengths) {
    counts_.fill(0);
    table_.fill(0);
    for (const std::uint8_t length : lengths) ++counts_[length];
    const unsigned used = static_cast<unsigned>(lengths.size()) - counts_[0];
    counts_[0] = 0;
    std::array<unsigned, max_length + 2> next_code{};
    std::array<unsigned, max_length + 2> next_place{};
    unsigned code = 0;
    for (unsigned length = 1; length <= max_length; ++length) {
      next_code[length] = code;
      next_place[length + 1] = next_place[length] + counts_[length];
      code += counts_[length];
      if (code > 1U << length) return false;
      code *= 2;
    }
    const bool is_complete = code == 1U << (max_length + 1);
    if (!is_complete && (used > 1 || counts_[1] != used)) return false;
    for (unsigned symbol = 0; symbol < lengths.size(); ++symbol) {
      const unsigned length = lengths[symbol];
      if (length == 0) continue;
      symbols_[next_place[length]++] = static_cast<std::uint16_t>(symbol);
      fill(next_code[length]++, length, symbol);
    }
    return true;
  }

  /// The next symbol, or `invalid`.
  unsigned decode(bit_reader& bits) const {
    const std::uint32_t ahead = bits.peek(max_length);
    const std::uint16_t entry = table_[ahead & (table_size - 1)];
    if (entry != 0) {
      bits.skip(entry & 15);
      return entry >> 4;
    }
    int code = 0;
    int first = 0;
    unsigned place = 0;
    for (unsigned length = 1; length <= max_length; ++length) {
      code |= static_cast<int>(ahead >> (length - 1) & 1);
      const int count = static_cast<int>(counts_[length]);
      if (code - first < count) {
        bits.skip(length);
        return symbols_[place + static_cast<unsigned>(code - first)];
      }
      place += static_cast<unsigned>(count);
      first = (first + count) * 2;
      code *= 2;
    }
    return invalid;
  }

 private:
  static constexpr unsigned table_bits = 10;
  static constexpr unsigned table_size = 1U << table_bits;

  /// Enters a code, whose first bit is the lowest of the stream, under all bits that may follow it.
  void fill(unsigned code, unsigned length, unsigned symbol) {
    if (length > table_bits) return;
    unsigned turned = 0;
    for (unsigned i = 0; i < length; ++i) turned |= (code >> i & 1) << (length - 1 - i);
    for (unsigned at = turned; at < table_size; at += 1U << length)
      table_[at] = static_cast<std::uint16_t>(symbol << 4 | length);
  }

  std::array<unsigned, max_length + 1> counts_{};
  std::array<std::uint16_t, 288> symbols_{};
  std::array<std::uint16_t, table_size> table_{};
};

/// Bits that follow a length or distance symbol and the value they are added to.
struct extra {
  std::uint16_t base;
  std::uint8_t bits;
};

inline constexpr std::array<extra, 29> lengths = [] {
  std::array<extra, 29> out{};
  unsigned base = 3;
  for (unsigned i = 0; i < 28; ++i) {
    const unsigned bits = i < 8 ? 0 : i / 4 - 1;
    out[i] = {static_cast<std::uint16_t>(base), static_cast<std::uint8_t>(bits)};
    base += 1U << bits;
  }
  out[28] = {258, 0};
  return out;
}();

inline constexpr std::array<extra, 30> distances = [] {
  std::array<extra, 30> out{};
  unsigned base = 1;
  for (unsigned i = 0; i < 30; ++i) {
    const unsigned bits = i < 4 ? 0 : i / 2 - 1;
    out[i] = {static_cast<std::uint16_t>(base), static_cast<std::uint8_t>(bits)};
    base += 1U << bits;
  }
  return out;
}();

inline error broken(std::string_view what) {
  return fail(code::format, "deflate: ", what);
}

/// Unpacks one stream into a buffer of known size.
class decoder {
 public:
  decoder(std::span<const std::byte> packed, std::string& out) : bits_(packed), out_(out) {}

  status run() {
    for (bool is_last = false; !is_last;) {
      is_last = bits_.take(1) != 0;
      const std::uint32_t type = bits_.take(2);
      if (type == 3) return broken("a block has the reserved type 3");
      TENON_TRY(type == 0 ? stored() : type == 1 ? fixed() : dynamic());
      if (bits_.overran()) return broken("the stream is cut short");
    }
    if (made_ != out_.size())
      return broken(cat("the stream holds ", made_, " bytes: expected ", out_.size()));
    if (bits_.left() != 0)
      return broken(cat("the stream ends ", bits_.left(), " bytes before its entry"));
    return {};
  }

 private:
  error too_long() const {
    return broken(cat("the stream holds more than ", out_.size(), " bytes"));
  }

  status stored() {
    bits_.skip_to_byte();
    const std::uint32_t length = bits_.take(16);
    const std::uint32_t complement = bits_.take(16);
    if (bits_.overran() || length != (complement ^ 0xFFFF))
      return broken("a stored block has a damaged length");
    const auto bytes = bits_.take_bytes(length);
    if (bytes.size() > out_.size() - made_) return too_long();
    if (!bytes.empty()) std::memcpy(out_.data() + made_, bytes.data(), bytes.size());
    made_ += bytes.size();
    return {};
  }

  status fixed() {
    std::array<std::uint8_t, 288> sizes{};
    for (unsigned i = 0; i < 288; ++i)
      sizes[i] = static_cast<std::uint8_t>(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
    std::array<std::uint8_t, 32> distance_sizes{};
    distance_sizes.fill(5);
    literals_.build(sizes);
    distances_.build(distance_sizes);
    return compressed();
  }

  status dynamic() {
    const unsigned literal_count = bits_.take(5) + 257;
    const unsigned distance_count = bits_.take(5) + 1;
    const unsigned code_count = bits_.take(4) + 4;
    if (literal_count > 286 || distance_count > 30) return broken("a block has too many symbols");
    constexpr std::uint8_t order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    std::array<std::uint8_t, 19> code_sizes{};
    for (unsigned i = 0; i < code_count; ++i)
      code_sizes[order[i]] = static_cast<std::uint8_t>(bits_.take(3));
    if (!literals_.build(code_sizes)) return broken("a block has an impossible code");
    std::array<std::uint8_t, 286 + 30> sizes{};
    TENON_TRY(read_sizes(std::span(sizes).first(literal_count + distance_count)));
    if (sizes[256] == 0) return broken("a block has no end symbol");
    if (!literals_.build(std::span(sizes).first(literal_count)) ||
        !distances_.build(std::span(sizes).subspan(literal_count, distance_count)))
      return broken("a block has an impossible code");
    return compressed();
  }

  /// Code lengths, themselves coded by `literals_`.
  status read_sizes(std::span<std::uint8_t> sizes) {
    for (std::size_t at = 0; at < sizes.size();) {
      const unsigned symbol = literals_.decode(bits_);
      if (symbol == invalid || bits_.overran()) return broken("code lengths are damaged");
      if (symbol < 16) {
        sizes[at++] = static_cast<std::uint8_t>(symbol);
        continue;
      }
      if (symbol == 16 && at == 0) return broken("code lengths repeat nothing");
      const std::uint8_t value = symbol == 16 ? sizes[at - 1] : std::uint8_t{0};
      const std::size_t count = symbol == 16   ? 3 + bits_.take(2)
                                : symbol == 17 ? 3 + bits_.take(3)
                                               : 11 + bits_.take(7);
      if (count > sizes.size() - at) return broken("code lengths repeat too often");
      std::fill_n(sizes.begin() + static_cast<std::ptrdiff_t>(at), count, value);
      at += count;
    }
    return {};
  }

  status compressed() {
    for (;;) {
      const unsigned symbol = literals_.decode(bits_);
      if (bits_.overran()) return broken("the stream is cut short");
      if (symbol < 256) {
        if (made_ == out_.size()) return too_long();
        out_[made_++] = static_cast<char>(symbol);
        continue;
      }
      if (symbol == 256) return {};
      if (symbol > 285) return broken("a symbol is invalid");
      TENON_TRY(copy(lengths[symbol - 257]));
    }
  }

  status copy(extra length_code) {
    const std::size_t length = length_code.base + bits_.take(length_code.bits);
    const unsigned symbol = distances_.decode(bits_);
    if (symbol >= distances.size()) return broken("a distance is invalid");
    const std::size_t distance = distances[symbol].base + bits_.take(distances[symbol].bits);
    if (bits_.overran()) return broken("the stream is cut short");
    if (distance > made_) return broken("a distance reaches before the start");
    if (length > out_.size() - made_) return too_long();
    char* to = out_.data() + made_;
    for (std::size_t i = 0; i < length; ++i) to[i] = to[i - distance];
    made_ += length;
    return {};
  }

  bit_reader bits_;
  std::string& out_;
  std::size_t made_ = 0;
  prefix_code literals_;
  prefix_code distances_;
};

/// Row k: the CRC of a byte with k zero bytes behind it, so that eight bytes are eight look-ups without a chain
/// (Kounavis and Berry, "A systematic approach to building high performance software-based CRC generators", 2005).
using crc_rows = std::array<std::array<std::uint32_t, 256>, 8>;

inline constexpr crc_rows crc_table = [] {
  crc_rows out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
    out[0][i] = c;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t i = 0; i < 256; ++i)
      out[k][i] = out[0][out[k - 1][i] & 0xFF] ^ (out[k - 1][i] >> 8);
  return out;
}();

}  // namespace inflate_detail

TENON_INLINE result<std::string> inflate(std::span<const std::byte> packed,
                                         std::uint64_t expected_bytes) {
  constexpr std::uint64_t best_ratio = 1032;  // 258 bytes by 2 bits
  if (expected_bytes / best_ratio > packed.size())
    return inflate_detail::broken(cat(packed.size(), " bytes cannot hold ", expected_bytes));
  std::string out(static_cast<std::size_t>(expected_bytes), '\0');
  TENON_TRY(inflate_detail::decoder(packed, out).run());
  return out;
}

TENON_INLINE std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t previous) {
  const auto& rows = inflate_detail::crc_table;
  std::uint32_t c = ~previous;
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    word ^= c;
    c = 0;
    for (std::size_t k = 0; k < 8; ++k) c ^= rows[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; at != end; ++at) c = rows[0][(c ^ std::to_integer<std::uint32_t>(*at)) & 0xFF] ^ (c >> 8);
  return ~c;
}

}  // namespace tenon::inline v0
