#include <cstdio>

#include <tenon/tensor/tensor.hpp>
#include <tenon/version.hpp>

int main() {
  const auto ones = tenon::tensor::of<float>({2}, {1, 1});
  std::printf("version %s\n", TENON_VERSION);
  return ones.size() == 2 ? 0 : 1;
}
