// A rewrite rule of your own: exp(x) * exp(y) -> exp(x + y), as data, applied by the pass manager.
#include <cmath>
#include <iostream>

#include <tenon/ir/print.hpp>
#include <tenon/ops/arithmetic.hpp>
#include <tenon/passes/pipelines.hpp>
#include <tenon/tenon.hpp>

using namespace tenon;
using rewrite::x, rewrite::y;

// Before -> after; what the result uses and the pattern does not bind is a compile error. It changes the order of
// floating point, so only pipelines that allow that run it.
inline constexpr auto exp_product =
    rewrite::rule("exp-product", rewrite::exp(x) * rewrite::exp(y), rewrite::exp(x + y))
        .reassociates();

int main() try {
  builder b("exps");
  const auto p = b.input("p", dtype::f32, {"n"});
  const auto q = b.input("q", dtype::f32, {"n"});
  b.output("r", b.add(ops::mul{}, {b.add(ops::exp{}, {p}), b.add(ops::exp{}, {q})}));
  ir::graph g = b.finish().value();
  std::cout << "before\n" << ir::to_text(g);

  const rewrite::rule_view rules[] = {exp_product.view()};
  passes::run_options options;
  options.settings.reassociates = true;
  options.verifies = true;  // checks the graph after every pass that changed it
  const passes::pipeline mine{
      {passes::stage{{passes::apply_rules("mine", rules), passes::remove_dead{}}}}};
  const auto report = passes::run(g, mine, options).value();
  std::cout << "after, rule fired " << report.fired("exp-product") << " time\n" << ir::to_text(g);

  session s(compile(std::move(g)).value().model);
  const auto out =
      s.run({{"p", tensor::of<float>({2}, {0.5F, 1})}, {"q", tensor::of<float>({2}, {1.5F, -1})}})
          .value();
  const auto r = out["r"].elements<float>();
  std::cout << "r = " << r[0] << ' ' << r[1] << '\n';
  const bool is_right = std::abs(r[0] - std::exp(2.0F)) < 1e-5F && std::abs(r[1] - 1) < 1e-6F;
  return is_right && report.fired("exp-product") == 1 ? 0 : 1;

} catch (const exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
