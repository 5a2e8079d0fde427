#pragma once

#include "tenon/core/file.hpp"
#include "tenon/core/safe_math.hpp"
#include "tenon/formats/mapped_storage.hpp"
#include "tenon/formats/onnx/tensor_data.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>

namespace tenon::inline v0::onnx {

static_assert(std::endian::native == std::endian::little);

namespace tensor_detail {

/// Spreads 4- or 2-bit elements over one byte each, low bits first.
inline void unpack(dtype type, std::span<const std::byte> from, std::span<std::uint8_t> to) {
  const std::size_t bits = bits_of(type);
  const std::size_t per_byte = 8 / bits;
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto byte = static_cast<unsigned>(from[i / per_byte]);
    to[i] = static_cast<std::uint8_t>(byte >> (i % per_byte * bits) & ((1U << bits) - 1));
  }
}

/// The data fields of a tensor with something in them, by name.
inline std::string filled_fields(const tensor_proto& t) {
  std::string out;
  const auto add = [&](bool is_filled, std::string_view name) {
    if (is_filled) out += cat(out.empty() ? "" : " and ", name);
  };
  add(t.raw_data && !t.raw_data->empty(), "raw_data");
  add(!t.float_data.empty(), "float_data");
  add(!t.int32_data.empty(), "int32_data");
  add(!t.int64_data.empty(), "int64_data");
  add(!t.double_data.empty(), "double_data");
  add(!t.uint64_data.empty(), "uint64_data");
  add(!t.string_data.empty(), "string_data");
  return out;
}

/// The typed field that ONNX uses for a dtype.
inline std::string_view field_of(dtype type) {
  switch (type) {
    case dtype::f32:
    case dtype::c64:
      return "float_data";
    case dtype::f64:
    case dtype::c128:
      return "double_data";
    case dtype::i64:
      return "int64_data";
    case dtype::u32:
    case dtype::u64:
      return "uint64_data";
    case dtype::string:
      return "string_data";
    default:
      return "int32_data";
  }
}

inline error wrong_count(std::string_view field, std::size_t found, std::int64_t expected) {
  return fail(code::tensor_data, field, " has ", found, " values, expected ", expected);
}

/// Copies values, each cut to `Size` bytes.
template <std::size_t Size, class T> void narrow(const std::vector<T>& from, std::byte* to) {
  for (const T& v : from) {
    std::memcpy(to, &v, Size);
    to += Size;
  }
}

template <class T>
status copy_values(const std::vector<T>& from, std::int64_t expected, const tensor& to) {
  if (static_cast<std::int64_t>(from.size()) != expected)
    return wrong_count(field_of(to.type()), from.size(), expected);
  const std::size_t width =
      expected == 0 ? sizeof(T) : to.size_bytes() / static_cast<std::size_t>(expected);
  if (width == 1)
    narrow<1>(from, to.bytes());
  else if (width == 2)
    narrow<2>(from, to.bytes());
  else if (width == 4)
    narrow<4>(from, to.bytes());
  else
    narrow<sizeof(T)>(from, to.bytes());
  return {};
}

/// Makes every boolean 0 or 1.
inline void normalise_booleans(const tensor& t) {
  auto* raw = t.data<std::uint8_t>();
  for (std::int64_t i = 0; i < t.size(); ++i) raw[i] = raw[i] != 0;
}

/// Fills a tensor of a 4- or 2-bit type from one packed byte per entry.
inline status copy_packed(const std::vector<std::int32_t>& from, const tensor& to) {
  const std::int64_t expected = packed_bytes(to.type(), to.size());
  if (static_cast<std::int64_t>(from.size()) != expected)
    return wrong_count("int32_data", from.size(), expected);
  std::vector<std::byte> packed(from.size());
  narrow<1>(from, packed.data());
  unpack(to.type(), packed, to.elements<std::uint8_t>());
  return {};
}

inline status copy_typed(const tensor_proto& t, const tensor& to) {
  const std::int64_t count = to.size();
  switch (to.type()) {
    case dtype::string: {
      auto* out = to.data<std::string>();
      for (const std::string_view s : t.string_data) *out++ = s;
      return {};
    }
    case dtype::f32:
      return copy_values(t.float_data, count, to);
    case dtype::c64:
      return copy_values(t.float_data, 2 * count, to);
    case dtype::f64:
      return copy_values(t.double_data, count, to);
    case dtype::c128:
      return copy_values(t.double_data, 2 * count, to);
    case dtype::i64:
      return copy_values(t.int64_data, count, to);
    case dtype::u32:
    case dtype::u64:
      return copy_values(t.uint64_data, count, to);
    default:
      break;
  }
  if (is_packed(to.type())) return copy_packed(t.int32_data, to);
  TENON_TRY(copy_values(t.int32_data, count, to));
  if (to.type() == dtype::boolean) normalise_booleans(to);
  return {};
}

/// Entries of the field that belongs to `type`.
inline std::size_t value_count(const tensor_proto& t, dtype type) {
  const std::string_view field = field_of(type);
  if (field == "float_data") return t.float_data.size();
  if (field == "double_data") return t.double_data.size();
  if (field == "int64_data") return t.int64_data.size();
  if (field == "uint64_data") return t.uint64_data.size();
  if (field == "string_data") return t.string_data.size();
  return t.int32_data.size();
}

/// Refuses typed data in the wrong field, or of the wrong count, before memory is taken for it.
inline status check_typed(const tensor_proto& t, dtype type, std::int64_t count) {
  const std::string filled = filled_fields(t);
  const std::string_view field = field_of(type);
  if (!filled.empty() && filled != field)
    return fail(code::tensor_data, "data is in ", filled, ", expected ", field, " or raw_data for ",
                name_of(type));
  const std::int64_t per_element = is_complex(type) ? 2 : 1;
  const std::int64_t expected = is_packed(type) ? packed_bytes(type, count) : count * per_element;
  if (static_cast<std::int64_t>(value_count(t, type)) != expected)
    return wrong_count(field, value_count(t, type), expected);
  return {};
}

/// Dtype and extents of a TensorProto; the byte size fits into 62 bits.
inline result<std::pair<dtype, extents>> header(const tensor_proto& t) {
  const auto type = dtype_numbered(t.data_type);
  if (!type)
    return fail(code::tensor_data, "element type ", t.data_type, " is unknown, expected 1 to ",
                dtype_count - 1);
  if (t.is_segment) return fail(code::unsupported, "tensors in segments are not supported");
  if (t.dims.size() > max_rank)
    return fail(code::tensor_data, "dims has ", t.dims.size(), " axes, expected at most ",
                max_rank);
  const auto count = checked_product(t.dims);
  const auto bytes = count ? checked_mul(*count, 32) : count;
  if (!bytes)
    return fail(code::tensor_data, "dims ", bracketed(t.dims),
                " are negative or their product outgrows 64 bits");
  return std::pair{*type, extents(t.dims.begin(), t.dims.end())};
}

/// A decimal number of external data, which must be the whole text.
inline result<std::int64_t> number(std::string_view key, std::string_view text) {
  std::int64_t out = 0;
  const auto [end, mistake] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (mistake != std::errc{} || end != text.data() + text.size() || out < 0)
    return fail(code::external_data, "external data: ", key, " is ", quoted(text),
                ", expected a number of bytes");
  return out;
}

}  // namespace tensor_detail

