#pragma once

#include "tenon/ops/pointwise.hpp"
#include "tenon/ops/type_list.hpp"
#include "tenon/tensor/complex.hpp"

#include <cmath>
#include <string>

namespace tenon::inline v0::ops {

/// The three meanings of a comparison of numbers.
struct number_relation {
  bool (*real)(double, double);
  bool (*whole)(std::int64_t, std::int64_t);
  bool (*natural)(std::uint64_t, std::uint64_t);
};

/// y[i] = f(a[i], b[i]) for elements of operands that are broadcast to the shape of y.
template <class T, class F>
void compare(
    const tensor& left, const T* a, const tensor& right, const T* b, const tensor& y, F f) {
  bool* out = y.data<bool>();
  walk<2>(y.dims(),
          {broadcast_strides(left.dims(), y.dims()), broadcast_strides(right.dims(), y.dims())},
          [&](const auto& at, std::int64_t count, const auto& stride) {
            for (std::int64_t i = 0; i < count; ++i)
              *out++ = f(a[at[0] + i * stride[0]], b[at[1] + i * stride[1]]);
          });
}

/// y = f(a, b) as booleans with numpy broadcast.
inline status map_relation(eval_context& ctx, const number_relation& f) {
  TENON_TRY(tensor y, ctx.output(0));
  const auto run = [&]<class T>(bool (*g)(T, T)) {
    const elements_as<T> a(ctx[0]), b(ctx[1]);
    compare<T>(ctx[0], a.data(), ctx[1], b.data(), y, g);
  };
  const dtype type = ctx[0].type();
  if (is_float(type))
    run(f.real);
  else if (is_unsigned_integer(type))
    run(f.natural);
  else
    run(f.whole);
  return {};
}

/// y = a == b
struct equal : plain_op {
  static constexpr op_info info{"equal", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Equal", 7};

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_same_types(ctx, numbers | booleans | strings, dtype::boolean));
    decide_elements(ctx);
    return {};
  }

  status reference(eval_context& ctx) const {
    if (ctx[0].type() == dtype::string) {
      TENON_TRY(tensor y, ctx.output(0));
      compare<std::string>(ctx[0], ctx[0].data<std::string>(), ctx[1], ctx[1].data<std::string>(),
                           y, [](const std::string& a, const std::string& b) { return a == b; });
      return {};
    }
    return map_relation(ctx, {[](double a, double b) { return a == b; },
                              [](std::int64_t a, std::int64_t b) { return a == b; },
                              [](std::uint64_t a, std::uint64_t b) { return a == b; }});
  }

 private:
  static void decide_elements(infer_context& ctx);
};

/// Elements 0 and 1 of y where the sizes in a and b decide all of them.
inline void equal::decide_elements(infer_context& ctx) {
  const auto a = ctx.elements(0), b = ctx.elements(1);
  fact& y = ctx.outputs()[0];
  if (!a || !b || !y.is_ranked || y.rank() > 1) return;
  if (a->size() != b->size() && a->size() != 1 && b->size() != 1) return;
  std::vector<dim> content;
  for (std::size_t i = 0; i < (a->size() == 1 ? b->size() : a->size()); ++i) {
    const truth same =
        ctx.facts().is_equal((*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]);
    if (same == truth::unknown) return;
    content.push_back(same == truth::yes ? 1 : 0);
  }
  y.elements = std::move(content);
}

/// y = a > b
struct greater : plain_op {
  static constexpr op_info info{"greater", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Greater", 7};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, numbers, dtype::boolean); }

  status reference(eval_context& ctx) const {
    return map_relation(ctx, {[](double a, double b) { return a > b; },
                              [](std::int64_t a, std::int64_t b) { return a > b; },
                              [](std::uint64_t a, std::uint64_t b) { return a > b; }});
  }
};

/// y = a >= b
struct greater_or_equal : plain_op {
  static constexpr op_info info{"greater_or_equal", ports{"a", "b"}, ports{"y"},
                                pure | elementwise};
  static constexpr onnx_import onnx{"GreaterOrEqual", 12};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, numbers, dtype::boolean); }

  status reference(eval_context& ctx) const {
    return map_relation(ctx, {[](double a, double b) { return a >= b; },
                              [](std::int64_t a, std::int64_t b) { return a >= b; },
                              [](std::uint64_t a, std::uint64_t b) { return a >= b; }});
  }
};

