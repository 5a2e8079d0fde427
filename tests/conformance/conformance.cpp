// Runs the ONNX backend test data: conformance FOLDER [--filter TEXT] [--list-failures] [--skips FILE]

#include "tenon/core/file.hpp"
#include "tenon/formats/onnx/import.hpp"
#include "tenon/infer/interpreter.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace tenon;

/// How far an output may be from the expected one.
struct tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

tolerance tolerance_of(dtype type) {
  switch (type) {
    case dtype::f16:
      return {2e-3, 1e-3};
    case dtype::bf16:
      return {2e-2, 1e-2};
    case dtype::f8e4m3fn:
    case dtype::f8e4m3fnuz:
      return {0.0626, 2e-3};
    case dtype::f8e5m2:
    case dtype::f8e5m2fnuz:
      return {0.126, 1e-4};
    default:
      return {};
  }
}

status compare_numbers(const tensor& found, const tensor& expected) {
  const tolerance allowed = tolerance_of(expected.type());
  const auto count = static_cast<std::size_t>(expected.size());
  std::vector<double> a(count), b(count);
  load_elements<double>(found, a);
  load_elements<double>(expected, b);
  for (std::size_t i = 0; i < count; ++i) {
    const bool both_nan = std::isnan(a[i]) && std::isnan(b[i]);
    if (both_nan || a[i] == b[i]) continue;
    if (!(std::abs(a[i] - b[i]) <= allowed.absolute + allowed.relative * std::abs(b[i])))
      return fail(code::tensor_data, "value ", i, " of ", expected.str(), " is ", a[i],
                  ", expected ", b[i]);
  }
  return {};
}

status compare(const tensor& found, const tensor& expected) {
  if (found.type() != expected.type() || !(found.dims() == expected.dims()))
    return fail(code::shape, "is ", found.str(), ", expected ", expected.str());
  if (is_complex(found.type())) {
    const bool is_wide = found.type() == dtype::c128;
    extents parts = found.dims();
    parts.push_back(2);
    const dtype part = is_wide ? dtype::f64 : dtype::f32;
    return compare_numbers(tensor::over(part, parts, found.memory()),
                           tensor::over(part, parts, expected.memory()));
  }
  if (found.type() != dtype::string) return compare_numbers(found, expected);
  for (std::int64_t i = 0; i < found.size(); ++i)
    if (found.data<std::string>()[i] != expected.data<std::string>()[i])
      return fail(code::tensor_data, "value ", i, " is ",
                  tenon::quoted(found.data<std::string>()[i]), ", expected ",
                  tenon::quoted(expected.data<std::string>()[i]));
  return {};
}

status compare(const datum& found, const datum& expected) {
  if (found.what() != expected.what())
    return fail(code::shape, "is ", found.str(), ", expected ", expected.str());
  if (found.is_tensor()) return compare(found.as_tensor(), expected.as_tensor());
  if (found.items().size() != expected.items().size())
    return fail(code::shape, "has ", found.items().size(), " items, expected ",
                expected.items().size());
  for (std::size_t i = 0; i < found.items().size(); ++i)
    TENON_TRY(compare(found.items()[i], expected.items()[i]));
  return {};
}

result<datum> to_datum(const onnx::value_proto& value, const ir::fact& declared) {
  onnx::tensor_source tensors;
  std::vector<datum> items;
  for (const auto& t : value.tensors) {
    TENON_TRY(tensor content, tensors.read(t));
    items.emplace_back(std::move(content));
  }
  for (const auto& inner : value.sequences) {
    TENON_TRY(datum item, to_datum(inner, ir::fact::sequence_of(declared)));
    items.push_back(std::move(item));
  }
  if (declared.what == ir::fact::kind::optional)
    return items.empty() ? datum() : std::move(items.front());
  datum out(std::move(items));
  out.declare_element_type(declared.type);
  return out;
}

