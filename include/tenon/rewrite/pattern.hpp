#pragma once

#include "tenon/ir/op.hpp"
#include "tenon/tensor/number_cast.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>

// Patterns are constexpr values: a flat array of steps in pre-order, and a mask of what they bind in the type.
//
//     inline constexpr auto swish_from_primitives =
//         rule("swish-from-primitives", x * sigmoid(x), emit<ops::swish>(x));

namespace tenon::inline v0::ops {

struct abs;
struct add;
struct clip;
struct div;
struct erf;
struct exp;
struct mul;
struct neg;
struct pow;
struct reciprocal;
struct relu;
struct sigmoid;
struct softplus;
struct sqrt;
struct sub;
struct tanh;

}  // namespace tenon::inline v0::ops

namespace tenon::inline v0::rewrite {

class match;

/// The number in constant scalar slot `slot`, and the op in capture slot `slot`, of a match.
double scalar_of(const match& m, unsigned slot);
const ir::any_op& captured_op(const match& m, unsigned slot);

/// One node or leaf of a pattern or of a result.
struct step {
  enum class kind : std::uint8_t {
    value,    ///< any value; the same slot again is the same value
    scalar,   ///< a constant with one element
    tensor,   ///< any constant
    literal,  ///< a constant all of whose elements are `number`
    op,       ///< a node; its operands follow
  };

  static constexpr std::uint8_t no_capture = 255;

