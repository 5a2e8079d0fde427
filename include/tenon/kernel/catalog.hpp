#pragma once

#include "tenon/ir/graph.hpp"
#include "tenon/kernel/signature.hpp"

#include <span>
#include <string_view>

namespace tenon::inline v0::kernel {

/// The node a kernel is chosen for.
struct query {
  const ir::any_op* op;
  std::span<const ir::fact* const> inputs;  ///< null: absent
  std::span<const ir::fact* const> outputs;

  bool has(std::size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }

  const ir::fact& in(std::size_t i) const { return *inputs[i]; }

  const ir::fact& out(std::size_t i) const { return *outputs[i]; }

  /// True when input `i` is there, ranked and of dtype `t`.
  bool is(std::size_t i, dtype t) const {
    return has(i) && in(i).is_tensor() && in(i).is_ranked && in(i).type == t;
  }

  /// The op as its type; the entry's `op` guarantees it.
  template <class Op> const Op& as() const { return *op->as<Op>(); }
};

/// One kernel of a backend: what it is for, how it is prepared, how it runs.
struct entry {
  std::string_view name;                                ///< `cpu.gemm.f32`
  const void* op;                                       ///< `ir::id_of<Op>()`
  const char* (*refuse)(const query&);                  ///< null: takes the node; else why not
  result<prepared> (*prepare)(const query&) = nullptr;  ///< once, at compile time
  std::size_t (*scratch_bytes)(const call&) = nullptr;  ///< once per shape
  status (*run)(const call&) = nullptr;
  bool in_place = false;  ///< output 0 may lie on an input of the same byte size
};

/// The kernels of a backend in order of preference.
using catalog = std::span<const entry>;

/// The first kernel that takes the node, or null; `on_refusal(entry, reason)` hears of the others.
template <class F> const entry* choose(catalog kernels, const query& q, F&& on_refusal) {
  for (const entry& e : kernels) {
    if (e.op != q.op->type().id) continue;
    const char* reason = e.refuse(q);
    if (reason == nullptr) return &e;
    on_refusal(e, reason);
  }
  return nullptr;
}

}  // namespace tenon::inline v0::kernel
