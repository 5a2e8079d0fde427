#pragma once

#include "tenon/core/config.hpp"

#include <concepts>
#include <type_traits>
#include <utility>

namespace tenon::inline v0 {

template <class Signature> class function_ref;

/// A callable that somebody else keeps alive: two words, no allocation.
template <class R, class... Args> class function_ref<R(Args...)> {
 public:
  template <class F>

  requires(!std::same_as<std::remove_cvref_t<F>, function_ref> &&
           std::is_invocable_r_v<R, F&, Args...>) function_ref(F&& callable) {
    using target = std::remove_reference_t<F>;
    if constexpr (std::is_function_v<target>) {
      target_.function = reinterpret_cast<void (*)()>(&callable);
      call_ = [](const place& at, Args... args) -> R {
        return reinterpret_cast<target*>(at.function)(std::forward<Args>(args)...);
      };
    } else {
      target_.object = const_cast<void*>(static_cast<const void*>(&callable));
      call_ = [](const place& at, Args... args) -> R {
        return (*static_cast<target*>(at.object))(std::forward<Args>(args)...);
      };
    }
  }

  R operator()(Args... args) const { return call_(target_, std::forward<Args>(args)...); }

 private:
  union place {
    void* object;
    void (*function)();
  };

  place target_{};
  R (*call_)(const place&, Args...) = nullptr;
};

}  // namespace tenon::inline v0
