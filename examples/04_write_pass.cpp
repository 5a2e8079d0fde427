// A pass of your own: every sigmoid becomes the cheaper hard_sigmoid, except where a node is protected by name.
#include <iostream>

#include <tenon/ops/activation.hpp>
#include <tenon/passes/pipelines.hpp>
#include <tenon/tenon.hpp>

using namespace tenon;

/// A name, a purpose, and a function that changes the graph through patches and says how often.
struct approximate_sigmoid {
  static constexpr passes::pass_info info{"approximate-sigmoid", "sigmoid becomes hard_sigmoid"};

  std::string protected_prefix;

  result<std::size_t> run(ir::graph& g, passes::pass_context& ctx) const {
    std::size_t changes = 0;
    for (const node_id n : g.order()) {
      if (g[n].op.as<ops::sigmoid>() == nullptr) continue;
      if (g[n].name.starts_with(protected_prefix)) {
        ctx.skip(g, n, "protected by its name");  // decisions not to act are in the report
        continue;
      }
      ir::patch p(g);
      const ops::hard_sigmoid cheap{.alpha = 0.25F, .beta = 0.5F};
      TENON_TRY(const value_id y, p.add(cheap, {g[n].inputs[0]}, g[n].name));
      p.replace(g[n].outputs[0], y);  // all readers, and the origin of the old node goes along
      TENON_TRY(const std::size_t replaced, ctx.commit(g, std::move(p)));
      changes += replaced;
    }
    return changes;
  }
};

static_assert(passes::pass<approximate_sigmoid>);

int main() try {
  builder b("gates");
  const auto x = b.input("x", dtype::f32, {"n"});
  const auto first = b.add(ops::sigmoid{}, {x}, "block0/gate");
  b.output("y", b.add(ops::sigmoid{}, {first}, "head/gate"));
  ir::graph g = b.finish().value();

  passes::pipeline pipeline = passes::parse_pipeline("fold-constants,remove-dead").value();
  pipeline.stages.push_back(passes::stage{{approximate_sigmoid{"head/"}}});
  const auto report = passes::run(g, pipeline).value();
  for (const auto& row : report.passes) {
    std::cout << row.name << ": " << row.changes << " changes\n";
    for (const auto& skip : row.skips)
      std::cout << "  left " << skip.where << ": " << skip.reason << '\n';
  }

  session s(compile(std::move(g)).value().model);
  const auto out = s.run({{"x", tensor::of<float>({1}, {2})}}).value();
  const float y = out["y"].elements<float>()[0];  // sigmoid(hard_sigmoid(2)) = sigmoid(1)
  std::cout << "y = " << y << '\n';
  const auto& mine = report.passes.back();
  return mine.changes == 1 && mine.skips.size() == 1 && y > 0.7310F && y < 0.7311F ? 0 : 1;

} catch (const exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
