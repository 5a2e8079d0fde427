#pragma once

#include "tenon/formats/onnx/import.hpp"
#include "tenon/infer/interpreter.hpp"
#include "tenon/tensor/convert.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/onnx_model.hpp"
#include <doctest/doctest.h>

namespace tenon_tests {

using namespace tenon;
using attribute = written_attribute;
using attributes = std::vector<attribute>;
using ints = std::vector<std::int64_t>;

/// An input of the one node of a model: of the graph, a constant of it, or absent.
struct operand {
  tensor value;
  bool is_constant = false;
};

inline operand in(tensor t) {
  return {std::move(t)};
}

inline operand fixed(tensor t) {
  return {std::move(t), true};
}

inline tensor f32(extents dims, std::initializer_list<float> v) {
  return tensor::of<float>(std::move(dims), v);
}

inline tensor f32(std::initializer_list<float> v) {
  return f32({static_cast<std::int64_t>(v.size())}, v);
}

inline tensor i64(std::initializer_list<std::int64_t> v) {
  return tensor::of<std::int64_t>({static_cast<std::int64_t>(v.size())}, v);
}

inline attribute list(std::string_view name, ints values) {
  return attribute::of(name, std::move(values));
}

inline attribute whole(std::string_view name, std::int64_t value) {
  return attribute::of(name, value);
}

/// A list of floats as an attribute.
inline attribute floats_of(std::string_view name, std::initializer_list<float> values) {
  onnx::wire_writer out;
  out.text(1, name);
  for (const float v : values) out.f32(7, v);
  out.integer(20, 6);
  return {std::move(out).take()};
}

inline void write_tensor(onnx::wire_writer& out, std::string_view name, const tensor& t) {
  out.integers(1, std::span(t.dims().data(), t.dims().size()));
  out.integer(2, static_cast<std::int64_t>(t.type()));
  out.text(8, name);
  out.bytes(9, {t.bytes(), t.size_bytes()});
}

inline void write_input(onnx::wire_writer& out, std::string_view name, const tensor& t) {
  out.text(1, name);
  out.message(2, [&] {
    out.message(1, [&] {
      out.integer(1, static_cast<std::int64_t>(t.type()));
      out.message(2, [&] {
        for (const std::int64_t d : t.dims()) out.message(1, [&] { out.integer(1, d); });
      });
    });
  });
}

/// The bytes of a model with one node of an op of an opset.
inline std::string model_of(std::string_view op,
                            std::int64_t opset,
                            const std::vector<operand>& operands,
                            const attributes& given,
                            std::size_t outputs) {
  onnx::wire_writer out;
  out.integer(1, 10);
  out.message(8, [&] { out.integer(2, opset); });
  out.message(7, [&] {
    out.message(1, [&] {
      for (std::size_t i = 0; i < operands.size(); ++i)
        out.text(1, operands[i].value ? cat("i", i) : std::string());
      for (std::size_t i = 0; i < outputs; ++i) out.text(2, cat("o", i));
      out.text(3, "the_node");
      out.text(4, op);
      for (const attribute& a : given) out.text(5, a.bytes);
    });
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const tensor& value = operands[i].value;
      const bool is_constant = operands[i].is_constant;
      if (!value) continue;
      out.message(is_constant ? 5 : 11, [&] {
        if (is_constant)
          write_tensor(out, cat("i", i), value);
        else
          write_input(out, cat("i", i), value);
      });
    }
    for (std::size_t i = 0; i < outputs; ++i) out.message(12, [&] { out.text(1, cat("o", i)); });
  });
  return std::move(out).take();
}

/// `f32[2]: 1 2`
inline std::string text_of(const tensor& t) {
  std::string out = cat(t.str(), ":");
  std::vector<double> values(static_cast<std::size_t>(t.size()));
  load_elements<double>(t, values);
  for (const double v : values) out += cat(" ", v);
  return out;
}

/// Loads the model of one node and runs it: the text of all outputs, or of the error.
inline std::string run(std::string_view op,
                       std::int64_t opset,
                       const std::vector<operand>& operands,
                       const attributes& given = {},
                       std::size_t outputs = 1) {
  const std::string bytes = model_of(op, opset, operands, given, outputs);
  const auto g = load_onnx(std::as_bytes(std::span(bytes)));
  if (!g) return g.failure().message;
  std::vector<datum> inputs;
  for (const operand& o : operands)
    if (o.value && !o.is_constant) inputs.emplace_back(o.value);
  const auto out = interpret(*g, inputs);
  if (!out) return out.failure().message;
  std::string text;
  for (const datum& d : *out) text += cat(text.empty() ? "" : "; ", text_of(d.as_tensor()));
  return text;
}

inline bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

#define CHECK_SAYS(text, part)  \
  do {                          \
    const std::string t = text; \
    CAPTURE(t);                 \
    CHECK(says(t, part));       \
  } while (false)

}  // namespace tenon_tests