  kind what = kind::value;
  std::uint8_t slot = 0;
  std::uint8_t capture = no_capture;
  std::uint8_t children = 0;
  std::uint8_t size = 1;     ///< steps of this subtree
  bool is_shared = false;    ///< may be used outside the match
  bool is_optional = false;  ///< a value that may be absent
  double number = 0;
  const ir::op_type* type = nullptr;
  bool (*accepts)(const ir::any_op&) = nullptr;  ///< null: any attributes
  ir::any_op (*make)(const match&) = nullptr;
};

/// A pattern or result of `Size` steps that binds or uses the slots in `Binds`.
template <std::size_t Size, std::uint32_t Binds> struct expr {
  static constexpr std::size_t size = Size;
  static constexpr std::uint32_t binds = Binds;
  std::array<step, Size> steps{};
};

inline constexpr unsigned first_scalar = 8, first_tensor = 16, first_capture = 24, slot_count = 32;

/// A leaf with a slot number: 0-7 values, 8-15 constant scalars, 16-23 constant tensors.
template <unsigned Slot> struct leaf : expr<1, 1U << Slot> {
  static constexpr unsigned slot = Slot;

  constexpr leaf() {
    this->steps[0].what = Slot < first_scalar   ? step::kind::value
                          : Slot < first_tensor ? step::kind::scalar
                                                : step::kind::tensor;
    this->steps[0].slot = Slot;
  }
};

/// A name for a matched node, so that the result can take over its attributes.
template <unsigned Slot> struct capture { static constexpr unsigned slot = Slot; };

inline constexpr leaf<0> x;  ///< any value
inline constexpr leaf<1> y;
inline constexpr leaf<2> z;
inline constexpr leaf<3> w;
inline constexpr leaf<4> u;
inline constexpr leaf<5> v;
inline constexpr leaf<8> c;  ///< a constant with one element
inline constexpr leaf<9> c1;
inline constexpr leaf<10> c2;
inline constexpr leaf<11> c3;
inline constexpr leaf<16> k;  ///< any constant tensor
inline constexpr leaf<17> k1;
inline constexpr leaf<18> k2;
inline constexpr leaf<19> k3;
inline constexpr leaf<20> k4;
inline constexpr leaf<21> k5;
inline constexpr capture<24> p;  ///< a matched node
inline constexpr capture<25> q;

template <std::size_t N, std::uint32_t B> constexpr const expr<N, B>& as_expr(const expr<N, B>& e) {
  return e;
}

constexpr expr<1, 0> as_expr(double number) {
  expr<1, 0> out;
  out.steps[0].what = step::kind::literal;
  out.steps[0].number = number;
  return out;
}

/// Patterns, and numbers that stand for constants.
template <class T>
concept operand = requires(const T& t) {
  as_expr(t).steps;
};

/// A value that may be absent: an optional input.
template <unsigned Slot> constexpr auto maybe(const leaf<Slot>& l) {
  leaf<Slot> out = l;
  out.steps[0].is_optional = true;
  return out;
}

namespace pattern_detail {

template <class... E> constexpr auto join(step root, const E&... operands) {
  constexpr std::size_t size = 1 + (std::size_t{0} + ... + E::size);
  static_assert(size <= 64, "a pattern has at most 64 steps");
  expr<size, (0U | ... | E::binds)> out;
  root.children = sizeof...(E);
  root.size = size;
  out.steps[0] = root;
  std::size_t at = 1;
  const auto put = [&](const auto& steps) {
    for (const step& s : steps) out.steps[at++] = s;
  };
  (put(operands.steps), ...);
  return out;
}

/// A demand on an attribute of a matched op.
template <auto Member, auto Value> struct wanted {
  template <class Op> static bool take(Op& given) {
    if (!(given.*Member == Value)) return false;
    given.*Member = Op{}.*Member;
    return true;
  }

  template <class Op> static void set(Op& out, const match&) { out.*Member = Value; }
};

/// An attribute of the result, from a constant scalar.
template <auto Member, unsigned Slot> struct from_scalar {
  template <class Op> static void set(Op& out, const match& m) {
    using type = std::remove_cvref_t<decltype(out.*Member)>;
    out.*Member = number_cast<type>(scalar_of(m, Slot));
  }
};

/// An attribute of the result, as written in the rule.
template <auto Member, auto Value> struct from_literal {
  template <class Op> static void set(Op& out, const match&) { out.*Member = Value; }
};

/// An attribute of the result, computed from the match.
template <auto Member, auto Function> struct from_function {
  template <class Op> static void set(Op& out, const match& m) { out.*Member = Function(m); }
};

/// All attributes of the result, from a captured node.
template <unsigned Slot> struct from_capture {
  template <class Op> static void set(Op& out, const match& m) {
    if (const Op* like = captured_op(m, Slot).as<Op>()) out = *like;
  }
};

template <class Op, class... Demands> bool accept(const ir::any_op& given) {
  const Op* as = given.as<Op>();
  if (!as) return false;
  Op rest = *as;
  return (true && ... && Demands::take(rest)) && rest == Op{};
}

template <class Op, class... Sets> ir::any_op make(const match& m) {
  Op out{};
  (Sets::set(out, m), ...);
  static_cast<void>(m);
  return out;
}

template <class Op> constexpr step step_of() {
  step out;
  out.what = step::kind::op;
  out.type = &ir::type_of<Op>();
  out.accepts = &accept<Op>;
  out.make = &make<Op>;
  return out;
}

}  // namespace pattern_detail

/// A node of `Op` in a pattern; what it says about attributes is added by members.
template <class Op, std::size_t N, std::uint32_t B, class... Demands>
struct op_pattern : expr<N, B> {
  /// Its value may also be used outside the match.
  constexpr op_pattern shared() const {
    op_pattern out = *this;
    out.steps[0].is_shared = true;
    return out;
  }

  /// Attributes may have any value.
  constexpr op_pattern any_attribute() const {
    op_pattern out = *this;
    out.steps[0].accepts = nullptr;
    return out;
  }

  /// One attribute must have this value instead of its default.
  template <auto Member, auto Value> constexpr auto where() const {
    using demand = pattern_detail::wanted<Member, Value>;
    op_pattern<Op, N, B, Demands..., demand> out{{this->steps}};
    out.steps[0].accepts = &pattern_detail::accept<Op, Demands..., demand>;
    out.steps[0].make = &pattern_detail::make<Op, Demands..., demand>;
    return out;
  }

