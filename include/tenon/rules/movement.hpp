#pragma once

#include "tenon/ops/cast.hpp"
#include "tenon/ops/gathering.hpp"
#include "tenon/ops/movement.hpp"
#include "tenon/ops/random.hpp"
#include "tenon/ops/slicing.hpp"
#include "tenon/rewrite/rule.hpp"

#include <optional>

namespace tenon::inline v0::rules {

using namespace rewrite;

namespace movement_detail {

/// A constant target with which ONNX Reshape turns `from` into `to` for every value of the symbols:
/// numbers, 0 where an axis keeps its size, at most one -1.
inline std::optional<std::vector<std::int64_t>> reshape_target(const site& s,
                                                               const dims& from,
                                                               const dims& to) {
  std::vector<std::int64_t> out;
  bool has_rest = false, has_copy = false, has_empty = false;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i].is_constant() && to[i].constant() != 0) {
      out.push_back(to[i].constant());
    } else if (i < from.size() && s.is_equal(from[i], to[i])) {
      has_empty = has_empty || to[i].is_constant();
      has_copy = true;
      out.push_back(0);
    } else if (!has_rest && !to[i].is_constant()) {
      has_rest = true;
      out.push_back(-1);
    } else {
      return std::nullopt;
    }
  }
  if (has_rest && (has_copy || has_empty)) {
    // 0 elements leave -1 without meaning: the copied sizes must be positive.
    for (std::size_t i = 0; i < to.size(); ++i)
      if (out[i] == 0 && s.graph().symbols.facts().is_positive(to[i]) != truth::yes)
        return std::nullopt;
  }
  return out;
}

/// Replaces the value `old` by a reshape of `x` with a constant target.
inline rewritten reshape_to(const site& s, value_id x, value_id old) {
  const ir::fact &from = s.fact(x), &to = s.fact(old);
  if (!from.is_ranked || !to.is_ranked) return s.no("the shapes are not known");
  const auto target = reshape_target(s, from.shape, to.shape);
  if (!target) return s.no("no constant target describes the shape", 2);
  ir::patch p(s.graph());
  TENON_TRY(const value_id by, s.add(p, ops::reshape{}, {x, p.constant(integers(*target))}));
  return s.replace(std::move(p), old, by);
}

inline bool has_same_shape(const site& s, value_id a, value_id b) {
  return can_replace(s.graph(), s.fact(a), s.fact(b));
}

inline rewritten drop_if_same_shape(const site& s) {
  if (!s.has_one_output() || !has_same_shape(s, s.output(), s.input(0)))
    return s.no("the shape changes");
  return s.replace(s.input(0));
}

inline rewritten to_reshape(const site& s) {
  return reshape_to(s, s.input(0), s.output());
}

/// Whether every value of `from` is a value of `to`.
inline bool is_widening(dtype from, dtype to) {
  const auto bits = [](dtype t) { return static_cast<int>(bits_of(t)); };
  if (from == to) return true;
  if (from == dtype::boolean) return is_numeric(to) && bits(to) >= 8;
  if (is_integer(from) && is_integer(to)) {
    if (is_signed_integer(from)) return is_signed_integer(to) && bits(to) >= bits(from);
    return bits(to) > bits(from) || (is_unsigned_integer(to) && bits(to) >= bits(from));
  }
  if (is_integer(from) && (to == dtype::f32 || to == dtype::f64))
    return bits(from) <= (to == dtype::f32 ? 16 : 32);
  if (from == dtype::f16 || from == dtype::bf16) return to == dtype::f32 || to == dtype::f64;
  return from == dtype::f32 && to == dtype::f64;
}

inline std::vector<std::size_t> order_of(const ops::transpose& t, std::size_t rank) {
  auto order = t.order(rank);
  return order ? *order : std::vector<std::size_t>();
}

inline std::vector<std::int64_t> as_perm(const std::vector<std::size_t>& order) {
  return {order.begin(), order.end()};
}

}  // namespace movement_detail

/// identity(x) -> x
inline constexpr auto drop_identity = rule_for<ops::identity>(
    "drop-identity",
    [](const match_of<ops::identity>& s) -> rewritten { return s.replace_equal(s.input(0)); });

/// dropout(x) -> x at inference
inline constexpr auto drop_dropout =
    rule_for<ops::dropout>("drop-dropout", [](const match_of<ops::dropout>& s) -> rewritten {
      if (s.input(2) && s.splat(s.input(2)) != 0.0) return s.no("it may be in training mode");
      if (!s.has_one_output()) return s.no("the mask is used");
      return s.replace_equal(s.input(0));
    });

