#pragma once

#include "tenon/ops/reduction_reference.hpp"
#include "tenon/ops/type_list.hpp"

#include <array>
#include <string_view>

namespace tenon::inline v0::ops {

/// y = the sum of |x|, over `axes` or, without them, over all axes
struct reduce_l1 {
  static constexpr op_info info{"reduce_l1", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_l1::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_l1::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceL1", 18};
  friend bool operator==(const reduce_l1&, const reduce_l1&) = default;

  status infer(infer_context& ctx) const {
    return infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes);
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::l1, noop_with_empty_axes);
  }
};

/// y = the square root of the sum of x^2, over `axes` or, without them, over all axes
struct reduce_l2 {
  static constexpr op_info info{"reduce_l2", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_l2::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_l2::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceL2", 18};
  friend bool operator==(const reduce_l2&, const reduce_l2&) = default;

  status infer(infer_context& ctx) const {
    return infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes);
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::l2, noop_with_empty_axes);
  }
};

/// y = the logarithm of the sum of x, over `axes` or, without them, over all axes
struct reduce_log_sum {
  static constexpr op_info info{"reduce_log_sum", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_log_sum::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_log_sum::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceLogSum", 18};
  friend bool operator==(const reduce_log_sum&, const reduce_log_sum&) = default;

  status infer(infer_context& ctx) const {
    return infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes);
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::log_sum, noop_with_empty_axes);
  }
};

/// y = the logarithm of the sum of e^x, over `axes` or, without them, over all axes
struct reduce_log_sum_exp {
  static constexpr op_info info{"reduce_log_sum_exp", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_log_sum_exp::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_log_sum_exp::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceLogSumExp", 18};
  friend bool operator==(const reduce_log_sum_exp&, const reduce_log_sum_exp&) = default;

  status infer(infer_context& ctx) const {
    return infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes);
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::log_sum_exp, noop_with_empty_axes);
  }
};

/// y = the largest x; nothing gives the lowest value of the type, over `axes` or, without them, over all axes
struct reduce_max {
  static constexpr op_info info{"reduce_max", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_max::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_max::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceMax", 18};
  friend bool operator==(const reduce_max&, const reduce_max&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_reduction(ctx, numbers | booleans, keepdims, noop_with_empty_axes));
    propagate_reduction(ctx, [](dim a, dim b) { return max(a, b); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::max, noop_with_empty_axes);
  }
};

/// y = the mean of x; integers round towards zero, over `axes` or, without them, over all axes
struct reduce_mean {
  static constexpr op_info info{"reduce_mean", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_mean::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_mean::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceMean", 18};
  friend bool operator==(const reduce_mean&, const reduce_mean&) = default;

  status infer(infer_context& ctx) const {
    return infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes);
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::mean, noop_with_empty_axes);
  }
};

/// y = the smallest x; nothing gives the highest value of the type, over `axes` or, without them, over all axes
struct reduce_min {
  static constexpr op_info info{"reduce_min", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_min::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_min::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceMin", 18};
  friend bool operator==(const reduce_min&, const reduce_min&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_reduction(ctx, numbers | booleans, keepdims, noop_with_empty_axes));
    propagate_reduction(ctx, [](dim a, dim b) { return min(a, b); });
    return {};
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::min, noop_with_empty_axes);
  }
};

/// y = the product of x; integers wrap, over `axes` or, without them, over all axes
struct reduce_prod {
  static constexpr op_info info{"reduce_prod", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_prod::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_prod::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceProd", 18};
  friend bool operator==(const reduce_prod&, const reduce_prod&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes));
    propagate_reduction(ctx, [](dim a, dim b) { return a * b; });
    return {};
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::prod, noop_with_empty_axes);
  }
};

/// y = the sum of x; integers wrap, over `axes` or, without them, over all axes
struct reduce_sum {
  static constexpr op_info info{"reduce_sum", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_sum::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_sum::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceSum", 13};
  friend bool operator==(const reduce_sum&, const reduce_sum&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes));
    propagate_reduction(ctx, [](dim a, dim b) { return a + b; });
    return {};
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::sum, noop_with_empty_axes);
  }
};

/// y = the sum of x^2; integers wrap, over `axes` or, without them, over all axes
struct reduce_sum_square {
  static constexpr op_info info{"reduce_sum_square", ports{"x", maybe("axes")}, ports{"y"}};
  bool keepdims = true;               ///< reduced axes stay, with size 1
  bool noop_with_empty_axes = false;  ///< no axes means none instead of all
  static constexpr auto attributes =
      attributes_of(attribute{"keepdims", &reduce_sum_square::keepdims},
                    attribute{"noop_with_empty_axes", &reduce_sum_square::noop_with_empty_axes});
  static constexpr onnx_import onnx{"ReduceSumSquare", 18};
  friend bool operator==(const reduce_sum_square&, const reduce_sum_square&) = default;

  status infer(infer_context& ctx) const {
    return infer_reduction(ctx, numbers, keepdims, noop_with_empty_axes);
  }

  status reference(eval_context& ctx) const {
    return reduce_tensor(ctx, reduction::sum_square, noop_with_empty_axes);
  }
};

/// y = the index of the largest element along an axis; NaN counts as largest
struct arg_max {
  static constexpr op_info info{"arg_max", ports{"x"}, ports{"y"}};
  std::int64_t axis = 0;
  bool keepdims = true;            ///< the axis stays, with size 1
  bool select_last_index = false;  ///< of equals the last instead of the first
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &arg_max::axis},
                    attribute{"keepdims", &arg_max::keepdims},
                    attribute{"select_last_index", &arg_max::select_last_index});
  static constexpr onnx_import onnx{"ArgMax", 1};
  friend bool operator==(const arg_max&, const arg_max&) = default;

  status infer(infer_context& ctx) const { return infer_arg(ctx, axis, keepdims); }

  status reference(eval_context& ctx) const {
    return arg_of_extreme(ctx, axis, true, select_last_index);
  }
};

/// y = the index of the smallest element along an axis; NaN counts as smallest
struct arg_min {
  static constexpr op_info info{"arg_min", ports{"x"}, ports{"y"}};
  std::int64_t axis = 0;
  bool keepdims = true;            ///< the axis stays, with size 1
  bool select_last_index = false;  ///< of equals the last instead of the first
  static constexpr auto attributes =
      attributes_of(attribute{"axis", &arg_min::axis},
                    attribute{"keepdims", &arg_min::keepdims},
                    attribute{"select_last_index", &arg_min::select_last_index});
  static constexpr onnx_import onnx{"ArgMin", 1};
  friend bool operator==(const arg_min&, const arg_min&) = default;

  status infer(infer_context& ctx) const { return infer_arg(ctx, axis, keepdims); }

  status reference(eval_context& ctx) const {
    return arg_of_extreme(ctx, axis, false, select_last_index);
  }
};

using reduction_ops = type_list<arg_max,
                                arg_min,
                                reduce_l1,
                                reduce_l2,
                                reduce_log_sum,
                                reduce_log_sum_exp,
                                reduce_max,
                                reduce_mean,
                                reduce_min,
                                reduce_prod,
                                reduce_sum,
                                reduce_sum_square>;

}  // namespace tenon::inline v0::ops
