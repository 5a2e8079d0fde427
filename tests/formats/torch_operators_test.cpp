#include "tenon/core/text.hpp"
#include "tenon/formats/torch/importer.hpp"
#include "tenon/ops/list.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace {

using namespace tenon;

/// The parts between dots.
std::vector<std::string_view> parts_of(std::string_view target) {
  std::vector<std::string_view> out;
  for (std::size_t dot = target.find('.'); dot != target.npos; dot = target.find('.')) {
    out.push_back(target.substr(0, dot));
    target.remove_prefix(dot + 1);
  }
  out.push_back(target);
  return out;
}

bool is_identifier(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

bool is_onnx_name(std::string_view name) {
  for (const ir::op_type* type : ops::all_ops())
    for (const ir::onnx_import& form : type->onnx)
      if (form.domain.empty() && form.name == name) return true;
  return false;
}

}  // namespace

TEST_CASE("torch operators: every row has a name of its own, a builder, and is found") {
  std::set<std::string_view> seen;
  for (const auto rows : pt2::operator_families()) {
    REQUIRE_FALSE(rows.empty());
    CHECK(std::is_sorted(rows.begin(), rows.end(),
                         [](const auto& a, const auto& b) { return a.target < b.target; }));
    for (const pt2::operator_row& row : rows) {
      CAPTURE(row.target);
      const auto parts = parts_of(row.target);
      CHECK((parts.size() == 2 || parts.size() == 3));
      CHECK(std::all_of(parts.begin(), parts.end(), is_identifier));
      constexpr std::string_view spaces[] = {"aten", "prims", "_operator", "torch"};
      CHECK(std::find(std::begin(spaces), std::end(spaces), parts[0]) != std::end(spaces));
      CHECK((row.build != nullptr));
      CHECK(seen.insert(row.target).second);
      CHECK(pt2::operator_of(row.target) == &row);
      CHECK(pt2::operator_of(cat("torch.ops.", row.target)) == &row);
      if (parts.size() == 2) CHECK(pt2::operator_of(cat(row.target, ".no_such_overload")) == &row);
      const bool names_op = !row.form.empty() && row.form[0] >= 'A' && row.form[0] <= 'Z';
      if (names_op) CHECK_MESSAGE(is_onnx_name(row.form), row.form);
    }
  }
  CHECK(seen.size() > 250);
}

TEST_CASE("torch operators: overloads and forms in place") {
  const auto target_of = [](std::string_view name) {
    const pt2::operator_row* row = pt2::operator_of(name);
    return row ? row->target : std::string_view("none");
  };
  CHECK(target_of("torch.ops.aten.max.other") == "aten.max.other");
  CHECK(target_of("torch.ops.aten.max.dim") == "aten.max");
  CHECK(target_of("torch.ops.aten.relu_.default") == "aten.relu");
  CHECK(target_of("torch.ops.aten.add_.Tensor") == "aten.add");
  CHECK(target_of("torch.ops.aten.__and__.Tensor") == "aten.__and__");
  CHECK(target_of("_operator.mul") == "_operator.mul");
  for (const std::string_view name :
       {"", ".", "_", "aten", "aten.", "aten._", "aten.__", "aten.ad", "aten.adds", "aten.relu__",
        "add", "torch.ops.", "torch.ops.aten.fft_fft.default", "_operator.mul_", "my.add.Tensor"})
    CHECK_MESSAGE(pt2::operator_of(name) == nullptr, name);
}

TEST_CASE("torch operators: what may return a view says so") {
  for (const std::string_view name :
       {"aten.view", "aten.reshape", "aten.transpose", "aten.slice", "aten.split", "aten.expand",
        "aten.contiguous", "aten.to", "aten.detach", "aten.dropout", "aten.numpy_T"})
    CHECK_MESSAGE(pt2::operator_of(name)->is_view, name);
  for (const auto rows : pt2::operator_families())
    for (const pt2::operator_row& row : rows)
      if (row.target.ends_with("_copy") || row.target == "aten.clone")
        CHECK_FALSE_MESSAGE(row.is_view, row.target);
}
