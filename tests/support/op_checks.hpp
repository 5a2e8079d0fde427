#pragma once

#include "tenon/ir/append.hpp"
#include "tenon/tensor/convert.hpp"

#include <string>
#include <vector>

#include "support/run_op.hpp"
#include <doctest/doctest.h>

namespace tenon_tests {

/// Output `i` of an op as doubles; a failed run fails the test.
inline std::vector<double> reals(const tenon::ir::any_op& op,
                                 const std::vector<tenon::datum>& inputs,
                                 std::size_t i = 0,
                                 std::size_t outputs = 1) {
  auto out = run_op(op, inputs, outputs);
  REQUIRE_MESSAGE(out, (out ? std::string() : out.failure().message));
  const tenon::tensor& t = (*out)[i].as_tensor();
  std::vector<double> values(static_cast<std::size_t>(t.size()));
  tenon::load_elements<double>(t, values);
  return values;
}

/// The text of the error of running an op.
inline std::string error_of(const tenon::ir::any_op& op,
                            const std::vector<tenon::datum>& inputs,
                            std::size_t outputs = 1) {
  const auto out = run_op(op, inputs, outputs);
  return out ? std::string("no error") : out.failure().message;
}

/// A fact whose sizes are given as text: `"B"` is a symbol, `"3"` a constant, `"2*B"` an expression.
inline tenon::ir::fact fact_of(const tenon::ir::symbol_context& symbols,
                               tenon::dtype type,
                               std::initializer_list<const char*> sizes) {
  tenon::dims shape;
  for (const char* s : sizes) shape.push_back(symbols.scope().parse(s).value());
  return tenon::ir::fact::of(type, shape);
}

/// The fact of a list of integers that are known.
inline tenon::ir::fact content(std::vector<tenon::dim> values) {
  const tenon::dim count(static_cast<std::int64_t>(values.size()));
  tenon::ir::fact out = tenon::ir::fact::of(tenon::dtype::i64, {count});
  out.elements = std::move(values);
  return out;
}

/// The text of output `i` of a shape rule, or of its error.
inline std::string inferred(const tenon::ir::any_op& op,
                            const std::vector<tenon::ir::fact>& inputs,
                            const tenon::ir::symbol_context& symbols,
                            std::size_t i = 0,
                            std::size_t outputs = 1) {
  const auto out = infer_op(op, inputs, symbols, outputs);
  return out ? (*out)[i].str() : out.failure().message;
}

}  // namespace tenon_tests
