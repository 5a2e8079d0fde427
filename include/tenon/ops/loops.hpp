#pragma once

#include "tenon/ops/branch.hpp"

#include <algorithm>
#include <optional>

namespace tenon::inline v0::ops {

/// The body runs while cond holds and fewer than max_trip times; carried values flow from turn to turn
struct loop {
  static constexpr op_info info{"loop", ports{maybe("max_trip"), maybe("cond"), many("value")},
                                ports{many("y")}, pure | holds_graphs | data_dependent | any_kind};
  subgraph
      body;  ///< inputs: iter, cond, carried..., captures...; outputs: cond, carried..., scans...
  std::int64_t carried_count = 0;  ///< inputs after cond that are carried; the rest are captures
  static constexpr auto attributes = attributes_of(
      attribute{"body", &loop::body, true}, attribute{"carried_count", &loop::carried_count});
  static constexpr onnx_import onnx{"Loop", 1};
  friend bool operator==(const loop&, const loop&) = default;

  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;
};

/// Forgets sizes and content of a carried fact that differ between two turns; true when something changed.
/// `free` holds the sizes that already stand for any value.
inline bool widen(infer_context& ctx, fact& carried, const fact& next, std::vector<dim>& free) {
  bool changed = carried.is_constant() || carried.has_elements();
  carried.constant = {};
  carried.elements.reset();
  if (!carried.is_ranked) return changed;
  if (!next.is_ranked || next.rank() != carried.rank()) {
    carried.is_ranked = false;
    carried.shape.clear();
    return true;
  }
  for (dim& size : carried.shape) {
    const auto at = static_cast<std::size_t>(&size - carried.shape.begin());
    if (size == next.shape[at] || size.is_overflow() ||
        std::find(free.begin(), free.end(), size) != free.end())
      continue;
    // Elements of a sequence may differ from each other: no one symbol stands for all of them.
    size = carried.is_tensor() ? ctx.unbacked("loop", dim(interval::highest)) : dim::overflow();
    if (carried.is_tensor()) free.push_back(size);
    changed = true;
  }
  return changed;
}

/// True when an optional is carried and each turn puts something into it.
inline bool fills(const fact& carried, const fact& next) {
  return carried.what == fact::kind::optional && next.what != fact::kind::optional &&
         next.type == carried.type && (next.what == fact::kind::sequence) == carried.holds_sequence;
}

/// Infers a body until carried facts hold for every turn: inputs from `first` on, outputs from `from` on.
inline result<std::vector<fact>> infer_turns(infer_context& ctx,
                                             const subgraph& body,
                                             std::vector<fact>& inputs,
                                             std::size_t first,
                                             std::size_t carried,
                                             std::size_t from) {
  constexpr int patience = 6;
  std::vector<dim> free;
  for (int turn = 0;; ++turn) {
    TENON_TRY(auto outputs, infer_body(ctx, body, inputs, "body"));
    if (outputs.size() != from + ctx.output_count())
      return fail(code::graph, "body has ", outputs.size(), " outputs, expected ",
                  from + ctx.output_count());
    bool changed = false;
    for (std::size_t i = 0; i < carried; ++i) {
      fact& value = inputs[first + i];
      const fact& next = outputs[from + i];
      if (!fills(value, next) && (next.type != value.type || next.what != value.what))
        return fail(code::shape, "carried value ", i, " is ", next.str(), ", expected ",
                    value.str());
      if (!widen(ctx, value, next, free)) continue;
      changed = true;
      if (turn < patience) continue;
      value.is_ranked = false;
      value.shape.clear();
    }
    if (!changed) return outputs;
  }
}

inline status loop::infer(infer_context& ctx) const {
  if (ctx.has(0)) TENON_TRY(ctx.require_type(0, {dtype::i64}, "max_trip"));
  if (ctx.has(1)) TENON_TRY(ctx.require_type(1, {dtype::boolean}, "cond"));
  if (carried_count < 0 ||
      static_cast<std::size_t>(carried_count) + 2 > std::max<std::size_t>(ctx.size(), 2))
    return fail(code::attribute, "carried_count is ", carried_count, ", expected 0 to ",
                ctx.size() - 2);
  const auto carried = static_cast<std::size_t>(carried_count);
  if (ctx.output_count() < carried)
    return fail(code::graph, "loop has ", ctx.output_count(), " outputs, expected at least ",
                carried);
  std::vector<fact> inputs{fact::of(dtype::i64, {}), fact::of(dtype::boolean, {})};
  for (std::size_t i = 2; i < ctx.size(); ++i) {
    if (!ctx.has(i)) return fail(code::graph, "input ", i, " is absent");
    inputs.push_back(ctx[i]);
    if (i < 2 + carried) {
      inputs.back().constant = {};
      inputs.back().elements.reset();
    }
  }
  TENON_TRY(const auto outputs, infer_turns(ctx, body, inputs, 2, carried, 1));
  for (std::size_t i = 0; i < carried; ++i) {
    fact last = fills(inputs[2 + i], outputs[1 + i]) ? outputs[1 + i] : inputs[2 + i];
    if (last.what != inputs[2 + i].what) last = known_kind_of(last);
    ctx.output(i, std::move(last));
  }
  dim trips = dim(interval::highest);
  if (const auto known = ctx.elements(0); known && known->size() == 1)
    trips = ctx.facts().simplify(max(known->front(), 0));
  const dim count = ctx.unbacked("trips", trips);
  for (std::size_t i = carried; i < ctx.output_count(); ++i) {
    fact piece = outputs[1 + i];
    piece.constant = {};
    piece.elements.reset();
    if (piece.is_ranked) piece.shape.insert(piece.shape.begin(), count);
    ctx.output(i, std::move(piece));
  }
  return {};
}

inline status loop::reference(eval_context& ctx) const {
  const auto carried = static_cast<std::size_t>(carried_count);
  std::int64_t limit = INT64_MAX;
  if (ctx.has(0)) {
    const auto given = ctx.integers(0);
    if (given.size() != 1)
      return fail(code::shape, "max_trip has ", given.size(), " elements, expected 1");
    limit = given[0];
  }
  bool goes_on = true;
  if (ctx.has(1)) {
    TENON_TRY(goes_on, truth_of(ctx.input(1), "cond"));
  }
  std::vector<datum> inputs(2);
  for (std::size_t i = 2; i < ctx.size(); ++i) inputs.push_back(ctx.given(i));
  std::vector<scan_pieces> scans(ctx.output_count() - carried);
  for (std::int64_t turn = 0; goes_on && turn < limit; ++turn) {
    TENON_TRY(ctx.check_limits());
    inputs[0] = tensor::scalar<std::int64_t>(turn);
    inputs[1] = tensor::scalar<bool>(goes_on);
    TENON_TRY(auto outputs, ctx.run(*body, inputs));
    if (outputs.size() != 1 + ctx.output_count())
      return fail(code::graph, "body has ", outputs.size(), " outputs, expected ",
                  1 + ctx.output_count());
    TENON_TRY(goes_on, truth_of(outputs[0], "cond of the body"));
    for (std::size_t i = 0; i < carried; ++i) inputs[2 + i] = std::move(outputs[1 + i]);
    for (std::size_t i = 0; i < scans.size(); ++i)
      TENON_TRY(scans[i].add(outputs[1 + carried + i]));
  }
  for (std::size_t i = 0; i < carried; ++i) {
    const fact& promised = body->fact(body->outputs()[1 + i]);
    if (!inputs[2 + i] && promised.what != fact::kind::optional)
      return fail(code::input, "carried value ", i,
                  " holds nothing and no turn was made, expected ", promised.str());
    ctx.output(i, std::move(inputs[2 + i]));
  }
  for (std::size_t i = 0; i < scans.size(); ++i) {
    TENON_TRY(scans[i].join(ctx, carried + i, 0, false, piece_like(*body, 1 + carried + i)));
  }
  return {};
}

/// The body runs once per slice of the scan inputs; states flow, scan outputs are joined
struct scan {
  static constexpr op_info info{"scan", ports{many("value")}, ports{many("y")},
                                pure | holds_graphs | data_dependent | any_kind};
  subgraph body = {};  ///< inputs: states..., slices..., captures...; outputs: states..., scans...
  std::int64_t num_scan_inputs = 0;
  std::vector<std::int64_t> scan_input_axes = {};
  std::vector<std::int64_t> scan_input_directions = {};  ///< 1: from last to first
  std::vector<std::int64_t> scan_output_axes = {};
  std::vector<std::int64_t> scan_output_directions = {};  ///< 1: each slice goes in front
  std::int64_t carried_count = 0;                         ///< leading inputs that are states
  static constexpr auto attributes =
      attributes_of(attribute{"body", &scan::body, true},
                    attribute{"carried_count", &scan::carried_count},
                    attribute{"num_scan_inputs", &scan::num_scan_inputs, true},
                    attribute{"scan_input_axes", &scan::scan_input_axes},
                    attribute{"scan_input_directions", &scan::scan_input_directions},
                    attribute{"scan_output_axes", &scan::scan_output_axes},
                    attribute{"scan_output_directions", &scan::scan_output_directions});
  static constexpr onnx_import onnx{"Scan", 9};
  friend bool operator==(const scan&, const scan&) = default;