/// The content of a .pb file, read as what the graph declares for the value.
result<datum> read_value(const fs::path& path, const ir::fact& declared) {
  TENON_TRY(const std::string text, read_file(path.string()));
  const auto bytes = std::as_bytes(std::span(text));
  if (declared.is_tensor()) {
    TENON_TRY(const auto proto, onnx::decode_tensor(bytes));
    TENON_TRY(tensor content, onnx::tensor_source().read(proto));
    return datum(std::move(content));
  }
  TENON_TRY(const auto proto, onnx::decode_value(bytes));
  return to_datum(proto, declared);
}

/// A failure and the stage it belongs to.
struct outcome {
  std::string stage;  ///< empty: passed
  std::string text;
};

outcome run_set(const ir::graph& g, const fs::path& set) {
  std::vector<datum> inputs;
  for (std::size_t i = 0; i < g.inputs().size(); ++i) {
    const fs::path path = set / cat("input_", i, ".pb");
    if (!fs::exists(path)) {
      inputs.emplace_back();
      continue;
    }
    auto value = read_value(path, g.fact(g.inputs()[i]));
    if (!value) return {"data", value.failure().message};
    inputs.push_back(*std::move(value));
  }
  const auto outputs = interpret(g, inputs);
  if (!outputs) return {"run", outputs.failure().message};
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    const fs::path path = set / cat("output_", i, ".pb");
    if (!fs::exists(path)) continue;
    const auto expected = read_value(path, g.fact(g.outputs()[i]));
    if (!expected) return {"data", expected.failure().message};
    const auto same = compare((*outputs)[i], *expected);
    if (!same)
      return {same.failure().kind == code::shape ? "wrong shape" : "wrong value",
              cat("output ", i, " ", same.failure().message)};
  }
  return {};
}

outcome run_case(const fs::path& folder) {
  const auto g = load_onnx((folder / "model.onnx").string());
  if (!g) return {cat("load: ", name_of(g.failure().kind)), g.failure().message};
  for (int i = 0;; ++i) {
    const fs::path set = folder / cat("test_data_set_", i);
    if (!fs::exists(set)) return {};
    outcome out = run_set(*g, set);
    if (!out.stage.empty()) return out;
  }
}

std::map<std::string, std::string> read_skips(const std::string& path) {
  std::map<std::string, std::string> out;
  const auto text = read_file(path);
  if (!text) return out;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string line = text->substr(at, end - at);
    at = end + 1;
    const std::size_t tab = line.find('\t');
    if (!line.empty() && line[0] != '#' && tab != line.npos)
      out[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return out;
}

std::vector<fs::path> find_cases(const fs::path& root) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.path().filename() == "model.onnx") out.push_back(entry.path().parent_path());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int main(int count, char** words) {
  std::string root, filter, skips_file;
  bool lists = false;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--filter" && i + 1 < count)
      filter = words[++i];
    else if (word == "--skips" && i + 1 < count)
      skips_file = words[++i];
    else if (word == "--list-failures")
      lists = true;
    else
      root = word;
  }
  if (root.empty() || !fs::is_directory(root)) {
    std::fprintf(stderr,
                 "usage: conformance FOLDER [--filter TEXT] [--list-failures] [--skips FILE]\n");
    return 2;
  }
  const auto skips = read_skips(skips_file);
  std::map<std::string, std::vector<std::string>> failures;
  int passed = 0, failed = 0, skipped = 0;
  for (const fs::path& folder : find_cases(root)) {
    const std::string name = folder.filename().string();
    if (!filter.empty() && name.find(filter) == name.npos) continue;
    if (skips.contains(name)) {
      ++skipped;
      continue;
    }
    const outcome out = run_case(folder);
    ++(out.stage.empty() ? passed : failed);
    if (!out.stage.empty()) failures[out.stage].push_back(cat(name, ": ", out.text));
  }
  for (const auto& [stage, list] : failures) {
    std::printf("%s: %zu\n", stage.c_str(), list.size());
    if (!lists) continue;
    for (const std::string& line : list) std::printf("  %s\n", line.c_str());
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}
