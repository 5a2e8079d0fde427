#include "tenon/tensor/tensor.hpp"

#include <string>

#include <doctest/doctest.h>

TEST_CASE("elements of another size than those of the tensor are refused") {
  const tenon::tensor t = tenon::tensor::of<float>({2}, {1, 2});
  CHECK(t.elements<float>()[1] == 2);
  CHECK(t.elements<std::uint32_t>().size() == 2);
  try {
    static_cast<void>(t.elements<double>());
    FAIL("nothing was thrown");
  } catch (const tenon::exception& caught) {
    CHECK(caught.kind() == tenon::code::index);
    CHECK(std::string(caught.what()).find("8 bytes were asked for, expected 4 bytes") !=
          std::string::npos);
  }
  CHECK(tenon::tensor().elements<double>().empty());
}
