#pragma once

#include "tenon/rewrite/driver.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon::inline v0::passes {

/// Name and purpose of a pass.
struct pass_info {
  std::string_view name, summary;
};

/// What a pass sees besides the graph: options, the way to change it, and the report.
class pass_context {
 public:
  explicit pass_context(const rewrite::driver_options& options)
      : evaluation_seconds(options.settings.max_evaluation_seconds), options_(&options) {}

  const rewrite::driver_options& options() const { return *options_; }

  const rewrite::rule_settings& settings() const { return options_->settings; }

  /// Notes a decision not to act.
  void skip(const ir::graph& g, node_id n, std::string_view reason) {
    skip(ir::describe(g, n), reason);
  }

  void skip(std::string where, std::string_view reason) {
    if (skips_.size() < max_skips) skips_.push_back({std::move(where), std::string(reason)});
    ++skip_count_;
  }

  /// The outputs of a node whose inputs are all constants, or `resource`: within the limits of the settings, what is
  /// left of `evaluation_seconds`, and 1 GiB over four times the bytes of its inputs.
  result<std::vector<datum>> evaluate(const ir::graph& g, node_id n);

  /// Applies a patch; returns the number of replaced values.
  result<std::size_t> commit(ir::graph& g, ir::patch&& p) const { return p.apply(g); }

  std::vector<rewrite::skip>& skips() { return skips_; }

  std::size_t skip_count() const { return skip_count_; }

  std::vector<rewrite::rule_statistics>& rules() { return rules_; }

  double evaluation_seconds;  ///< left for `evaluate`; the pipeline hands it from pass to pass

  static constexpr std::size_t max_skips = 256;  ///< kept; more are only counted

 private:
  const rewrite::driver_options* options_;
  std::vector<rewrite::skip> skips_;
  std::size_t skip_count_ = 0;
  std::vector<rewrite::rule_statistics> rules_;
};

/// Whether an op, those of its subgraphs included, gives the same outputs for the same inputs.
inline bool is_pure(const ir::any_op& op) {
  if (!op.has(ir::pure)) return false;
  for (const auto& [name, body] : op.bodies())
    for (const node_id n : body->order())
      if (!is_pure((*body)[n].op)) return false;
  return true;
}

namespace pass_detail {

// Asked first, so that no other type is asked whether it can be copied.
template <class P>
concept named = requires {
  { P::info } -> std::convertible_to<pass_info>;
};

}  // namespace pass_detail

/// A type with a name that changes a graph and says how often.
template <class P>
concept pass = pass_detail::named<P> && std::copyable<P> &&
    requires(const P& p, ir::graph& g, pass_context& c) {
  { p.run(g, c) } -> std::same_as<result<std::size_t>>;
};

/// Any pass; a value.
class any_pass {
 public:
  template <pass P> any_pass(P value) : body_(new holder<P>(std::move(value))) {}

  any_pass(const any_pass& other) : body_(other.body_->copy()) {}

  any_pass(any_pass&&) noexcept = default;

  any_pass& operator=(any_pass other) noexcept {
    body_ = std::move(other.body_);
    return *this;
  }

  std::string_view name() const { return body_->name(); }

  /// The pass as text that `parse_pipeline` reads: `fuse(standard)`.
  std::string str() const { return body_->str(); }

  result<std::size_t> run(ir::graph& g, pass_context& c) const { return body_->run(g, c); }

 private:
  struct base {
    virtual ~base() = default;
    virtual std::string_view name() const = 0;
    virtual std::string str() const = 0;
    virtual result<std::size_t> run(ir::graph&, pass_context&) const = 0;
    virtual std::unique_ptr<base> copy() const = 0;
  };

  template <class P> struct holder final : base {
    explicit holder(P v) : value(std::move(v)) {}

    std::string_view name() const override { return P::info.name; }

    std::string str() const override {
      if constexpr (requires { value.argument(); }) {
        const std::string text(value.argument());
        if (!text.empty()) return cat(P::info.name, "(", text, ")");
      }
      return std::string(P::info.name);
    }

    result<std::size_t> run(ir::graph& g, pass_context& c) const override {
      return value.run(g, c);
    }

    std::unique_ptr<base> copy() const override { return std::make_unique<holder>(value); }

    P value;
  };

  std::unique_ptr<base> body_;
};

}  // namespace tenon::inline v0::passes

#ifndef TENON_COMPILED
#include "tenon/impl/pass_evaluate.hpp"
#endif
