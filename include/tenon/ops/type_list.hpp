#pragma once

#include "tenon/core/config.hpp"

namespace tenon::inline v0::ops {

/// A list of op types as a type.
template <class... Ops> struct type_list {};

/// The concatenation of type lists.
template <class... Lists> struct joined;

template <class... A> struct joined<type_list<A...>> { using type = type_list<A...>; };

template <class... A, class... B, class... More>
struct joined<type_list<A...>, type_list<B...>, More...> {
  using type = typename joined<type_list<A..., B...>, More...>::type;
};

template <class... Lists> using join_lists = typename joined<Lists...>::type;

}  // namespace tenon::inline v0::ops