/// cast(x) to its own type -> x
inline constexpr auto drop_cast =
    rule_for<ops::cast>("drop-cast", [](const match_of<ops::cast>& s) -> rewritten {
      if (s.fact(s.input(0)).type != s.op().to) return s.no("the type changes");
      return s.replace_equal(s.input(0));
    });

/// cast(cast(x)) -> cast(x) where the inner cast loses nothing
inline constexpr auto cast_cast =
    rule_for<ops::cast>("cast-of-cast", [](const match_of<ops::cast>& s) -> rewritten {
      if (!s.maker<ops::cast>(s.input(0))) return s.no("x is not a cast");
      const value_id x = s.operand(s.input(0), 0);
      const dtype from = s.fact(x).type, middle = s.fact(s.input(0)).type;
      if (!movement_detail::is_widening(from, middle))
        return s.no("the inner cast loses values", 2);
      const bool changes_kind = is_float(from) != is_float(middle) && from != dtype::boolean;
      if (s.op().to == dtype::string || (changes_kind && !is_float(s.op().to)))
        return s.no("the casts pass through another kind of number", 2);
      return s.replace(s.op(), {x});
    });

/// cast_like(x, y) -> cast(x)
inline constexpr auto cast_like_known = rule_for<ops::cast_like>(
    "cast-like-to-cast", [](const match_of<ops::cast_like>& s) -> rewritten {
      ops::cast to;
      to.to = s.fact(s.output()).type;
      to.saturate = s.op().saturate;
      to.round_mode = s.op().round_mode;
      return s.replace(to, {s.input(0)});
    });

/// flatten(x), squeeze(x), unsqueeze(x) -> reshape(x)
inline constexpr auto views_to_reshape = rule_for_any<ops::flatten, ops::squeeze, ops::unsqueeze>(
    "views-to-reshape", movement_detail::to_reshape);

/// reshape(x, target) -> reshape(x, constant)
inline constexpr auto reshape_constant = rule_for<ops::reshape>(
    "reshape-constant-target", [](const match_of<ops::reshape>& s) -> rewritten {
      if (s.is_constant(s.input(1))) return s.no("the target is constant");
      return movement_detail::to_reshape(s);
    });

/// reshape(reshape(x)) -> reshape(x)
inline constexpr auto reshape_reshape =
    rule_for<ops::reshape>("reshape-of-reshape", [](const match_of<ops::reshape>& s) -> rewritten {
      if (!s.maker<ops::reshape>(s.input(0))) return s.no("x is not a reshape");
      return movement_detail::reshape_to(s, s.operand(s.input(0), 0), s.output());
    });

/// reshape, expand, slice, tile, pad, concat or split that changes nothing -> x
inline constexpr auto drop_same_shape = rule_for_any<ops::reshape, ops::expand>(
    "drop-same-shape",
    [](const site& s) -> rewritten { return movement_detail::drop_if_same_shape(s); });

/// slice(x) with all elements -> x
inline constexpr auto drop_slice =
    rule_for<ops::slice>("drop-slice", [](const match_of<ops::slice>& s) -> rewritten {
      const auto steps = s.integers(s.input(4));
      if (s.input(4) && !steps) return s.no("the steps are not known");
      if (steps)
        for (const std::int64_t step : *steps)
          if (step != 1) return s.no("a step is not 1");
      return movement_detail::drop_if_same_shape(s);
    });

/// pad(x) by nothing -> x
inline constexpr auto drop_pad =
    rule_for<ops::pad>("drop-pad", [](const match_of<ops::pad>& s) -> rewritten {
      const auto pads = s.integers(s.input(1));
      if (!pads) return s.no("the pads are not known");
      for (const std::int64_t n : *pads)
        if (n != 0) return s.no("a pad is not 0");
      return s.replace_equal(s.input(0));
    });

/// tile(x) once -> x
inline constexpr auto drop_tile =
    rule_for<ops::tile>("drop-tile", [](const match_of<ops::tile>& s) -> rewritten {
      const auto repeats = s.integers(s.input(1));
      if (!repeats) return s.no("the repeats are not known");
      for (const std::int64_t n : *repeats)
        if (n != 1) return s.no("a repeat is not 1");
      return s.replace_equal(s.input(0));
    });

/// concat(x) -> x
inline constexpr auto concat_one =
    rule_for<ops::concat>("concat-of-one", [](const match_of<ops::concat>& s) -> rewritten {
      if (s.inputs().size() != 1) return s.no("there are several inputs");
      return s.replace_equal(s.input(0));
    });

