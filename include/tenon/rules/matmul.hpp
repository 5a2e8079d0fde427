#pragma once

#include "tenon/ops/matmul.hpp"
#include "tenon/rules/canonical.hpp"
#include "tenon/rules/movement.hpp"

namespace tenon::inline v0::rules {

namespace matmul_detail {

inline bool is_matrix(const ir::fact& f) {
  return f.is_ranked && f.rank() == 2;
}

inline bool are_matrices(const match& m) {
  return is_float(m.fact(x).type) && is_matrix(m.fact(x)) && is_matrix(m.fact(y));
}

inline bool is_vector(const match& m) {
  return m.fact(k).rank() == 1 && m.fact(y).is_ranked &&
         m.graph().symbols.facts().is_equal(m.fact(k).shape[0], m.fact(y).shape[1]) == truth::yes;
}

inline bool is_float_k(const match& m) {
  return is_float(m.fact(k).type);
}

/// The input of a matrix transpose.
inline value_id transposed(const site& s, value_id v) {
  if (!s.maker<ops::transpose>(v) || !is_matrix(s.fact(v))) return {};
  const auto order = movement_detail::order_of(*s.maker<ops::transpose>(v), 2);
  return order.size() == 2 && order[0] == 1 ? s.operand(v, 0) : value_id();
}

inline rewritten with_operands(const site& s, ops::gemm op, value_id a, value_id b, value_id c_) {
  const value_id left = transposed(s, a), right = transposed(s, b);
  if (!left && !right) return s.no("no operand is a transpose");
  if (left) op.transA = !op.transA;
  if (right) op.transB = !op.transB;
  ir::patch p(s.graph());
  std::vector<value_id> inputs{left ? left : a, right ? right : b};
  if (c_) inputs.push_back(c_);
  TENON_TRY(const value_id out, s.add(p, op, inputs));
  return s.replace(std::move(p), out);
}

}  // namespace matmul_detail

/// matmul(x, y) + k -> gemm(x, y, k) for matrices and a vector k
inline constexpr auto matmul_add =
    rule("matmul-add-to-gemm",
         op<ops::matmul>(x, y) + k,
         emit<ops::gemm>(x, y, k),
         when("x and y are float matrices", matmul_detail::are_matrices, x, y),
         when("k has one number per column", matmul_detail::is_vector, y, k));

/// gemm(x, y) + k -> gemm(x, y, k)
inline constexpr auto gemm_add =
    rule_for<ops::add>("gemm-add-bias", [](const match_of<ops::add>& s) -> rewritten {
      const value_id product = s.input(0);
      const auto* gemm = s.maker<ops::gemm>(product);
      if (!gemm || !s.is_single_use(product) || s.operand(product, 2))
        return s.no("the first operand is not a gemm without bias");
      if (!s.is_constant(s.input(1)) || s.fact(s.input(1)).rank() != 1)
        return s.no("the second operand is not a constant vector", 2);
      ops::gemm with = *gemm;
      with.beta = 1;
      return s.replace(with, {s.operand(product, 0), s.operand(product, 1), s.input(1)});
    });

/// gemm(transpose(x), y) -> gemm(x, y, transA), the same for y
inline constexpr auto gemm_transpose =
    rule_for<ops::gemm>("gemm-of-transpose", [](const match_of<ops::gemm>& s) -> rewritten {
      return matmul_detail::with_operands(s, s.op(), s.input(0), s.input(1), s.input(2));
    });

/// matmul(transpose(x), y) -> gemm(x, y, transA) for matrices, the same for y
inline constexpr auto matmul_transpose =
    rule_for<ops::matmul>("matmul-of-transpose", [](const match_of<ops::matmul>& s) -> rewritten {
      if (!matmul_detail::is_matrix(s.fact(s.input(0))) ||
          !matmul_detail::is_matrix(s.fact(s.input(1))) || !is_float(s.fact(s.input(0)).type))
        return s.no("the operands are not float matrices");
      return matmul_detail::with_operands(s, ops::gemm{}, s.input(0), s.input(1), {});
    });

/// matmul(x, k) * c -> matmul(x, k * c)
inline constexpr auto matmul_mul = rule("matmul-mul-constant",
                                        op<ops::matmul>(x, k) * c,
                                        op<ops::matmul>(x, k* c),
                                        when("k is a float", matmul_detail::is_float_k, k))
                                       .reassociates();

inline constexpr auto matmul =
    rule_set(matmul_add, gemm_add, gemm_transpose, matmul_transpose, matmul_mul);

}  // namespace tenon::inline v0::rules
