#pragma once

#include "tenon/passes/pass.hpp"

#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tenon::inline v0::passes {

/// Makes equal constants one constant, and equal pure nodes on equal inputs one node.
struct share_common {
  static constexpr pass_info info{"share-common", "merge equal constants and equal computations"};

  result<std::size_t> run(ir::graph& g, pass_context& ctx) const {
    TENON_TRY(const std::size_t constants, share_constants(g, ctx));
    TENON_TRY(const std::size_t nodes, share_nodes(g, ctx));
    return constants + nodes;
  }

 private:
  static std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
    h = (h ^ v) * 0x9E3779B97F4A7C15U;
    return h ^ (h >> 29);
  }

  // Type, extents and at most 64 words spread over the bytes: equal content has equal keys.
  static std::uint64_t key_of(const tensor& t) {
    std::uint64_t h = mix(1, static_cast<std::uint64_t>(t.type()));
    for (const std::int64_t d : t.dims()) h = mix(h, static_cast<std::uint64_t>(d));
    if (t.type() == dtype::string) {
      for (const std::string& s : t.elements<std::string>()) h = mix(h, s.size());
      return h;
    }
    const std::size_t bytes = t.size_bytes(), stride = std::max<std::size_t>(8, bytes / 64);
    for (std::size_t at = 0; at < bytes; at += stride) {
      std::uint64_t word = 0;
      std::memcpy(&word, t.bytes() + at, std::min<std::size_t>(8, bytes - at));
      h = mix(h, word);
    }
    return h;
  }

  static result<std::size_t> share_constants(ir::graph& g, pass_context& ctx) {
    std::unordered_multimap<std::uint64_t, value_id> known;
    ir::patch p(g);
    for (std::size_t i = 0; i < g.value_capacity(); ++i) {
      const value_id v(i);
      if (!g[v].is_alive || g[v].producer || !g.is_constant(v) || g.use_count(v) == 0) continue;
      if (g.is_input(v)) continue;
      const tensor& content = g.fact(v).constant;
      const std::uint64_t key = key_of(content);
      const auto [first, last] = known.equal_range(key);
      auto same = first;
      while (same != last && !identical(g.fact(same->second).constant, content)) ++same;
      if (same == last)
        known.emplace(key, v);
      else
        p.replace(v, same->second);
    }
    return ctx.commit(g, std::move(p));
  }

  static std::uint64_t key_of(const ir::graph& g, node_id n) {
    std::uint64_t h = mix(2, reinterpret_cast<std::uintptr_t>(g[n].op.type().id));
    for (const value_id v : g[n].inputs) h = mix(h, v.index);
    return h;
  }

  static result<std::size_t> share_nodes(ir::graph& g, pass_context& ctx) {
    std::unordered_multimap<std::uint64_t, node_id> known;
    std::size_t changes = 0;
    for (const node_id n : g.order()) {
      if (!g.is_alive(n) || !is_pure(g[n].op) || g[n].op.has(ir::data_dependent)) continue;
      const std::uint64_t key = key_of(g, n);
      const auto [first, last] = known.equal_range(key);
      auto same = first;
      while (same != last && !is_same(g, same->second, n)) ++same;
      if (same == last) {
        known.emplace(key, n);
        continue;
      }
      ir::patch p(g);
      for (std::size_t o = 0; o < g[n].outputs.size(); ++o)
        if (g[n].outputs[o] && g.use_count(g[n].outputs[o]) != 0)
          p.replace(g[n].outputs[o], g[same->second].outputs[o]);
      TENON_TRY(const std::size_t replaced, ctx.commit(g, std::move(p)));
      changes += replaced;
    }
    return changes;
  }

  class sign_reader final : public ir::attribute_visitor {
   public:
    void operator()(std::string_view, const ir::attribute_value& value, bool) override {
      if (const auto* one = std::get_if<float>(&value)) signs.push_back(__builtin_signbit(*one));
      if (const auto* list = std::get_if<std::vector<float>>(&value))
        for (const float v : *list) signs.push_back(__builtin_signbit(v));
    }

    std::vector<bool> signs;
  };

  // Ops compare their numbers: 0 and -0 are equal there, but what they compute is not.
  static std::vector<bool> signs_of(const ir::any_op& op) {
    sign_reader reader;
    op.visit(reader);
    return std::move(reader.signs);
  }

  static bool is_same(const ir::graph& g, node_id a, node_id b) {
    if (!g.is_alive(a) || !(g[a].inputs == g[b].inputs) || !(g[a].op == g[b].op)) return false;
    if (g[a].outputs.size() != g[b].outputs.size()) return false;
    if (signs_of(g[a].op) != signs_of(g[b].op)) return false;
    for (std::size_t o = 0; o < g[a].outputs.size(); ++o) {
      const value_id x = g[a].outputs[o], y = g[b].outputs[o];
      if (y && (!x || g.fact(x).type != g.fact(y).type)) return false;
    }
    return true;
  }
};

static_assert(pass<share_common>);

}  // namespace tenon::inline v0::passes
