#include "tenon/formats/onnx/tensor_data.hpp"
#include "tenon/tensor/complex.hpp"
#include "tenon/tensor/convert.hpp"

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon;
using onnx::packed_bytes, onnx::sparse_tensor_proto, onnx::tensor_proto, onnx::tensor_source;
using reals = std::vector<double>;
using sizes = std::vector<std::int64_t>;

static_assert(packed_bytes(dtype::f32, 3) == 12 && packed_bytes(dtype::c128, 2) == 32);
static_assert(packed_bytes(dtype::i4, 0) == 0 && packed_bytes(dtype::i4, 3) == 2);
static_assert(packed_bytes(dtype::f4e2m1, 4) == 2 && packed_bytes(dtype::u2, 5) == 2);
static_assert(packed_bytes(dtype::i2, 4) == 1 && packed_bytes(dtype::boolean, 5) == 5);

tensor_proto proto_of(dtype type, sizes dims) {
  tensor_proto out;
  out.name = "w";
  out.data_type = static_cast<std::int32_t>(type);
  out.dims = std::move(dims);
  return out;
}

tensor_proto raw_of(dtype type, sizes dims, std::string_view bytes) {
  tensor_proto out = proto_of(type, std::move(dims));
  out.raw_data = bytes;
  return out;
}

tensor read(const tensor_proto& proto) {
  auto out = tensor_source().read(proto);
  REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
  return *std::move(out);
}

reals values(const tensor& t) {
  reals out(static_cast<std::size_t>(t.size()));
  load_elements<double>(t, out);
  return out;
}

/// The read fails with this code, and its text names the tensor and every given part.
template <class Proto>
void check_refused(tensor_source& source,
                   const Proto& proto,
                   code expected,
                   std::initializer_list<std::string_view> parts) {
  const auto out = source.read(proto);
  REQUIRE_FALSE(out);
  const error& found = out.failure();
  CAPTURE(found.message);
  CHECK(name_of(found.kind) == name_of(expected));
  CHECK(found.message.find("tensor 'w'") != std::string::npos);
  for (const auto part : parts) CHECK(found.message.find(part) != std::string::npos);
}

void check_refused(const tensor_proto& proto, std::initializer_list<std::string_view> parts) {
  tensor_source source;
  check_refused(source, proto, code::tensor_data, parts);
}

/// Elements of one dtype as they are in a file, and the numbers that they are by the definition of that dtype.
struct row {
  dtype type;
  std::string raw;
  std::vector<std::int32_t> typed;  ///< int32_data
  reals numbers;
};

template <class T> std::string bytes_of(std::initializer_list<T> list) {
  return {reinterpret_cast<const char*>(list.begin()), list.size() * sizeof(T)};
}

const std::vector<row>& rows() {
  static const std::vector<row> out = {
      {dtype::u8, bytes_of<std::uint8_t>({1, 0, 255}), {1, 0, 255}, {1, 0, 255}},
      {dtype::i8, bytes_of<std::int8_t>({1, -1, -128}), {1, -1, -128}, {1, -1, -128}},
      {dtype::u16, bytes_of<std::uint16_t>({1, 256, 65535}), {1, 256, 65535}, {1, 256, 65535}},
      {dtype::i16, bytes_of<std::int16_t>({1, -1, -32768}), {1, -1, -32768}, {1, -1, -32768}},
      {dtype::i32,
       bytes_of<std::int32_t>({1, -1, INT32_MIN}),
       {1, -1, INT32_MIN},
       {1, -1, -2147483648.0}},
      {dtype::boolean, bytes_of<std::uint8_t>({1, 0, 1}), {1, 0, 1}, {1, 0, 1}},
      {dtype::f16,
       bytes_of<std::uint16_t>({0x3C00, 0xBC00, 0x7BFF}),
       {0x3C00, 0xBC00, 0x7BFF},
       {1, -1, 65504}},
      {dtype::bf16,
       bytes_of<std::uint16_t>({0x3F80, 0xBF80, 0x4120}),
       {0x3F80, 0xBF80, 0x4120},
       {1, -1, 10}},
      {dtype::f8e4m3fn, "\x38\xB8\x7E", {0x38, 0xB8, 0x7E}, {1, -1, 448}},
      {dtype::f8e4m3fnuz, "\x40\xC0\x7F", {0x40, 0xC0, 0x7F}, {1, -1, 240}},
      {dtype::f8e5m2, "\x3C\xBC\x7B", {0x3C, 0xBC, 0x7B}, {1, -1, 57344}},
      {dtype::f8e5m2fnuz, "\x40\xC0\x7F", {0x40, 0xC0, 0x7F}, {1, -1, 57344}},
      {dtype::f8e8m0, "\x7F\x80\x7E", {0x7F, 0x80, 0x7E}, {1, 2, 0.5}},
      {dtype::u4, "\xF1\x08", {0xF1, 0x08}, {1, 15, 8}},
      {dtype::i4, "\xF1\x08", {0xF1, 0x08}, {1, -1, -8}},
      {dtype::f4e2m1, "\xA2\x07", {0xA2, 0x07}, {1, -1, 6}},
      {dtype::u2, "\x2D", {0x2D}, {1, 3, 2}},
      {dtype::i2, "\x2D", {0x2D}, {1, -1, -2}},
  };
  return out;
}

}  // namespace