/// y = a < b
struct less : plain_op {
  static constexpr op_info info{"less", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Less", 7};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, numbers, dtype::boolean); }

  status reference(eval_context& ctx) const {
    return map_relation(ctx, {[](double a, double b) { return a < b; },
                              [](std::int64_t a, std::int64_t b) { return a < b; },
                              [](std::uint64_t a, std::uint64_t b) { return a < b; }});
  }
};

/// y = a <= b
struct less_or_equal : plain_op {
  static constexpr op_info info{"less_or_equal", ports{"a", "b"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"LessOrEqual", 12};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, numbers, dtype::boolean); }

  status reference(eval_context& ctx) const {
    return map_relation(ctx, {[](double a, double b) { return a <= b; },
                              [](std::int64_t a, std::int64_t b) { return a <= b; },
                              [](std::uint64_t a, std::uint64_t b) { return a <= b; }});
  }
};

/// y = a and b
struct logical_and : plain_op {
  static constexpr op_info info{"logical_and", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"And", 7};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, booleans); }

  status reference(eval_context& ctx) const {
    return map_relation(ctx,
                        {nullptr, [](std::int64_t a, std::int64_t b) { return a && b; }, nullptr});
  }
};

/// y = a or b
struct logical_or : plain_op {
  static constexpr op_info info{"logical_or", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Or", 7};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, booleans); }

  status reference(eval_context& ctx) const {
    return map_relation(ctx,
                        {nullptr, [](std::int64_t a, std::int64_t b) { return a || b; }, nullptr});
  }
};

/// y = a or b, not both
struct logical_xor : plain_op {
  static constexpr op_info info{"logical_xor", ports{"a", "b"}, ports{"y"},
                                pure | elementwise | commutative};
  static constexpr onnx_import onnx{"Xor", 7};

  status infer(infer_context& ctx) const { return infer_same_types(ctx, booleans); }

  status reference(eval_context& ctx) const {
    return map_relation(ctx,
                        {nullptr, [](std::int64_t a, std::int64_t b) { return a != b; }, nullptr});
  }
};

/// y = not x
struct logical_not : plain_op {
  static constexpr op_info info{"logical_not", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"Not", 1};

  status infer(infer_context& ctx) const { return infer_like_input(ctx, booleans); }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const auto x = ctx[0].elements<const bool>();
    for (std::size_t i = 0; i < x.size(); ++i) y.data<bool>()[i] = !x[i];
    return {};
  }
};

/// The test of every element of a float tensor as booleans.
inline status infer_float_test(infer_context& ctx) {
  TENON_TRY(infer_like_input(ctx, floats | byte_floats));
  ctx.outputs()[0].type = dtype::boolean;
  return {};
}

/// y[i] = f(x[i]) as booleans.
inline status map_float_test(eval_context& ctx, function_ref<bool(double)> f) {
  TENON_TRY(tensor y, ctx.output(0));
  const elements_as<double> x(ctx[0]);
  for (std::size_t i = 0; i < x.size(); ++i) y.data<bool>()[i] = f(x[i]);
  return {};
}

/// y = x is not a number
struct is_nan : plain_op {
  static constexpr op_info info{"is_nan", ports{"x"}, ports{"y"}, pure | elementwise};
  static constexpr onnx_import onnx{"IsNaN", 9};

  status infer(infer_context& ctx) const { return infer_float_test(ctx); }

  status reference(eval_context& ctx) const {
    return map_float_test(ctx, [](double v) { return std::isnan(v); });
  }
};

/// y = x is an infinity of an asked-for sign
struct is_inf {
  static constexpr op_info info{"is_inf", ports{"x"}, ports{"y"}, pure | elementwise};
  bool detect_negative = true;  ///< minus infinity counts
  bool detect_positive = true;  ///< plus infinity counts
  static constexpr auto attributes =
      attributes_of(attribute{"detect_negative", &is_inf::detect_negative},
                    attribute{"detect_positive", &is_inf::detect_positive});
  static constexpr onnx_import onnx{"IsInf", 10};
  friend bool operator==(const is_inf&, const is_inf&) = default;

