#pragma once

#include "tenon/formats/torch/archive.hpp"
#include "tenon/ir/graph.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenon::inline v0::pt2 {

class call;
struct import_options;

/// How an operator of torch becomes ops of the graph.
struct operator_row {
  std::string_view target;  ///< `aten.add`, or `aten.add.Tensor` for one overload only
  void (*build)(call&) = nullptr;
  std::string_view form = {};  ///< which of several: an ONNX operator, or in lower case a variant
  bool is_view = false;        ///< may return its first argument or a view of it
};

/// The rows of a family in the order of their targets.
template <std::size_t N>
consteval std::array<operator_row, N> sorted(const operator_row (&rows)[N]) {
  auto out = std::to_array(rows);
  std::sort(out.begin(), out.end(),
            [](const operator_row& a, const operator_row& b) { return a.target < b.target; });
  return out;
}

/// The operators that are understood, by family; no target is in two.
std::array<std::span<const operator_row>, 7> operator_families();
std::span<const operator_row> arithmetic_rows();
std::span<const operator_row> function_rows();
std::span<const operator_row> reduction_rows();
std::span<const operator_row> network_rows();
std::span<const operator_row> movement_rows();
std::span<const operator_row> indexing_rows();
std::span<const operator_row> size_rows();

/// The row of a target such as `torch.ops.aten.add_.Tensor`: of the overload, of all overloads, or of the form that
/// does not work in place; null where nothing is known.
const operator_row* operator_of(std::string_view target);

/// Builds the graph of a decoded program (torch/_export/serde/schema.yaml). Use once.
class importer {
 public:
  /// What is given must outlive the importer; `ops` are the ops whose ONNX names the rows use.
  importer(const program& from,
           archive& files,
           std::span<const ir::op_type* const> ops,
           const import_options& options)
      : program_(from), files_(files), ops_(ops), options_(options) {}

  /// Every tensor has the dtype and rank that the program declares, a symbol of a shape its range_constraints.
  /// `unsupported` lists all operators without a row; `graph`, `shape` and `tensor_data` say where the program lies.
  result<ir::graph> run();

 private:
  friend class call;

  struct weight_place {
    std::string_view data;
    bool is_constant = false;
  };

  /// Names of one storage: what changes one in place changes all.
  struct storage_names {
    std::vector<std::string_view> names;
    std::vector<std::string_view> views;  ///< see it with another shape
  };

  const ir::op_type* op_of(std::string_view name) const;
  status scan();
  status add_inputs();
  status add_input(std::string_view name);
  status add_nodes();
  status add_node(const node& from, std::size_t index);
  status add_outputs();
  status check_value(std::string_view name, value_id v) const;
  std::size_t storage_at(std::string_view name);
  void note_storage(const node& from);
  status change_in_place(const node& from, std::size_t index);
  result<value_id> lookup(std::string_view name);
  result<dim> size_of_input(const sym_int& size, std::string_view input, std::size_t axis);
  status restrict_symbols();

  const program& program_;
  archive& files_;
  std::span<const ir::op_type* const> ops_;
  const import_options& options_;
  std::string weights_text_, constants_text_;
  json_document weights_json_, constants_json_;
  std::unordered_map<std::string_view, payload> weights_, constants_;
  std::unordered_map<std::string_view, const ir::op_type*> op_table_;
  std::unordered_map<std::string_view, value_id> values_;
  std::unordered_map<std::string_view, weight_place> places_;
  std::unordered_map<std::string_view, std::size_t> last_reads_;  ///< node that reads a name last
  std::unordered_map<std::string_view, std::size_t> storage_of_;
  std::vector<storage_names> storages_;
  std::vector<std::string> notes_;
  ir::graph graph_;
};

/// One node of a program while it becomes ops. The first error sticks; ids made after it are invalid.
/// Arguments go by their names in the operator's schema. One that is missing without a default or is of another kind is
/// an `attribute` error, a number that only the run knows is `unsupported`.
class call {
 public:
  /// An attribute of an ONNX operator.
  struct attribute {
    std::string_view name;
    ir::attribute_value value;
  };

  call(importer& host, const node& from, const operator_row& row)
      : host_(host), node_(from), row_(row), is_read_(from.inputs.size(), false) {}

  const operator_row& row() const { return row_; }

  /// Name of the first argument, `self` or `input`.
  std::string_view first() const {
    return node_.inputs.empty() ? std::string_view("self") : node_.inputs[0].name;
  }

  /// Whether an argument is given and not None.
  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// Whether an argument is a tensor.
  bool is_tensor(std::string_view name) const;

  /// Whether the program declares strides of a tensor argument that are row-major.
  bool is_contiguous(std::string_view name) const;

  /// Whether an argument is a list or a number that only the run knows.
  bool is_symbolic(std::string_view name) const;