TEST_CASE("onnx tensors: raw and int32 data of every dtype that has them are the same numbers") {
  for (const row& r : rows()) {
    CAPTURE(name_of(r.type));
    tensor_proto typed = proto_of(r.type, {3});
    typed.int32_data = r.typed;
    const tensor from_raw = read(raw_of(r.type, {3}, r.raw)), from_typed = read(typed);
    CHECK(values(from_raw) == r.numbers);
    CHECK(identical(from_raw, from_typed));
    CHECK(from_raw.str() == cat(name_of(r.type), "[3]"));
  }
}

TEST_CASE("onnx tensors: data in fields of their own") {
  tensor_proto f = proto_of(dtype::f32, {2});
  f.float_data = {1.5F, -0.0F};
  CHECK(identical(read(f), read(raw_of(dtype::f32, {2}, bytes_of({1.5F, -0.0F})))));
  tensor_proto d = proto_of(dtype::f64, {2});
  d.double_data = {1e300, -2};
  CHECK(values(read(d)) == reals{1e300, -2});
  tensor_proto i = proto_of(dtype::i64, {2});
  i.int64_data = {INT64_MIN, 7};
  CHECK(read(i).data<std::int64_t>()[0] == INT64_MIN);
  tensor_proto u = proto_of(dtype::u64, {2});
  u.uint64_data = {UINT64_MAX, 7};
  CHECK(read(u).data<std::uint64_t>()[0] == UINT64_MAX);
  tensor_proto half = proto_of(dtype::u32, {2});
  half.uint64_data = {UINT32_MAX, 7};
  CHECK(values(read(half)) == reals{4294967295.0, 7});
  tensor_proto c = proto_of(dtype::c64, {2});
  c.float_data = {1, 2, 3, 4};
  CHECK(read(c).data<c64>()[1] == c64(3, 4));
  tensor_proto wide = proto_of(dtype::c128, {1});
  wide.double_data = {5, -6};
  CHECK(read(wide).data<c128>()[0] == c128(5, -6));
  CHECK(identical(read(wide), read(raw_of(dtype::c128, {1}, bytes_of({5.0, -6.0})))));
}

TEST_CASE(
    "onnx tensors: another count than that of the dims is refused, one off to each side too") {
  for (const row& r : rows()) {
    CAPTURE(name_of(r.type));
    for (std::size_t size = 0; size <= r.raw.size() + 1; ++size) {
      const std::string cut = (r.raw + "x").substr(0, size);
      if (size == r.raw.size()) continue;
      // No raw data at all is read as typed data of no values.
      check_refused(raw_of(r.type, {3}, cut),
                    {size == 0 ? cat("int32_data has 0 values, expected ", r.typed.size())
                               : cat("data has ", size, " bytes, expected ", r.raw.size())});
    }
    for (const bool is_long : {false, true}) {
      tensor_proto typed = proto_of(r.type, {3});
      typed.int32_data = r.typed;
      if (is_long)
        typed.int32_data.push_back(0);
      else
        typed.int32_data.pop_back();
      check_refused(typed, {cat("int32_data has ", typed.int32_data.size(), " values, expected ",
                                r.typed.size())});
    }
  }
  tensor_proto c = proto_of(dtype::c64, {2});
  c.float_data = {1, 2};
  check_refused(c, {"float_data has 2 values, expected 4"});
  tensor_proto f = proto_of(dtype::f32, {});
  check_refused(f, {"float_data has 0 values, expected 1"});
}

