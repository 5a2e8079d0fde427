// What the points of a range gain: ResNet-50 planned for batches 1 to 10 with different ranges, and for one batch alone, all
// timed in turn, run by run. Usage: range_plans [ROUNDS [THREADS [BATCH...]]] (by default 15, as many as allowed, 5 and 8)
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tenon/runtime/session.hpp>
#include <tenon/tools/demo_resnet.hpp>
#include <tenon/tools/model_inputs.hpp>
#include <tenon/tools/optimize.hpp>
#include <tenon/tools/timing.hpp>

using namespace tenon;

namespace {

shape_range batches(std::int64_t least, std::int64_t most, const std::vector<std::int64_t>& opts) {
  shape_range out{{{least, 3, 224, 224}}, {{most, 3, 224, 224}}, {}};
  for (const std::int64_t n : opts) out.opts.push_back({{n, 3, 224, 224}});
  return out;
}

/// A plan and the times of its runs.
struct candidate {
  candidate(const char* title, const std::vector<shape_range>& ranges, int threads)
      : name(title), runner(made(ranges), {.threads = threads}) {}

  static model made(const std::vector<shape_range>& ranges) {
    optimize_options how;
    how.ranges = ranges;
    return optimize(tools::make_resnet50().value(), how).value().model;
  }

  void run(const tensor& image, bool is_timed) {
    const auto start = tools::clock::now();
    if (auto out = runner.run_positional(std::vector<datum>{image}); !out)
      raise(std::move(out).failure());
    if (is_timed) ms.push_back(tools::ms_since(start));
  }

  const char* name;
  session runner;
  std::vector<double> ms;
};

/// Runs every plan at one batch and compares it with the first: the median of the ratios of the rounds, and the fastest
/// runs, which a busy machine disturbs least.
void compare_at(std::vector<candidate>& plans, std::int64_t batch, int rounds) {
  const tensor image = tools::random_tensor(dtype::f32, {batch, 3, 224, 224}, 1).value();
  for (candidate& c : plans) c.ms.clear();
  for (int round = -2; round < rounds; ++round)
    for (std::size_t i = 0; i < plans.size(); ++i)  // each plan comes first as often as the others
      plans[(i + static_cast<std::size_t>(round + 2)) % plans.size()].run(image, round >= 0);
  const double first_fastest = tools::run_times(plans[0].ms).quantile(0);
  for (const candidate& c : plans) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < c.ms.size(); ++i) ratios.push_back(c.ms[i] / plans[0].ms[i]);
    const tools::run_times times(c.ms), relative(ratios);
    std::printf(
        "batch %2lld  %-34s median %7.1f ms, ratio %.3f (quartiles %.3f to %.3f); fastest %7.1f "
        "ms, "
        "ratio %.3f; arena %.0f MB\n",
        static_cast<long long>(batch), c.name, times.median(), relative.median(),
        relative.quantile(0.25), relative.quantile(0.75), times.quantile(0),
        times.quantile(0) / first_fastest, static_cast<double>(c.runner.arena_bytes()) / 1e6);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) try {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 15;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 0;
  std::vector<std::int64_t> points;
  for (int i = 3; i < argc; ++i) points.push_back(std::atoi(argv[i]));
  if (points.empty()) points = {5, 8};
  std::vector<candidate> plans;
  plans.reserve(4);
  plans.emplace_back("1..10 without opts", std::vector{batches(1, 10, {})}, threads);
  plans.emplace_back("1..10, opts 5 and 8", std::vector{batches(1, 10, {5, 8})}, threads);
  plans.emplace_back("1..5 with opt 5, 5..10 with opt 8",
                     std::vector{batches(1, 5, {5}), batches(5, 10, {8})}, threads);
  for (const std::int64_t batch : points) {
    plans.emplace_back("this batch alone", std::vector{batches(batch, batch, {})}, threads);
    compare_at(plans, batch, rounds);
    plans.pop_back();
  }
  return 0;

} catch (const exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
