#pragma once

#include "tenon/formats/onnx/wire.hpp"
#include "tenon/tensor/dtype.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tenon_tests {

/// One attribute of a written node, as the bytes of its message.
struct written_attribute {
  std::string bytes;

  static written_attribute of(std::string_view name, std::int64_t value) {
    return made(name, 2, [&](auto& out) { out.integer(3, value); });
  }

  static written_attribute of(std::string_view name, float value) {
    return made(name, 1, [&](auto& out) { out.f32(2, value); });
  }

  static written_attribute of(std::string_view name, const char* value) {
    return made(name, 3, [&](auto& out) { out.text(4, value); });
  }

  static written_attribute of(std::string_view name, std::vector<std::int64_t> values) {
    return made(name, 7, [&](auto& out) { out.integers(8, values); });
  }

  static written_attribute message(std::string_view name,
                                   std::int64_t type,
                                   std::uint32_t field,
                                   const std::string& body) {
    return made(name, type, [&](auto& out) { out.text(field, body); });
  }

  static written_attribute reference(std::string_view name, std::int64_t type, const char* to) {
    return made(name, type, [&](auto& out) { out.text(21, to); });
  }

 private:
  template <class F> static written_attribute made(std::string_view name, std::int64_t type, F f) {
    tenon::onnx::wire_writer out;
    out.text(1, name);
    f(out);
    out.integer(20, type);
    return {std::move(out).take()};
  }
};

/// A declared size: a number, a symbol, or nothing for -1.
struct written_dim {
  std::int64_t value = 0;
  std::string symbol;

  written_dim(int v) : value(v) {}

  written_dim(std::int64_t v) : value(v) {}

  written_dim(const char* name) : symbol(name) {}
};

/// The bytes of a node.
inline std::string node_bytes(std::string_view op,
                              std::initializer_list<std::string_view> inputs,
                              std::initializer_list<std::string_view> outputs,
                              std::initializer_list<written_attribute> attributes = {},
                              std::string_view name = {},
                              std::string_view domain = {}) {
  tenon::onnx::wire_writer out;
  for (const auto i : inputs) out.text(1, i);
  for (const auto o : outputs) out.text(2, o);
  if (!name.empty()) out.text(3, name);
  out.text(4, op);
  for (const auto& a : attributes) out.text(5, a.bytes);
  if (!domain.empty()) out.text(7, domain);
  return std::move(out).take();
}

/// The bytes of a tensor with raw data.
inline std::string tensor_bytes(std::string_view name,
                                std::int64_t type,
                                std::initializer_list<std::int64_t> dims,
                                std::string_view raw) {
  tenon::onnx::wire_writer out;
  for (const auto d : dims) out.integer(1, d);
  out.integer(2, type);
  out.text(8, name);
  out.text(9, raw);
  return std::move(out).take();
}

/// The raw bytes of numbers.
template <class T> std::string raw_bytes(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

/// Writes graphs and models field by field, wrong ones too.
class onnx_model {
 public:
  onnx_model& node(std::string_view op,
                   std::initializer_list<std::string_view> inputs,
                   std::initializer_list<std::string_view> outputs,
                   std::initializer_list<written_attribute> attributes = {},
                   std::string_view name = {},
                   std::string_view domain = {}) {
    graph_.text(1, node_bytes(op, inputs, outputs, attributes, name, domain));
    return *this;
  }

  onnx_model& initializer(const std::string& tensor) {
    graph_.text(5, tensor);
    return *this;
  }

  onnx_model& input(std::string_view name,
                    const std::vector<written_dim>& shape,
                    std::int64_t type = 1) {
    return value(11, name, shape, type);
  }

  onnx_model& output(std::string_view name,
                     const std::vector<written_dim>& shape = {},
                     std::int64_t type = 0) {
    return value(12, name, shape, type);
  }

  onnx_model& function(std::string_view domain,
                       std::string_view name,
                       std::initializer_list<std::string_view> inputs,
                       std::initializer_list<std::string_view> outputs,
                       std::initializer_list<std::string> nodes,
                       std::initializer_list<std::string_view> attributes = {}) {
    functions_.message(25, [&] {
      functions_.text(1, name);
      for (const auto i : inputs) functions_.text(4, i);
      for (const auto o : outputs) functions_.text(5, o);
      for (const auto a : attributes) functions_.text(6, a);
      for (const auto& n : nodes) functions_.text(7, n);
      functions_.text(10, domain);
    });
    opset(domain, 1);
    return *this;
  }

  onnx_model& opset(std::string_view domain, std::int64_t version) {
    functions_.message(8, [&] {
      functions_.text(1, domain);
      functions_.integer(2, version);
    });
    return *this;
  }

  /// The GraphProto, for attributes that hold graphs.
  std::string graph() const { return graph_.str(); }

  /// The ModelProto.
  std::string bytes(std::int64_t version = 21, std::int64_t ir = 10) const {
    tenon::onnx::wire_writer out;
    out.integer(1, ir);
    out.message(8, [&] { out.integer(2, version); });
    out.text(7, graph_.str());
    return std::move(out).take() + functions_.str();
  }

 private:
  onnx_model& value(std::uint32_t field,
                    std::string_view name,
                    const std::vector<written_dim>& shape,
                    std::int64_t type) {
    graph_.message(field, [&] {
      graph_.text(1, name);
      if (type == 0) return;
      graph_.message(2, [&] { graph_.message(1, [&] { write_tensor_type(shape, type); }); });
    });
    return *this;
  }

  void write_tensor_type(const std::vector<written_dim>& shape, std::int64_t type) {
    graph_.integer(1, type);
    graph_.message(2, [&] {
      for (const auto& d : shape)
        graph_.message(1, [&] {
          if (!d.symbol.empty())
            graph_.text(2, d.symbol);
          else if (d.value >= 0)
            graph_.integer(1, d.value);
        });
    });
  }

  tenon::onnx::wire_writer graph_, functions_;
};

}  // namespace tenon_tests
