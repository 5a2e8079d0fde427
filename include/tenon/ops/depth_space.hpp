#pragma once

#include "tenon/ops/data.hpp"
#include "tenon/ops/type_list.hpp"

namespace tenon::inline v0::ops {

/// Order in which depth_to_space reads channels.
enum class depth_order : unsigned char { dcr, crd };

constexpr std::array<std::string_view, 2> enum_names(depth_order) {
  return {"DCR", "CRD"};
}

/// NCHW channels moved to blocks of pixels: [n, c, h, w] -> [n, c / b^2, h * b, w * b]
struct depth_to_space {
  static constexpr op_info info{"depth_to_space", ports{"x"}, ports{"y"}};
  std::int64_t blocksize = 0;
  depth_order mode = depth_order::dcr;
  static constexpr auto attributes =
      attributes_of(attribute{"blocksize", &depth_to_space::blocksize, true},
                    attribute{"mode", &depth_to_space::mode});
  static constexpr onnx_import onnx{"DepthToSpace", 1};
  friend bool operator==(const depth_to_space&, const depth_to_space&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_rank(ctx, 0, 4, "x"));
    if (blocksize < 1 || blocksize > 65536)
      return fail(code::attribute, "blocksize is ", blocksize, ", expected 1 to 65536");
    if (!ctx[0].is_ranked) {
      output_unranked(ctx, 0, ctx[0].type);
      return {};
    }
    const dims& x = ctx[0].shape;
    const dim area = blocksize * blocksize;
    TENON_TRY(ctx.require_equal(mod(x[1], area), 0, "channels modulo blocksize squared"));
    ctx.output(0, ctx[0].type,
               dims{x[0], floordiv(x[1], area), x[2] * dim(blocksize), x[3] * dim(blocksize)});
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const std::int64_t b = blocksize, c = y.dim(1), h = ctx[0].dim(2), w = ctx[0].dim(3);
    const extents split = mode == depth_order::dcr ? extents{y.dim(0), b, b, c, h, w}
                                                   : extents{y.dim(0), c, b, b, h, w};
    const extents s = strides_of(split);
    const extents strides = mode == depth_order::dcr ? extents{s[0], s[3], s[4], s[1], s[5], s[2]}
                                                     : extents{s[0], s[1], s[4], s[2], s[5], s[3]};
    read_view({{y.dim(0), c, h, b, w, b}, strides, 0}, ctx[0], y);
    return {};
  }
};

/// NCHW blocks of pixels moved to channels: [n, c, h, w] -> [n, c * b^2, h / b, w / b]
struct space_to_depth {
  static constexpr op_info info{"space_to_depth", ports{"x"}, ports{"y"}};
  std::int64_t blocksize = 0;
  depth_order mode = depth_order::dcr;
  static constexpr auto attributes =
      attributes_of(attribute{"blocksize", &space_to_depth::blocksize, true},
                    attribute{"mode", &space_to_depth::mode});
  static constexpr onnx_import onnx{"SpaceToDepth", 1};
  friend bool operator==(const space_to_depth&, const space_to_depth&) = default;

  status infer(infer_context& ctx) const {
    TENON_TRY(require_rank(ctx, 0, 4, "x"));
    if (blocksize < 1 || blocksize > 65536)
      return fail(code::attribute, "blocksize is ", blocksize, ", expected 1 to 65536");
    if (!ctx[0].is_ranked) {
      output_unranked(ctx, 0, ctx[0].type);
      return {};
    }
    const dims& x = ctx[0].shape;
    TENON_TRY(ctx.require_equal(mod(x[2], blocksize), 0, "height modulo blocksize"));
    TENON_TRY(ctx.require_equal(mod(x[3], blocksize), 0, "width modulo blocksize"));
    ctx.output(0, ctx[0].type,
               dims{x[0], x[1] * dim(blocksize * blocksize), floordiv(x[2], blocksize),
                    floordiv(x[3], blocksize)});
    return {};
  }

  status reference(eval_context& ctx) const {
    TENON_TRY(tensor y, ctx.output(0));
    const std::int64_t b = blocksize, c = ctx[0].dim(1), h = y.dim(2), w = y.dim(3);
    const extents s = strides_of({y.dim(0), c, h, b, w, b});
    const bool is_dcr = mode == depth_order::dcr;
    const extents to = is_dcr ? extents{y.dim(0), b, b, c, h, w} : extents{y.dim(0), c, b, b, h, w};
    const extents strides = is_dcr ? extents{s[0], s[3], s[5], s[1], s[2], s[4]}
                                   : extents{s[0], s[1], s[3], s[5], s[2], s[4]};
    read_view({to, strides, 0}, ctx[0], y);
    return {};
  }
};

using depth_space_ops = type_list<depth_to_space, space_to_depth>;

}  // namespace tenon::inline v0::ops