  /// A tensor argument; `optional_tensor` has no id when it is absent or None.
  value_id tensor_at(std::string_view name);
  value_id optional_tensor(std::string_view name);

  /// A list of tensors; elements that are None have no id.
  std::vector<value_id> tensors(std::string_view name);

  /// Known numbers; a boolean is 0 or 1.
  std::int64_t integer(std::string_view name, std::optional<std::int64_t> otherwise = {});
  std::vector<std::int64_t> integers(std::string_view name,
                                     std::vector<std::int64_t> otherwise = {});
  double real(std::string_view name, std::optional<double> otherwise = {});
  std::vector<double> reals(std::string_view name);

  bool flag(std::string_view name, bool otherwise = false);
  std::string_view text(std::string_view name, std::string_view otherwise = {});

  /// A ScalarType, never undefined.
  dtype type(std::string_view name, dtype otherwise);

  /// An axis of a rank, counted from 0.
  std::int64_t axis(std::string_view name, std::int64_t rank, std::int64_t otherwise = 0);

  /// Marks arguments as read that mean nothing here; all of them without a name.
  void ignore(std::initializer_list<std::string_view> names = {});

  /// A list of sizes as i64[n], -1 replaced; `size_at` is one number as i64[1].
  value_id sizes(std::string_view name, std::int64_t instead_of_minus_one = -1);
  value_id size_at(std::string_view name, std::optional<std::int64_t> otherwise = {});

  /// A tensor or number as a tensor of a dtype.
  value_id operand(std::string_view name, dtype type);

  /// The dtype that torch computes tensors and numbers in.
  dtype common_type(std::initializer_list<std::string_view> names);

  /// What the graph knows of a value; of no value: nothing.
  const ir::fact& fact(value_id v) const;

  dtype type_of(value_id v) const { return fact(v).type; }

  std::int64_t rank(value_id v) const { return static_cast<std::int64_t>(fact(v).rank()); }

  /// Whether the content of an i64[1] is known to be `low` or more.
  bool is_at_least(value_id v, std::int64_t low) const;

  /// The dtype that the program declares for output `i`.
  dtype declared(std::size_t i = 0) const;

  std::size_t output_count() const { return outputs_.size(); }

  value_id constant(tensor content);

  /// A constant i64[n].
  value_id ints(std::span<const std::int64_t> values);

  value_id ints(std::initializer_list<std::int64_t> values) {
    return ints(std::span(values.begin(), values.size()));
  }

  /// A constant without axes; integers are clamped to 64 bits, NaN is 0.
  value_id number(double value, dtype type);

  /// A tensor of ones or zeros, in place of weights that are not given.
  value_id filled(extents shape, double value, dtype type);

  /// Sizes [from, to) of a value as i64[to - from].
  value_id shape_of(value_id v, std::int64_t from, std::int64_t to);

  /// The value itself when it has the dtype, or the dtype is undefined.
  value_id cast(value_id v, dtype type);

  /// A node with one output, by the name of its ONNX operator; inputs that are absent have no id. `add_many` has several.
  value_id add(std::string_view op,
               std::initializer_list<value_id> inputs,
               std::initializer_list<attribute> attributes = {});
  std::vector<value_id> add_many(std::string_view op,
                                 std::span<const value_id> inputs,
                                 std::initializer_list<attribute> attributes,
                                 std::size_t outputs);

  void output(value_id v) { output(0, v); }

  /// Makes a value output `i` of the node; one that the program leaves out is ignored.
  void output(std::size_t i, value_id v);

  /// Fails the node unless it failed before.
  void fail_with(code kind, std::string text);

  bool is_good() const { return static_cast<bool>(state_); }

  /// What was wrong: an op, an argument, or one that nobody read.
  status finish();

 private:
  friend class importer;

  const argument* find(std::string_view name) const;
  const argument* need(std::string_view name);
  value_id value_of(const argument::item& item);
  void collect_outputs();

  importer& host_;
  const node& node_;
  const operator_row& row_;
  mutable std::vector<bool> is_read_;
  std::vector<std::string_view> outputs_;
  std::vector<value_id> made_;
  std::size_t first_value_ = 0;  ///< values from here on were made by this call
  int count_ = 0;
  status state_;
};

/// The dtype of torch.promote_types; undefined gives way to the other.
dtype promoted(dtype a, dtype b);

}  // namespace tenon::inline v0::pt2

#ifndef TENON_COMPILED
#include "tenon/impl/torch_arithmetic.hpp"
#include "tenon/impl/torch_call.hpp"
#include "tenon/impl/torch_functions.hpp"
#include "tenon/impl/torch_graph.hpp"
#include "tenon/impl/torch_indexing.hpp"
#include "tenon/impl/torch_movement.hpp"
#include "tenon/impl/torch_networks.hpp"
#include "tenon/impl/torch_reductions.hpp"
#include "tenon/impl/torch_sizes.hpp"
#endif
