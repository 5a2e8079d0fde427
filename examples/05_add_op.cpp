// An op of your own with a kernel of its own, also in ONNX files: y = x * sin(x) / n in one pass over the data.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <vector>

#include <tenon/formats/onnx/export.hpp>
#include <tenon/formats/onnx/importer.hpp>
#include <tenon/ops/list.hpp>
#include <tenon/ops/pointwise.hpp>
#include <tenon/plan/plan.hpp>
#include <tenon/tenon.hpp>
#include <tenon/tools/difference.hpp>

using namespace tenon;

/// y = x * sin(x) / n. The struct is the whole op: attributes, shape rule, reference; printing, hashing, text form and
/// verification follow from it.
struct sine_gate {
  static constexpr ir::op_info info{"sine_gate", ir::ports{"x"}, ir::ports{"y"},
                                    ir::pure | ir::elementwise};
  static constexpr ir::onnx_import onnx{"SineGate", 1,
                                        "example.ops"};  // in files: name, version, domain
  float n = 1;
  static constexpr auto attributes = ir::attributes_of(ir::attribute{"n", &sine_gate::n});
  friend bool operator==(const sine_gate&, const sine_gate&) = default;

  status infer(ir::infer_context& ctx) const { return ops::infer_like_input(ctx, ops::floats); }

  status reference(ir::eval_context& ctx) const {
    return ops::map_real(ctx, [this](double x) { return x * std::sin(x) / n; });
  }
};

namespace {

const char* refuse(const kernel::query& q) {
  return q.is(0, dtype::f32) ? nullptr : "needs f32";
}

status run(const kernel::call& c) {
  const float scale = 1 / c.as<sine_gate>().n;
  const float* x = c.in(0).as<float>();
  float* y = c.out(0).as<float>();
  c.threads->run(c.in(0).count, 4096, [=](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = x[i] * std::sin(x[i]) * scale;
  });
  return {};
}

const kernel::entry kernels[] = {{.name = "mine.sine_gate.f32",
                                  .op = ir::id_of<sine_gate>(),
                                  .refuse = &refuse,
                                  .run = &run,
                                  .in_place = true}};

/// A file with nodes of it loads with a table that has it; without, the error says what is missing.
ir::graph through_file(const ir::graph& g, const char* path) {
  save_onnx(g, path).value();
  const auto refused = load_onnx(path);
  if (refused ||
      refused.failure().message.find("'SineGate' of domain 'example.ops'") == std::string::npos)
    raise(fail(code::unsupported, "an unknown op has to be named"));
  std::cout << refused.failure().message << '\n';
  std::vector<const ir::op_type*> table(ops::all_ops().begin(), ops::all_ops().end());
  table.push_back(&ir::type_of<sine_gate>());
  return onnx::load_file(path, table, {}).value();
}

tensor evaluate(const ir::graph& g, const tensor& x, const compile_options& options) {
  const compiled made = compile(g, options).value();
  for (const auto& step : made.model.program().steps)
    std::cout << step.label << ": " << (step.kernel ? step.kernel->name : "reference") << '\n';
  session s(made.model);
  return s.run({{"x", x}}).value()["y"].clone();
}

}  // namespace

int main() try {
  builder b("gate");
  const auto x = b.input("x", dtype::f32, {"batch", 64});
  b.output("y", b.add(sine_gate{.n = 4}, {x}));
  const ir::graph g = b.finish().value();

  tensor values(dtype::f32, {2, 64});
  for (std::int64_t i = 0; i < values.size(); ++i)
    values.data<float>()[i] = 0.1F * static_cast<float>(i);
  const tensor oracle = evaluate(g, values, {});  // no kernel for it yet: the reference runs
  const tensor fast = evaluate(g, values, {.catalogs = {kernels}});
  const tensor loaded =
      evaluate(through_file(g, "sine_gate.onnx"), values, {.catalogs = {kernels}});
  const auto apart = tools::compare(oracle, fast);
  std::cout << "largest difference " << apart.max_abs << '\n';
  const bool is_kept = tools::compare(fast, loaded).differing == 0;
  return apart.mismatch.empty() && apart.max_abs < 1e-5 && is_kept ? 0 : 1;

} catch (const exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
