#include "tenon/formats/npz.hpp"

#include "tenon/formats/npy.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/scratch_folder.hpp"
#include <doctest/doctest.h>

namespace {

using namespace tenon;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

template <class T> void check_fails(const result<T>& got, code kind, std::string_view text) {
  REQUIRE_FALSE(got);
  CHECK(got.failure().kind == kind);
  CHECK_MESSAGE(got.failure().message == text, got.failure().message);
}

const npz_array arrays[] = {{"weights", tensor::of<float>({2, 2}, {1, 2, 3, 4})},
                            {"names", tensor::of<std::string>({2}, {"a", "bc"})},
                            {"", tensor(dtype::i64, {0})}};

}  // namespace

TEST_CASE("arrays by key are written and read in order") {
  const std::string bytes = npz_bytes(arrays).value();
  const auto got = read_npz(bytes_of(bytes), "x");
  REQUIRE(got);
  REQUIRE(got->size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK((*got)[i].key == arrays[i].key);
    CHECK(identical((*got)[i].value, arrays[i].value));
  }
  const auto reader = npz_reader::open(bytes_of(bytes), "x");
  REQUIRE(reader);
  CHECK(reader->keys() == std::vector<std::string>{"weights", "names", ""});
  CHECK(reader->contains("names"));
  check_fails(reader->read("other"), code::input, "x: npz: there is no array 'other'");
  check_fails(reader->read("weights", dtype::f64), code::input,
              "x: npz: 'weights': npy: elements have the type f32: expected f64");
}

TEST_CASE("sequences have the keys 0, 1, ... in any order") {
  std::vector<tensor> items;
  for (int i = 0; i < 12; ++i) items.push_back(tensor::scalar<std::int32_t>(i));
  const std::string bytes = npz_sequence_bytes(items).value();
  const auto got = read_npz_sequence(bytes_of(bytes), "x");
  REQUIRE(got);
  REQUIRE(got->size() == 12);
  for (std::size_t i = 0; i < 12; ++i) CHECK(identical((*got)[i], items[i]));

  const npz_array turned[] = {{"1", items[1]}, {"0", items[0]}};
  const std::string turned_bytes = npz_bytes(turned).value();
  CHECK(read_npz_sequence(bytes_of(turned_bytes), "x")->front().data<std::int32_t>()[0] == 0);
  CHECK(read_npz_sequence(bytes_of(npz_bytes({}).value()), "x")->empty());

  const npz_array gap[] = {{"0", items[0]}, {"2", items[2]}};
  const std::string gap_bytes = npz_bytes(gap).value();
  check_fails(read_npz_sequence(bytes_of(gap_bytes), "x"), code::input,
              "x: npz: there is no array '1': expected the keys 0 to 1 of a sequence");
}

TEST_CASE("entries that are no arrays are left out and damage is named") {
  zip_writer out;
  out.add("readme.txt", "text");
  out.add("a.npy", npy_bytes(arrays[0].value).value());
  out.add("bad.npy", "\x93NUMPY");
  const std::string bytes = std::move(out).finish();
  const auto reader = npz_reader::open(bytes_of(bytes), "x");
  REQUIRE(reader);
  CHECK(reader->keys() == std::vector<std::string>{"a", "bad"});
  CHECK(reader->read("a"));
  check_fails(reader->read("bad"), code::format, "x: npz: 'bad': npy: is cut short: 6 bytes");
  check_fails(read_npz(bytes_of("PK"), "x"), code::format,
              "x: npz: zip: is no archive or is cut short: no end record");
}

TEST_CASE("keys that cannot be written are refused") {
  const npz_array twins[] = {{"a", arrays[0].value}, {"a", arrays[1].value}};
  check_fails(npz_bytes(twins), code::input, "npz: two arrays have the key 'a'");
  const npz_array untyped[] = {{"a", tensor()}};
  check_fails(npz_bytes(untyped), code::input, "npz: 'a': npy: the tensor has no type");
  const npz_array long_key[] = {{std::string(70000, 'k'), arrays[0].value}};
  CHECK_FALSE(npz_bytes(long_key));
}

TEST_CASE("a .npz file is saved and loaded") {
  const tenon_tests::scratch_folder folder;
  const std::string path = folder / "arrays.npz";
  CHECK(save_npz(path, arrays));
  CHECK(load_npz(path).value().size() == 3);
  std::filesystem::remove(path);
  const auto got = load_npz(path, "x");
  REQUIRE_FALSE(got);
  CHECK(got.failure().kind == code::io);
  CHECK(got.failure().message.starts_with("x: npz: file"));
}
