#include <cstdio>
#include <cstring>

#include <tenon/tenon.hpp>

const char* version_of_other();
bool loads_in_other(const char* path);

int main() {
  const bool same_version = std::strcmp(TENON_VERSION, version_of_other()) == 0;
  const bool refused = !tenon::load("absent.onnx").has_value() && !loads_in_other("absent.onnx");
  std::printf("version %s, %s, %s\n", TENON_VERSION, same_version ? "same in both" : "differs",
              refused ? "an absent file is refused" : "an absent file is accepted");
  return same_version && refused ? 0 : 1;
}
