#pragma once

#include "tenon/tools/command_bench.hpp"
#include "tenon/tools/command_check.hpp"
#include "tenon/tools/command_compare.hpp"
#include "tenon/tools/command_demo.hpp"
#include "tenon/tools/command_inspect.hpp"
#include "tenon/tools/command_lists.hpp"
#include "tenon/tools/command_optimize.hpp"
#include "tenon/tools/command_quickstart.hpp"
#include "tenon/tools/command_run.hpp"
#include "tenon/tools/range_file.hpp"

#include <cstdio>
#include <memory>

#include "tool/options.hpp"

namespace tool {

using text_result = tenon::result<std::string>;

/// A command and the texts of its options, kept alive by the callback of its subcommand.
template <class Command> struct entry {
  Command run;
  texts text, text_b;
  std::string range_file, min, max;
  std::vector<std::string> opts;
  double tolerance = -1;
};

template <class Command> std::shared_ptr<entry<Command>> make_entry() {
  return std::make_shared<entry<Command>>();
}

/// Turns the texts of the command line into the model's settings.
template <class Command> tenon::status finish_model(entry<Command>& e) {
  return finish(e.text, e.run.model);
}

/// When `sub` stands on the command line: `prepare(*e)`, then the command.
template <class Command, class Prepare>
void choose(CLI::App& sub, command& chosen, std::shared_ptr<entry<Command>> e, Prepare prepare) {
  sub.callback([&chosen, e, prepare] {
    chosen = [e, prepare]() -> text_result {
      TENON_TRY(prepare(*e));
      return e->run();
    };
  });
}

inline void add_run(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::run_command>();
  CLI::App* sub = app.add_subcommand("run", "run a model once, from files to files");
  add_model_options(*sub, e->run.model, e->text);
  add_reference(*sub, e->run.model);
  add_input_options(*sub, e->run.inputs);
  sub->add_option("--output-dir", e->run.output_dir, "folder for the outputs");
  choose(*sub, chosen, e, finish_model<tenon::tools::run_command>);
}

inline void add_bench(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::bench_command>();
  CLI::App* sub = app.add_subcommand("bench", "time a model");
  add_model_options(*sub, e->run.model, e->text);
  add_reference(*sub, e->run.model);
  add_input_options(*sub, e->run.inputs);
  add_timing_options(*sub, e->run.timing);
  sub->add_option("--json", e->run.json_path, "also write the result there");
  sub->add_flag("--profile", e->run.model.profile, "also print the steps by time");
  choose(*sub, chosen, e, finish_model<tenon::tools::bench_command>);
}

inline void add_inspect(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::inspect_command>();
  CLI::App* sub = app.add_subcommand("inspect", "inputs, outputs, symbols, ops, weights");
  sub->add_option("MODEL", e->run.path, "model file: .onnx, or .pt2 of torch.export.save")
      ->required();
  sub->add_flag("--text", e->run.prints_text, "also every node");
  sub->callback([&chosen, e] { chosen = [e] { return e->run(); }; });
}

inline void add_check(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::check_command>();
  CLI::App* sub = app.add_subcommand("check", "declared inputs, and sizes that the export froze");
  sub->add_option("MODEL", e->run.path, "model file: .onnx, or .pt2 of torch.export.save")
      ->required();
  sub->callback([&chosen, e] { chosen = [e] { return e->run(); }; });
}

inline void add_compare(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::compare_command>();
  CLI::App* sub =
      app.add_subcommand("compare", "outputs of two models, or of one under two sets of options");
  add_model_options(*sub, e->run.a, e->text);
  add_reference(*sub, e->run.a);
  sub->add_option("OTHER", e->run.b.path, "second model; by default the same");
  sub->add_option("--level-b", e->text_b.level, "level of the second")->capture_default_str();
  sub->add_flag("--reference-b", e->run.b.reference_only, "reference kernels for the second");
  add_input_options(*sub, e->run.inputs);
  sub->add_option("--tolerance", e->tolerance, "largest error over scale that is no failure")
      ->check(CLI::Range(0.0, 1e9));
  choose(*sub, chosen, e, [](auto& given) -> tenon::status {
    auto& run = given.run;
    TENON_TRY(finish(given.text, run.a));
    run.b.threads = run.a.threads;
    TENON_TRY(finish(given.text_b, run.b));
    if (run.b.path.empty()) run.b.path = run.a.path;
    run.b.memory_limit_bytes = run.a.memory_limit_bytes;
    run.b.time_limit_seconds = run.a.time_limit_seconds;
    if (given.tolerance >= 0) run.tolerance = given.tolerance;
    return {};
  });
}

template <class Entry> tenon::status finish_ranges(Entry& e) {
  if (!e.range_file.empty()) {
    TENON_TRY(auto config, tenon::tools::load_range_config(e.range_file));
    e.run.ranges = std::move(config.ranges);
    e.run.gpu = config.gpu;
  }
  if (e.min.empty()) return {};
  tenon::shape_range one;
  TENON_TRY(one.min, tenon::tools::read_shapes(e.min));
  TENON_TRY(one.max, tenon::tools::read_shapes(e.max));
  for (const std::string& text : e.opts) {
    TENON_TRY(auto point, tenon::tools::read_shapes(text));
    one.opts.push_back(std::move(point));
  }
  e.run.ranges.push_back(std::move(one));
  return {};
}

inline constexpr const char* range_help =
    "The file of --range is a JSON object, or a list of them, one per range:\n"
    "  {\"min\": [[1, 3, 224, 224], [1, 128]],\n"
    "   \"max\": [[8, 3, 224, 224], [8, 512]],\n"
    "   \"opts\": [[[4, 3, 224, 224], [4, 128]]]}\n"
    "min, max and each point of opts have one list of sizes per input, in the order of tenon "
    "inspect;\n"
    "for one input the list alone will do: {\"min\": [1, 4], \"max\": [10, 4], \"opts\": [[5, "
    "4]]}.\n"
    "opts (shapes to be fastest at) may be left out. Options of a GPU, which are only reported, go "
    "beside it:\n"
    "  {\"dynamic_tuning_shapes\": {\"min\": [1, 4], \"max\": [10, 4]},\n"
    "   \"gpu_config\": {\"disable_fp16_accuracy_check\": true}}\n";

inline void add_optimize(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::optimize_command>();
  CLI::App* sub = app.add_subcommand("optimize", "write an optimized copy of a model");
  add_model_options(*sub, e->run.model, e->text);
  add_input_options(*sub, e->run.inputs);
  sub->add_option("-o,--output", e->run.output,
                  "the optimized model as ONNX; without it nothing is saved");
  sub->add_option("--report", e->run.report_path, "what was done, as JSON");
  sub->add_option("--passes", e->run.pipeline,
                  "a pipeline instead of that of the level; see tenon passes");
  auto* file = sub->add_option("--range", e->range_file, "ranges of shapes as JSON, see below");
  auto* min = sub->add_option("--min", e->min, "least shapes, such as 1x3x224x224,1x128");
  auto* max = sub->add_option("--max", e->max, "greatest shapes");
  sub->add_option("--opt", e->opts, "shapes to be fastest at; may be repeated")
      ->take_all()
      ->expected(1)
      ->needs(min);
  min->needs(max)->excludes(file);
  max->needs(min);
  sub->footer(range_help);
  choose(*sub, chosen, e, [](auto& given) -> tenon::status {
    TENON_TRY(finish_model(given));
    const auto& in = given.run.inputs;
    if (!in.dims.empty() && !in.seed && in.files.empty())
      return tenon::fail(
          tenon::code::option, "--dim ", tenon::quoted(in.dims[0]),
          " has no use: it is the size of test data, expected with --random or --input; "
          "--min and --max tell the shapes to optimize for");
    return finish_ranges(given);
  });
}

inline void add_demo(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::demo_command>();
  CLI::App* sub = app.add_subcommand("demo", "write a demonstration model");
  auto kind = std::make_shared<std::string>();
  sub->add_option("KIND", *kind, "resnet50 is the one there is")
      ->required()
      ->check(CLI::IsMember({"resnet50"}));
  sub->add_option("OUT", e->run.output, "the ONNX file to write")->required();
  sub->add_option("--classes", e->run.options.classes)->capture_default_str();
  sub->add_option("--seed", e->run.options.seed)
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_option("--batch", e->run.options.batch, "name of the batch symbol")
      ->capture_default_str();
  sub->add_flag("--keep-normalization", e->run.options.keeps_normalization,
                "batch normalizations as nodes");
  sub->callback([&chosen, e, kind] { chosen = [e] { return e->run(); }; });
}

inline void add_quickstart(CLI::App& app, command& chosen) {
  auto e = make_entry<tenon::tools::quickstart_command>();
  CLI::App* sub = app.add_subcommand("quickstart", "write or take a model, optimize it, time it");
  sub->add_option("MODEL", e->run.model, "by default a ResNet-50 with random weights");
  sub->add_option("--output-dir", e->run.output_dir)->capture_default_str();
  sub->add_option("--dim", e->run.dims, "SYMBOL=SIZE")->take_all()->expected(1);
  add_threads(*sub, e->run.threads);
  sub->callback([&chosen, e] {
    chosen = [e]() -> text_result {
      TENON_TRY(check_threads(e->run.threads));
      TENON_TRY(e->run([](std::string_view line) {
        std::fwrite(line.data(), 1, line.size(), stdout);
        std::fputc('\n', stdout);
        std::fflush(stdout);
      }));
      return std::string();
    };
  });
}

inline void add_lists(CLI::App& app, command& chosen) {
  auto name = std::make_shared<std::string>();
  CLI::App* ops = app.add_subcommand("ops", "every op, or one with its attributes");
  ops->add_option("NAME", *name);
  ops->callback([&chosen, name] { chosen = [name] { return tenon::tools::list_ops(*name); }; });
  CLI::App* rules = app.add_subcommand("rules", "every rewrite rule, by set");
  rules->add_option("SET", *name);
  rules->callback([&chosen, name] { chosen = [name] { return tenon::tools::list_rules(*name); }; });
  app.add_subcommand("passes", "every pass, and the pipeline of each level")->callback([&chosen] {
    chosen = []() -> text_result { return tenon::tools::list_passes(); };
  });
  app.add_subcommand("errors", "the codes of errors")->callback([&chosen] {
    chosen = []() -> text_result { return tenon::tools::list_errors(); };
  });
}

inline void add_commands(CLI::App& app, command& chosen) {
  add_run(app, chosen);
  add_optimize(app, chosen);
  add_bench(app, chosen);
  add_inspect(app, chosen);
  add_check(app, chosen);
  add_compare(app, chosen);
  add_lists(app, chosen);
  add_demo(app, chosen);
  add_quickstart(app, chosen);
}

}  // namespace tool
