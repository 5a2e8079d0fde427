#pragma once

#include "tenon/ops/data.hpp"

namespace tenon::inline v0::ops {

/// How padding of sliding windows is chosen.
enum class auto_pad_mode : unsigned char { notset, same_upper, same_lower, valid };

constexpr std::array<std::string_view, 4> enum_names(auto_pad_mode) {
  return {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
}

/// Attributes of a sliding window over spatial axes; empty lists mean 1 (pads: 0) everywhere.
struct window_spec {
  auto_pad_mode auto_pad = auto_pad_mode::notset;
  std::span<const std::int64_t> dilations, pads, strides;
  bool ceil_mode = false;

  std::int64_t stride(std::size_t i) const { return strides.empty() ? 1 : strides[i]; }

  std::int64_t dilation(std::size_t i) const { return dilations.empty() ? 1 : dilations[i]; }

  std::int64_t begin(std::size_t i) const {
    return auto_pad != auto_pad_mode::notset || pads.empty() ? 0 : pads[i];
  }

  std::int64_t end(std::size_t i) const {
    return auto_pad != auto_pad_mode::notset || pads.empty() ? 0 : pads[i + pads.size() / 2];
  }

  bool is_same() const {
    return auto_pad == auto_pad_mode::same_upper || auto_pad == auto_pad_mode::same_lower;
  }

  /// Checks list lengths and value ranges for `rank` spatial axes.
  status check(std::size_t rank) const {
    const auto list = [&](std::string_view name, std::span<const std::int64_t> v, std::size_t size,
                          std::int64_t least) -> status {
      if (v.empty()) return {};
      if (v.size() != size)
        return fail(code::attribute, name, " has ", v.size(), " values, expected ", size);
      for (const std::int64_t x : v)
        if (x < least || x > INT32_MAX)
          return fail(code::attribute, name, " contains ", x, ", expected ", least, " to 2^31 - 1");
      return {};
    };
    TENON_TRY(list("strides", strides, rank, 1));
    TENON_TRY(list("dilations", dilations, rank, 1));
    return list("pads", pads, 2 * rank, 0);
  }

  /// Input elements that a window of `kernel` taps spans.
  dim reach(dim kernel, std::size_t i) const {
    return (kernel - dim(1)) * dim(dilation(i)) + dim(1);
  }

  /// Output size of spatial axis `i`.
  result<dim> size(infer_context& ctx, dim in, dim kernel, std::size_t i) const {
    const dim s = stride(i);
    if (kernel.is_constant() && kernel.constant() < 1)
      return fail(code::attribute, "kernel has size ", kernel, ", expected at least 1");
    if (is_same()) return ctx.facts().simplify(ceildiv(in, s));
    const dim room = in + dim(begin(i) + end(i)) - reach(kernel, i);
    if (room.is_overflow() || (room.is_constant() && room.constant() < 0))
      return fail(code::shape, "spatial axis ", i, " of size ", in, " with padding ",
                  begin(i) + end(i), " is shorter than the kernel, which spans ", reach(kernel, i));
    if (!room.is_constant())
      TENON_TRY(ctx.require_at_most(reach(kernel, i), in + dim(begin(i) + end(i)),
                                    cat("span of the kernel on padded spatial axis ", i, " of x")));
    if (!ceil_mode || auto_pad == auto_pad_mode::valid)
      return ctx.facts().simplify(floordiv(room, s) + dim(1));
    return ctx.facts().simplify(min(ceildiv(room, s) + dim(1), ceildiv(in + dim(begin(i)), s)));
  }

  /// Padding before spatial axis `i` of concrete sizes.
  std::int64_t before(std::int64_t in, std::int64_t out, std::int64_t kernel, std::size_t i) const {
    if (!is_same()) return begin(i);
    const std::int64_t reached = (out - 1) * stride(i) + (kernel - 1) * dilation(i) + 1;
    const std::int64_t total = std::max<std::int64_t>(reached - in, 0);
    return auto_pad == auto_pad_mode::same_upper ? total / 2 : total - total / 2;
  }

  /// Padding after spatial axis `i` of concrete sizes.
  std::int64_t after(std::int64_t in, std::int64_t out, std::int64_t kernel, std::size_t i) const {
    if (!is_same()) return end(i);
    const std::int64_t reached = (out - 1) * stride(i) + (kernel - 1) * dilation(i) + 1;
    return std::max<std::int64_t>(reached - in, 0) - before(in, out, kernel, i);
  }
};

/// A tap of a window at one output position: flat spatial offset in the input, flat kernel index.
struct window_tap {
  std::int64_t input;
  std::int64_t kernel;
};

/// Concrete geometry of a window over the trailing spatial axes.
struct window_geometry {
  extents in, out, kernel, stride, dilation, before;

  static window_geometry of(const window_spec& spec,
                            const extents& in,
                            const extents& out,
                            const extents& kernel) {
    window_geometry g{in, out, kernel, {}, {}, {}};
    for (std::size_t i = 0; i < in.size(); ++i) {
      g.stride.push_back(spec.stride(i));
      g.dilation.push_back(spec.dilation(i));
      g.before.push_back(spec.before(in[i], out[i], kernel[i], i));
    }
    return g;
  }

  /// The taps of the window at output `position` that fall into the input, in kernel order.
  void taps(std::span<const std::int64_t> position, std::vector<window_tap>& list) const {
    list.clear();
    list.push_back({0, 0});
    std::vector<window_tap> next;
    for (std::size_t a = 0; a < in.size(); ++a) {
      next.clear();
      for (const window_tap t : list)
        for (std::int64_t k = 0; k < kernel[a]; ++k) {
          const std::int64_t i = position[a] * stride[a] - before[a] + k * dilation[a];
          if (i >= 0 && i < in[a]) next.push_back({t.input * in[a] + i, t.kernel * kernel[a] + k});
        }
      list.swap(next);
    }
  }
};

/// Advances a row-major index within `dims`.
inline void advance(std::vector<std::int64_t>& index, const extents& dims) {
  for (std::size_t a = index.size(); a-- > 0;) {
    if (++index[a] < dims[a]) return;
    index[a] = 0;
  }
}

/// The sizes of axes from `first` on.
inline extents tail(const extents& dims, std::size_t first) {
  extents out;
  for (std::size_t i = first; i < dims.size(); ++i) out.push_back(dims[i]);
  return out;
}

}  // namespace tenon::inline v0::ops
