#pragma once

#include "tenon/core/result.hpp"
#include "tenon/core/shared_count.hpp"
#include "tenon/symbol/expression.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

/// Owns symbols and interned expressions. One thread may extend it; any number may read.
class symbol_scope {
 public:
  symbol_scope() = default;
  symbol_scope(const symbol_scope&) = delete;
  symbol_scope& operator=(const symbol_scope&) = delete;

  /// The symbol of that name, made when missing. Any text is a name.
  dim symbol(std::string_view name);

  /// A new unbacked symbol (set by a kernel at run time): prefix and the first free number.
  dim fresh(std::string_view prefix = "u");

  std::optional<dim> find(std::string_view name) const;

  /// By symbol id, in order of creation; those of the library itself (`is_hidden`) too.
  std::span<const dim> symbols() const { return symbols_; }

  std::string_view name_of(std::uint32_t symbol) const { return symbols_[symbol].node()->name; }

  bool is_unbacked(std::uint32_t symbol) const { return symbols_[symbol].node()->is_unbacked; }

  /// Reads `2*B + floordiv(H + 1, 2)`; `//` and `/` are floordiv, `%` is mod. Makes missing
  /// symbols.
  result<dim> parse(std::string_view text);

  /// The same expression over the symbols of the same names in this scope.
  dim import(dim foreign);

  /// Number of distinct expressions made so far.
  std::size_t size() const { return node_count_; }

  /// A symbol of a new name: `find(name)` found none.
  dim declare(std::string_view name, bool is_unbacked) {
    return add_symbol(name, is_unbacked, false);
  }

  /// A symbol for the library's own use: `find` does not see it, no text has it.
  dim hidden_symbol();

  /// The unique node with this content; `wanted.hash`, sizes and storage are filled in here.
  dim intern(symbol_detail::expr wanted);

 private:
  friend class scope_ref;

  dim add_symbol(std::string_view name, bool is_unbacked, bool is_hidden);
  void* allocate(std::size_t bytes);
  void grow();

  shared_count references_;
  std::vector<const symbol_detail::expr*> slots_;  ///< open addressing, power of two
  std::vector<dim> symbols_;
  std::vector<std::vector<std::byte>> blocks_;
  std::byte* free_ = nullptr;
  std::size_t free_bytes_ = 0;
  std::size_t node_count_ = 0;
  std::size_t next_fresh_ = 0;
};

/// Shares a scope; the last one ends it.
class scope_ref {
 public:
  scope_ref() = default;

  static scope_ref make() {
    scope_ref out;
    out.scope_ = new symbol_scope;
    return out;
  }

  /// Another owner of a living scope.
  static scope_ref share(symbol_scope& scope) {
    scope_ref out;
    out.acquire(&scope);
    return out;
  }

  scope_ref(const scope_ref& other) { acquire(other.scope_); }

  scope_ref(scope_ref&& other) noexcept : scope_(std::exchange(other.scope_, nullptr)) {}

  scope_ref& operator=(scope_ref other) noexcept {
    std::swap(scope_, other.scope_);
    return *this;
  }

  ~scope_ref() {
    if (scope_ && scope_->references_.release()) delete scope_;
  }

  symbol_scope& operator*() const { return *scope_; }

  symbol_scope* operator->() const { return scope_; }

  explicit operator bool() const { return scope_ != nullptr; }

  friend bool operator==(const scope_ref& a, const scope_ref& b) { return a.scope_ == b.scope_; }

 private:
  void acquire(symbol_scope* scope) {
    scope_ = scope;
    if (scope_) scope_->references_.add();
  }

  symbol_scope* scope_ = nullptr;
};

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/symbol_algebra.hpp"
#include "tenon/impl/symbol_division.hpp"
#include "tenon/impl/symbol_parse.hpp"
#include "tenon/impl/symbol_scope.hpp"
#endif
