#pragma once

#include "tenon/core/text.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

// What the tool says about a command line that it does not understand.
namespace tool {

/// `; did you mean fuse?` for the known name that is a few letters away; empty when none is.
inline std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  std::size_t least = std::min<std::size_t>(3, name.size() / 3 + 1) + 1;
  std::string out;
  for (const std::string& k : known)
    if (const std::size_t far = tenon::edit_distance(name, k); far < least) {
      least = far;
      out = tenon::cat("; did you mean ", k, "?");
    }
  return out;
}

/// `MODEL [OTHER]` and what the positional arguments of a command are.
inline std::string arguments_of(const CLI::App& command) {
  std::string names, meaning;
  for (const CLI::Option* o : command.get_options()) {
    if (!o->get_positional()) continue;
    names += o->get_required() ? tenon::cat(" ", o->get_name(true))
                               : tenon::cat(" [", o->get_name(true), "]");
    meaning +=
        tenon::cat(meaning.empty() ? "" : ", ", o->get_name(true), ": ", o->get_description());
  }
  return tenon::cat("tenon ", command.get_name(), names, " (", meaning, ")");
}

/// The fault of a command line in words, and where to look.
inline std::string usage_fault(const CLI::App& app,
                               const CLI::ParseError& e,
                               const std::vector<std::string>& words) {
  std::vector<std::string> commands;
  for (const CLI::App* a : app.get_subcommands(nullptr)) commands.push_back(a->get_name());
  const std::string expected = tenon::cat("expected one of ", tenon::join(commands));
  if (words.empty()) return tenon::cat("no command: ", expected, "; see tenon --help");
  if (words[0].starts_with('-'))
    return tenon::cat(tenon::quoted(words[0]), " stands where the command has to: ", expected,
                      "; see tenon --help");
  const CLI::App* command = nullptr;
  for (const CLI::App* a : app.get_subcommands(nullptr))
    if (a->get_name() == words[0]) command = a;
  if (!command)
    return tenon::cat(tenon::quoted(words[0]), " is no command: ", expected,
                      nearest(words[0], commands), "; see tenon --help");
  std::string out = e.what();
  if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError))
    out += ": expected " + arguments_of(*command);
  if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    std::vector<std::string> options;
    for (const CLI::Option* o : command->get_options())
      for (const std::string& name : o->get_lnames()) options.push_back("--" + name);
    for (std::string word : words) {
      word.resize(std::min(word.find('='), word.size()));
      if (!word.starts_with("--") || command->get_option_no_throw(word)) continue;
      out = tenon::cat("option ", tenon::quoted(word), " is unknown", nearest(word, options));
      break;
    }
  }
  return tenon::cat(out, "; see tenon ", command->get_name(), " --help");
}

}  // namespace tool
