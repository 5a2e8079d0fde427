// The tenon command-line tool. Exit codes: 0 ok, 1 the model or an input is at fault, 2 usage.
#include <cstdio>
#include <new>
#include <string>
#include <string_view>

#include "tool/commands.hpp"
#include "tool/usage.hpp"

namespace {

int report(const tenon::error& e) {
  std::string text = e.message;
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.replace(at, 1, "; ");
  std::fprintf(stderr, "tenon: %s error: %s\n", std::string(name_of(e.kind)).c_str(), text.c_str());
  return e.kind == tenon::code::option ? 2 : 1;
}

int run_command_line(int argc, char** argv) {
  CLI::App app("ONNX graph optimizer and CPU runtime", "tenon");
  app.set_version_flag("--version", std::string("tenon ") + TENON_VERSION);
  app.require_subcommand(1);
  tool::command chosen;
  tool::add_commands(app, chosen);
  try {
    if (argc == 2 && std::string_view(argv[1]) == "help") throw CLI::CallForHelp();
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    const std::string fault = tool::usage_fault(app, e, {argv + 1, argv + argc});
    std::fprintf(stderr, "tenon: usage: %s\n", fault.c_str());
    return 2;
  }
  const auto text = chosen();
  if (!text) return report(text.failure());
  std::fwrite(text->data(), 1, text->size(), stdout);
  return std::fflush(stdout) == 0
             ? 0
             : report(tenon::fail(tenon::code::io, "stdout: cannot be written"));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command_line(argc, argv);
  } catch (const tenon::exception& e) {
    return report(e.failure());
  } catch (const std::bad_alloc&) {
    return report(tenon::fail(tenon::code::resource, "out of memory"));
  } catch (const std::exception& e) {
    return report(tenon::fail(tenon::code::resource, e.what()));
  }
}