/// concat(x, empty, y) -> concat(x, y)
inline constexpr auto concat_empty =
    rule_for<ops::concat>("concat-drop-empty", [](const match_of<ops::concat>& s) -> rewritten {
      std::vector<value_id> kept;
      for (const value_id v : s.inputs()) {
        const ir::fact& f = s.fact(v);
        if (!f.is_ranked) return s.no("a rank is not known");
        const auto rank = static_cast<std::int64_t>(f.rank());
        const auto axis =
            static_cast<std::size_t>(s.op().axis < 0 ? s.op().axis + rank : s.op().axis);
        if (!(f.shape[axis] == dim(0))) kept.push_back(v);
      }
      if (kept.empty() || kept.size() == s.inputs().size()) return s.no("no input is empty");
      ir::patch p(s.graph());
      TENON_TRY(const value_id by, s.add(p, s.op(), kept));
      return s.replace(std::move(p), by);
    });

/// concat(concat(x, y), z) -> concat(x, y, z) along one axis
inline constexpr auto concat_concat =
    rule_for<ops::concat>("concat-of-concat", [](const match_of<ops::concat>& s) -> rewritten {
      std::vector<value_id> all;
      for (const value_id v : s.inputs()) {
        const auto* inner = s.maker<ops::concat>(v);
        if (inner && *inner == s.op() && s.is_single_use(v)) {
          for (const value_id i : s.graph()[s.graph()[v].producer].inputs) all.push_back(i);
        } else {
          all.push_back(v);
        }
      }
      if (all.size() == s.inputs().size()) return s.no("no input is a concat of its own");
      ir::patch p(s.graph());
      TENON_TRY(const value_id by, s.add(p, s.op(), all));
      return s.replace(std::move(p), by);
    });

/// split(x) into one -> x
inline constexpr auto split_one =
    rule_for<ops::split>("split-into-one", [](const match_of<ops::split>& s) -> rewritten {
      if (s.graph()[s.node()].outputs.size() != 1) return s.no("there are several outputs");
      return s.replace_equal(s.input(0));
    });

/// transpose(x) in its own order -> x
inline constexpr auto drop_transpose =
    rule_for<ops::transpose>("drop-transpose", [](const match_of<ops::transpose>& s) -> rewritten {
      const ir::fact& f = s.fact(s.input(0));
      if (!f.is_ranked) return s.no("the rank is not known");
      const auto order = movement_detail::order_of(s.op(), f.rank());
      for (std::size_t i = 0; i < order.size(); ++i)
        if (order[i] != i) return s.no("axes move");
      return s.replace_equal(s.input(0));
    });

/// transpose(transpose(x)) -> transpose(x)
inline constexpr auto transpose_transpose = rule_for<ops::transpose>(
    "transpose-of-transpose", [](const match_of<ops::transpose>& s) -> rewritten {
      const auto* inner = s.maker<ops::transpose>(s.input(0));
      if (!inner) return s.no("x is not a transpose");
      if (!s.fact(s.input(0)).is_ranked) return s.no("the rank is not known");
      const std::size_t rank = s.fact(s.input(0)).rank();
      const auto first = movement_detail::order_of(*inner, rank);
      const auto second = movement_detail::order_of(s.op(), rank);
      if (first.size() != rank || second.size() != rank) return s.no("the orders do not fit");
      ops::transpose both;
      for (const std::size_t axis : second)
        both.perm.push_back(static_cast<std::int64_t>(first[axis]));
      return s.replace(both, {s.operand(s.input(0), 0)});
    });

/// transpose(x) that moves axes of size 1 only -> reshape(x)
inline constexpr auto transpose_to_reshape = rule_for<ops::transpose>(
    "transpose-to-reshape", [](const match_of<ops::transpose>& s) -> rewritten {
      const ir::fact& f = s.fact(s.input(0));
      if (!f.is_ranked) return s.no("the rank is not known");
      std::size_t last = 0;
      bool is_first = true;
      for (const std::size_t axis : movement_detail::order_of(s.op(), f.rank())) {
        if (f.shape[axis] == dim(1)) continue;
        if (!is_first && axis < last) return s.no("axes that are not of size 1 change places");
        last = axis;
        is_first = false;
      }
      return movement_detail::to_reshape(s);
    });

inline constexpr auto movement = rule_set(drop_identity,
                                          drop_dropout,
                                          drop_cast,
                                          cast_cast,
                                          cast_like_known,
                                          drop_same_shape,
                                          drop_slice,
                                          drop_pad,
                                          drop_tile,
                                          concat_one,
                                          concat_empty,
                                          concat_concat,
                                          split_one,
                                          drop_transpose,
                                          transpose_transpose,
                                          transpose_to_reshape,
                                          views_to_reshape,
                                          reshape_constant,
                                          reshape_reshape);

}  // namespace tenon::inline v0::rules
