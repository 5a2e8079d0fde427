#pragma once

#include "tenon/core/result.hpp"
#include "tenon/core/shared_count.hpp"
#include "tenon/ir/attribute.hpp"

#include <array>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ir {

class infer_context;
class eval_context;

/// What is true of every instance of an op; combine with |.
enum op_traits : unsigned {
  no_traits = 0,
  pure = 1,            ///< same inputs, same outputs; may be folded, shared and dropped
  commutative = 2,     ///< the first two inputs may be swapped
  elementwise = 4,     ///< output element i depends on input elements i (after broadcast) only
  data_dependent = 8,  ///< an output shape depends on input content beyond small integer tensors
  view = 16,           ///< output 0 has the bytes of input 0, only the shape differs
  holds_graphs = 32,   ///< owns subgraphs
  any_kind = 64,       ///< inputs may be sequences and optionals, not tensors alone
};

constexpr op_traits operator|(op_traits a, op_traits b) {
  return static_cast<op_traits>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

/// A named input or output of an op.
struct port {
  enum class arity : unsigned char { one, optional, many };

  std::string_view name;
  arity count = arity::one;

  constexpr port() = default;

  constexpr port(const char* n) : name(n) {}

  constexpr port(const char* n, arity c) : name(n), count(c) {}
};

/// A port that may be left out.
constexpr port maybe(const char* name) {
  return {name, port::arity::optional};
}

/// A last port that takes any number of values.
constexpr port many(const char* name) {
  return {name, port::arity::many};
}

template <std::size_t N> struct ports {
  std::array<port, N> items;

  template <class... P>

  requires(sizeof...(P) == N) constexpr ports(P... p) : items{port(p)...} {}
};

template <class... P> ports(P...) -> ports<sizeof...(P)>;

/// Name, ports and traits of an op.
template <std::size_t Inputs, std::size_t Outputs> struct op_info {
  std::string_view name;
  ports<Inputs> inputs;
  ports<Outputs> outputs;
  op_traits traits;

  constexpr op_info(const char* n, ports<Inputs> in, ports<Outputs> out, op_traits t = pure)
      : name(n), inputs(in), outputs(out), traits(t) {}
};

template <std::size_t I, std::size_t O> op_info(const char*, ports<I>, ports<O>) -> op_info<I, O>;
template <std::size_t I, std::size_t O>
op_info(const char*, ports<I>, ports<O>, op_traits) -> op_info<I, O>;

/// The ONNX operator that an op stands for: its name, the opset in which this form appeared, its domain.
struct onnx_import {
  std::string_view name;
  int since = 1;
  std::string_view domain = "";
};

namespace op_detail {

// Asked first, so that no other type is asked whether it can be copied or compared.
template <class T>
concept named = requires {
  T::info.name;
};

}  // namespace op_detail

/// A type that is an op: static info and attributes, a shape rule, a reference kernel, equality.
/// `static constexpr onnx_import onnx` (or a std::array of them) ties it to ONNX.
template <class T>
concept op = op_detail::named<T> && std::copyable<T> && std::equality_comparable<T> &&
    requires(const T& o, infer_context& ic, eval_context& ec) {
  T::attributes;
  { o.infer(ic) } -> std::same_as<status>;
  { o.reference(ec) } -> std::same_as<status>;
};

/// The erased form of an op type; types are told apart by `id`.
struct op_type {
  const void* id;  ///< `id_of<Op>()`
  std::string_view name;
  std::span<const port> inputs, outputs;
  op_traits traits;
  std::span<const onnx_import> onnx;
  void* (*make)();
  void* (*copy)(const void*);
  void (*destroy)(void*);
  bool (*equal)(const void*, const void*);
  status (*infer)(const void*, infer_context&);
  status (*reference)(const void*, eval_context&);
  void (*visit)(const void*, attribute_visitor&);
  status (*assign)(void*, std::string_view, const attribute_value&);
  std::span<const std::string_view> attribute_names;
  std::span<const bool> requires_attribute;  ///< one for each name: a file must give it

  bool has(op_traits t) const { return (traits & t) == t; }
};

namespace op_detail {

template <class Op> inline constexpr char identity = 0;

template <class Op> inline constexpr auto attribute_names = Op::attributes.names();
template <class Op> inline constexpr auto requires_attribute = Op::attributes.required();

template <class Op> consteval std::span<const onnx_import> imports() {
  if constexpr (!requires { Op::onnx; })
    return {};
  else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(Op::onnx)>, onnx_import>)
    return {&Op::onnx, 1};
  else
    return {Op::onnx.data(), Op::onnx.size()};
}

template <class Op> void visit(const void* self, attribute_visitor& visitor) {
  Op::attributes.visit(*static_cast<const Op*>(self), Op{}, visitor);
}

/// The error of an attribute that an op does not have.
error unknown_attribute(std::string_view name, std::span<const std::string_view> known);

template <class Op> status assign(void* self, std::string_view name, const attribute_value& value) {
  status out;
  if (Op::attributes.assign(*static_cast<Op*>(self), name, value, out)) return out;
  return unknown_attribute(name, attribute_names<Op>);
}

template <class Op>
inline constexpr op_type type_of{
    &identity<Op>,
    Op::info.name,
    std::span<const port>(Op::info.inputs.items),
    std::span<const port>(Op::info.outputs.items),
    Op::info.traits,
    imports<Op>(),
    []() -> void* { return new Op(); },
    [](const void* p) -> void* { return new Op(*static_cast<const Op*>(p)); },
    [](void* p) { delete static_cast<Op*>(p); },
    [](const void* a, const void* b) {
      return *static_cast<const Op*>(a) == *static_cast<const Op*>(b);
    },
    [](const void* p, infer_context& ctx) { return static_cast<const Op*>(p)->infer(ctx); },
    [](const void* p, eval_context& ctx) { return static_cast<const Op*>(p)->reference(ctx); },
    &visit<Op>,
    &assign<Op>,
    std::span<const std::string_view>(attribute_names<Op>),
    std::span<const bool>(requires_attribute<Op>),
};

}  // namespace op_detail