TEST_CASE("onnx tensors: a row of 4- or 2-bit elements may fill any part of its last byte") {
  for (const std::int64_t count : {1, 2, 3, 4, 5, 7, 8, 9}) {
    for (const auto type : {dtype::i4, dtype::u4, dtype::i2, dtype::u2, dtype::f4e2m1}) {
      const std::string ones(static_cast<std::size_t>(packed_bytes(type, count)), '\xFF');
      const double expected = type == dtype::u4       ? 15
                              : type == dtype::u2     ? 3
                              : type == dtype::f4e2m1 ? -6
                                                      : -1;
      CHECK(values(read(raw_of(type, {count}, ones))) ==
            reals(static_cast<std::size_t>(count), expected));
      check_refused(raw_of(type, {count}, ones + "\xFF"), {"bytes"});
    }
  }
}

TEST_CASE("onnx tensors: data in another field, or in two, is refused with both names") {
  tensor_proto wrong = proto_of(dtype::f32, {1});
  wrong.double_data = {1};
  check_refused(wrong, {"data is in double_data, expected float_data or raw_data for f32"});
  tensor_proto two = proto_of(dtype::f32, {1});
  two.float_data = {1};
  two.int64_data = {1};
  check_refused(two, {"float_data and int64_data"});
  tensor_proto both = raw_of(dtype::f32, {1}, "abcd");
  both.float_data = {1};
  check_refused(both, {"raw_data and float_data, expected one field"});
  tensor_proto text = proto_of(dtype::i32, {1});
  text.string_data = {"1"};
  check_refused(text, {"string_data, expected int32_data"});
  tensor_proto number = proto_of(dtype::i64, {1});
  number.int32_data = {1};
  check_refused(number, {"int32_data, expected int64_data"});
  tensor_proto none = proto_of(dtype::f32, {0});
  none.float_data = {1};
  check_refused(none, {"float_data has 1 values, expected 0"});
}

TEST_CASE("onnx tensors: scalars and tensors without elements") {
  CHECK(values(read(raw_of(dtype::f32, {}, bytes_of({2.5F})))) == reals{2.5});
  CHECK(read(raw_of(dtype::f32, {}, bytes_of({2.5F}))).rank() == 0);
  for (int i = 1; i < dtype_count; ++i) {
    const auto type = static_cast<dtype>(i);
    CAPTURE(name_of(type));
    for (const sizes& dims : {sizes{0}, sizes{3, 0}, sizes{0, std::int64_t{1} << 40}}) {
      CHECK(read(proto_of(type, dims)).size() == 0);
      CHECK(read(raw_of(type, dims, "")).dims().size() == dims.size());
    }
    check_refused(raw_of(type, {0}, "x"), {type == dtype::string ? "string_data" : "expected 0"});
  }
}

TEST_CASE("onnx tensors: texts keep every byte and are never raw") {
  using namespace std::string_view_literals;
  tensor_proto proto = proto_of(dtype::string, {2, 2});
  proto.string_data = {"", "a\0b"sv, "\xC3\xA9", "last"};
  const tensor t = read(proto);
  const auto texts = t.elements<std::string>();
  CHECK(texts[0].empty());
  CHECK(texts[1] == "a\0b"sv);
  CHECK(texts[2] == "\xC3\xA9");
  CHECK(texts[3] == "last");
  proto.string_data.pop_back();
  check_refused(proto, {"string_data has 3 values, expected 4"});
  check_refused(raw_of(dtype::string, {1}, "a"), {"strings are in raw_data, expected string_data"});
}

