#pragma once

#include "tenon/tensor/tensor.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tenon::inline v0 {

/// What flows along an edge at run time: a tensor, a sequence of tensors, or nothing (an absent optional).
class datum {
 public:
  enum class kind : unsigned char { none, tensor, sequence };

  datum() = default;

  datum(tensor value) : kind_(kind::tensor), tensor_(std::move(value)) {}

  datum(std::vector<datum> items) : kind_(kind::sequence), items_(std::move(items)) {}

  kind what() const { return kind_; }

  bool is_tensor() const { return kind_ == kind::tensor; }

  bool is_sequence() const { return kind_ == kind::sequence; }

  explicit operator bool() const { return kind_ != kind::none; }

  const tensor& as_tensor() const { return tensor_; }

  tensor& as_tensor() { return tensor_; }

  const std::vector<datum>& items() const { return items_; }

  std::vector<datum>& items() { return items_; }

  /// Element dtype of a sequence that may be empty.
  dtype element_type() const {
    return is_tensor()      ? tensor_.type()
           : items_.empty() ? element_type_
                            : items_.front().element_type();
  }

  /// Fixes the dtype that an empty sequence reports.
  void declare_element_type(dtype type) { element_type_ = type; }

  std::string str() const {
    if (is_tensor()) return tensor_.str();
    return is_sequence() ? cat("sequence of ", items_.size()) : "none";
  }

 private:
  kind kind_ = kind::none;
  dtype element_type_ = dtype::undefined;
  tensor tensor_;
  std::vector<datum> items_;
};

}  // namespace tenon::inline v0
