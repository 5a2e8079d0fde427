#pragma once

#include "tenon/core/check.hpp"
#include "tenon/core/text.hpp"

#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#ifndef TENON_NO_EXCEPTIONS
#include <exception>
#endif

namespace tenon::inline v0 {

/// What kind of mistake an error is about; `code_table` says what each means.
enum class code : unsigned char {
  io,
  format,
  graph,
  attribute,
  shape,
  tensor_data,
  external_data,
  input,
  index,
  range,
  unsupported,
  resource,
  option,
};

/// Name and meaning of a code.
struct code_info {
  std::string_view name, about;
};

/// One row for each code, in order; `tenon errors` lists them.
inline constexpr code_info code_table[] = {
    {"io", "a file cannot be opened, read, mapped or written"},
    {"format", "bytes are not the format they claim to be"},
    {"graph", "the graph is not well formed: names, edges, arity, cycles"},
    {"attribute", "an attribute of a node has a wrong type or value, or is missing"},
    {"shape", "shapes or dtypes of a node do not fit together"},
    {"tensor-data", "the bytes of a tensor do not fit its type and shape"},
    {"external-data",
     "a tensor outside the model file is missing, outside the folder or too short"},
    {"input", "a value given to a run does not fit the model"},
    {"index", "an index, axis or length that was computed is out of range"},
    {"range", "a declared range of shapes is malformed or infeasible"},
    {"unsupported", "valid, but there is no op, kernel or dtype for it here"},
    {"resource", "a memory, time or size limit was met"},
    {"option", "an option given by the caller is not valid"},
};
static_assert(std::size(code_table) == static_cast<std::size_t>(code::option) + 1);

/// `code::graph` -> `"graph"`.
constexpr std::string_view name_of(code c) {
  return code_table[static_cast<unsigned char>(c)].name;
}

/// A typed failure: `<where>: <what>: <expected> vs <found>[; <what to do>]`.
struct [[nodiscard]] error {
  code kind = code::graph;
  std::string message;

  /// The same error, seen from one level further out: `where: message`.
  error in(std::string_view where) && {
    message = cat(where, ": ", message);
    return std::move(*this);
  }

  error in(std::string_view where) const& { return error(*this).in(where); }

  std::string str() const { return message; }
};

/// Builds an error from its code and the parts of its text.
template <class... T> error fail(code kind, const T&... parts) {
  return {kind, cat(parts...)};
}

#ifndef TENON_NO_EXCEPTIONS
/// Thrown by `result::value()`; carries the typed error.
class exception : public std::exception {
 public:
  explicit exception(error failure) : failure_(std::move(failure)) {}

  const char* what() const noexcept override { return failure_.message.c_str(); }

  code kind() const noexcept { return failure_.kind; }

  const error& failure() const noexcept { return failure_; }

 private:
  error failure_;
};
#endif

[[noreturn]] inline void raise(error failure) {
#ifndef TENON_NO_EXCEPTIONS
  throw exception(std::move(failure));
#else
  check_failed("result has a value", failure.message.c_str(), 0);
#endif
}

/// A value or a typed error.
template <class T> class [[nodiscard]] result {
 public:
  using value_type = T;

  template <class U = T>

  requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, error> &&
           !std::is_same_v<std::remove_cvref_t<U>, result>) result(U&& value)
      : value_(std::forward<U>(value)), has_value_(true) {}

  result(error failure) : failure_(std::move(failure)), has_value_(false) {}

  result(const result& other)

      requires std::is_copy_constructible_v<T> : has_value_(other.has_value_) {
    if (has_value_)
      new (static_cast<void*>(&value_)) T(other.value_);
    else
      new (static_cast<void*>(&failure_)) error(other.failure_);
  }

  result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : has_value_(other.has_value_) {
    take(other);
  }

  result& operator=(result other) noexcept {
    static_assert(std::is_nothrow_move_constructible_v<T>, "an exception would leave neither");
    drop();
    has_value_ = other.has_value_;
    take(other);
    return *this;
  }

  ~result() { drop(); }

  explicit operator bool() const { return has_value_; }

  bool has_value() const { return has_value_; }

  T& operator*() & { return value_; }

  const T& operator*() const& { return value_; }

  T&& operator*() && { return std::move(value_); }

  T* operator->() { return &value_; }

  const T* operator->() const { return &value_; }

  /// The error; only when there is no value.
  error& failure() & { return failure_; }

  const error& failure() const& { return failure_; }

  error&& failure() && { return std::move(failure_); }

  /// The value; throws `tenon::exception` (aborts without exceptions) when there is none.
  T& value() & {
    if (!*this) raise(failure());
    return **this;
  }

  T&& value() && {
    if (!*this) raise(std::move(failure()));
    return std::move(**this);
  }

  const T& value() const& {
    if (!*this) raise(failure());
    return **this;
  }

 private:
  void take(result& other) {
    if (has_value_)
      new (static_cast<void*>(&value_)) T(std::move(other.value_));
    else
      new (static_cast<void*>(&failure_)) error(std::move(other.failure_));
  }

  void drop() {
    if (has_value_)
      value_.~T();
    else
      failure_.~error();
  }

  // Not a std::variant: results are everywhere, and its visits are what compiled slowest.
  union {
    T value_;
    error failure_;
  };

  bool has_value_;
};

/// Success or a typed error.
template <> class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  result() = default;

  result(error failure) : failure_(std::move(failure)) {}

  explicit operator bool() const { return !failure_; }

  bool has_value() const { return !failure_; }

  error& failure() & { return *failure_; }

  const error& failure() const& { return *failure_; }

  error&& failure() && { return std::move(*failure_); }

  /// Throws `tenon::exception` (aborts without exceptions) on failure.
  void value() const {
    if (failure_) raise(*failure_);
  }

 private:
  std::optional<error> failure_;
};

using status = result<void>;

}  // namespace tenon::inline v0

#define TENON_DETAIL_JOIN2(a, b) a##b
#define TENON_DETAIL_JOIN(a, b) TENON_DETAIL_JOIN2(a, b)
#define TENON_DETAIL_TRY1(expr)                 \
  do {                                          \
    auto tenon_status = (expr);                 \
    if (!tenon_status) [[unlikely]]             \
      return std::move(tenon_status).failure(); \
  } while (false)
#define TENON_DETAIL_TRY2(decl, expr)                                    \
  auto TENON_DETAIL_JOIN(tenon_try_, __LINE__) = (expr);                 \
  if (!TENON_DETAIL_JOIN(tenon_try_, __LINE__)) [[unlikely]]             \
    return std::move(TENON_DETAIL_JOIN(tenon_try_, __LINE__)).failure(); \
  decl = *std::move(TENON_DETAIL_JOIN(tenon_try_, __LINE__))
#define TENON_DETAIL_PICK(a, b, name, ...) name

/// `TENON_TRY(expr)` or `TENON_TRY(decl, expr)`: returns the error of a failed result to the caller.
#define TENON_TRY(...) \
  TENON_DETAIL_PICK(__VA_ARGS__, TENON_DETAIL_TRY2, TENON_DETAIL_TRY1, )(__VA_ARGS__)