TEST_CASE("onnx tensors: every boolean is 0 or 1") {
  const std::string odd("\x02\x00\xFF\x01", 4);
  tensor_proto typed = proto_of(dtype::boolean, {4});
  typed.int32_data = {2, 0, -1, 1};
  for (const tensor& t : {read(raw_of(dtype::boolean, {4}, odd)), read(typed)}) {
    const auto* bytes = t.data<std::uint8_t>();
    CHECK(std::vector<int>(bytes, bytes + 4) == std::vector<int>{1, 0, 1, 1});
  }
}

TEST_CASE("onnx tensors: dtypes and dims that no tensor has are refused") {
  for (const std::int32_t number : {-1, 0, 27, 1000}) {
    tensor_proto proto = proto_of(dtype::f32, {1});
    proto.data_type = number;
    check_refused(proto, {cat("element type ", number, " is unknown, expected 1 to 26")});
  }
  constexpr std::int64_t large = std::int64_t{1} << 32;
  check_refused(proto_of(dtype::f32, {-1}), {"dims [-1] are negative"});
  check_refused(proto_of(dtype::f32, {0, -1}), {"dims [0, -1] are negative"});
  check_refused(proto_of(dtype::f32, {large, large}), {"outgrows 64 bits"});
  check_refused(proto_of(dtype::i4, {large, large / 8}), {"outgrows 64 bits"});
  check_refused(proto_of(dtype::i8, {large * 1024}), {"int32_data has 0 values, expected"});
  tensor_proto cut = raw_of(dtype::f32, {1}, "abcd");
  cut.is_segment = true;
  tensor_source source;
  check_refused(source, cut, code::unsupported, {"segments"});
}

TEST_CASE("onnx tensors: the mapped file is used where it is aligned, and copied elsewhere") {
  const storage file = storage::allocate(64);
  for (std::size_t i = 0; i < 64; ++i) file.data()[i] = static_cast<std::byte>(i & 1);
  const auto at = [&](dtype type, sizes dims, std::size_t offset, std::size_t bytes) {
    const std::string_view raw(reinterpret_cast<const char*>(file.data()) + offset, bytes);
    auto out = tensor_source(file).read(raw_of(type, std::move(dims), raw));
    REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
    CHECK((out->bytes() == file.data() + offset) == out->memory().same_as(file));
    CHECK((type == dtype::boolean || is_packed(type) ||
           std::memcmp(out->bytes(), raw.data(), bytes) == 0));
    return out->memory().same_as(file);
  };
  CHECK(at(dtype::f32, {2}, 8, 8));
  CHECK(at(dtype::f32, {2}, 4, 8));
  CHECK_FALSE(at(dtype::f32, {2}, 6, 8));
  CHECK(at(dtype::f64, {2}, 8, 16));
  CHECK_FALSE(at(dtype::f64, {2}, 4, 16));
  CHECK(at(dtype::c128, {1}, 8, 16));
  CHECK(at(dtype::i8, {3}, 5, 3));
  CHECK(at(dtype::f16, {1}, 2, 2));
  CHECK_FALSE(at(dtype::f16, {1}, 3, 2));
  CHECK_FALSE(at(dtype::boolean, {4}, 8, 4));
  CHECK_FALSE(at(dtype::i4, {8}, 8, 4));
  CHECK_FALSE(at(dtype::f32, {0}, 8, 0));
  const auto free = tensor_source().read(
      raw_of(dtype::f32, {1}, {reinterpret_cast<const char*>(file.data()), 4}));
  REQUIRE(free);
  CHECK(free->bytes() != file.data());
}

namespace {

tensor_proto external_of(dtype type, sizes dims, std::vector<onnx::string_pair> keys) {
  tensor_proto out = proto_of(type, std::move(dims));
  out.is_external = true;
  out.external_data = std::move(keys);
  return out;
}

}  // namespace

