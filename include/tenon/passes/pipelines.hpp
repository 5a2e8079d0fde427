#pragma once

#include "tenon/passes/apply_rules.hpp"
#include "tenon/passes/fold_constants.hpp"
#include "tenon/passes/level.hpp"
#include "tenon/passes/manager.hpp"
#include "tenon/passes/propagate_symbols.hpp"
#include "tenon/passes/remove_dead.hpp"
#include "tenon/passes/share_common.hpp"
#include "tenon/rules/list.hpp"

#include <array>
#include <cctype>

namespace tenon::inline v0::passes {

/// A pass that pipelines can name.
struct named_pass {
  pass_info info;
  std::string_view argument;  ///< what stands in brackets; empty: nothing may
  result<any_pass> (*make)(std::string_view argument);
};

namespace pipeline_detail {

template <pass P> result<any_pass> make(std::string_view argument) {
  if (!argument.empty())
    return fail(code::option, "pass ", quoted(P::info.name), " takes no argument, found ",
                quoted(argument));
  return any_pass(P{});
}

inline result<any_pass> make_fuse(std::string_view argument) {
  const std::string_view wanted = argument.empty() ? "standard" : argument;
  std::string known;
  for (const rules::named_rules& set : rules::sets) {
    if (set.name == wanted) return any_pass(apply_rules(std::string(wanted), set.rules));
    known += cat(known.empty() ? "" : ", ", set.name);
  }
  return fail(code::option, "pass 'fuse' has no rule set ", quoted(wanted), ", expected one of ",
              known);
}

template <pass P> constexpr named_pass entry() {
  return {P::info, {}, &make<P>};
}

}  // namespace pipeline_detail

/// Every pass that a textual pipeline can use.
inline constexpr named_pass list[] = {
    pipeline_detail::entry<remove_dead>(),
    pipeline_detail::entry<share_common>(),
    pipeline_detail::entry<fold_constants>(),
    pipeline_detail::entry<propagate_symbols>(),
    {apply_rules::info, "rule set", &pipeline_detail::make_fuse},
};

/// Rounds after which `repeat(...)` gives up although something still changes.
inline constexpr int max_rounds = 8;

namespace pipeline_detail {

/// Reads `name`, `name(argument)` and `repeat(...)`, separated by commas.
class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  result<pipeline> read() {
    pipeline out;
    TENON_TRY(read_items(out, false));
    skip_space();
    if (at_ != text_.size()) return unexpected("the end");
    return out;
  }

 private:
  status read_items(pipeline& out, bool is_repeated) {
    stage current;
    current.max_rounds = is_repeated ? max_rounds : 1;
    skip_space();
    while (at_ < text_.size() && text_[at_] != ')') {
      const std::string_view word = read_word();
      if (word.empty()) return unexpected("the name of a pass");
      if (word == "repeat") {
        if (is_repeated) return fail(code::option, "pipeline: repeat inside of repeat");
        if (!current.passes.empty()) out.stages.push_back(std::exchange(current, {}));
        TENON_TRY(expect('('));
        TENON_TRY(read_items(out, true));
        TENON_TRY(expect(')'));
      } else {
        TENON_TRY(auto p, read_pass(word));
        current.passes.push_back(std::move(p));
      }
      skip_space();
      if (at_ < text_.size() && text_[at_] == ',')
        ++at_;
      else
        break;
    }
    if (!current.passes.empty()) out.stages.push_back(std::move(current));
    return {};
  }

  result<any_pass> read_pass(std::string_view word) {
    std::string_view argument;
    if (at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      argument = read_word();
      TENON_TRY(expect(')'));
    }
    for (const named_pass& p : list)
      if (p.info.name == word) return p.make(argument);
    std::string known;
    for (const named_pass& p : list) known += cat(known.empty() ? "" : ", ", p.info.name);
    return fail(code::option, "pipeline: pass ", quoted(word), " is unknown, expected one of ",
                known);
  }

  std::string_view read_word() {
    skip_space();
    const std::size_t first = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                  text_[at_] == '-' || text_[at_] == '_'))
      ++at_;
    return text_.substr(first, at_ - first);
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  status expect(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return unexpected(cat("'", c, "'"));
    ++at_;
    return {};
  }

  error unexpected(std::string_view wanted) const {
    return fail(code::option, "pipeline: found ", quoted(text_.substr(at_, 20)), " at position ",
                at_, ", expected ", wanted);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace pipeline_detail

/// A pipeline from text such as `fold-constants,repeat(fuse(standard),remove-dead)`.
inline result<pipeline> parse_pipeline(std::string_view text) {
  return pipeline_detail::reader(text).read();
}

/// The text of the pipeline of a level.
constexpr std::string_view pipeline_text(level l) {
  if (l == level::none) return "";
  return "propagate-symbols,remove-dead,share-common,"
         "repeat(fold-constants,fuse(standard),propagate-symbols,share-common,remove-dead)";
}

/// The pipeline of a level; also sets what rules may do.
inline pipeline pipeline_for(level l, run_options& options) {
  options.settings.reassociates = l == level::o2;
  return *parse_pipeline(pipeline_text(l));
}

}  // namespace tenon::inline v0::passes
