#pragma once

#include "tenon/symbol/scope.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <string>

namespace tenon::inline v0 {

namespace symbol_detail {

/// Beyond these an expression has no value: they bound recursion, printing and evaluation.
inline constexpr std::uint32_t max_tree_size = 20000;
inline constexpr std::uint32_t max_depth = 100;

constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
  std::uint64_t x = (seed ^ value) * 0x9FB21C651E98DF25U;
  x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93U;
  return x ^ (x >> 29) ^ (seed << 7);
}

inline std::uint64_t hash_name(std::string_view name) {
  std::uint64_t out = 0xCBF29CE484222325U;
  for (const char c : name) out = (out ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return mix(out, name.size());
}

inline std::uint64_t hash_content(const expr& e) {
  std::uint64_t out =
      mix(static_cast<std::uint64_t>(e.kind), static_cast<std::uint64_t>(e.constant));
  for (const term t : e.terms())
    out = mix(mix(out, static_cast<std::uint64_t>(t.factor)), t.what->hash);
  for (const dim a : e.arguments()) out = mix(out, a.hash());
  return out;
}

inline bool same_content(const expr& a, const expr& b) {
  return a.hash == b.hash && a.kind == b.kind && a.constant == b.constant &&
         std::ranges::equal(a.terms(), b.terms()) &&
         std::ranges::equal(a.arguments(), b.arguments());
}

/// Fills in depth and written-out size; false when over the limits.
inline bool measure(expr& e) {
  std::uint64_t size = 1;
  std::uint32_t depth = 0;
  for (const term t : e.terms()) {
    const bool is_power = e.kind == form::product;
    const std::uint64_t copies = is_power ? static_cast<std::uint64_t>(t.factor) : 1;
    if (copies > max_tree_size) return false;
    size += copies * t.what->tree_size;
    depth = std::max(depth, t.what->depth);
  }
  for (const dim a : e.arguments()) {
    size += a.node() ? a.node()->tree_size : 1;
    depth = std::max(depth, a.node() ? a.node()->depth : 1U);
  }
  if (size > max_tree_size || depth >= max_depth) return false;
  e.tree_size = static_cast<std::uint32_t>(size);
  e.depth = depth + 1;
  return true;
}

TENON_INLINE dim intern(symbol_scope& scope, const expr& wanted) {
  return scope.intern(wanted);
}

TENON_INLINE dim symbol_named(symbol_scope& scope, std::string_view name) {
  return scope.symbol(name);
}

}  // namespace symbol_detail

TENON_INLINE void* symbol_scope::allocate(std::size_t bytes) {
  constexpr std::size_t block_bytes = 16384;
  bytes = (bytes + 15) / 16 * 16;
  if (bytes > free_bytes_) {
    const std::size_t wanted = std::max(bytes, block_bytes);
    free_ = blocks_.emplace_back(wanted).data();
    free_bytes_ = wanted;
  }
  void* out = free_;
  free_ += bytes;
  free_bytes_ -= bytes;
  return out;
}

TENON_INLINE void symbol_scope::grow() {
  std::vector<const symbol_detail::expr*> bigger(slots_.empty() ? 64 : slots_.size() * 2);
  const std::size_t mask = bigger.size() - 1;
  for (const auto* node : slots_) {
    if (!node) continue;
    std::size_t at = node->hash & mask;
    while (bigger[at]) at = (at + 1) & mask;
    bigger[at] = node;
  }
  slots_ = std::move(bigger);
}

TENON_INLINE dim symbol_scope::intern(symbol_detail::expr wanted) {
  using namespace symbol_detail;
  wanted.hash = hash_content(wanted);
  if (slots_.size() < 2 * (node_count_ + 1)) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = wanted.hash & mask;
  for (; slots_[at]; at = (at + 1) & mask)
    if (same_content(*slots_[at], wanted)) return dim::of(slots_[at]);
  if (!measure(wanted)) return dim::overflow();
  if (wanted.term_count > 0) {
    auto* terms = static_cast<term*>(allocate(wanted.term_count * sizeof(term)));
    for (std::size_t i = 0; i < wanted.term_count; ++i) new (terms + i) term(wanted.term_data[i]);
    wanted.term_data = terms;
  }
  if (wanted.argument_count > 0) {
    auto* arguments = static_cast<dim*>(allocate(wanted.argument_count * sizeof(dim)));
    for (std::size_t i = 0; i < wanted.argument_count; ++i)
      new (arguments + i) dim(wanted.argument_data[i]);
    wanted.argument_data = arguments;
  }
  wanted.index = static_cast<std::uint32_t>(node_count_++);
  wanted.scope = this;
  slots_[at] = new (allocate(sizeof(expr))) expr(wanted);
  return dim::of(slots_[at]);
}

TENON_INLINE std::optional<dim> symbol_scope::find(std::string_view name) const {
  using namespace symbol_detail;
  if (slots_.empty()) return std::nullopt;
  const std::uint64_t hash = hash_name(name);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at]; at = (at + 1) & mask) {
    const expr& e = *slots_[at];
    if (e.hash == hash && e.kind == form::symbol && e.name == name && !e.is_hidden)
      return dim::of(&e);
  }
  return std::nullopt;
}

TENON_INLINE dim symbol_scope::add_symbol(std::string_view name, bool is_unbacked, bool is_hidden) {
  using namespace symbol_detail;
  if (slots_.size() < 2 * (node_count_ + 1)) grow();
  char* text = static_cast<char*>(allocate(name.size() + 1));
  std::memcpy(text, name.data(), name.size());
  text[name.size()] = 0;
  expr made;
  made.kind = form::symbol;
  made.is_unbacked = is_unbacked;
  made.is_hidden = is_hidden;
  made.name = text;
  made.symbol = static_cast<std::uint32_t>(symbols_.size());
  made.index = static_cast<std::uint32_t>(node_count_++);
  made.hash = hash_name(name);
  made.scope = this;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = made.hash & mask;
  while (slots_[at]) at = (at + 1) & mask;
  slots_[at] = new (allocate(sizeof(expr))) expr(made);
  symbols_.push_back(dim::of(slots_[at]));
  return symbols_.back();
}

TENON_INLINE dim symbol_scope::symbol(std::string_view name) {
  name = name.substr(0, name.find('\0'));
  if (const auto known = find(name)) return *known;
  return add_symbol(name, false, false);
}

TENON_INLINE dim symbol_scope::fresh(std::string_view prefix) {
  prefix = prefix.substr(0, prefix.find('\0'));
  std::string name;
  do name = cat(prefix, next_fresh_++);
  while (find(name));
  return add_symbol(name, true, false);
}

TENON_INLINE dim symbol_scope::hidden_symbol() {
  // Sorts after every plain name, so that rules are oriented by the names of the user.
  return add_symbol(cat("~", symbols_.size()), false, true);
}

}  // namespace tenon::inline v0