  /// Names the matched node.
  template <unsigned Slot> constexpr auto as(capture<Slot>) const {
    op_pattern<Op, N, (B | 1U << Slot), Demands...> out{{this->steps}};
    out.steps[0].capture = Slot;
    return out;
  }
};

/// A node of `Op` in a result; attributes not set have their defaults.
template <class Op, std::size_t N, std::uint32_t B, class... Sets> struct op_result : expr<N, B> {
  /// An attribute from a constant scalar of the pattern.
  template <auto Member, unsigned Slot> constexpr auto with(const leaf<Slot>&) const {
    static_assert(Slot >= first_scalar && Slot < first_tensor,
                  "attributes come from constant scalars");
    return set<pattern_detail::from_scalar<Member, Slot>, 1U << Slot>();
  }

  /// An attribute with a value written in the rule.
  template <auto Member, auto Value> constexpr auto with() const {
    return set<pattern_detail::from_literal<Member, Value>, 0U>();
  }

  /// An attribute that a function of the match gives.
  template <auto Member, auto Function> constexpr auto computed() const {
    return set<pattern_detail::from_function<Member, Function>, 0U>();
  }

  /// Attributes of a captured node of the same op.
  template <unsigned Slot> constexpr auto like(capture<Slot>) const {
    return set<pattern_detail::from_capture<Slot>, 1U << Slot>();
  }

 private:
  template <class Set, std::uint32_t More> constexpr auto set() const {
    op_result<Op, N, (B | More), Sets..., Set> out{{this->steps}};
    out.steps[0].make = &pattern_detail::make<Op, Sets..., Set>;
    return out;
  }
};

/// A node of `Op` with default attributes, to be matched.
template <class Op, operand... A> constexpr auto op(const A&... operands) {
  const auto joined = pattern_detail::join(pattern_detail::step_of<Op>(), as_expr(operands)...);
  return op_pattern<Op, joined.size, joined.binds>{{joined.steps}};
}

/// A node of `Op` to be made.
template <class Op, operand... A> constexpr auto emit(const A&... operands) {
  const auto joined = pattern_detail::join(pattern_detail::step_of<Op>(), as_expr(operands)...);
  return op_result<Op, joined.size, joined.binds>{{joined.steps}};
}

/// At least one side is a pattern, so that operators never touch plain numbers.
template <class A, class B>
concept operands =
    operand<A> && operand<B> && !(std::is_arithmetic_v<A> && std::is_arithmetic_v<B>);

template <class A, class B>
requires operands<A, B>

constexpr auto operator+(const A& a, const B& b) {
  return op<ops::add>(a, b);
}

template <class A, class B>
requires operands<A, B>

constexpr auto operator-(const A& a, const B& b) {
  return op<ops::sub>(a, b);
}

template <class A, class B>
requires operands<A, B>

constexpr auto operator*(const A& a, const B& b) {
  return op<ops::mul>(a, b);
}

template <class A, class B>
requires operands<A, B>

constexpr auto operator/(const A& a, const B& b) {
  return op<ops::div>(a, b);
}

template <class A, class B>
requires operands<A, B>

constexpr auto pow(const A& a, const B& b) {
  return op<ops::pow>(a, b);
}

template <std::size_t N, std::uint32_t B> constexpr auto abs(const expr<N, B>& a) {
  return op<ops::abs>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto erf(const expr<N, B>& a) {
  return op<ops::erf>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto exp(const expr<N, B>& a) {
  return op<ops::exp>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto neg(const expr<N, B>& a) {
  return op<ops::neg>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto reciprocal(const expr<N, B>& a) {
  return op<ops::reciprocal>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto relu(const expr<N, B>& a) {
  return op<ops::relu>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto sigmoid(const expr<N, B>& a) {
  return op<ops::sigmoid>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto softplus(const expr<N, B>& a) {
  return op<ops::softplus>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto sqrt(const expr<N, B>& a) {
  return op<ops::sqrt>(a);
}

template <std::size_t N, std::uint32_t B> constexpr auto tanh(const expr<N, B>& a) {
  return op<ops::tanh>(a);
}

}  // namespace tenon::inline v0::rewrite