TENON_INLINE result<tensor> tensor_source::from_bytes(dtype type,
                                                      extents dims,
                                                      std::span<const std::byte> raw,
                                                      storage owner) {
  using namespace tensor_detail;
  if (type == dtype::string)
    return fail(code::tensor_data, "strings are in raw_data, expected string_data");
  const std::int64_t count = element_count(dims);
  const std::int64_t expected = packed_bytes(type, count);
  if (static_cast<std::int64_t>(raw.size()) != expected)
    return fail(code::tensor_data, "data has ", raw.size(), " bytes, expected ", expected, " for ",
                name_of(type), bracketed(dims));
  const auto address = reinterpret_cast<std::uintptr_t>(raw.data());
  const std::size_t alignment = std::min<std::size_t>(size_of(type), 8);
  const bool is_plain = !is_packed(type) && type != dtype::boolean;
  if (owner && is_plain && count != 0 && address % alignment == 0) {
    const auto offset = static_cast<std::size_t>(raw.data() - owner.data());
    return tensor::over(type, std::move(dims), std::move(owner), offset);
  }
  TENON_TRY(tensor out, tensor::make(type, std::move(dims)));
  if (is_packed(type))
    unpack(type, raw, out.elements<std::uint8_t>());
  else if (!raw.empty())
    std::memcpy(out.bytes(), raw.data(), raw.size());
  if (type == dtype::boolean) normalise_booleans(out);
  return out;
}

TENON_INLINE result<storage> tensor_source::external_file(std::string_view location) {
  for (const auto& [name, content] : externals_)
    if (name == location) return content;
  storage content;
  if (resolver_) {
    TENON_TRY(content, (*resolver_)(location));
  } else if (folder_) {
    TENON_TRY(const open_file file, open_beneath(*folder_, location));
    if (file.size() == 0)
      return fail(code::external_data, "external data: ", quoted(location), " is empty");
    auto mapped = mapped_file::map(file);
    if (!mapped) return fail(code::external_data, "external data: ", mapped.failure().message);
    content = storage_of(*std::move(mapped));
  } else {
    return fail(code::external_data, "external data: ", quoted(location),
                " is outside a model that was loaded from memory; give a resolver");
  }
  externals_.emplace_back(location, content);
  return content;
}