  status check(std::size_t inputs, std::size_t outputs) const;
  status infer(infer_context& ctx) const;
  status reference(eval_context& ctx) const;

  std::int64_t input_axis(std::size_t i) const {
    return i < scan_input_axes.size() ? scan_input_axes[i] : 0;
  }

  std::int64_t output_axis(std::size_t i) const {
    return i < scan_output_axes.size() ? scan_output_axes[i] : 0;
  }

  bool is_backward(std::size_t i) const {
    return i < scan_input_directions.size() && scan_input_directions[i] == 1;
  }

  bool is_prepended(std::size_t i) const {
    return i < scan_output_directions.size() && scan_output_directions[i] == 1;
  }
};

inline status scan::check(std::size_t inputs, std::size_t outputs) const {
  const auto total = static_cast<std::int64_t>(inputs);
  if (num_scan_inputs < 1 || num_scan_inputs > total)
    return fail(code::attribute, "num_scan_inputs is ", num_scan_inputs, ", expected 1 to ", total);
  if (carried_count < 0 || carried_count > total - num_scan_inputs ||
      carried_count > static_cast<std::int64_t>(outputs))
    return fail(code::attribute, "carried_count is ", carried_count, ", expected 0 to ",
                std::min(total - num_scan_inputs, static_cast<std::int64_t>(outputs)));
  for (const auto* list : {&scan_input_directions, &scan_output_directions})
    for (const std::int64_t d : *list)
      if (d != 0 && d != 1)
        return fail(code::attribute, "a scan direction is ", d, ", expected 0 or 1");
  return {};
}

inline status scan::infer(infer_context& ctx) const {
  TENON_TRY(check(ctx.size(), ctx.output_count()));
  const auto carried = static_cast<std::size_t>(carried_count);
  const auto scans = static_cast<std::size_t>(num_scan_inputs);
  std::vector<fact> inputs;
  std::optional<dim> steps;
  for (std::size_t i = 0; i < ctx.size(); ++i) {
    if (!ctx.has(i)) return fail(code::graph, "input ", i, " is absent");
    fact f = ctx[i];
    if (i < carried + scans) {
      f.constant = {};
      f.elements.reset();
    }
    const bool is_scanned = i >= carried && i < carried + scans;
    if (is_scanned && !f.is_tensor())
      return fail(code::shape, "scan input ", i - carried, " is ", f.str(), ", expected a tensor");
    if (is_scanned && f.is_ranked) {
      TENON_TRY(const std::size_t at,
                ctx.axis(input_axis(i - carried), f.rank(), "scan input axis"));
      if (steps) TENON_TRY(ctx.require_equal(f.shape[at], *steps, "length of scan inputs"));
      steps = f.shape[at];
      f.shape.erase(f.shape.begin() + at);
    }
    inputs.push_back(std::move(f));
  }
  TENON_TRY(const auto outputs, infer_turns(ctx, body, inputs, 0, carried, 0));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    fact out = i < carried ? inputs[i] : outputs[i];
    out.constant = {};
    out.elements.reset();
    if (i >= carried && out.is_ranked) {
      TENON_TRY(const std::size_t at,
                ctx.axis(output_axis(i - carried), out.rank() + 1, "scan output axis"));
      out.shape.insert(out.shape.begin() + at,
                       steps ? *steps : ctx.unbacked("scan", dim(interval::highest)));
    }
    ctx.output(i, std::move(out));
  }
  return {};
}