TEST_CASE("onnx tensors: external data of every dtype, from an offset") {
  for (const row& r : rows()) {
    CAPTURE(name_of(r.type));
    std::string text = cat("ab", r.raw, "c");
    const auto give = [&](std::string_view location) -> result<storage> {
      CHECK(location == "weights");
      return storage::borrow(text.data(), text.size());
    };
    tensor_source source;
    source.allow_resolver(give);
    const std::string length = cat(r.raw.size());
    const auto t =
        source.read(external_of(r.type, {3}, {{"location", "weights"}, {"offset", "2"}}));
    REQUIRE_MESSAGE(t, t.failure().message);
    CHECK(values(*t) == r.numbers);
    CHECK_FALSE(t->memory().is_borrowed());
    const auto same = source.read(external_of(
        r.type, {3},
        {{"length", length}, {"checksum", "?"}, {"offset", "2"}, {"location", "weights"}}));
    REQUIRE_MESSAGE(same, same.failure().message);
    CHECK(identical(*t, *same));
    check_refused(source, external_of(r.type, {3}, {{"location", "weights"}, {"offset", "4"}}),
                  code::external_data, {"'weights'", "from byte 4"});
    check_refused(
        source,
        external_of(r.type, {3}, {{"location", "weights"}, {"length", cat(r.raw.size() + 1)}}),
        code::external_data, {"length is", length});
  }
}

TEST_CASE("onnx tensors: an external file is asked for once, and what is wrong with it is said") {
  std::vector<std::string> asked;
  std::string text = bytes_of({1.0F, 2.0F});
  const auto give = [&](std::string_view location) -> result<storage> {
    asked.emplace_back(location);
    if (location == "lost") return fail(code::io, "no such file");
    return storage::borrow(text.data(), text.size());
  };
  tensor_source source;
  source.allow_resolver(give);
  for (const char* offset : {"0", "4"}) {
    const auto t =
        source.read(external_of(dtype::f32, {1}, {{"location", "a"}, {"offset", offset}}));
    REQUIRE_MESSAGE(t, t.failure().message);
    CHECK(values(*t) == reals{*offset == '0' ? 1.0 : 2.0});
  }
  REQUIRE(source.read(external_of(dtype::f32, {2}, {{"location", "b"}})));
  CHECK(asked == std::vector<std::string>{"a", "b"});
  check_refused(source, external_of(dtype::f32, {1}, {{"location", "lost"}}), code::io,
                {"no such file"});
  check_refused(source, external_of(dtype::f32, {1}, {{"offset", "0"}}), code::external_data,
                {"location is empty"});
  check_refused(source, external_of(dtype::string, {1}, {{"location", "a"}}), code::external_data,
                {"strings cannot be external"});
  for (const char* number : {"", "-1", "0x4", "4 ", "9223372036854775808"})
    check_refused(source, external_of(dtype::f32, {1}, {{"location", "a"}, {"offset", number}}),
                  code::external_data, {"offset is", "expected a number of bytes"});
  tensor_source closed;
  check_refused(closed, external_of(dtype::f32, {1}, {{"location", "a"}}), code::external_data,
                {"give a resolver"});
}

TEST_CASE("onnx tensors: a file beside the model is mapped once and shared") {
  const tenon_tests::scratch_folder folder;
  folder.put("w.bin", bytes_of({1.0F, 2.0F, 3.0F}));
  folder.put("empty", "");
  tensor_source source;
  source.allow_folder(folder.path());
  const auto one = source.read(external_of(dtype::f32, {1}, {{"location", "w.bin"}})),
             two = source.read(
                 external_of(dtype::f32, {2}, {{"location", "w.bin"}, {"offset", "4"}}));
  REQUIRE_MESSAGE(one, one.failure().message);
  REQUIRE_MESSAGE(two, two.failure().message);
  CHECK(values(*two) == reals{2, 3});
  CHECK(one->memory().same_as(two->memory()));
  CHECK(two->bytes() == one->bytes() + 4);
  check_refused(source, external_of(dtype::f32, {1}, {{"location", "empty"}}), code::external_data,
                {"'empty' is empty"});
  check_refused(source, external_of(dtype::f32, {4}, {{"location", "w.bin"}}), code::external_data,
                {"has 12 bytes, expected 16"});
}

namespace {

sparse_tensor_proto sparse_of(sizes dims,
                              std::vector<float> numbers,
                              sizes index_dims,
                              sizes indices) {
  sparse_tensor_proto out;
  out.dims = std::move(dims);
  out.values = proto_of(dtype::f32, {std::ssize(numbers)});
  out.values.float_data = std::move(numbers);
  out.indices = proto_of(dtype::i64, std::move(index_dims));
  out.indices.name = "at";
  out.indices.int64_data = std::move(indices);
  return out;
}

}  // namespace

