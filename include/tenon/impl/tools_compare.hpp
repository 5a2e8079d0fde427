#pragma once

#include "tenon/tools/command_compare.hpp"

namespace tenon::inline v0::tools {

TENON_INLINE result<std::string> compare_command::operator()() const {
  TENON_TRY(auto first, open_model(a));
  TENON_TRY(auto second, open_model(b));
  TENON_TRY(const auto values, read_inputs(declared_inputs::of(first.model), inputs));
  TENON_TRY(const auto left, first.session.run_positional(values));
  std::vector<named_value> named;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) named.push_back({first.model.input_name(i), values[i]});
  TENON_TRY(const auto right, second.session.run(named));
  std::string out;
  std::string beyond;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const std::string& name = first.model.output_name(i);
    std::size_t k = 0;
    while (k < right.size() && second.model.output_name(k) != name) ++k;
    if (k == right.size()) k = i;
    if (k >= right.size())
      return fail(code::input, "output ", quoted(name), " is missing in ", quoted(b.path));
    const difference d = compare(left.value(i), right.value(k));
    const bool is_beyond = !d.mismatch.empty() || (tolerance && !d.is_within(*tolerance));
    if (is_beyond) beyond += cat(beyond.empty() ? "" : ", ", quoted(name));
    out += cat(printable_name(name), ": ");
    if (!d.mismatch.empty())
      out += cat("differs: ", d.mismatch, "\n");
    else
      out += cat(left.value(i).str(), ": max abs ", d.max_abs, ", max rel ", d.max_rel,
                 ", max ulp ", d.max_ulp, ", abs / scale ", d.scaled(), ", ", d.differing, " of ",
                 d.count, " differ\n");
  }
  if (beyond.empty()) return out;
  return fail(code::input, "outputs differ: ", beyond, "\n", out);
}

}  // namespace tenon::inline v0::tools
