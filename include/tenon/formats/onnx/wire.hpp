#pragma once

#include "tenon/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::onnx {

/// What the readers of one file share: where it begins, where they are, and the first mistake.
struct wire_state {
  struct step {
    std::string_view field;
    std::size_t index;  ///< `no_index` for a field that is not repeated
  };

  static constexpr std::size_t no_index = std::numeric_limits<std::size_t>::max();
  static constexpr int max_depth = 64;  ///< of nested graphs or types

  const std::byte* begin = nullptr;
  std::vector<step> path;
  int depth = 0;
  std::optional<error> failure;

  /// `graph.node[3].attribute[0]`
  std::string where() const {
    std::string out;
    for (const step& s : path) {
      out += cat(out.empty() ? "" : ".", s.field);
      if (s.index != no_index) out += cat("[", s.index, "]");
    }
    return out.empty() ? "model" : out;
  }
};

/// A bounds-checked cursor over one protobuf message. The first mistake ends all readers of the file.
class wire_reader {
 public:
  enum class wire_type : unsigned char { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  wire_reader(std::span<const std::byte> message, wire_state& state)
      : at_(message.data()), end_(message.data() + message.size()), state_(&state) {}

  /// Moves to the next field; false at the end of the message or after a mistake.
  bool next() {
    if (state_->failure || at_ == end_) return false;
    start_ = at_;
    const std::uint64_t tag = varint();
    if (state_->failure) return false;
    field_ = static_cast<std::uint32_t>(tag >> 3);
    const unsigned type = tag & 7;
    if (tag >> 32 || field_ == 0) return complain("field number is 0 or above 2^29");
    if (type != 0 && type != 1 && type != 2 && type != 5)
      return complain("wire type is a group or unknown");
    type_ = static_cast<wire_type>(type);
    return true;
  }

  std::uint32_t field() const { return field_; }

  /// Integer, enum or boolean.
  std::int64_t integer() {
    return expect(wire_type::varint) ? static_cast<std::int64_t>(varint()) : 0;
  }

  /// String, bytes or the bytes of a message; they live as long as the file.
  std::string_view text() {
    const auto found = bytes();
    return {reinterpret_cast<const char*>(found.data()), found.size()};
  }

  std::span<const std::byte> bytes() {
    return expect(wire_type::bytes) ? take_bytes() : std::span<const std::byte>();
  }

  float f32() { return expect(wire_type::fixed32) ? fixed<float>() : 0; }

  double f64() { return expect(wire_type::fixed64) ? fixed<double>() : 0; }

  /// Appends a repeated integer field, packed or not.
  template <class T> void integers(std::vector<T>& out) {
    if (type_ != wire_type::bytes) {
      out.push_back(static_cast<T>(integer()));
      return;
    }
    wire_reader inner(take_bytes(), *state_);
    while (inner.at_ != inner.end_ && !state_->failure) {
      inner.start_ = inner.at_;
      out.push_back(static_cast<T>(inner.varint()));
    }
  }

  /// Appends a repeated float or double field, packed or not.
  template <class T> void floats(std::vector<T>& out) {
    if (type_ != wire_type::bytes) {
      if (expect(sizeof(T) == 4 ? wire_type::fixed32 : wire_type::fixed64))
        out.push_back(fixed<T>());
      return;
    }
    const auto packed = take_bytes();
    if (packed.size() % sizeof(T) != 0) {
      complain("packed numbers end in the middle of one");
      return;
    }
    const std::size_t count = packed.size() / sizeof(T);
    const std::size_t old = out.size();
    out.resize(old + count);
    if (count != 0) std::memcpy(out.data() + old, packed.data(), packed.size());
  }

  /// Reads a submessage with `read(wire_reader&)`.
  template <class F>
  void message(std::string_view name, F&& read, std::size_t index = wire_state::no_index) {
    const auto body = bytes();
    if (state_->failure) return;
    state_->path.push_back({name, index});
    wire_reader inner(body, *state_);
    read(inner);
    if (!state_->failure) state_->path.pop_back();
  }

