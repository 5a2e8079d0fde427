#include "tenon/backends/cpu/kernels/dispatch.hpp"

#include <doctest/doctest.h>

namespace {

using namespace tenon::cpu;

template <class T>
concept selectable = requires {
  select<T>();
};

template <class T>
concept has_level = requires {
  kernels_of<T>(isa::sse2);
};

static_assert(selectable<matrix_kernels> && selectable<convolution_kernels>);
static_assert(selectable<pointwise_kernels> && selectable<row_kernels>);
static_assert(selectable<spatial_kernels> && selectable<quantized_kernels>);
static_assert(!selectable<int> && !selectable<kernel_table> && !selectable<const row_kernels>);
static_assert(has_level<row_kernels> && !has_level<int>);

}  // namespace

TEST_CASE("cpu kernels: what is selected is of the best instruction set, and the same each time") {
  CHECK(select<matrix_kernels>().level == best_isa());
  CHECK(&select<matrix_kernels>() == &kernels_of<matrix_kernels>(best_isa()));
  CHECK(kernels_of<matrix_kernels>(isa::sse2).level == isa::sse2);
  CHECK(kernels_of<matrix_kernels>(isa::avx512).level <= detect_isa());
}

TEST_CASE("cpu kernels: tiles of winograd cover every output") {
  CHECK(winograd_tiles(1, 4, 4) == 1);
  CHECK(winograd_tiles(2, 5, 8) == 8);
  CHECK(winograd_tiles(3, 0, 8) == 0);
  CHECK(winograd_parts == 36);
}
