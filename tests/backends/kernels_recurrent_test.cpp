#include "tenon/ops/recurrent.hpp"

#include "backends/kernel_checks.hpp"
#include <doctest/doctest.h>

namespace ops = tenon::ops;

namespace kernel_checks {

namespace {

/// Cases of one op with all its optional inputs present and absent.
template <class Op> void add_cells(cases& out, Op op, std::int64_t gates, bool has_cell) {
  using way = ops::recurrent_direction;
  for (const way d : {way::forward, way::reverse, way::bidirectional})
    for (const std::int64_t steps : {0, 1, 5})
      for (const std::int64_t batch : {1, 3})
        for (const std::int64_t hidden : {3, 20}) {
          op.direction = d;
          const std::int64_t count = d == way::bidirectional ? 2 : 1;
          std::vector<datum> in{reals({steps, batch, 7}, 1), reals({count, gates * hidden, 7}, 2),
                                reals({count, gates * hidden, hidden}, 3)};
          const std::size_t outputs = has_cell ? 3 : 2;
          out.push_back({op, in, 6, outputs, 1e-4});
          in.push_back(reals({count, 2 * gates * hidden}, 4));
          in.push_back({});
          in.push_back(reals({count, batch, hidden}, 5));
          if (has_cell) in.push_back(reals({count, batch, hidden}, 6));
          out.push_back({op, in, 6, outputs, 1e-4});
        }
}

}  // namespace

cases recurrent_cases() {
  cases out;
  add_cells(out, ops::lstm{}, 4, true);
  ops::gru op;
  add_cells(out, op, 3, false);
  op.linear_before_reset = true;
  add_cells(out, op, 3, false);
  return out;
}

}  // namespace kernel_checks

TEST_CASE("recurrent kernels agree with the reference") {
  kernel_checks::check_all(kernel_checks::recurrent_cases());
}
