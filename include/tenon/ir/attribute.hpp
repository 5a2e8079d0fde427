#pragma once

#include "tenon/core/result.hpp"
#include "tenon/ir/subgraph.hpp"
#include "tenon/tensor/tensor.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tenon::inline v0::ir {

/// The kinds of values that an attribute can have.
using attribute_variant = std::variant<std::monostate,
                                       std::int64_t,
                                       float,
                                       std::string,
                                       std::vector<std::int64_t>,
                                       std::vector<float>,
                                       std::vector<std::string>,
                                       tensor,
                                       subgraph,
                                       std::vector<tensor>>;

/// Any value an attribute can have outside its op: in files, in text, in messages.
class attribute_value : public attribute_variant {
 public:
  attribute_value();
  attribute_value(const attribute_value&);
  attribute_value(attribute_value&&) noexcept;
  attribute_value& operator=(const attribute_value&);
  attribute_value& operator=(attribute_value&&) noexcept;
  ~attribute_value();

  template <class T>

  requires(!std::derived_from<std::remove_cvref_t<T>, attribute_variant> &&
           std::constructible_from<attribute_variant, T&&>) attribute_value(T&& value)
      : attribute_variant(std::forward<T>(value)) {}
};

/// `3`, `"text"`, `[1, 2]`: the text of an attribute value for messages, at most 16 items of a list.
std::string to_text(const attribute_value& v);

/// Receives the attributes of an op one by one.
class attribute_visitor {
 public:
  virtual void operator()(std::string_view name, const attribute_value& value, bool is_default) = 0;

 protected:
  ~attribute_visitor() = default;
};

/// An enum whose values have names: `constexpr auto enum_names(E)` gives an array in order.
template <class E>
concept named_enum = std::is_enum_v<E> && requires(E e) {
  enum_names(e)[0];
};

/// A public data member of an op that is an attribute, with the name it has in text and (by default) in ONNX.
template <class Op, class Member> struct attribute {
  std::string_view name;
  Member Op::*member;
  bool is_required = false;

  consteval attribute(const char* n, Member Op::*m, bool required = false)
      : name(n), member(m), is_required(required) {}
};

template <class Op, class Member> attribute(const char*, Member Op::*) -> attribute<Op, Member>;
template <class Op, class Member>
attribute(const char*, Member Op::*, bool) -> attribute<Op, Member>;

namespace attribute_detail {

template <class T> struct is_optional : std::false_type {};

template <class T> struct is_optional<std::optional<T>> : std::true_type {};

template <class T> attribute_value store(const T& v) {
  if constexpr (is_optional<T>::value)
    return v ? store(*v) : attribute_value{};
  else if constexpr (std::is_same_v<T, dtype>)
    return static_cast<std::int64_t>(v);
  else if constexpr (named_enum<T>)
    return std::string(enum_names(v)[static_cast<std::size_t>(v)]);
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::int64_t>(v);
  else if constexpr (std::is_floating_point_v<T>)
    return static_cast<float>(v);
  else
    return v;
}

template <class T> bool load(const attribute_value& from, T& to) {
  if constexpr (is_optional<T>::value) {
    if (std::holds_alternative<std::monostate>(from)) {
      to.reset();
      return true;
    }
    typename T::value_type loaded{};
    if (!load(from, loaded)) return false;
    to = std::move(loaded);
    return true;
  } else if constexpr (std::is_same_v<T, dtype>) {
    const auto* number = std::get_if<std::int64_t>(&from);
    if (!number) return false;
    const auto type = *number == 0 ? std::optional(dtype::undefined) : dtype_numbered(*number);
    if (type) to = *type;
    return type.has_value();
  } else if constexpr (named_enum<T>) {
    const auto* text = std::get_if<std::string>(&from);
    if (!text) return false;
    std::size_t i = 0;
    for (const std::string_view name : enum_names(to)) {
      if (name == *text) {
        to = static_cast<T>(i);
        return true;
      }
      ++i;
    }
    return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    const auto* number = std::get_if<std::int64_t>(&from);
    if (number) to = *number != 0;
    return number != nullptr;
  } else if constexpr (std::is_integral_v<T>) {
    const auto* number = std::get_if<std::int64_t>(&from);
    if (!number || !std::in_range<T>(*number)) return false;
    to = static_cast<T>(*number);
    return true;
  } else if constexpr (std::is_floating_point_v<T>) {
    const auto* number = std::get_if<float>(&from);
    if (number) to = *number;
    return number != nullptr;
  } else {
    const auto* same = std::get_if<T>(&from);
    if (same) to = *same;
    return same != nullptr;
  }
}

template <class T> std::string expected() {
  if constexpr (is_optional<T>::value) {
    return expected<typename T::value_type>();
  } else if constexpr (named_enum<T>) {
    return cat("one of ", join(enum_names(T{})));
  } else if constexpr (std::is_same_v<T, dtype>) {
    return "an element type number";
  } else if constexpr (std::is_integral_v<T>) {
    return "an integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a float";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "a string";
  } else if constexpr (std::is_same_v<T, tensor>) {
    return "a tensor";
  } else if constexpr (std::is_same_v<T, subgraph>) {
    return "a graph";
  } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) {
    return "a list of integers";
  } else if constexpr (std::is_same_v<T, std::vector<float>>) {
    return "a list of floats";
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return "a list of strings";
  } else {
    return "a list of tensors";
  }
}

}  // namespace attribute_detail

