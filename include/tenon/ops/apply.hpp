#pragma once

#include "tenon/ir/eval_context.hpp"
#include "tenon/ops/walk.hpp"
#include "tenon/tensor/convert.hpp"

#include <string>

namespace tenon::inline v0::ops {

/// The error of an op that has no meaning for a dtype.
inline error no_such_type(dtype type) {
  return fail(code::unsupported, "element type ", name_of(type), " is not defined for this op");
}

/// y[i] = f(x[i]) in the compute type of the input dtype.
template <class F> status map_unary(ir::eval_context& ctx, F f) {
  TENON_TRY(tensor y, ctx.output(0));
  const bool known = with_compute_type(ctx[0].type(), [&]<class T>(T) {
    const elements_as<T> x(ctx[0]);
    elements_into<T> out(y);
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = static_cast<T>(f(x[i]));
    out.commit();
  });
  if (!known) return no_such_type(ctx[0].type());
  return {};
}

/// y[i] = f(a[i], b[i]) with numpy broadcast, computed as T and stored as R.
template <class T, class R, class F>
void apply_binary(const tensor& a, const tensor& b, const tensor& y, F f) {
  const elements_as<T> left(a), right(b);
  elements_into<R> out(y);
  std::int64_t at = 0;
  walk<2>(y.dims(), {broadcast_strides(a.dims(), y.dims()), broadcast_strides(b.dims(), y.dims())},
          [&](const auto& offset, std::int64_t count, const auto& stride) {
            const T* l = left.data() + offset[0];
            const T* r = right.data() + offset[1];
            for (std::int64_t i = 0; i < count; ++i)
              out[static_cast<std::size_t>(at++)] =
                  static_cast<R>(f(l[i * stride[0]], r[i * stride[1]]));
          });
  out.commit();
}

/// y = f(a, b) with numpy broadcast in the compute type of the input dtype.
template <class F> status map_binary(ir::eval_context& ctx, F f) {
  TENON_TRY(tensor y, ctx.output(0));
  const bool known = with_compute_type(
      ctx[0].type(), [&]<class T>(T) { apply_binary<T, T>(ctx[0], ctx[1], y, f); });
  if (!known) return no_such_type(ctx[0].type());
  return {};
}

}  // namespace tenon::inline v0::ops
