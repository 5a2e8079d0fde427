#pragma once

#include "tenon/core/result.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace tenon::inline v0::ops {

/// A parsed Einstein summation: one label per axis of every operand and of the output. Letters are
/// their character codes; axes under an ellipsis are numbered from `first_ellipsis_label`.
struct einsum_equation {
  static constexpr int first_ellipsis_label = 256;

  std::vector<std::vector<int>> operands;
  std::vector<int> output;

  /// Reads `text` for operands of the given ranks.
  static result<einsum_equation> parse(std::string_view text,
                                       const std::vector<std::size_t>& ranks);
};

namespace einsum_detail {

constexpr int ellipsis = -1;

/// The labels of one term, with `ellipsis` where dots stand.
inline result<std::vector<int>> read_term(std::string_view term) {
  std::vector<int> out;
  for (std::size_t i = 0; i < term.size(); ++i) {
    const char c = term[i];
    if (c == ' ') continue;
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter) {
      out.push_back(static_cast<unsigned char>(c));
    } else if (term.substr(i, 3) == "..." &&
               std::find(out.begin(), out.end(), ellipsis) == out.end()) {
      out.push_back(ellipsis);
      i += 2;
    } else {
      return fail(code::attribute, "equation has the term ", quoted(term),
                  ", expected letters and at most one ellipsis");
    }
  }
  return out;
}

/// Replaces the ellipsis by the last `count` of `total` labels.
inline std::vector<int> spread(const std::vector<int>& term, std::size_t count, std::size_t total) {
  std::vector<int> out;
  for (const int label : term) {
    if (label != ellipsis) out.push_back(label);
    for (std::size_t k = 0; label == ellipsis && k < count; ++k)
      out.push_back(einsum_equation::first_ellipsis_label + static_cast<int>(total - count + k));
  }
  return out;
}

inline std::size_t occurrences(const std::vector<std::vector<int>>& terms, int label) {
  std::size_t out = 0;
  for (const auto& t : terms)
    out += static_cast<std::size_t>(std::count(t.begin(), t.end(), label));
  return out;
}

/// The output of an equation without an arrow: the ellipsis, then the labels that occur once, sorted.
inline std::vector<int> implicit_output(const std::vector<std::vector<int>>& terms) {
  std::vector<int> out;
  for (const auto& t : terms)
    for (const int label : t)
      if (label != ellipsis && occurrences(terms, label) == 1) out.push_back(label);
  std::sort(out.begin(), out.end());
  if (occurrences(terms, ellipsis) > 0) out.insert(out.begin(), ellipsis);
  return out;
}

inline result<std::vector<std::vector<int>>> read_operands(std::string_view left) {
  std::vector<std::vector<int>> terms;
  while (true) {
    const std::size_t comma = left.find(',');
    TENON_TRY(std::vector<int> term, read_term(left.substr(0, comma)));
    terms.push_back(std::move(term));
    if (comma == left.npos) return terms;
    left.remove_prefix(comma + 1);
  }
}

}  // namespace einsum_detail

inline result<einsum_equation> einsum_equation::parse(std::string_view text,
                                                      const std::vector<std::size_t>& ranks) {
  using namespace einsum_detail;
  const std::size_t arrow = text.find("->");
  TENON_TRY(auto terms, read_operands(text.substr(0, arrow)));
  if (terms.size() != ranks.size())
    return fail(code::attribute, "equation ", quoted(text), " has ", terms.size(),
                " terms, expected one for each of ", ranks.size(), " inputs");
  std::vector<int> output = implicit_output(terms);
  if (arrow != text.npos) {
    TENON_TRY(output, read_term(text.substr(arrow + 2)));
  }
  std::size_t total = 0;
  std::vector<std::size_t> hidden(terms.size(), 0);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const bool has_dots = occurrences({terms[i]}, ellipsis) > 0;
    const std::size_t named = terms[i].size() - (has_dots ? 1 : 0);
    if (has_dots ? ranks[i] < named : ranks[i] != named)
      return fail(code::shape, "input ", i, " has rank ", ranks[i], ", expected ", named,
                  has_dots ? " or more" : "", " for equation ", quoted(text));
    hidden[i] = ranks[i] - named;
    total = std::max(total, hidden[i]);
  }
  einsum_equation out;
  for (std::size_t i = 0; i < terms.size(); ++i)
    out.operands.push_back(spread(terms[i], hidden[i], total));
  out.output = spread(output, total, total);
  for (const int label : out.output)
    if (occurrences({out.output}, label) != 1 || occurrences(out.operands, label) == 0)
      return fail(code::attribute, "equation ", quoted(text),
                  " has an output label that is repeated or in no input, expected each once");
  return out;
}

}  // namespace tenon::inline v0::ops
