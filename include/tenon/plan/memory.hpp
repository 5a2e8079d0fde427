#pragma once

#include "tenon/core/safe_math.hpp"
#include "tenon/plan/plan.hpp"
#include "tenon/symbol/evaluate.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tenon::inline v0::plan {

namespace memory_detail {

inline constexpr std::uint32_t absent = kernel::call::absent;

/// Walks through the steps with the slots that are free after each. Use once.
class slot_sharer {
 public:
  slot_sharer(program& plan, const bindings& typical) : plan_(plan), typical_(typical) {}

  void run() {
    find_last();
    slot_of_.assign(plan_.values.size(), absent);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      const step& s = plan_.steps[i];
      const std::uint32_t reused = in_place_source(i);
      for (const std::uint32_t v : s.outputs) {
        if (v == absent || plan_.values[v].where != place::arena) continue;
        if (v == s.outputs[0] && reused != absent) {
          slot_of_[v] = slot_of_[reused];
          plan_.slots[slot_of_[v]].push_back(v);
        } else {
          take_slot(v);
        }
      }
      const auto release = [&](std::uint32_t v) {
        if (v == absent) return;
        const std::uint32_t r = root(v);
        if (plan_.values[r].where != place::arena || last_[r] != i || r == reused) return;
        const std::uint32_t slot = slot_of_[r];
        if (std::find(free_slots_.begin(), free_slots_.end(), slot) == free_slots_.end())
          free_slots_.push_back(slot);
      };
      for (const std::uint32_t v : s.inputs) release(v);
      for (const std::uint32_t v : s.outputs) release(v);
    }
  }

 private:
  std::uint32_t root(std::uint32_t v) const {
    while (plan_.values[v].where == place::view) v = plan_.values[v].source;
    return v;
  }

  void find_last() {
    last_.assign(plan_.values.size(), 0);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      for (const std::uint32_t v : plan_.steps[i].inputs)
        if (v != absent) last_[root(v)] = i;
      for (const std::uint32_t v : plan_.steps[i].outputs)
        if (v != absent && plan_.steps[i].what != action::nothing) last_[root(v)] = i;
    }
  }

  std::int64_t typical_bytes(std::uint32_t v) const {
    std::int64_t bytes = static_cast<std::int64_t>(size_of(plan_.values[v].fact.type));
    for (const dim d : plan_.values[v].fact.shape) {
      const auto size = evaluate(d, typical_);
      const auto more = checked_mul(bytes, size.value_or(64));
      bytes = more.value_or(bytes);
    }
    return bytes;
  }

  std::uint32_t in_place_source(std::size_t index) const {
    const step& s = plan_.steps[index];
    if (!s.kernel || !s.kernel->in_place || s.outputs[0] == absent) return absent;
    const auto& values = plan_.values;
    const buffer& y = values[s.outputs[0]];
    if (y.where != place::arena) return absent;
    for (const std::uint32_t v : s.inputs) {
      if (v == absent) continue;
      const std::uint32_t r = root(v);
      if (values[r].where != place::arena || last_[r] != index) continue;
      if (size_of(values[v].fact.type) != size_of(y.fact.type) || values[v].sizes != y.sizes)
        continue;
      const auto reads = std::count_if(s.inputs.begin(), s.inputs.end(), [&](std::uint32_t o) {
        return o != absent && root(o) == r;
      });
      if (reads == 1) return r;
    }
    return absent;
  }

  void take_slot(std::uint32_t v) {
    const std::int64_t bytes = typical_bytes(v);
    auto best = free_slots_.end();
    for (auto it = free_slots_.begin(); it != free_slots_.end(); ++it) {
      if (best == free_slots_.end()) {
        best = it;
        continue;
      }
      const std::int64_t now = slot_bytes_[*it], then = slot_bytes_[*best];
      const bool fits = now >= bytes, did = then >= bytes;
      if (fits != did ? fits : fits ? now < then : now > then) best = it;
    }
    std::uint32_t slot = 0;
    if (best != free_slots_.end()) {
      slot = *best;
      free_slots_.erase(best);
    } else {
      slot = static_cast<std::uint32_t>(plan_.slots.size());
      plan_.slots.emplace_back();
      slot_bytes_.push_back(0);
    }
    slot_bytes_[slot] = std::max(slot_bytes_[slot], bytes);
    plan_.slots[slot].push_back(v);
    slot_of_[v] = slot;
  }

  program& plan_;
  const bindings& typical_;
  std::vector<std::size_t> last_;       // by value: the last step that touches its bytes
  std::vector<std::uint32_t> slot_of_;  // by value
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::int64_t> slot_bytes_;
};

}  // namespace memory_detail

/// Puts the arena values of a program into `slots`. Values of a slot never hold bytes at the same step, but a kernel that
/// works in place takes over those of an input that nobody reads later. Sizes by `typical`, an unknown extent being 64,
/// choose among free slots; every choice is correct.
inline void share_slots(program& plan, const bindings& typical) {
  memory_detail::slot_sharer(plan, typical).run();
}

}  // namespace tenon::inline v0::plan
