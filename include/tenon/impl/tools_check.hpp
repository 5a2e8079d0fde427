#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/formats/load.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/resize.hpp"
#include "tenon/tools/command_check.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace tenon::inline v0::tools {

namespace check_detail {

/// The inputs of a node that hold sizes: position and name; none of them for other ops.
inline std::pair<std::size_t, std::string_view> sizes_input(const ir::any_op& op) {
  if (op.is<ops::resize>()) return {3, "sizes"};
  if (op.is<ops::reshape>()) return {1, "shape"};
  return {0, ""};
}

inline const tensor* constant_input(const ir::graph& g, node_id n, std::size_t i) {
  const auto& inputs = g[n].inputs;
  if (i >= inputs.size() || !inputs[i] || g[inputs[i]].producer || !g.is_constant(inputs[i]))
    return nullptr;
  const tensor& t = g.fact(inputs[i]).constant;
  return t.size() == 0 ? nullptr : &t;
}

/// `dim 2 of input 'image'` for the first declared dim of that size.
inline std::string declared_as(const ir::graph& g, std::int64_t size) {
  for (const value_id v : g.inputs()) {
    const ir::fact& f = g.fact(v);
    if (!f.is_tensor() || !f.is_ranked) continue;
    for (std::size_t k = 0; k < f.shape.size(); ++k)
      if (f.shape[k].as_constant() == size) return cat("dim ", k, " of input ", quoted(g[v].name));
  }
  return {};
}

/// Whether a reshape with a -1 keeps the meaning of free dims of x although size k is constant: the -1 takes them
/// in, and the constants after it only split or keep constant dims; a 1 before it is no batch that is merged away.
inline bool is_absorbed(const ir::fact& x, std::span<const std::int64_t> sizes, std::size_t k) {
  const auto hole =
      static_cast<std::size_t>(std::find(sizes.begin(), sizes.end(), -1) - sizes.begin());
  if (!x.is_ranked || hole == sizes.size()) return false;
  if (k < hole) {
    const auto kept =
        std::count_if(sizes.begin(), sizes.end(), [](auto s) { return s == 0 || s > 1; });
    const auto own =
        std::count_if(x.shape.begin(), x.shape.end(), [](dim d) { return d != dim(1); });
    return sizes[k] == 1 && own - kept <= 1;
  }
  std::optional<std::int64_t> after = 1, last = 1;
  for (std::size_t i = hole + 1; i < sizes.size() && after; ++i)
    after = checked_mul(*after, sizes[i]);
  for (std::size_t i = x.rank(); last && i-- > 0 && x.shape[i].as_constant();)
    last = checked_mul(*last, *x.shape[i].as_constant());
  return after && last && *after > 0 && *last % *after == 0;
}

/// Why a constant size is suspicious; empty when it is not.
inline std::string suspicion(const ir::graph& g,
                             const ir::fact& x,
                             std::span<const std::int64_t> sizes,
                             std::size_t axis) {
  const std::int64_t size = sizes[axis];
  if (size < 1 || is_absorbed(x, sizes, axis)) return {};
  if (x.is_ranked && axis < x.rank()) {
    const auto own = x.shape[axis].as_constant();
    if (!own) return cat(size, " stands where the size ", x.shape[axis], " is free");
    if (own == size) return {};
  }
  if (size < 2) return {};
  const std::string where = declared_as(g, size);
  return where.empty() ? where : cat(size, " is ", where, ", perhaps only of the traced example");
}

inline void check_node(const ir::graph& g, node_id n, std::vector<std::string>& out) {
  const auto& node = g[n];
  const auto [input, name] = sizes_input(node.op);
  const std::string where = cat(node.op.name(), " ", quoted(node.name), ": ");
  if (const tensor* t = name.empty() ? nullptr : constant_input(g, n, input)) {
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(t->size()));
    load_elements<std::int64_t>(*t, sizes);
    for (std::size_t k = 0; k < sizes.size(); ++k) {
      const std::string why = suspicion(g, g.fact(node.inputs[0]), sizes, k);
      if (why.empty()) continue;
      out.push_back(cat(where, name, " is the constant ", bracketed(sizes), ": ", why));
      break;
    }
  }
  if (!node.op.is<ops::resize>()) return;
  if (const tensor* scales = constant_input(g, n, 2)) {
    std::vector<float> factors(static_cast<std::size_t>(scales->size()));
    load_elements<float>(*scales, factors);
    out.push_back(cat(where, "scales is the constant ", bracketed(factors),
                      ": a factor chosen at run time needs an input"));
  }
}

}  // namespace check_detail

TENON_INLINE std::vector<std::string> frozen_sizes(const ir::graph& g) {
  std::vector<std::string> out;
  for (const node_id n : g.order()) check_detail::check_node(g, n, out);
  return out;
}

TENON_INLINE result<std::string> check_command::operator()() const {
  TENON_TRY(const ir::graph g, load(path));
  std::string out;
  for (const value_id v : g.inputs())
    out += cat("input ", printable_name(g[v].name), ": ", g.fact(v).str(), "\n");
  for (std::size_t i = 0; i < g.outputs().size(); ++i)
    out += cat("output ", printable_name(g.output_names()[i]), ": ", g.fact(g.outputs()[i]).str(),
               "\n");
  for (const std::string& d : g.metadata.diagnostics) out += cat("note ", d, "\n");
  const auto warnings = frozen_sizes(g);
  for (const std::string& w : warnings) out += cat("warning ", w, "\n");
  return cat(out, warnings.size(), " warnings\n");
}

}  // namespace tenon::inline v0::tools