namespace attribute_detail {

template <class Member>
void visit(attribute_visitor& visitor,
           std::string_view name,
           const Member& now,
           const Member& usual) {
  bool is_usual = now == usual;
  if constexpr (std::is_floating_point_v<Member>)
    is_usual = is_usual && __builtin_signbit(now) == __builtin_signbit(usual);
  visitor(name, store(now), is_usual);
}

template <class Member>
status assign(std::string_view name, Member& to, const attribute_value& from) {
  if (load(from, to)) return {};
  return fail(code::attribute, "attribute ", quoted(name), " is ", to_text(from), ", expected ",
              expected<Member>());
}

template <std::size_t I, class A> struct slot { A item; };

template <class Indices, class... A> struct list;

// One base a member instead of a tuple: visiting is a fold over bases, which compiles several times faster.
template <std::size_t... I, class... A>
struct list<std::index_sequence<I...>, A...> : slot<I, A>... {
  consteval explicit list(A... items) : slot<I, A>{items}... {}

  static constexpr std::size_t size = sizeof...(A);

  constexpr std::array<std::string_view, sizeof...(A)> names() const {
    return {this->slot<I, A>::item.name...};
  }

  constexpr std::array<bool, sizeof...(A)> required() const {
    return {this->slot<I, A>::item.is_required...};
  }

  template <class Op>
  void visit([[maybe_unused]] const Op& o,
             [[maybe_unused]] const Op& usual,
             [[maybe_unused]] attribute_visitor& visitor) const {
    (attribute_detail::visit(visitor, this->slot<I, A>::item.name,
                             o.*(this->slot<I, A>::item.member),
                             usual.*(this->slot<I, A>::item.member)),
     ...);
  }

  /// False when no attribute has that name.
  template <class Op>
  bool assign([[maybe_unused]] Op& o,
              [[maybe_unused]] std::string_view name,
              [[maybe_unused]] const attribute_value& value,
              [[maybe_unused]] status& out) const {
    return (
        ... ||
        (this->slot<I, A>::item.name == name &&
         (out = attribute_detail::assign(name, o.*(this->slot<I, A>::item.member), value), true)));
  }
};

}  // namespace attribute_detail

/// The attributes of an op, in order.
template <class... A> consteval auto attributes_of(A... attributes) {
  return attribute_detail::list<std::index_sequence_for<A...>, A...>(attributes...);
}

}  // namespace tenon::inline v0::ir

#ifndef TENON_COMPILED
#include "tenon/impl/ir_attribute.hpp"
#endif
