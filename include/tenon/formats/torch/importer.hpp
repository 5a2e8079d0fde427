#pragma once

#include "tenon/formats/torch/archive.hpp"
#include "tenon/formats/torch/import.hpp"
#include "tenon/ir/graph.hpp"

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

/// How an operator of torch becomes ops of the graph.
struct operator_row {
  std::string_view target;  ///< `aten.add`, or `aten.add.Tensor` for one overload only
  void (*build)(call&);
  std::string_view op = {};  ///< an ONNX operator for `build`
};

/// The operators that are understood, one list for each family.
std::span<const operator_row> arithmetic_rows();
std::span<const operator_row> function_rows();
std::span<const operator_row> reduction_rows();
std::span<const operator_row> network_rows();
std::span<const operator_row> movement_rows();
std::span<const operator_row> indexing_rows();
std::span<const operator_row> size_rows();

/// Builds the graph of a decoded program. Use once.
class importer {
 public:
  importer(const program& from,
           archive& files,
           std::span<const ir::op_type* const> ops,
           const import_options& options)
      : program_(from), files_(files), ops_(ops), options_(options) {}

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

  const operator_row* row_of(std::string_view target) const;
  const ir::op_type* op_of(std::string_view name) const;
  status scan();
  status add_inputs();
  status add_input(std::string_view name);
  status add_nodes();
  status add_node(const node& from, std::size_t index);
  status add_outputs();
  status check_value(std::string_view name, value_id v) const;
  void note_storage(const node& from, std::string_view base);
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
  std::unordered_map<std::string_view, const operator_row*> rows_;
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
class call {
 public:
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

  value_id tensor_at(std::string_view name);
  value_id optional_tensor(std::string_view name);
  std::vector<value_id> tensors(std::string_view name);
  std::int64_t integer(std::string_view name, std::optional<std::int64_t> otherwise = {});
  std::vector<std::int64_t> integers(std::string_view name,
                                     std::vector<std::int64_t> otherwise = {});
  double real(std::string_view name, std::optional<double> otherwise = {});
  std::vector<double> reals(std::string_view name);
  bool flag(std::string_view name, bool otherwise = false);
  std::string_view text(std::string_view name, std::string_view otherwise = {});
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

  const ir::fact& fact(value_id v) const;

  dtype type_of(value_id v) const { return fact(v).type; }

  std::int64_t rank(value_id v) const { return static_cast<std::int64_t>(fact(v).rank()); }

  /// Whether the content of an i64[1] is known to be `low` or more.
  bool is_at_least(value_id v, std::int64_t low) const;

  /// The dtype that the program declares for output `i`.
  dtype declared(std::size_t i = 0) const;

  std::size_t output_count() const { return outputs_.size(); }

  value_id constant(tensor content);
  value_id ints(std::span<const std::int64_t> values);

  value_id ints(std::initializer_list<std::int64_t> values) {
    return ints(std::span(values.begin(), values.size()));
  }

  value_id number(double value, dtype type);

  /// A tensor of ones or zeros, in place of weights that are not given.
  value_id filled(extents shape, double value, dtype type);

  /// Sizes [from, to) of a value as i64[to - from].
  value_id shape_of(value_id v, std::int64_t from, std::int64_t to);
  value_id cast(value_id v, dtype type);

  /// A node with one output, by the name of its ONNX operator.
  value_id add(std::string_view op,
               std::initializer_list<value_id> inputs,
               std::initializer_list<attribute> attributes = {});
  std::vector<value_id> add_many(std::string_view op,
                                 std::span<const value_id> inputs,
                                 std::initializer_list<attribute> attributes,
                                 std::size_t outputs);

  void output(value_id v) { output(0, v); }

  void output(std::size_t i, value_id v);

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

/// The dtype of torch.promote_types.
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