/// What tells op types apart; cheaper to compile than `type_of`, which brings in rule and reference kernel.
template <class Op> constexpr const void* id_of() {
  return &op_detail::identity<Op>;
}

/// The erased type of an op.
template <op Op> constexpr const op_type& type_of() {
  return op_detail::type_of<Op>;
}

/// Any op instance; copies share it, it never changes.
class any_op {
 public:
  any_op() = default;

  template <class Op>

  requires(!std::same_as<Op, any_op> && op<Op>) any_op(Op value)
      : type_(&type_of<Op>()), block_(new block{{}, new Op(std::move(value))}) {}

  /// A default instance of a type that is only known at run time.
  static any_op make(const op_type& type) {
    any_op out;
    out.type_ = &type;
    out.block_ = new block{{}, type.make()};
    return out;
  }

  any_op(const any_op& other) : type_(other.type_), block_(other.block_) {
    if (block_) block_->count.add();
  }

  any_op(any_op&& other) noexcept
      : type_(other.type_), block_(std::exchange(other.block_, nullptr)) {}

  any_op& operator=(any_op other) noexcept {
    std::swap(type_, other.type_);
    std::swap(block_, other.block_);
    return *this;
  }

  ~any_op() {
    if (!block_ || !block_->count.release()) return;
    type_->destroy(block_->value);
    delete block_;
  }

  explicit operator bool() const { return block_ != nullptr; }

  const op_type& type() const { return *type_; }

  std::string_view name() const { return type_->name; }

  const void* data() const { return block_ ? block_->value : nullptr; }  ///< the op struct

  bool has(op_traits t) const { return type_->has(t); }

  template <op Op> bool is() const { return block_ && type_->id == id_of<Op>(); }

  /// The op as its type, or null.
  template <op Op> const Op* as() const {
    return is<Op>() ? static_cast<const Op*>(block_->value) : nullptr;
  }

  status infer(infer_context& ctx) const { return type_->infer(block_->value, ctx); }

  status reference(eval_context& ctx) const { return type_->reference(block_->value, ctx); }

  void visit(attribute_visitor& visitor) const { type_->visit(block_->value, visitor); }

  /// Sets an attribute by name; for importers and parsers, before the op is shared.
  status assign(std::string_view name, const attribute_value& value) {
    if (block_->count.is_shared()) {
      any_op own;
      own.type_ = type_;
      own.block_ = new block{{}, type_->copy(block_->value)};
      *this = std::move(own);
    }
    return type_->assign(block_->value, name, value);
  }

  /// The value of an attribute by name; monostate when it has none.
  attribute_value attribute(std::string_view name) const;

  /// The subgraphs that are given, each with the name of its attribute.
  std::vector<std::pair<std::string, subgraph>> bodies() const;

  friend bool operator==(const any_op& a, const any_op& b) {
    if (a.block_ == b.block_) return true;
    return a.block_ && b.block_ && a.type_->id == b.type_->id &&
           a.type_->equal(a.block_->value, b.block_->value);
  }

 private:
  struct block {
    shared_count count;
    void* value;
  };

  const op_type* type_ = nullptr;
  block* block_ = nullptr;
};

}  // namespace tenon::inline v0::ir

namespace tenon::inline v0 {

/// Bitwise equality, so that ops with tensor attributes compare by default.
inline bool operator==(const tensor& a, const tensor& b) {
  return identical(a, b);
}

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/ir_op.hpp"
#endif