TEST_CASE("onnx tensors: sparse ones by place and by coordinates are the same dense one") {
  const reals expected{0, 5, 0, 0, 0, 7};
  for (const auto& proto :
       {sparse_of({2, 3}, {5, 7}, {2}, {1, 5}), sparse_of({2, 3}, {5, 7}, {2, 2}, {0, 1, 1, 2}),
        sparse_of({2, 3}, {7, 5}, {2}, {5, 1})}) {
    const auto t = tensor_source().read(proto);
    REQUIRE_MESSAGE(t, t.failure().message);
    CHECK(t->str() == "f32[2, 3]");
    CHECK(values(*t) == expected);
  }
  for (const sizes& none : {sizes{0}, sizes{0, 2}}) {
    const auto t = tensor_source().read(sparse_of({2, 2}, {}, none, {}));
    REQUIRE_MESSAGE(t, t.failure().message);
    CHECK(values(*t) == reals{0, 0, 0, 0});
  }
  sparse_tensor_proto wide = sparse_of({3}, {}, {1}, {2});
  wide.values = raw_of(dtype::c128, {1}, bytes_of({3.0, 4.0}).c_str());
  const std::string bytes = bytes_of({3.0, 4.0});
  wide.values.raw_data = bytes;
  const auto t = tensor_source().read(wide);
  REQUIRE_MESSAGE(t, t.failure().message);
  CHECK(t->data<c128>()[2] == c128(3, 4));
  CHECK(t->data<c128>()[1] == c128(0, 0));
}

TEST_CASE("onnx tensors: sparse ones whose parts do not fit are refused") {
  const auto check = [](const sparse_tensor_proto& proto, code expected, std::string_view part) {
    tensor_source source;
    source.limit_dense_bytes(1024);
    check_refused(source, proto, expected, {part});
  };
  const code wrong = code::tensor_data;
  for (const std::int64_t at : {std::int64_t{-1}, std::int64_t{6}, INT64_MAX, INT64_MIN})
    check(sparse_of({2, 3}, {5, 7}, {2}, {1, at}), wrong, "index of value 1 is outside [2, 3]");
  for (const std::int64_t at : {std::int64_t{-1}, std::int64_t{3}, INT64_MAX, INT64_MIN}) {
    check(sparse_of({2, 3}, {5}, {1, 2}, {1, at}), wrong, "index of value 0 is outside [2, 3]");
    check(sparse_of({3, 2}, {5}, {1, 2}, {at, 1}), wrong, "index of value 0 is outside [3, 2]");
  }
  check(sparse_of({2, 3}, {5, 7}, {1}, {1}), wrong, "expected i64[2] or i64[2, 2]");
  check(sparse_of({2, 3}, {5}, {1, 3}, {0, 0, 0}), wrong, "expected i64[1] or i64[1, 2]");
  check(sparse_of({0}, {5}, {1}, {0}), wrong, "index of value 0 is outside [0]");
  check(sparse_of({257}, {5}, {1}, {0}), code::resource, "limit of 1024 bytes");
  check(sparse_of({-1}, {5}, {1}, {0}), code::resource, "dims [-1]");
  check(sparse_of({INT64_MAX, 8}, {5}, {1}, {0}), code::resource, "limit");
  sparse_tensor_proto flat = sparse_of({4}, {1, 2, 3, 4}, {4}, {0, 1, 2, 3});
  flat.values.dims = {2, 2};
  check(flat, wrong, "expected one axis of numbers");
  sparse_tensor_proto text = sparse_of({1}, {}, {1}, {0});
  text.values = proto_of(dtype::string, {1});
  text.values.string_data = {"a"};
  check(text, wrong, "values are string[1]");
  sparse_tensor_proto narrow = sparse_of({1}, {1}, {1}, {});
  narrow.indices = proto_of(dtype::i32, {1});
  narrow.indices.int32_data = {0};
  check(narrow, wrong, "indices are i32[1]");
  CHECK(tensor_source().read(sparse_of({257}, {5}, {1}, {0})));
}
