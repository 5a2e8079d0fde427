#pragma once

#include "tenon/ir/subgraph.hpp"
#include "tenon/tensor/tensor.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

namespace tenon::inline v0::ir {

/// Any value an attribute can have outside its op: in files, in text, in messages.
using attribute_value = std::variant<std::monostate,
                                     std::int64_t,
                                     float,
                                     std::string,
                                     std::vector<std::int64_t>,
                                     std::vector<float>,
                                     std::vector<std::string>,
                                     tensor,
                                     subgraph,
                                     std::vector<tensor>>;

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

/// The attributes of an op, in order.
template <class... A> consteval auto attributes_of(A... attributes) {
  return std::tuple{attributes...};
}

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
    return load(from, to.emplace());
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
    if (number) to = static_cast<T>(*number);
    return number != nullptr && static_cast<std::int64_t>(to) == *number;
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
  } else {
    return "a list of another type";
  }
}

}  // namespace attribute_detail

/// `3`, `"text"`, `[1, 2]`: the text of an attribute value for messages.
inline std::string to_text(const attribute_value& v) {
  if (const auto* i = std::get_if<std::int64_t>(&v)) return cat(*i);
  if (const auto* f = std::get_if<float>(&v)) return cat(*f);
  if (const auto* s = std::get_if<std::string>(&v)) return cat("\"", printable_name(*s), "\"");
  if (const auto* is = std::get_if<std::vector<std::int64_t>>(&v)) return bracketed(*is);
  if (const auto* fs = std::get_if<std::vector<float>>(&v)) return bracketed(*fs);
  if (const auto* ss = std::get_if<std::vector<std::string>>(&v)) return bracketed(*ss);
  if (const auto* t = std::get_if<tensor>(&v)) return t->str();
  if (std::holds_alternative<subgraph>(v)) return "graph";
  return "none";
}

}  // namespace tenon::inline v0::ir