TENON_INLINE result<tensor> tensor_source::read_external(const tensor_proto& proto,
                                                         dtype type,
                                                         extents dims) {
  using tensor_detail::number;
  if (type == dtype::string)
    return fail(code::external_data, "external data: strings cannot be external");
  std::string_view location;
  std::int64_t offset = 0;
  const std::int64_t needed = packed_bytes(type, element_count(dims));
  std::int64_t length = needed;
  for (const auto& [key, text] : proto.external_data) {
    if (key == "location") location = text;
    if (key == "offset") {
      TENON_TRY(offset, number(key, text));
    } else if (key == "length") {
      TENON_TRY(length, number(key, text));
    }
  }
  if (location.empty()) return fail(code::external_data, "external data: location is empty");
  if (length != needed)
    return fail(code::external_data, "external data: length is ", length, ", expected ", needed,
                " for ", name_of(type), bracketed(dims));
  TENON_TRY(storage content, external_file(location));
  const auto end = checked_add(offset, length);
  if (!end || static_cast<std::uint64_t>(*end) > content.bytes())
    return fail(code::external_data, "external data: ", quoted(location), " has ", content.bytes(),
                " bytes, expected ", length, " from byte ", offset);
  const std::span<const std::byte> raw(content.data() + offset, static_cast<std::size_t>(length));
  return from_bytes(type, std::move(dims), raw, resolver_ ? storage() : content);
}

TENON_INLINE result<tensor> tensor_source::read_unnamed(const tensor_proto& proto) {
  TENON_TRY(auto shape, tensor_detail::header(proto));
  auto& [type, dims] = shape;
  if (proto.is_external) return read_external(proto, type, std::move(dims));
  const bool has_raw = proto.raw_data && !proto.raw_data->empty();
  if (has_raw && tensor_detail::filled_fields(proto) != "raw_data")
    return fail(code::tensor_data, "data is in ", tensor_detail::filled_fields(proto),
                ", expected one field");
  if (has_raw || (proto.raw_data && element_count(dims) == 0 && type != dtype::string)) {
    const std::span<const char> raw(*proto.raw_data);
    return from_bytes(type, std::move(dims), std::as_bytes(raw), file_);
  }
  TENON_TRY(tensor_detail::check_typed(proto, type, element_count(dims)));
  TENON_TRY(tensor out, tensor::make(type, std::move(dims)));
  TENON_TRY(tensor_detail::copy_typed(proto, out));
  return out;
}

TENON_INLINE result<tensor> tensor_source::read(const tensor_proto& proto) {
  auto out = read_unnamed(proto);
  if (!out) return std::move(out).failure().in(cat("tensor ", quoted(proto.name)));
  return out;
}

TENON_INLINE status tensor_source::scatter(const sparse_tensor_proto& proto,
                                           const tensor& values,
                                           const tensor& dense) {
  TENON_TRY(const tensor indices, read(proto.indices));
  const auto rank = static_cast<std::int64_t>(dense.rank());
  const bool is_flat = indices.rank() == 1 && indices.size() == values.size();
  const bool is_table =
      indices.rank() == 2 && indices.dim(0) == values.size() && indices.dim(1) == rank;
  if (indices.type() != dtype::i64 || (!is_flat && !is_table))
    return fail(code::tensor_data, "indices are ", indices.str(), ", expected i64[", values.size(),
                "] or i64[", values.size(), ", ", rank, "]");
  const std::size_t width = size_of(dense.type());
  const auto* index = indices.data<std::int64_t>();
  for (std::int64_t i = 0; i < values.size(); ++i) {
    std::int64_t at = is_flat ? index[i] : 0;
    bool is_inside = !is_flat || (at >= 0 && at < dense.size());
    for (std::int64_t a = 0; !is_flat && a < rank; ++a) {
      const std::int64_t size = dense.dim(static_cast<std::size_t>(a));
      const std::int64_t step = index[i * rank + a];
      is_inside = is_inside && step >= 0 && step < size;
      at = is_inside ? at * size + step : 0;
    }
    if (!is_inside)
      return fail(code::tensor_data, "index of value ", i, " is outside ", bracketed(dense.dims()));
    std::memcpy(dense.bytes() + static_cast<std::size_t>(at) * width,
                values.bytes() + static_cast<std::size_t>(i) * width, width);
  }
  return {};
}

TENON_INLINE result<tensor> tensor_source::read(const sparse_tensor_proto& proto) {
  const std::string where = cat("sparse tensor ", quoted(proto.values.name));
  TENON_TRY(const tensor values, read(proto.values));
  if (proto.dims.size() > max_rank)
    return fail(code::tensor_data, where, ": dims has ", proto.dims.size(),
                " axes, expected at most ", max_rank);
  const auto count = checked_product(proto.dims);
  const auto bytes =
      count ? checked_mul(*count, static_cast<std::int64_t>(size_of(values.type()))) : count;
  if (!bytes || *bytes > max_dense_bytes_)
    return fail(code::resource, where, ": dims ", bracketed(proto.dims), " outgrow the limit of ",
                max_dense_bytes_, " bytes for a dense copy");
  if (values.rank() != 1 || values.type() == dtype::string)
    return fail(code::tensor_data, where, ": values are ", values.str(),
                ", expected one axis of numbers");
  auto dense = tensor::make(values.type(), extents(proto.dims.begin(), proto.dims.end()));
  if (!dense) return std::move(dense).failure().in(where);
  if (*bytes != 0) std::memset(dense->bytes(), 0, static_cast<std::size_t>(*bytes));
  auto done = scatter(proto, values, *dense);
  if (!done) return std::move(done).failure().in(where);
  return dense;
}

}  // namespace tenon::inline v0::onnx