  /// Passes over a field that this library has no use for.
  void skip() {
    switch (type_) {
      case wire_type::varint:
        varint();
        break;
      case wire_type::fixed64:
        fixed<double>();
        break;
      case wire_type::bytes:
        take_bytes();
        break;
      case wire_type::fixed32:
        fixed<float>();
        break;
    }
  }

  /// Records a mistake at the current field; returns false.
  bool complain(std::string_view what) {
    if (!state_->failure)
      state_->failure = fail(code::format, "byte ", start_ - state_->begin, ", field ",
                             state_->where(), ": ", what);
    at_ = end_;
    return false;
  }

  wire_state& state() { return *state_; }

 private:
  bool expect(wire_type wanted) {
    if (type_ == wanted) return true;
    constexpr std::string_view names[] = {"varint", "64-bit", "bytes", "", "", "32-bit"};
    return complain(cat("field ", field_, " has wire type ", names[static_cast<int>(type_)],
                        ", expected ", names[static_cast<int>(wanted)]));
  }

  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) {
        complain("number is cut off");
        return 0;
      }
      const auto byte = static_cast<std::uint64_t>(*at_++);
      if (shift == 63 && byte > 1) break;
      out |= (byte & 0x7F) << shift;
      if (byte < 0x80) return out;
    }
    complain("number is longer than 64 bits");
    return 0;
  }

  std::span<const std::byte> take_bytes() {
    const std::uint64_t count = varint();
    if (state_->failure) return {};
    const auto left = static_cast<std::uint64_t>(end_ - at_);
    if (count > left) {
      complain(cat("length is ", count, ", but only ", left, " bytes are left"));
      return {};
    }
    const std::byte* from = at_;
    at_ += count;
    return {from, static_cast<std::size_t>(count)};
  }

  template <class T> T fixed() {
    T out{};
    if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) {
      complain("number is cut off");
      return out;
    }
    std::memcpy(&out, at_, sizeof(T));
    at_ += sizeof(T);
    return out;
  }

  const std::byte* at_;
  const std::byte* end_;
  const std::byte* start_ = at_;
  wire_state* state_;
  std::uint32_t field_ = 0;
  wire_type type_ = wire_type::varint;
};

/// Appends protobuf fields to a string.
class wire_writer {
 public:
  const std::string& str() const { return out_; }

  std::string take() && { return std::move(out_); }

  void integer(std::uint32_t field, std::int64_t value) {
    varint(field << 3);
    varint(static_cast<std::uint64_t>(value));
  }

  void f32(std::uint32_t field, float value) {
    varint(field << 3 | 5);
    raw(&value, sizeof value);
  }

  void text(std::uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    out_ += value;
  }

  void bytes(std::uint32_t field, std::span<const std::byte> value) {
    text(field, {reinterpret_cast<const char*>(value.data()), value.size()});
  }

  void integers(std::uint32_t field, std::span<const std::int64_t> values) {
    for (const std::int64_t v : values) integer(field, v);
  }

  void floats(std::uint32_t field, std::span<const float> values) {
    for (const float v : values) f32(field, v);
  }

  /// Writes a submessage with `write()`, which appends to this writer.
  template <class F> void message(std::uint32_t field, F&& write) {
    varint(field << 3 | 2);
    const std::size_t start = out_.size();
    write();
    char digits[10];
    std::size_t count = 0;
    std::uint64_t size = out_.size() - start;
    do {
      digits[count++] = static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0));
      size >>= 7;
    } while (size != 0);
    out_.insert(start, digits, count);
  }

 private:
  void varint(std::uint64_t value) {
    while (value > 0x7F) {
      out_ += static_cast<char>((value & 0x7F) | 0x80);
      value >>= 7;
    }
    out_ += static_cast<char>(value);
  }

  void raw(const void* data, std::size_t size) {
    out_.append(static_cast<const char*>(data), size);
  }

  std::string out_;
};

}  // namespace tenon::inline v0::onnx