  status infer(infer_context& ctx) const { return infer_float_test(ctx); }

  status reference(eval_context& ctx) const {
    return map_float_test(ctx, [this](double v) {
      return std::isinf(v) && (v < 0 ? detect_negative : detect_positive);
    });
  }
};

/// y = condition ? a : b
struct where : plain_op {
  static constexpr op_info info{"where", ports{"condition", "a", "b"}, ports{"y"},
                                pure | elementwise};
  static constexpr onnx_import onnx{"Where", 9};

  status infer(infer_context& ctx) const {
    TENON_TRY(require_in(ctx, 0, booleans, "condition"));
    TENON_TRY(require_in(ctx, 1, any_type, "a"));
    TENON_TRY(require_type_of(ctx, 2, 1, "b"));
    TENON_TRY(infer_broadcast(ctx, ctx[1].type));
    select_elements(ctx);
    return {};
  }

  status reference(eval_context& ctx) const;

 private:
  static void select_elements(infer_context& ctx);

  template <class T> static void select(eval_context& ctx, const tensor& y);
};

inline void where::select_elements(infer_context& ctx) {
  const auto a = ctx.elements(1), b = ctx.elements(2);
  if (!a || !b) return;
  auto condition = ctx.elements(0);
  if (const tensor& known = ctx[0].constant;
      known && !condition && known.size() <= max_tracked_elements) {
    condition.emplace();
    for (std::int64_t i = 0; i < known.size(); ++i) condition->push_back(known.data<bool>()[i]);
  }
  if (!condition) return;
  const std::size_t n = condition->size();
  std::size_t size = n;
  for (const std::size_t other : {a->size(), b->size()}) {
    if (size != 1 && other != 1 && other != size) return;
    if (size == 1) size = other;
  }
  std::vector<dim> content;
  for (std::size_t i = 0; i < size; ++i) {
    const dim chosen = (*condition)[n == 1 ? 0 : i];
    if (!chosen.is_constant()) return;
    const auto& from = chosen.constant() != 0 ? *a : *b;
    content.push_back(from[from.size() == 1 ? 0 : i]);
  }
  set_elements(ctx, std::move(content));
}

template <class T> void where::select(eval_context& ctx, const tensor& y) {
  const extents& to = y.dims();
  const bool* condition = ctx[0].data<bool>();
  const T* a = ctx[1].data<T>();
  const T* b = ctx[2].data<T>();
  T* out = y.data<T>();
  walk<3>(to,
          {broadcast_strides(ctx[0].dims(), to), broadcast_strides(ctx[1].dims(), to),
           broadcast_strides(ctx[2].dims(), to)},
          [&](const auto& at, std::int64_t count, const auto& stride) {
            for (std::int64_t i = 0; i < count; ++i)
              *out++ = condition[at[0] + i * stride[0]] ? a[at[1] + i * stride[1]]
                                                        : b[at[2] + i * stride[2]];
          });
}

inline status where::reference(eval_context& ctx) const {
  TENON_TRY(tensor y, ctx.output(0));
  if (y.type() == dtype::string) {
    select<std::string>(ctx, y);
    return {};
  }
  switch (size_of(y.type())) {
    case 1:
      select<std::uint8_t>(ctx, y);
      break;
    case 2:
      select<std::uint16_t>(ctx, y);
      break;
    case 4:
      select<std::uint32_t>(ctx, y);
      break;
    case 8:
      select<std::uint64_t>(ctx, y);
      break;
    default:
      select<c128>(ctx, y);
      break;
  }
  return {};
}

using comparison_ops = type_list<equal,
                                 greater,
                                 greater_or_equal,
                                 is_inf,
                                 is_nan,
                                 less,
                                 less_or_equal,
                                 logical_and,
                                 logical_not,
                                 logical_or,
                                 logical_xor,
                                 where>;

}  // namespace tenon::inline v0::ops