/// Slice `step` of x along `axis`, without that axis.
inline result<tensor> slice_of(const tensor& x, std::size_t axis, std::int64_t step) {
  extents shape = x.dims();
  shape.erase(shape.begin() + axis);
  TENON_TRY(tensor out, tensor::make(x.type(), shape));
  const std::int64_t outer = size_between(x.dims(), 0, axis);
  const std::int64_t inner = size_between(x.dims(), axis + 1, x.rank());
  const element_mover move(out, x);
  for (std::int64_t o = 0; o < outer; ++o) move(o * inner, (o * x.dim(axis) + step) * inner, inner);
  return out;
}

inline status scan::reference(eval_context& ctx) const {
  TENON_TRY(check(ctx.size(), ctx.output_count()));
  const auto carried = static_cast<std::size_t>(carried_count);
  const auto count = static_cast<std::size_t>(num_scan_inputs);
  std::vector<datum> inputs;
  std::vector<std::size_t> axes;
  std::int64_t steps = -1;
  for (std::size_t i = 0; i < ctx.size(); ++i) {
    inputs.push_back(ctx.given(i));
    if (i < carried || i >= carried + count) continue;
    const auto rank = static_cast<std::int64_t>(ctx[i].rank());
    const std::int64_t axis = input_axis(i - carried);
    if (axis < -rank || axis >= rank)
      return fail(code::attribute, "scan input axis is ", axis, ", expected ", -rank, " to ",
                  rank - 1);
    axes.push_back(static_cast<std::size_t>(axis < 0 ? axis + rank : axis));
    const std::int64_t size = ctx[i].dim(axes.back());
    if (steps >= 0 && size != steps)
      return fail(code::shape, "scan inputs have lengths ", steps, " and ", size,
                  ", expected one length");
    steps = size;
  }
  std::vector<scan_pieces> scans(ctx.output_count() - carried);
  for (std::int64_t step = 0; step < steps; ++step) {
    TENON_TRY(ctx.check_limits());
    for (std::size_t s = 0; s < count; ++s) {
      TENON_TRY(tensor piece,
                slice_of(ctx[carried + s], axes[s], is_backward(s) ? steps - 1 - step : step));
      inputs[carried + s] = std::move(piece);
    }
    TENON_TRY(auto outputs, ctx.run(*body, inputs));
    if (outputs.size() != ctx.output_count())
      return fail(code::graph, "body has ", outputs.size(), " outputs, expected ",
                  ctx.output_count());
    for (std::size_t i = 0; i < carried; ++i) inputs[i] = std::move(outputs[i]);
    for (std::size_t i = 0; i < scans.size(); ++i) TENON_TRY(scans[i].add(outputs[carried + i]));
  }
  for (std::size_t i = 0; i < carried; ++i) ctx.output(i, std::move(inputs[i]));
  for (std::size_t i = 0; i < scans.size(); ++i) {
    TENON_TRY(scans[i].join(ctx, carried + i, output_axis(i), is_prepended(i),
                            piece_like(*body, carried + i)));
  }
  return {};
}

}  // namespace tenon::inline v0::ops
